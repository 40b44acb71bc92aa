from __future__ import annotations

import re
from pathlib import Path

import pytest

from zaphod.capacity.claims.check import check, results
from zaphod.capacity.claims.claim import Claim, Computed, Figure, checked, claims, verdict
from zaphod.capacity.claims.registry import functions
from zaphod.capacity.claims.render import number, render
from zaphod.capacity.estimate import Estimate
from zaphod.core.errors import ConfigError

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "claims.md"
PLANNING = (ROOT / "docs" / "planning.md").read_text()

JUDGED = {
    **dict.fromkeys((1, 5, 6, 8, 9, 11, 13, 15, 23, 24, 26, 28), "agrees"),
    **dict.fromkeys((2, 3, 4, 10, 14, 16, 17, 19, 20, 21, 22, 25), "wrong"),
    **dict.fromkeys((12, 18, 27), "conditional"),
    **dict.fromkeys((7,), "not derivable"),
    **dict.fromkeys((29, 30, 31, 32, 33, 34, 35, 36, 38), "wrong"),
    **dict.fromkeys((37,), "agrees"),
    **dict.fromkeys((39, 40, 41), "conditional"),
    **dict.fromkeys((42, 44, 46, 47, 52, 55, 56, 57, 59, 63, 64, 65, 69), "wrong"),
    **dict.fromkeys((43, 45, 48, 49, 50, 51, 53, 54, 60, 62, 66), "agrees"),
    **dict.fromkeys((67, 70, 72), "conditional"),
    **dict.fromkeys((58, 61, 68, 71), "not derivable"),
    **dict.fromkeys((73, 75, 79, 81, 86, 88), "wrong"),
    **dict.fromkeys((74, 77, 78, 80, 84, 89, 92), "agrees"),
    **dict.fromkeys((83, 85, 87, 93), "conditional"),
    **dict.fromkeys((76, 82, 90, 91), "not derivable"),
}
"""Judged by hand, before the planner was written, from the sources that the rows name."""


def figure(claimed: float | str | list[float], condition: str = "") -> Figure:
    return Figure(what="x", claimed=claimed, compute="read_as", condition=condition)


def judge(*figures: tuple[float | str | list[float], Computed, str]) -> str:
    return verdict([checked(figure(claimed, condition), computed) for claimed, computed, condition in figures])


def test_there_are_93_claims_numbered_in_order() -> None:
    assert [claim.name for claim in claims()] == [str(number) for number in range(1, 94)]


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.name)
def test_the_planner_judges_as_was_judged_by_hand(claim: Claim) -> None:
    found = check(claim).verdict
    assert ("agrees" if found in ("right", "about right") else found) == JUDGED[int(claim.name)]


def test_the_page_is_what_the_planner_prints() -> None:
    """A changed figure or verdict shows here: `python -m zaphod.capacity.claims > docs/claims.md` prints it anew."""
    assert PAGE.read_text() == render()


def test_formulas_that_claims_name_stand_on_the_page_about_planning() -> None:
    named = {formula for claim in claims() for formula in claim.formula.split(", ") if formula}
    assert all(f"| {formula} |" in PLANNING for formula in named | {f"F{number}" for number in range(1, 17)})


def test_files_that_the_page_names_are_there() -> None:
    named = re.findall(r"`((?:catalogue|cost|timing|memory|shapes)/[a-z_]+\.(?:py|toml))`", PLANNING)
    assert len(named) > 15
    assert [each for each in named if not (ROOT / "src/zaphod/capacity" / each).is_file()] == []


def test_every_function_for_claims_is_used() -> None:
    asked = {figure.compute for claim in claims() for figure in claim.figures}
    assert asked == set(functions())


def test_most_claims_are_computed() -> None:
    assert sum(1 for result in results() if result.figures) >= 80


def test_a_figure_at_two_per_cent_is_right_at_ten_about_right_and_then_wrong() -> None:
    assert [judge((claimed, 100.0, "")) for claimed in (102.0, 98.1, 109.9, 92.0, 112.0)] == [
        *("right", "right", "about right", "about right", "wrong")
    ]


def test_ranges_that_overlap_agree() -> None:
    computed = Estimate(value=3.0, low=2.0, high=4.0, unit="")
    assert judge(([3.5, 9.0], computed, "")) == judge((2.5, computed, "")) == "right"
    assert judge(([8.0, 9.0], computed, "")) == "wrong"
    assert checked(figure([8.0, 9.0]), computed).factor == 2.0
    assert checked(figure([0.5, 1.0]), computed).factor == 0.5


def test_a_condition_excuses_only_the_same_claimed_value() -> None:
    assert judge((1.0, 2.0, ""), (1.0, 1.0, "alone")) == "conditional"
    assert judge((1.0, 2.0, ""), (3.0, 3.0, "alone")) == "wrong"
    assert judge((1.0, 2.0, ""), (1.0, 2.0, "alone")) == "wrong"


def test_words_agree_or_do_not() -> None:
    assert judge(("fits", "fits", "")) == "right"
    assert judge(("fits", "does not fit", "")) == "wrong"


def test_a_word_is_not_held_against_a_number() -> None:
    with pytest.raises(ConfigError, match="like with like"):
        judge(("fits", 3.0, ""))


def test_a_row_that_asks_for_nothing_known_is_refused() -> None:
    row = claims()[0]
    unknown = Claim(name="0", claim="x", figures=(Figure(what="x", claimed=1, compute="magic"),), source=row.source)
    with pytest.raises(ConfigError, match="magic"):
        check(unknown)
    wrong = Figure(what="x", claimed=1, compute="times", inputs={"facts": [1]})
    with pytest.raises(ConfigError, match="facts"):
        check(Claim(name="0", claim="x", figures=(wrong,), source=row.source))


def test_numbers_are_printed_with_significant_digits() -> None:
    assert [number(each) for each in (0.0, 1.0, 315.684, 2147.4, 0.0123, 3.0774e26, 2_000_000)] == [
        *("0", "1", "316", "2,150", "0.0123", "3.08e26", "2,000,000")
    ]
