"""The checker accepts what was proved, and nothing that was changed afterwards."""

import copy
import json
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.certificates import certify
from zaphod.safety.verification.checker import RefusedError, check
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.polynomials import Polynomials, stacked, variable

BOX = {"t": Interval(Fraction(0), Fraction(2)), "m": Interval(Fraction(1, 10), Fraction(1, 5))}


def some_claims() -> Claims:
    t, m = variable("t", is_exact=True), variable("m", is_exact=True)
    away = (t - Fraction(2, 3)).square() + m - Fraction(9, 100)
    either = [Fraction(4, 3) - t, t - Fraction(2, 3)]
    labels = (Label("clearance", 0, 0, "it comes too close"), Label("clearance", 1, 1, "it is between both"))
    return Claims(stacked([away, away, *either]), BOX, labels, 2)


@pytest.fixture
def document() -> dict[str, Any]:
    made, unproved = certify([some_claims()], {"plan": "sha256:0"})
    assert unproved == []
    parsed: dict[str, Any] = json.loads(json.dumps(made))
    return parsed


def test_what_was_proved_is_accepted(document: dict[str, Any]) -> None:
    assert check(document) == 2
    assert any(isinstance(word, str) for word in document["claims"][1]["tree"])


def test_what_cannot_be_proved_is_named() -> None:
    t = variable("t", is_exact=True)
    made, unproved = certify([Claims(t - 1, BOX, (Label("grip", 2, 0, "the load slips"),))], {})
    assert unproved == ["grip, step 3: the load slips"]
    with pytest.raises(RefusedError, match="at least one claim"):
        check(made)


def changed(document: dict[str, Any], rng: random.Random) -> dict[str, Any] | None:
    """A certificate of something that is not true; None where the change made nothing false."""
    made = copy.deepcopy(document)
    claim = rng.choice(made["claims"])
    kind = rng.randrange(5)
    if kind == 0:  # a polynomial that is lower by more than it is anywhere above 0
        for polynomial in claim["polynomials"]:
            for term in polynomial:
                if not any(term[:-1]):
                    term[-1] = str(Fraction(term[-1]) - rng.randrange(5, 50))
    elif kind == 1:  # a box that reaches where the claim is wrong
        if claim is not made["claims"][0]:
            return None
        claim["box"][claim["variables"].index("m")][0] = "-1"
    elif kind == 2:
        del claim["tree"][rng.randrange(len(claim["tree"]))]
    elif kind == 3:
        claim["tree"].insert(rng.randrange(len(claim["tree"]) + 1), rng.choice([0, 1, "t", "m", 7, None, True]))
    else:
        field = rng.choice(["variables", "degrees", "box", "polynomials", "tree"])
        claim[field] = rng.choice([None, [], {}, "t", [[]], [None], 3, claim["tree"] + claim["tree"]])
    return made if made != document else None


def test_five_hundred_changes_are_refused(document: dict[str, Any]) -> None:
    rng = random.Random(0)
    tried = [made for _ in range(700) if (made := changed(document, rng)) is not None]
    assert len(tried) >= 500
    for made in tried:
        with pytest.raises(RefusedError):
            check(made)


@pytest.mark.parametrize("number", ["1e3", "nan", "inf", "1/0", "0x1", " 1", "1.5", "1_0", "9" * 500, "", "--1"])
def test_a_number_is_written_in_one_way(document: dict[str, Any], number: str) -> None:
    document["claims"][0]["polynomials"][0][0][-1] = number
    with pytest.raises(RefusedError, match=r"no number|divides by 0"):
        check(document)


def test_boxes_and_degrees_of_any_size_are_refused_in_words(document: dict[str, Any]) -> None:
    claim = document["claims"][0]
    claim["box"][0] = [f"-{'9' * 399}", "9" * 399]
    with pytest.raises(RefusedError, match="a large number"):
        check(document)
    claim |= {"variables": list("abcdef"), "degrees": [64] * 6, "box": [["0", "1"]] * 6, "polynomials": [[]]}
    with pytest.raises(RefusedError, match="more than 100000 coefficients"):
        check(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["tree", "box", "claims"]), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_anything_else_is_refused_in_words(value: object) -> None:
    with pytest.raises(RefusedError):
        check(value)
    with pytest.raises(RefusedError):
        check({"format": "zaphod-certificate-1", "claims": [value]})


def test_it_knows_nothing_of_the_rest_of_the_house() -> None:
    import ast
    from pathlib import Path

    import zaphod.safety.verification.checker as checker

    tree = ast.parse(Path(str(checker.__file__)).read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    imported |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    assert imported <= {"__future__", "itertools", "math", "re", "collections.abc", "fractions", "typing"}


def test_a_degree_that_is_raised_may_make_a_proof_shorter() -> None:
    t = variable("t", is_exact=True)
    raised = Polynomials(("t",), stacked([(t - 1).square() * 3 + Fraction(2), t.square().square()]).coefficients[:1])
    made, unproved = certify([Claims(raised, BOX, (Label("x", 0, 0, ""),))], {})
    assert unproved == []
    assert check(made) == 1
    assert made["claims"][0]["degrees"] == [4]
