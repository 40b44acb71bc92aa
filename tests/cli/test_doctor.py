import dataclasses
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from tests.cli.conftest import Zaphod
from tests.support.tiny import write_tiny

from zaphod.compute.kernels import dispatch
from zaphod.model.files.weights import ModelWeights
from zaphod.model.native import NativeWeights, load_native

needs_kernels = pytest.mark.skipif(not dispatch.native_is_available(), reason=f"native kernels: {dispatch.why_not()}")


def test_the_machine_and_the_libraries_are_reported(zaphod: Zaphod) -> None:
    report = zaphod("doctor", "--quick", "--json").json
    assert 1 <= report["machine"]["num_cores"] <= len(os.sched_getaffinity(0))
    assert report["libraries"]["torch"] == version("torch")
    assert report["measured"] is None


def test_a_quick_look_does_not_import_torch() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; main(['doctor', '--quick']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_a_measurement_does_not_import_torch_either() -> None:
    script = "import sys; from zaphod.cli.main import main; main(['doctor']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_memory_and_products_are_measured(zaphod: Zaphod) -> None:
    measured = zaphod("doctor", "--json", "-t", "1").json["measured"]
    assert measured["threads"] == 1
    assert measured["matmul_flops_per_s"] is None
    assert set(measured["peak_ops_per_s"]) == {"f32", "bf16", "int8"}
    assert min(measured["peak_ops_per_s"]["f32"], measured["read_bytes_per_s"]) > 0


def test_products_of_pytorch_are_measured_when_asked_for(zaphod: Zaphod) -> None:
    rates = zaphod("doctor", "--json", "--torch", "-t", "1").json["measured"]["matmul_flops_per_s"]
    assert set(rates) == {"float32", "bfloat16"}
    assert min(rates.values()) > 0


@needs_kernels
def test_the_report_says_what_computes(zaphod: Zaphod) -> None:
    report = zaphod("doctor", "--quick", "--json").json
    assert report["native"]["instruction_set"] in report["native"]["instruction_sets"]
    assert report["native"]["instruction_set"] in report["runner"]
    assert report["native"]["why_not"] is None


def test_the_report_says_that_pytorch_computes_where_it_was_asked_for(
    zaphod: Zaphod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAPHOD_RUNNER", "torch")
    assert "PyTorch" in zaphod("doctor", "--quick", "--json", "-t", "2").json["runner"]


def test_without_kernels_the_report_says_why_and_what_is_lost() -> None:
    script = (
        "import sys; sys.modules['zaphod.compute.kernels._cpu'] = None; from zaphod.cli.main import main;"
        "sys.exit(main(['doctor', '--quick']))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "native kernels    missing." in done.stdout
    assert "PyTorch computes instead" in done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("tiny") / "model"))


@needs_kernels
def test_a_model_is_examined(zaphod: Zaphod, model: str) -> None:
    outcome = zaphod("doctor", model, "-t", "1", "--json")
    assert outcome.code == 0
    assert outcome.json["ok"]
    assert all(row["ok"] and row["bound_share"] <= 1 for row in outcome.json["products"])
    assert {row["computed_in"] for row in outcome.json["logits"]} == {"float32", "as served"}
    assert outcome.json["limits"]["read_bytes_per_s"] > 0
    assert outcome.json["remedy"] is None


@needs_kernels
def test_the_table_ends_with_a_verdict(zaphod: Zaphod, model: str) -> None:
    out = zaphod("doctor", model, "-t", "1").out
    assert out.splitlines()[-1] == "Every kernel that this model uses agrees with the reference."
    assert "embedding.weight" in out


@needs_kernels
def test_a_kernel_that_disagrees_ends_with_exit_code_9(
    zaphod: Zaphod, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zaphod.study.agreement import networks

    def wrong_norm(weights: ModelWeights, **options: Any) -> NativeWeights:
        loaded = load_native(weights, **options)
        return dataclasses.replace(loaded, vectors={**loaded.vectors, "norm.weight": -loaded.vectors["norm.weight"]})

    monkeypatch.setattr(networks, "load_native", wrong_norm)
    outcome = zaphod("doctor", model, "-t", "1")
    assert outcome.code == 9
    assert "NOT OK: a kernel computes something else" in outcome.out
    assert "--runner torch" in outcome.out


def test_an_absent_model_is_refused(zaphod: Zaphod) -> None:
    assert zaphod("doctor", "./absent.gguf").code == 2


def test_the_report_says_how_an_absent_extra_is_installed(zaphod: Zaphod, monkeypatch: object) -> None:
    from importlib import metadata

    def absent(name: str) -> str:
        if name == "libtorrent":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", absent)  # type: ignore[attr-defined]
    outcome = zaphod("doctor", "--quick")
    assert "libtorrent       not installed (pip install 'zaphod[torrent]')" in outcome.out


def test_threads_below_one_are_refused(zaphod: Zaphod) -> None:
    assert zaphod("doctor", "-t", "0").code == 2
