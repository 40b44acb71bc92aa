"""Sums worked out digit by digit, one or several in a row, from figures, words and short stories; every step is judged.

One operation is written as in the first edition. Several are written one after the other, each under its own line;
an expression of figures alone (48 + 37 - 5) is work for a calculator, and is not here:

    take 48, add 37, then take away 5      48 + 37
                                           8+7+0=15 4+3+1=08
                                           = 85
                                           85 - 5
                                           8:0> 5-5-0=00 8-0-0=08
                                           = 80
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks.arithmetic import any_operands, in_any_order, worked_answer
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.second.vocabulary import in_words
from zaphod.data.tasks.second.wordings import sum_wordings as wordings
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations

_STEPS_OF_CHAIN_TEST = {
    "+": ("go up by {n}", "{n} come in"),
    "-": ("go down by {n}", "{n} fall away"),
    "*": ("make it {n} times as much",),
}


class Sums:
    """Up to four digits added or subtracted, or times one digit; sometimes two or three operations in a row."""

    name = "sums"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is an (operation, a, b) triple, in a row the first one."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            example = _chain(split, rng) if rng.random() < 0.2 else _single(split, rng)
            if example is not None:
                yield example

    def judge(self, example: Example, answer: str) -> Score:
        """Right if it is, line by line and step by step, what working it out gives."""
        right = in_any_order(example.answer).splitlines()
        given = [line.strip() for line in in_any_order(answer).strip().splitlines()]
        for number, (line, right_line) in enumerate(zip(given, right, strict=False), start=1):
            if line != right_line:
                return Score(False, f"line {number} is {right_line!r}, not {line!r}")
        if len(given) != len(right):
            return Score(False, f"{len(right)} lines were wanted, {len(given)} given")
        return Score(True, "every step and the result are right")


def worked_chain(first: int, steps: list[tuple[str, int]]) -> str:
    """Several operations in a row, as the module's docstring shows them."""
    lines, value = [], first
    for operation, number in steps:
        lines += [f"{value} {operation} {number}", worked_answer(operation, value, number)]
        value = {"+": value + number, "-": value - number, "*": value * number}[operation]
    return "\n".join(lines)


def _single(split: Split, rng: random.Random) -> Example | None:
    operation = rng.choices("+-*", (4, 4, 2))[0]
    a, b = any_operands(operation, rng)
    if not fits_combinations(split, operation, a, b):
        return None
    if split == "wordings_2":
        sentence = rng.choice(wordings_2()["sums"][operation])
        if operation != "+" and a < b:  # "free seats" and the like are never negative
            return None
    else:
        phrase = phrased(rng.choice(wordings.FRAMES[operation]), wordings.GRAMMAR, rng)
        if phrase is None:
            return None
        sentence = spoilt(remarked(phrase, rng), rng)
    prompt = dressed(sentence, rng).format_map({"a": _spoken(a, rng), "b": _spoken(b, rng)})
    return Example(task=Sums.name, prompt=prompt, answer=worked_answer(operation, a, b))


def _chain(split: Split, rng: random.Random) -> Example | None:
    first = rng.randrange(1, rng.choice((20, 100, 1000)))
    steps: list[tuple[str, int]] = []
    value = first
    for _ in range(2 if split == "wordings_2" else rng.choice((2, 2, 3))):
        operation, number = _next_step(value, rng)
        value = {"+": value + number, "-": value - number, "*": value * number}[operation]
        steps.append((operation, number))
    if not fits_combinations(split, steps[0][0], first, steps[0][1]):
        return None
    ways = _STEPS_OF_CHAIN_TEST if split == "wordings_2" else wordings.STEPS_OF_CHAIN
    said = [rng.choice(ways[operation]).replace("{n}", _spoken(number, rng)) for operation, number in steps]
    if split == "wordings_2":
        sentence = rng.choice(wordings_2()["sums"]["chain"])
        slots = {"a": str(first), "first_up": said[0], "second_up": said[1]}
    else:
        frame = rng.choice(wordings.CHAINS)
        joint = rng.choice((", then ", ", ", " and then ", " and ", ", after that ", "; "))
        slots = {
            "a": _spoken(first, rng),
            "steps": joint.join(said),
        }
        phrase = phrased("=" + frame, wordings.GRAMMAR, rng)
        if phrase is None:
            return None
        sentence = spoilt(remarked(phrase, rng), rng)
    prompt = dressed(sentence, rng).format_map(slots)
    return Example(task=Sums.name, prompt=prompt, answer=worked_chain(first, steps))


def _next_step(value: int, rng: random.Random) -> tuple[str, int]:
    """An operation whose result is neither negative nor has more than four digits."""
    operation = "-" if value > 1000 else "+" if value < 2 else rng.choices("+-*", (4, 4, 1))[0]
    if operation == "*":
        return operation, rng.randrange(2, 10)
    return operation, rng.randrange(1, min(value, 1000) if operation == "-" else 1000)


def _spoken(number: int, rng: random.Random) -> str:
    """Mostly figures; small numbers are sometimes words."""
    return in_words(number) if rng.random() < (0.12 if number < 100 else 0.015) else str(number)
