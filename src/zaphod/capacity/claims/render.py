"""The page of claims, docs/claims.md, as the planner computes it; checks nothing itself.

`python -m zaphod.capacity.claims > docs/claims.md` writes it anew.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from zaphod.capacity.claims.check import Result, results
from zaphod.capacity.claims.claim import ABOUT_WITHIN, FILES, RIGHT_WITHIN, Checked, Computed, Verdict, claims
from zaphod.capacity.estimate import Estimate

_TITLES = {
    "architecture": "Grok-1's parts and what they weigh",
    "speed": "Speed and formats",
    "training": "Clusters and training runs",
    "cost": "Energy, emissions, prices and users",
}
_FIRST = {"architecture": 1, "speed": 29, "training": 42, "cost": 73}
"""Number of each part's first claim."""

_HEAD = f"""# Claims, checked

Statements about Grok-1, its like, their machines and their bills, in short words, held against what the planner
computes. This page is printed by `python -m zaphod.capacity.claims`; a test fails when it is not what the code prints.

The rule: a figure is **right** where claim and result are at most {RIGHT_WITHIN - 1:.0%} apart, **about right** up to
{ABOUT_WITHIN - 1:.0%}, else **wrong**. Results of the planner's models are intervals (80 of 100 cases); a claim
inside is right. A claim is as right as its worst figure. It is **conditional** where it holds only under a condition
that it does not name, and **not derivable** where what it needs was never published. "x 2" says that twice too much
was claimed, "x 0.5" half. Formulas are numbered in [planning.md](planning.md).
"""


def render() -> str:
    """The whole page, in Markdown."""
    found = results()
    counts = Counter(result.verdict for result in found)
    order: tuple[Verdict, ...] = ("right", "about right", "conditional", "wrong", "not derivable")
    total = ", ".join(f"{counts[each]} {each}" for each in order)
    lines = [_HEAD, f"Of {len(claims())} claims {total}.", ""]
    starts = {str(number): _TITLES[part] for part, number in _FIRST.items()}
    assert set(_FIRST) == set(FILES)
    for result in found:
        if result.claim.name in starts:
            lines += [f"## {starts[result.claim.name]}", ""]
            lines += [
                "| # | claim | verdict | formula | figure | claimed | computed | |",
                "|---|---|---|---|---|---|---|---|",
            ]
        lines += _rows(result)
        if str(int(result.claim.name) + 1) in starts or result is found[-1]:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _rows(result: Result) -> Iterator[str]:
    claim = result.claim
    reason = f" *{claim.reason}*" if claim.reason else ""
    head = (claim.name, claim.claim + reason, f"**{result.verdict}**", claim.formula)
    if not result.figures:
        yield _row(*head, "", "", "", "")
    for n, each in enumerate(result.figures):
        condition = f", if {each.figure.condition}" if each.figure.condition else ""
        yield _row(
            *(head if n == 0 else ("", "", "", "")),
            each.figure.what + condition,
            _with_unit(_claimed(each.figure.claimed), each.figure.unit),
            _with_unit(_computed(each.computed), each.figure.unit),
            each.verdict + _factor(each),
        )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _factor(each: Checked) -> str:
    if each.verdict != "wrong" or not math.isfinite(each.factor):
        return ""
    return f" (x {number(each.factor, digits=2)})"


def _claimed(claimed: float | str | Sequence[float]) -> str:
    if isinstance(claimed, str):
        return claimed
    if isinstance(claimed, int | float):
        return number(claimed, digits=6)
    return " to ".join(number(each, digits=6) for each in claimed)


def _computed(computed: Computed) -> str:
    if isinstance(computed, str):
        return computed
    if not isinstance(computed, Estimate):
        return number(computed, digits=5)
    if computed.low == computed.high:
        return number(computed.value, digits=5)
    return f"{number(computed.low, digits=2)} to {number(computed.high, digits=2)}"


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit and unit != "x" else text


def number(value: float, digits: int = 3) -> str:
    """Significant digits, thousands parted by commas; `3.08e26` for what is very large or small."""
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 7:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
    rounded = round(value, digits - 1 - size)
    text = f"{rounded:,.{max(0, digits - 1 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
