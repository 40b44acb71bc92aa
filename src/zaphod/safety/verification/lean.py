"""Certificates as Lean 4: every claim with its proof, for Lean's kernel to check again; knows numbers, runs nothing.

What is written is `Checker.lean`, which defines what a claim says and proves its checker right, then the claims as
data, and for each the theorem that it holds. Of a certificate only numbers, digests and words from short lists get into
the text: no name that somebody chose.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeGuard

from zaphod.core.errors import CapacityError, ZaphodError
from zaphod.safety.verification import checker
from zaphod.safety.verification.certificates import digest

LEAN_VERSION: Final = "4.24.0"
"""The one that `proofs/lean-toolchain` names."""
AXIOMS: Final = frozenset({"propext", "Quot.sound", "Classical.choice"})
"""On which Lean's own library stands. A proof that needs another proves nothing here."""

_MOST_COEFFICIENTS: Final = 100_000
_MOST_NESTING: Final = 400
_MOST_BITS: Final = 10_000
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_REQUIREMENT: Final = re.compile(r"[a-z]{1,20}")
_WIDTH: Final = 118

Dense = int | list["Dense"]
"""Coefficients by ascending powers of the first variable; each is one of the other variables."""


class LeanClaim(NamedTuple):
    """A claim in whole numbers, as `Claim` in `Checker.lean` has it."""

    degrees: list[int]
    box: list[tuple[int, int, int]]
    """Of each variable: lowest and highest value, and what both are divided by."""
    polynomials: list[Dense]
    """Each multiplied by what leaves no denominators, a number above 0."""
    tree: list[tuple[int] | int]
    """In preorder: (variable,) where a part is halved, the number of a polynomial where it is not."""


def checker_source() -> str:
    """The text of `Checker.lean`."""
    return files("zaphod.safety.verification").joinpath("Checker.lean").read_text(encoding="utf-8")


def theorem_name(document: Mapping[str, Any]) -> str:
    """What the theorem about a whole certificate is called.

    Raises:
        ZaphodError: the certificate does not name its plan by a digest.
    """
    return "plan_" + _subject(document, "plan").removeprefix("sha256:")[:16]


def lean_text(document: Mapping[str, Any], *, is_alone: bool = True) -> str:
    """A certificate as a Lean file.

    Args:
        document: of format `zaphod-certificate-1`; it is checked first.
        is_alone: whether the file holds `Checker.lean` too, and needs nothing but Lean; else it imports it.

    Raises:
        ZaphodError: the certificate proves not what it says, or does not name plan and contract by digests.
        CapacityError: a polynomial or a tree is too large.
    """
    try:
        checker.check(document)
    except checker.RefusedError as error:
        raise ZaphodError(f"The certificate is refused. {error}", "", "Verify the plan again.") from error
    name, claims = theorem_name(document), document["claims"]
    about = [f"-- {key:<11} {_subject(document, key)}" for key in ("plan", "contract")]
    about.append(f"-- certificate {digest(document)}")
    parts = [
        "\n".join(["-- Written by `zaphod verify --lean` for Lean " + LEAN_VERSION + ". Do not edit.", *about]),
        checker_source().rstrip() if is_alone else "import Checker",
        "set_option maxRecDepth 100000\nset_option maxHeartbeats 0",
        "namespace Zaphod",
        "def claims_0 : List Claim := []\n\ntheorem safe_0 : Safe claims_0 := True.intro",
    ]
    parts += [claim_text(number + 1, claim) for number, claim in enumerate(claims)]
    parts += [
        f"/-- The {len(claims)} claims above hold at every rational point of their boxes. -/\n"
        f"theorem {name} : Safe claims_{len(claims)} := safe_{len(claims)}",
        "end Zaphod",
        f"#print axioms Zaphod.{name}",
    ]
    if not is_alone:  # an import comes first
        parts[0], parts[1] = parts[1], parts[0]
    return "\n\n".join(parts) + "\n"


def in_whole_numbers(claim: Mapping[str, Any]) -> LeanClaim:
    """A claim without names and fractions.

    Args:
        claim: one that `checker.check_claim` can read, be it true or not.

    Raises:
        CapacityError: a polynomial or the tree is too large.
        RefusedError: the tree speaks of a variable or a polynomial that there is not.
    """
    names, degrees = list(claim["variables"]), list(claim["degrees"])
    if math.prod(degree + 1 for degree in degrees) > _MOST_COEFFICIENTS:
        raise CapacityError(
            f"A polynomial has more than {_MOST_COEFFICIENTS:,} coefficients.", "", "Use --certificate."
        )
    tree: list[tuple[int] | int] = []
    for word in claim["tree"]:
        if isinstance(word, str) and word in names:
            tree.append((names.index(word),))
        elif isinstance(word, int) and not isinstance(word, bool) and 0 <= word < len(claim["polynomials"]):
            tree.append(word)
        else:
            raise checker.RefusedError(f"The tree says {word!r}.")
    return LeanClaim(
        degrees, [_side(ends) for ends in claim["box"]], [_dense(p, degrees) for p in claim["polynomials"]], tree
    )


