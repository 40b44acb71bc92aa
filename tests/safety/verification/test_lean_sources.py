"""The Lean files of this repository, read as text: what no proof may contain, and that all name one version."""

import re
from pathlib import Path

import pytest

from zaphod.safety.verification.lean import LEAN_VERSION, checker_source

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "proofs").glob("*.lean"))


def code(text: str) -> str:
    """Without comments."""
    return re.sub(r"/-.*?-/|--[^\n]*", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", SOURCES, ids=[path.name for path in SOURCES])
def test_no_proof_has_a_gap_or_an_axiom_of_its_own(path: Path) -> None:
    words = re.findall(r"[\w!?']+", code(path.read_text(encoding="utf-8")))
    forbidden = {
        "sorry", "admit", "axiom", "native_decide", "partial", "unsafe", "opaque", "implemented_by", "extern",
        "ofReduceBool", "trustCompiler", "elab", "run_cmd", "initialize", "csimp", "termination_by", "decreasing_by",
    }  # fmt: skip
    # `#print axioms` is a command; `axioms` is no forbidden word.
    assert forbidden & set(words) == set()


@pytest.mark.parametrize("path", SOURCES, ids=[path.name for path in SOURCES])
def test_what_is_opened_is_closed(path: Path) -> None:
    text = code(path.read_text(encoding="utf-8"))
    opened = re.findall(r"^(?:namespace|section) (\w+)$", text, re.MULTILINE)
    assert sorted(opened) == sorted(re.findall(r"^end (\w+)$", text, re.MULTILINE))
    for left, right in ("()", "[]", "⟨⟩", "{}"):
        assert text.count(left) == text.count(right)


def test_every_theorem_that_is_used_is_there_before() -> None:
    text = code(checker_source())
    known = set(re.findall(r"^(?:theorem|def|structure|inductive) ([\w.]+)", text, re.MULTILINE))
    places = {name: text.index(name) for name in known}
    for name in re.findall(
        r"\b(?:id|horner|pw|value|both|pos|isPositive|isAtMost|allPass|onePasses|positive|proves)_\w+", text
    ):
        assert name in known, name
        assert re.search(rf"(?:theorem|def) {name}\b", text), name
    assert all(
        text[: text.index(f"theorem {name}")].count(name) == 0
        for name in known
        if "_" in name and f"theorem {name}" in text
    )
    assert places


def test_lemmas_of_lean_s_library_are_few_and_old() -> None:
    used = set(re.findall(r"\bInt\.(\w+)", code(checker_source())))
    assert used <= {
        "add", "mul", "add_mul", "mul_add", "one_mul", "mul_one", "zero_mul", "mul_zero", "add_zero", "zero_add",
        "mul_assoc", "mul_comm", "mul_left_comm", "mul_pos", "mul_nonneg", "mul_neg", "sub_mul", "le_of_lt",
    }  # fmt: skip


def test_the_checker_in_proofs_is_the_one_in_the_package() -> None:
    assert (ROOT / "proofs" / "Checker.lean").read_text(encoding="utf-8") == checker_source()


def test_one_version_is_named_everywhere() -> None:
    assert (ROOT / "proofs" / "lean-toolchain").read_text() == f"leanprover/lean4:v{LEAN_VERSION}\n"
    recipe = (ROOT / "deploy" / "docker" / "lean.Dockerfile").read_text()
    assert f"ARG LEAN_VERSION={LEAN_VERSION}\n" in recipe
    assert set(re.findall(r"zaphod-lean:(\S+)", recipe)) == {LEAN_VERSION}


def test_lake_builds_every_file_that_lies_there() -> None:
    lakefile = (ROOT / "proofs" / "lakefile.toml").read_text()
    assert sorted(re.findall(r'^name = "(\w+)"$', lakefile, re.MULTILINE)) == [path.stem for path in SOURCES]
