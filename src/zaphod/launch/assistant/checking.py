"""Every step of a worked sum recomputed, from what is written alone; knows the notation of `arithmetic`, no model.

What is checked is that the steps follow from one another and give the result. Whether the numbers are those that were
asked for is seen in the first line of a sum with several operations, and in the digits of the steps of a single one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from zaphod.data.tasks.arithmetic import worked_answer

_HEAD = re.compile(r"(-?\d{1,9}) ([+*-]) (\d{1,9})")
_RESULT = re.compile(r"= (-?\d{1,12})")
_SUM_STEP = re.compile(r"(\d)\+(\d)\+(\d)=\d\d")
_DIFFERENCE_STEP = re.compile(r"(\d)-(\d)-(\d)=\d\d")
_PRODUCT_STEP = re.compile(r"(\d)\*(\d)\+(\d)=\d\d")
_COMPARISON = re.compile(r"(?:\d:\d,?)+[<>=]")


class Checked(NamedTuple):
    """What checking found."""

    is_right: bool
    reason: str


def looks_worked(answer: str) -> bool:
    """Whether this is a sum with its steps: its last line is a result, and there are lines before it."""
    lines = answer.strip().splitlines()
    return len(lines) > 1 and _RESULT.fullmatch(lines[-1].strip()) is not None


def check_steps(answer: str) -> Checked:
    """Recompute a worked sum. What cannot be read is not right."""
    lines = [line.strip() for line in answer.strip().splitlines()]
    before: int | None = None
    number = 0
    while lines:
        number += 1
        head = _HEAD.fullmatch(lines[0])
        if head is not None:
            lines = lines[1:]
        if len(lines) < 2 or _RESULT.fullmatch(lines[1]) is None:
            return Checked(False, f"operation {number} has no steps or no result")
        steps, result = lines[0], lines[1]
        operands = _operands_of(steps) if head is None else (head[2], int(head[1]), int(head[3]))
        if operands is None or min(operands[1:]) < 0:
            return Checked(False, f"the steps of operation {number} cannot be read")
        if before is not None and operands[1] != before:
            return Checked(False, f"operation {number} begins with {operands[1]}, not with {before}")
        right_steps, right_result = worked_answer(*operands).split("\n")
        if result != right_result:
            return Checked(False, f"the result of operation {number} is {right_result[2:]}, not {result[2:]}")
        if steps != right_steps:
            return Checked(False, f"the steps of operation {number} are not those of its numbers")
        before, lines = int(result[2:]), lines[2:]
    return Checked(number > 0, "every step is right" if number else "there is nothing to check")


def _operands_of(steps: str) -> tuple[str, int, int] | None:
    """The operation and the numbers that these steps speak of, read back from their digits."""
    words = steps.split()
    is_less = False
    if words and _COMPARISON.fullmatch(words[0]):
        is_less = words.pop(0).endswith("<")
    for operation, pattern in (("+", _SUM_STEP), ("-", _DIFFERENCE_STEP), ("*", _PRODUCT_STEP)):
        matches = [pattern.fullmatch(word) for word in words]
        if words and all(matches):
            firsts = int("".join(m[1] for m in reversed(matches) if m))
            seconds = [m[2] for m in matches if m]
            if operation == "*":
                return (operation, firsts, int(seconds[0])) if len(set(seconds)) == 1 else None
            second = int("".join(reversed(seconds)))
            return (operation, second, firsts) if is_less else (operation, firsts, second)
    return None
