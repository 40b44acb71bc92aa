from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerators
from zaphod.capacity.estimate import RefusedError
from zaphod.capacity.validation.hardware_names import find_accelerator


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("H100-SXM-80GB", "h100"),
        ("8x NVIDIA H100 80GB HBM3", "h100"),
        ("h200_sxm", "h200"),
        ("NVIDIA H200 141GB", "h200"),
        ("B200-SXM", "b200"),
        ("GB200 NVL72", "gb200"),
        ("NVIDIA GB300", "gb300"),
        ("AMD Instinct MI300X OAM", "mi300x"),
        ("MI325X", "mi325x"),
        ("GeForce RTX 4090", "rtx-4090"),
        ("RTX-5090", "rtx-5090"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("A100 PCIe 80GB", "a100-pcie"),
        ("L40S", "l40s"),
        ("NVIDIA L4", "l4"),
        ("H100-96GB-HBM2e-500W", "h100-96"),
        ("H100 PCIe", "h100-pcie"),
        ("H100 80GB PCIe", "h100-pcie"),
        ("A100-40GB", "a100-40-sxm"),
        ("A100 PCIe 40GB", "a100-40-pcie"),
        ("M2 Ultra", "m2-ultra"),
        ("Threadripper-3955WX-256GB", "threadripper-3955wx"),
    ],
)
def test_devices_are_known_as_tables_spell_them(text: str, name: str) -> None:
    assert find_accelerator(text).name == name


@pytest.mark.parametrize("text", ["storage", "", "TPU v5p", "GH200", "an abacus", "H1000"])
def test_other_devices_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not in the catalogue"):
        find_accelerator(text)


def test_every_row_of_the_catalogue_is_found_by_its_own_names() -> None:
    for row in accelerators().values():
        assert all(find_accelerator(name) is row for name in (row.name, *row.aliases))
