"""`zaphod verify --lean`: writes a certificate as Lean, and has Lean read it where there is one; knows no plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zaphod.core.progress import ProgressLines
from zaphod.safety.verification.lean import lean_text, theorem_name
from zaphod.safety.verification.lean_running import find_lean, run_lean


class InLean(NamedTuple):
    """What became of it."""

    told: str
    """In words."""
    is_refused: bool
    """Whether Lean looked at it, and did not accept it."""
    document: dict[str, Any]
    """The same for programs: `accepted` is null where nobody looked."""


def in_lean(certificate: Mapping[str, Any], file: Path) -> InLean:
    """Write a certificate as a Lean file; where `lean` can be run, compile it.

    Raises:
        ZaphodError: the certificate cannot be written in Lean, or Lean cannot be started.
    """
    file.write_text(lean_text(certificate), encoding="utf-8")
    lean = find_lean()
    if lean is None:
        told = f"{file}: written, not compiled: there is no lean on the PATH"
        return InLean(told, False, {"file": str(file), "accepted": None, "told": told})
    verdict = run_lean(lean, file, theorem_name(certificate), len(certificate["claims"]), progress=ProgressLines())
    told = f"{file}: {verdict.told}"
    document = {"file": str(file), "accepted": verdict.is_accepted, "told": told}
    return InLean(told, not verdict.is_accepted, {**document, "version": verdict.version, "axioms": verdict.axioms})


def lean_rows(proved: InLean | None) -> list[tuple[str, str]]:
    """The row to print; none where Lean was not asked for."""
    return [] if proved is None else [("lean", proved.told)]


def lean_fields(proved: InLean | None) -> dict[str, Any]:
    """The same for JSON."""
    return {} if proved is None else {"lean": proved.document}