def _side(ends: Sequence[str]) -> tuple[int, int, int]:
    low, high = map(Fraction, ends)
    common = math.lcm(low.denominator, high.denominator)
    return _short(low * common), _short(high * common), _short(Fraction(common))


def _dense(rows: Sequence[Sequence[Any]], degrees: Sequence[int]) -> Dense:
    terms = {tuple(row[:-1]): Fraction(row[-1]) for row in rows}
    common = math.lcm(*(value.denominator for value in terms.values()))

    def nested(powers: tuple[int, ...]) -> Dense:
        if len(powers) == len(degrees):
            return _short(terms.get(powers, Fraction(0)) * common)
        return [nested((*powers, k)) for k in range(degrees[len(powers)] + 1)]

    return nested(())


def _short(whole: Fraction) -> int:
    if whole.numerator.bit_length() > _MOST_BITS:
        raise CapacityError(f"A number has more than {_MOST_BITS:,} bits.", "", "Use --certificate.")
    return int(whole)


def claim_text(number: int, claim: Mapping[str, Any]) -> str:
    """A claim with the theorem that it holds, and that all claims until it hold.

    Args:
        number: counted from 1; the file has those before it.
        claim: as for `in_whole_numbers`.

    Raises:
        CapacityError, RefusedError: as `in_whole_numbers`.
    """
    one, name = in_whole_numbers(claim), f"claim_{number}"
    kind = "List (" * (len(one.degrees) - 1) + "List Int" + ")" * (len(one.degrees) - 1) if one.degrees else "Int"
    defs = [
        _wrapped(f"def {name}_polynomial_{i} : {kind} := {polynomial}") for i, polynomial in enumerate(one.polynomials)
    ]
    box = ", ".join(f"⟨{low}, {high}, {den}⟩" for low, high, den in one.box)
    polynomials = ", ".join(f"{name}_polynomial_{i}" for i in range(len(one.polynomials)))
    return "\n\n".join(
        [
            "\n".join([f"-- {name}{_told(claim)}", *defs]),
            _wrapped(
                f"def {name} : Claim := Claim.mk {one.degrees} [{box}] [{polynomials}] {''.join(_tree(one.tree))}"
            ),
            f"theorem {name}_holds : Holds {name} := checkClaim_sound {name} (by decide +kernel)",
            f"#print axioms {name}_holds",
            f"def claims_{number} : List Claim := {name} :: claims_{number - 1}",
            f"theorem safe_{number} : Safe claims_{number} :=\n"
            f"  (Safe.more {name}_holds safe_{number - 1} : Safe ({name} :: claims_{number - 1}))",
        ]
    )


def _told(claim: Mapping[str, Any]) -> str:
    """What a claim is about, if that is told in words we know."""
    requirement, step = claim.get("requirement"), claim.get("step")
    if not isinstance(requirement, str) or not _REQUIREMENT.fullmatch(requirement) or not _is_step(step):
        return ""
    return f": {requirement}, step {step + 1}"


def _is_step(step: object) -> TypeGuard[int]:
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 1_000_000


def _tree(tree: Sequence[tuple[int] | int]) -> Iterator[str]:
    """A term of `Tree`. Every part of a box is opened by its parent and closed by its last leaf."""
    due: list[int] = []
    is_whole = False
    for word in tree:
        if is_whole:
            raise checker.RefusedError("The tree goes on where the box is covered.")
        yield " " if due else ""
        if isinstance(word, tuple):
            if len(due) >= _MOST_NESTING:
                raise CapacityError(f"A box was halved more than {_MOST_NESTING} times.", "", "Use --certificate.")
            yield f"(Tree.halve {word[0]}"
            due.append(2)
            continue
        yield f"(Tree.leaf {word})"
        while due:
            due[-1] -= 1
            if due[-1]:
                break
            due.pop()
            yield ")"
        is_whole = not due
    if not is_whole:
        raise checker.RefusedError("The tree does not cover the box.")


def _subject(document: Mapping[str, Any], key: str) -> str:
    told = document.get("subjects")
    value = told.get(key) if isinstance(told, Mapping) else None
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ZaphodError(
            f"The certificate does not name its {key} by a digest.",
            "It says sha256: and 64 hexadecimal digits.",
            "Verify the plan again.",
        )
    return value


def _wrapped(text: str) -> str:
    """The same in lines; Lean does not mind where a list is broken, as long as what follows is indented."""
    lines = textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
