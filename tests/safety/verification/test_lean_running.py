"""What Lean says is read with distrust: a program that stands in for it accepts, refuses, lies, hangs."""

import sys
from pathlib import Path

import pytest
from tests.support.fake_lean import fake_lean

from zaphod.core.errors import UnavailableError
from zaphod.safety.verification.lean import LEAN_VERSION
from zaphod.safety.verification.lean_running import find_lean, run_lean

THEOREM = "plan_0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "plan.lean"
    made.write_text(f"#print axioms claim_1_holds\n#print axioms Zaphod.{THEOREM}\n")
    return made


def test_a_file_is_accepted_on_lean_s_own_axioms(tmp_path: Path, file: Path) -> None:
    verdict = run_lean(fake_lean(tmp_path, "accepts"), file, THEOREM, 1)
    assert verdict.is_accepted
    assert verdict.axioms == ("Classical.choice", "Quot.sound", "propext")
    assert verdict.told == f"Lean {LEAN_VERSION} accepts every theorem; axioms: Classical.choice, Quot.sound, propext"


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("refuses", "it refuses 1 of what was written, the first: tactic 'decide' proved that"),
        ("leaves a gap", "claim_1_holds stands on sorryAx, which is no axiom of Lean's library"),
        ("trusts a compiler", "stands on Lean.ofReduceBool"),
        ("says nothing", "it says nothing of plan_0123456789abcdef"),
        ("speaks of another", "it says nothing of plan_0123456789abcdef"),
        ("breaks", "it ended with code 139"),
        ("refuses quietly", "it refuses 1 of what was written"),
        ("prints rubbish", "it says nothing of plan_0123456789abcdef"),
    ],
)
def test_anything_else_is_not_accepted(tmp_path: Path, file: Path, manner: str, why: str) -> None:
    verdict = run_lean(fake_lean(tmp_path, manner), file, THEOREM, 1)
    assert not verdict.is_accepted
    assert why in verdict.told


def test_lean_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path, file: Path) -> None:
    verdict = run_lean(fake_lean(tmp_path, "hangs"), file, THEOREM, 1, timeout_s=0.5)
    assert not verdict.is_accepted
    assert "no answer within 0.5 s" in verdict.told


def test_another_version_is_told(tmp_path: Path, file: Path) -> None:
    verdict = run_lean(fake_lean(tmp_path, "accepts", version="4.99.0"), file, THEOREM, 1)
    assert verdict.told.startswith(f"Lean 4.99.0 (written for {LEAN_VERSION}) accepts")


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path, file: Path) -> None:
    broken = tmp_path / "lean"
    broken.write_text("no program")
    broken.chmod(0o755)
    with pytest.raises(UnavailableError, match="cannot be started"):
        run_lean(str(broken), file, THEOREM, 1)


def test_lean_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_lean() is None
    assert find_lean() != sys.executable
    made = fake_lean(tmp_path, "accepts")
    assert find_lean() == made
