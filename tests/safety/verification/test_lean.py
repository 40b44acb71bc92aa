"""What is written for Lean: the same numbers, the same verdicts, and no word that somebody chose."""

import copy
import json
import math
import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.safety.verification import lean_model as model

from zaphod.core.errors import CapacityError, ZaphodError
from zaphod.safety.verification import checker
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.certificates import certify
from zaphod.safety.verification.claims import Claims, Label
from zaphod.safety.verification.contracts import Contract
from zaphod.safety.verification.lean import checker_source, claim_text, in_whole_numbers, lean_text, theorem_name
from zaphod.safety.verification.plans import Plan
from zaphod.safety.verification.polynomials import stacked, variable
from zaphod.safety.verification.verify import certificate

PROOFS = Path(__file__).parents[3] / "proofs"
SUBJECTS = {"plan": "sha256:" + "0123456789abcdef" * 4, "contract": "sha256:" + "fedcba9876543210" * 4}


def example() -> dict[str, Any]:
    """Two claims: a parabola in two variables, and one of two lines that is above 0; the box must be halved."""
    t, m = variable("t", is_exact=True), variable("m", is_exact=True)
    box = {"t": Interval(Fraction(0), Fraction(2)), "m": Interval(Fraction(1, 10), Fraction(1, 5))}
    away = (t - Fraction(2, 3)).square() + m - Fraction(9, 100)
    labels = (Label("clearance", 0, 0, "it comes too close"), Label("clearance", 1, 1, "it is between both"))
    made, unproved = certify(
        [Claims(stacked([away, away, Fraction(4, 3) - t, t - Fraction(2, 3)]), box, labels, 2)], SUBJECTS
    )
    assert unproved == []
    parsed: dict[str, Any] = json.loads(json.dumps(made))
    return parsed


def python_accepts(claim: dict[str, Any]) -> bool:
    try:
        checker.check_claim(claim)
    except checker.RefusedError:
        return False
    return True


def lean_would_accept(claim: dict[str, Any]) -> bool:
    try:
        text = claim_text(1, claim)
    except checker.RefusedError:
        return False
    (one,) = model.read(text)
    return model.check_claim(one)


def test_the_example_in_proofs_is_what_is_written_today() -> None:
    assert lean_text(example(), is_alone=False) == (PROOFS / "Example.lean").read_text(encoding="utf-8")


def test_a_file_that_stands_alone_holds_the_checker_and_imports_nothing() -> None:
    text = lean_text(example())
    assert checker_source().rstrip() in text
    assert "import" not in text
    assert text.endswith("#print axioms Zaphod.plan_0123456789abcdef\n")
    assert text.count("decide +kernel") == 2
    assert all(digest in text for digest in SUBJECTS.values())


def test_the_model_of_the_checker_accepts_a_whole_plan_as_it_is_written(plan: Plan, contract: Contract) -> None:
    document = certificate(plan, contract)
    read = model.read(lean_text(document))
    assert len(read) == len(document["claims"]) > 100
    assert all(model.check_claim(claim) for claim in read)
    assert theorem_name(document) == "plan_" + document["subjects"]["plan"][7:23]


def tampered(rng: random.Random) -> dict[str, Any]:
    """A claim that can be read; some are true all the same."""
    claim: dict[str, Any] = copy.deepcopy(rng.choice(example()["claims"]))
    kind = rng.randrange(5)
    if kind == 0:
        row = rng.choice(rng.choice(claim["polynomials"]))
        row[-1] = str(Fraction(row[-1]) + Fraction(rng.randrange(-9, 9), rng.randrange(1, 9)))
    elif kind == 1:
        ends = rng.choice(claim["box"])
        ends[rng.randrange(2)] = str(Fraction(rng.randrange(-6, 12), rng.randrange(1, 6)))
    elif kind == 2:
        del claim["tree"][rng.randrange(len(claim["tree"]))]
    elif kind == 3:
        claim["tree"].insert(rng.randrange(len(claim["tree"]) + 1), rng.choice([0, 1, "t", "m", 7, "x"]))
    else:
        claim["tree"] = ["t", *claim["tree"], *claim["tree"]]
    return claim


