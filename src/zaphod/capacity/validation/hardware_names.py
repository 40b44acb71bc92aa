"""Accelerators as measured tables spell them; knows no figures."""

from __future__ import annotations

import re

from zaphod.capacity.catalogue.accelerators import Accelerator, accelerator, accelerators
from zaphod.capacity.estimate import RefusedError
from zaphod.core.errors import ConfigError


def find_accelerator(text: str) -> Accelerator:
    """`8x NVIDIA H100-SXM-80GB`, `h200_sxm`, `GeForce RTX 4090`, `AMD Instinct MI300X OAM` ...

    A name or an alias that is met exactly wins, then the longest one that the text contains.

    Raises:
        RefusedError: no accelerator of the catalogue is named.
    """
    try:
        return accelerator(text.strip())
    except ConfigError:
        pass
    plain = re.sub(r"^\d+\s*x\s*", "", text.strip().lower())
    plain = _plain(plain)
    matches = [
        (len(label), row)
        for row in accelerators().values()
        for label in (_plain(name) for name in (row.name, *row.aliases))
        if len(label) >= 2 and _contains(plain, label)
    ]
    if not matches:
        raise RefusedError(
            f"The hardware {text!r} is not in the catalogue.",
            "Without its peaks nothing can be computed.",
            "Add a row with its source to capacity/catalogue/hardware.toml.",
        )
    return _variant(max(matches, key=lambda match: match[0])[1], plain)


def _variant(row: Accelerator, plain: str) -> Accelerator:
    """The product of that name whose further words stand in the text, too: `h100-pcie` for `H100 80GB PCIe`."""
    found = row
    for other in accelerators().values():
        words = [word for word in other.name.removeprefix(row.name).split("-") if word not in ("", "sxm")]
        longer = other.name.startswith(row.name + "-") and len(other.name) > len(found.name)
        if longer and words and all(word in plain for word in words):
            found = other
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _contains(text: str, label: str) -> bool:
    """As a whole: `l4` is not in `l40s`, `b200` not in `gb200`, but `h100` is in `nvidiah100sxm80gb`."""
    after = r"(?![0-9])" if label[-1].isdigit() else ""
    before = r"(?<![0-9])" if label[0].isdigit() else ""
    joined = "-?".join(re.escape(word) for word in label.split("-"))
    for match in re.finditer(before + joined + after, text):
        # NOTE: `gb200` and `gh200` name other products than their last letters do.
        if not (match.start() and text[match.start() - 1] == "g" and label[0] in "bh"):
            return True
    return False
