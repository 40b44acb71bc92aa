"""Word problems of several steps in GSM8K's shape; the judge computes the answer anew from the steps."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.study.evaluation.extraction import last_number

_NAMES = ("Ada", "Ben", "Chidi", "Dana", "Elif", "Femi", "Greta", "Hana", "Ivan", "Juno", "Kofi", "Lena")
_THINGS = ("apples", "stamps", "marbles", "cards", "shells", "pencils", "stickers", "buttons", "coins", "beads")
_STARTS = ("{name} has {a} {things}.", "{name} begins with {a} {things}.", "There are {a} {things} on {name}'s table.")
_HELD_OUT_STARTS = ("A box of {a} {things} belongs to {name}.", "{name} owns {a} {things}.")
_STEPS = {
    "add": ("{name} finds {n} more.", "A friend gives {name} {n} more.", "{name} buys another {n}."),
    "subtract": ("{name} loses {n} of them.", "{name} gives away {n}.", "{name} sells {n} of them."),
    "multiply": ("Then the number grows to {n} times as many.", "After a month there are {n} times as many."),
    "divide": (
        "{name} shares them equally among {n} people and keeps one share.",
        "{name} sorts them into {n} equal boxes and keeps one box.",
    ),
}
_HELD_OUT_STEPS = {
    "add": ("Now {n} are added.",),
    "subtract": ("Now {n} are taken from {name}.",),
    "multiply": ("Their number is multiplied by {n}.",),
    "divide": ("Only one part in {n} stays with {name}.",),
}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_LARGEST = 10_000


class Stories:
    """Somebody has a number of things, and two to five things happen to them."""

    name = "stories"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the number to begin with and all that follows."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            start = rng.randrange(3, 60)
            steps = _steps(start, rng.randrange(2, 6), rng)
            if fits_combinations(split, start, *steps):
                yield self._example(start, steps, split == "wordings", rng)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if the last number of the answer is what the steps lead to."""
        right, found = str(outcome(example.meta["start"], example.meta["steps"])), last_number(answer)
        return Score(found == right, f"the answer is {right}, not {found}" if found != right else "the number is right")

    def _example(self, start: int, steps: Sequence[tuple[str, int]], is_held_out: bool, rng: random.Random) -> Example:
        slots: dict[str, Any] = {"name": rng.choice(_NAMES), "things": rng.choice(_THINGS), "a": start}
        starts, ways = (_HELD_OUT_STARTS, _HELD_OUT_STEPS) if is_held_out else (_STARTS, _STEPS)
        told = [rng.choice(starts).format(**slots)]
        told += [rng.choice(ways[kind]).format(**slots, n=number) for kind, number in steps]
        told.append("How many {things} does {name} have now?".format(**slots))
        meta = {"start": start, "steps": tuple(steps)}
        return Example(task=self.name, prompt=" ".join(told), answer=_worked(start, steps), meta=meta)


def outcome(start: int, steps: Sequence[tuple[str, int]]) -> int:
    """What is left after all steps."""
    value = start
    for kind, number in steps:
        value = {
            "add": value + number,
            "subtract": value - number,
            "multiply": value * number,
            "divide": value // number,
        }[kind]
    return value


def _steps(value: int, count: int, rng: random.Random) -> list[tuple[str, int]]:
    steps: list[tuple[str, int]] = []
    for _ in range(count):
        kind, number = rng.choice(_possible(value, rng))
        steps.append((kind, number))
        value = outcome(value, [(kind, number)])
    return steps


def _possible(value: int, rng: random.Random) -> list[tuple[str, int]]:
    """Steps after which a whole number of things is left, more than none and not too many."""
    found = [("add", rng.randrange(2, 80))]
    if value > 3:
        found.append(("subtract", rng.randrange(1, value - 1)))
    factor = rng.randrange(2, 6)
    if value * factor <= _LARGEST:
        found.append(("multiply", factor))
    divisors = [divisor for divisor in range(2, 11) if value % divisor == 0 and value > divisor]
    if divisors:
        found.append(("divide", rng.choice(divisors)))
    return found


def _worked(start: int, steps: Sequence[tuple[str, int]]) -> str:
    lines, value = [], start
    for kind, number in steps:
        after = outcome(value, [(kind, number)])
        lines.append(f"{value} {_SIGNS[kind]} {number} = {after}")
        value = after
    return "\n".join([*lines, f"#### {value}"])