def test_the_model_and_the_checker_agree_on_four_hundred_changed_claims() -> None:
    rng = random.Random(1)
    verdicts = [(python_accepts(claim), lean_would_accept(claim)) for claim in (tampered(rng) for _ in range(400))]
    # An end above the other is refused by both, but the one says malformed and the other false.
    assert all(own == other for own, other in verdicts)
    assert sum(own for own, _ in verdicts) > 40
    assert sum(not own for own, _ in verdicts) > 200


def made_up(rng: random.Random) -> dict[str, Any]:
    """A claim in up to three variables, with or without a chance."""
    names = ["a", "b", "c"][: rng.randrange(4)]
    degrees = [rng.randrange(4) for _ in names]
    ends = [sorted(Fraction(rng.randrange(-4, 5), rng.randrange(1, 4)) for _ in "lh") for _ in names]

    def polynomial() -> list[list[Any]]:
        powers = {tuple(rng.randrange(d + 1) for d in degrees) for _ in range(3)}
        constant = [[0] * len(names) + [str(rng.randrange(0, 12))]]
        return constant + [[*p, str(Fraction(rng.randrange(-3, 4), rng.randrange(1, 4)))] for p in powers if any(p)]

    def tree(depth: int) -> list[Any]:
        if not names or depth == 0 or rng.random() < 0.4:
            return [rng.randrange(2)]
        return [rng.choice(names), *tree(depth - 1), *tree(depth - 1)]

    box = [[str(low), str(high)] for low, high in ends]
    polynomials = [polynomial(), polynomial()]
    return {"variables": names, "degrees": degrees, "box": box, "polynomials": polynomials, "tree": tree(3)}


def test_the_model_and_the_checker_agree_on_made_up_claims() -> None:
    rng = random.Random(2)
    verdicts = [(python_accepts(claim), lean_would_accept(claim)) for claim in (made_up(rng) for _ in range(300))]
    assert all(own == other for own, other in verdicts)
    assert 50 < sum(own for own, _ in verdicts) < 250


def test_a_value_in_lean_is_the_polynomial_s_times_a_number_above_0() -> None:
    rng = random.Random(3)
    for _ in range(200):
        claim = made_up(rng)
        one = in_whole_numbers(claim)
        x = [(rng.randrange(-9, 10), rng.randrange(1, 9)) for _ in one.degrees]
        for rows, polynomial in zip(claim["polynomials"], one.polynomials, strict=True):
            terms = [(row[:-1], Fraction(row[-1])) for row in rows]
            true = sum(c * math.prod(Fraction(*v) ** k for v, k in zip(x, p, strict=True)) for p, c in terms)
            scale = math.lcm(*(c.denominator for _, c in terms))
            scale *= math.prod(q**d for (_, q), d in zip(x, one.degrees, strict=True))
            assert model.value(one.degrees, x, polynomial) == true * scale


def test_what_is_accepted_is_above_0_at_every_point_tried() -> None:
    rng, num_tried = random.Random(4), 0
    for _ in range(200):
        claim = made_up(rng)
        if not lean_would_accept(claim):
            continue
        one = in_whole_numbers(claim)
        for _ in range(10):
            den = rng.randrange(1, 20)
            x = [(rng.randrange(-90, 91), den) for _ in one.degrees]
            if model.in_box(one.box, x):
                num_tried += 1
                assert any(model.value(one.degrees, x, p) > 0 for p in one.polynomials)
    assert num_tried > 50


IDENTITIES = re.findall(r"theorem (id_\w+) \(([\w ]+) : Int\) :\s+(.+?) := by int_ring", checker_source(), re.DOTALL)


@pytest.mark.parametrize(("name", "variables", "sides"), IDENTITIES, ids=[one[0] for one in IDENTITIES])
def test_the_identities_that_the_proofs_stand_on_are_identities(name: str, variables: str, sides: str) -> None:
    import sympy

    left, right = re.sub(r"\s+", " ", sides).split(" = ")
    assert re.fullmatch(r"[\w +*()]+", left + right)
    symbols = {letter: sympy.Symbol(letter) for letter in variables.split()}
    assert sympy.expand(sympy.sympify(left, locals=symbols) - sympy.sympify(right, locals=symbols)) == 0


def test_all_identities_were_tried() -> None:
    assert len(IDENTITIES) == checker_source().count("by int_ring") >= 12


def test_the_coefficients_on_a_side_are_the_polynomial_on_that_side() -> None:
    rng = random.Random(6)
    for _ in range(100):
        degrees = [rng.randrange(5), rng.randrange(4)]
        cs = [[rng.randrange(-9, 10) for _ in range(degrees[1] + 1)] for _ in range(degrees[0] + 1)]
        low, high, den = rng.randrange(-9, 5), rng.randrange(5, 9), rng.randrange(1, 5)
        s, t, v = rng.randrange(5), rng.randrange(5), (rng.randrange(-3, 4), rng.randrange(1, 4))

        def inner(c: Any, degrees: list[int] = degrees, v: tuple[int, int] = v) -> int:
            return model.value(degrees[1:], [v], c)

        moved = model.on_side(degrees[1:], (low, high, den), degrees[0], cs)
        at = (low * (s + t) + (high - low) * t, den * (s + t))
        assert model.horner(inner, s, t, degrees[0], moved) == model.horner(inner, *at, degrees[0], cs)


def test_a_value_between_both_ends_is_a_mean_of_them_as_the_proof_has_it() -> None:
    rng, num_tried = random.Random(7), 0
    while num_tried < 200:
        low, high, den = rng.randrange(-9, 9), rng.randrange(-9, 9), rng.randrange(1, 9)
        p, q = rng.randrange(-40, 40), rng.randrange(1, 9)
        if not low * q <= den * p <= high * q:
            continue
        num_tried += 1
        narrow = low == high
        s, t = (q, 0) if narrow else (high * q - den * p, den * p - low * q)
        k = den if narrow else den * (high - low)
        assert s >= 0 <= t
        assert s + t > 0 < k
        assert low * (s + t) + (high - low) * t == k * p
        assert den * (s + t) == k * q


def test_every_point_of_a_box_lies_in_one_of_its_halves() -> None:
    rng = random.Random(8)
    for _ in range(500):
        box = [(low, low + rng.randrange(9), rng.randrange(1, 9)) for low in (rng.randrange(-9, 9), 0)]
        x = [(rng.randrange(-40, 40), rng.randrange(1, 9)) for _ in box]
        for axis in range(3):
            halves = model.lower_half(axis, box), model.upper_half(axis, box)
            assert model.in_box(box, x) == any(model.in_box(half, x) for half in halves)


# Every line that may stand in a file, beside those of the checker.
LINES = re.compile(
    r"""|import[ ]Checker
    |namespace[ ]Zaphod|end[ ]Zaphod
    |set_option[ ](maxRecDepth[ ]100000|maxHeartbeats[ ]0)
    |--[ ]Written[ ]by[ ]`zaphod[ ]verify[ ]--lean`[ ]for[ ]Lean[ ][\d.]+\.[ ]Do[ ]not[ ]edit\.
    |--[ ](plan|contract|certificate)[ ]+sha256:[0-9a-f]{64}
    |--[ ]claim_\d+(:[ ][a-z]{1,20},[ ]step[ ]\d+)?
    |def[ ]claim_\d+_polynomial_\d+[ ]:[ ]((List|Int|[ ()])+)[ ]:=[-0-9\[\], ]*
    |def[ ]claim_\d+[ ]:[ ]Claim[ ]:=[ ]Claim\.mk[-0-9\[\], ()⟨⟩]*
                                      ((claim_\d+_polynomial_\d+|Tree\.leaf|Tree\.halve)[-0-9\[\], ()⟨⟩]*)*
    |[ ]+[-0-9\[\], ()⟨⟩]*((claim_\d+_polynomial_\d+|Tree\.leaf|Tree\.halve|Int|List)[-0-9\[\], ()⟨⟩]*)*
    |theorem[ ]claim_\d+_holds[ ]:[ ]Holds[ ]claim_\d+[ ]:=[ ]checkClaim_sound[ ]claim_\d+[ ]\(by[ ]decide[ ]\+kernel\)
    |\#print[ ]axioms[ ](claim_\d+_holds|Zaphod\.plan_[0-9a-f]{16})
    |def[ ]claims_\d+[ ]:[ ]List[ ]Claim[ ]:=[ ](\[\]|claim_\d+[ ]::[ ]claims_\d+)
    |theorem[ ]safe_\d+[ ]:[ ]Safe[ ]claims_\d+[ ]:=([ ]True\.intro)?
    |[ ][ ]\(Safe\.more[ ]claim_\d+_holds[ ]safe_\d+[ ]:[ ]Safe[ ]\(claim_\d+[ ]::[ ]claims_\d+\)\)
    |/--[ ]The[ ]\d+[ ]claims[ ]above[ ]hold[ ]at[ ]every[ ]rational[ ]point[ ]of[ ]their[ ]boxes\.[ ]-/
    |theorem[ ]plan_[0-9a-f]{16}[ ]:[ ]Safe[ ]claims_\d+[ ]:=[ ]safe_\d+
    """,
    re.VERBOSE,
)
WORDS = st.text(max_size=12) | st.sampled_from(
    ["-/ axiom bad : False", '" sorry', "t\naxiom bad : False", "⟩] sorry --", "grip -/ #eval 1", "x :=", "«»", "λ"]
)


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(WORDS.filter(bool), min_size=2, max_size=2, unique=True),
    words=st.lists(WORDS, min_size=6, max_size=6),
)
def test_no_name_or_text_of_a_certificate_gets_into_lean(names: list[str], words: list[str]) -> None:
    document = example()
    document[words[0]] = words[1]
    document["subjects"] |= {"zaphod": words[2]}
    for claim in document["claims"]:
        renamed = dict(zip(claim["variables"], names, strict=True))
        claim["variables"] = names
        claim["tree"] = [renamed.get(word, word) for word in claim["tree"]]
        claim |= {"requirement": words[3], "what": words[4], "piece": words[5], "step": words[0]}
    try:
        text = lean_text(document, is_alone=False)
    except ZaphodError:
        assert words[0] in ("format", "claims", "subjects")
        return
    assert [line for line in text.splitlines() if not LINES.fullmatch(line)] == []


@pytest.mark.parametrize("value", ["", "sha256:0", "sha256:" + "0" * 64 + "\n", "sha256:" + "G" * 64, None, 3, ["x"]])
@pytest.mark.parametrize("key", ["plan", "contract"])
def test_a_subject_that_is_no_digest_is_refused(key: str, value: object) -> None:
    document = example()
    document["subjects"][key] = value
    with pytest.raises(ZaphodError, match=f"does not name its {key} by a digest"):
        lean_text(document)


def test_a_certificate_that_proves_nothing_is_not_written() -> None:
    document = example()
    document["claims"][0]["tree"] = [1]
    document["claims"][0]["polynomials"][1] = [[0, 0, "-1"]]
    with pytest.raises(ZaphodError, match="certificate is refused"):
        lean_text(document)


def test_what_is_too_large_for_lean_is_said_in_words() -> None:
    huge = {"variables": ["a", "b", "c"], "degrees": [64, 64, 64], "polynomials": [], "box": [], "tree": []}
    with pytest.raises(CapacityError, match="coefficients"):
        in_whole_numbers(huge)
    deep = {"variables": ["a"], "degrees": [1], "box": [["0", "1"]], "polynomials": [[[0, "1"]]]}
    with pytest.raises(CapacityError, match="halved more than"):
        claim_text(1, {**deep, "tree": ["a", *[0, "a"] * 500, 0, 0]})
    long = [["1/" + str(10**399 + n)] for n in range(20)]
    with pytest.raises(CapacityError, match="bits"):
        in_whole_numbers({**deep, "polynomials": [[[n, *row] for n, row in enumerate(long)]], "tree": [0]})
