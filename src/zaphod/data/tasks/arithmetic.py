"""Addition, subtraction and multiplication worked out digit by digit; the judge recomputes every step and the result.

The answer is one line of steps from the units upwards and one line with the result:

    what is 4817 + 2944?      7+4+0=11 1+4+1=06 8+9+0=17 4+2+1=07      each step: digit + digit + carry = carry, digit
                              = 7761
    what is 38 - 512?         0:5< 2-8-0=14 1-3-1=17 5-0-1=04          compared from the top until unequal, then
                              = -474                                   larger minus smaller, with borrow as the carry
    what is 7 * 481?          1*7+0=07 8*7+0=56 4*7+5=33               digit * factor + carry = carry, digit
                              = 3367
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.data.tasks.wording import Wording

WORDINGS = {
    "+": Wording(
        seen=(
            "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} + {b}",
            "=(what is|how much is|calculate|) {a} plus {b}",
            "=(what is|tell me|find|compute) the sum of {a} and {b}",
            "add {a} (and|to) {b}",
            "=(what do you get|what is the result) (if|when) you add {a} and {b}",
            "=i have {a} and get {b} more. how many (do i have|are there)( now|)",
            "={a}+{b}",
            "={a} + {b} =",
            "sum {a} and {b}",
            "=how much do {a} and {b} (make|give)( together|)",
            "put {a} and {b} together",
            "=increase {a} by {b}",
            "=(can|could) you (add|sum up) {a} and {b}",
            "={a} and {b} (added|summed up|together) (make what|is what)",
            "=how much is it if i add {a} to {b}",
            "=what number is {a} + {b}",
            "=(the result of|solve|evaluate) {a} + {b}",
            "=how many are {a} plus {b}",
        ),
        held_out=(
            "=what does {a} plus {b} equal",
            "=total of {a} and {b}",
            "=the sum {a} + {b} is what",
        ),
    ),
    "-": Wording(
        seen=(
            "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} - {b}",
            "=(what is|how much is|calculate|) {a} minus {b}",
            "=(what is|tell me|find|compute) the difference (of|between) {a} and {b}",
            "subtract {b} from {a}",
            "take {b} (from|away from) {a}",
            "=(what do you get|what is the result) (if|when) you subtract {b} from {a}",
            "=i have {a} and give away {b}. how many (do i have|are there)( now| left|)",
            "={a}-{b}",
            "={a} - {b} =",
            "=how much is left of {a} (after|when) {b} (are gone|are taken away)",
            "=decrease {a} by {b}",
            "=(can|could) you (subtract|take) {b} from {a}",
            "=how much is it if i take {b} from {a}",
            "=what number is {a} - {b}",
            "=(the result of|solve|evaluate) {a} - {b}",
            "=how many are {a} minus {b}",
            "={a} less {b}",
        ),
        held_out=(
            "=what does {a} minus {b} equal",
            "=the difference {a} - {b} is what",
        ),
    ),
    "*": Wording(
        seen=(
            "=(what is|what's|how much is|compute|calculate|work out|tell me|) {a} (*|x|times) {b}",
            "=(what is|how much is|calculate|) {a} multiplied by {b}",
            "=(what is|tell me|find|compute) the product of {a} and {b}",
            "multiply {a} (by|and|with) {b}",
            "=(what do you get|what is the result) (if|when) you multiply {a} by {b}",
            "=there are {a} boxes with {b} pens each. how many pens (are there|do i have)",
            "={a}*{b}",
            "={a} * {b} =",
            "=how much do {a} times {b} (make|give)",
            "=(can|could) you multiply {a} by {b}",
            "=how much is it if i take {a} times {b}",
            "=what number is {a} * {b}",
            "=(the result of|solve|evaluate) {a} (*|x) {b}",
            "=how many are {a} times {b}",
        ),
        held_out=(
            "=what does {a} times {b} equal",
            "=the product {a} * {b} is what",
        ),
    ),
}

_MAX_DIGITS = 4
_ADDED = re.compile(r"\b([0-9])\+([0-9])(?=\+)")


class Arithmetic:
    """Up to four digits added or subtracted, or multiplied by one digit."""

    name = "arithmetic"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is an (operation, a, b) triple."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            operation = rng.choices("+-*", (4, 4, 3))[0]
            a, b = any_operands(operation, rng)
            if fits_combinations(split, operation, a, b):
                prompt = WORDINGS[operation].say(split, {"a": str(a), "b": str(b)}, rng)
                meta = {"operation": operation, "a": a, "b": b}
                yield Example(task=self.name, prompt=prompt, answer=worked_answer(operation, a, b), meta=meta)

    def judge(self, example: Example, answer: str) -> Score:
        """Right only if every step and the result are."""
        meta = example.meta
        right = in_any_order(worked_answer(meta["operation"], meta["a"], meta["b"]))
        steps, _, result = in_any_order(answer.strip()).partition("\n")
        right_steps, _, right_result = right.partition("\n")
        if result.strip() != right_result:
            return Score(False, f"the result is {right_result!r}, not {result.strip()!r}")
        for number, (step, right_step) in enumerate(zip(steps.split(), right_steps.split(), strict=False), start=1):
            if step != right_step:
                return Score(False, f"step {number} is {right_step!r}, not {step!r}")
        if len(steps.split()) != len(right_steps.split()):
            return Score(False, f"{len(right_steps.split())} steps were wanted, {len(steps.split())} given")
        return Score(True, "every step and the result are right")


def worked_answer(operation: str, a: int, b: int) -> str:
    """The steps and the result, as the module's docstring shows them."""
    if operation == "+":
        return _steps_of_sum(a, b) + f"\n= {a + b}"
    if operation == "-":
        return _steps_of_difference(a, b) + f"\n= {a - b}"
    number, factor = (a, b) if a >= b else (b, a)
    return _steps_of_product(number, factor) + f"\n= {a * b}"


def in_any_order(answer: str) -> str:
    """The same with the two digits of every step of an addition sorted: `add 2 to 7` may become 2+7 or 7+2."""
    return _ADDED.sub(lambda pair: "+".join(sorted(pair.groups())), answer)


def _steps_of_sum(a: int, b: int) -> str:
    steps, carry = [], 0
    for x, y in _digit_pairs(a, b):
        total = x + y + carry
        steps.append(f"{x}+{y}+{carry}={total:02d}")
        carry = total // 10
    return " ".join(steps)


def _steps_of_difference(a: int, b: int) -> str:
    larger, smaller = max(a, b), min(a, b)
    steps, borrow = [_comparison(a, b)], 0
    for x, y in _digit_pairs(larger, smaller):
        digit = x - y - borrow
        steps.append(f"{x}-{y}-{borrow}={int(digit < 0)}{digit % 10}")
        borrow = int(digit < 0)
    return " ".join(steps)


def _comparison(a: int, b: int) -> str:
    pairs = []
    for x, y in reversed(_digit_pairs(a, b)):
        pairs.append(f"{x}:{y}")
        if x != y:
            return ",".join(pairs) + ("<" if x < y else ">")
    return ",".join(pairs) + "="


def _steps_of_product(number: int, factor: int) -> str:
    steps, carry = [], 0
    for x in map(int, reversed(str(number))):
        total = x * factor + carry
        steps.append(f"{x}*{factor}+{carry}={total:02d}")
        carry = total // 10
    return " ".join(steps)


def _digit_pairs(a: int, b: int) -> list[tuple[int, int]]:
    """Digits of both, units first, the shorter number filled with zeros."""
    width = max(len(str(a)), len(str(b)))
    return [(int(x), int(y)) for x, y in zip(reversed(f"{a:0{width}d}"), reversed(f"{b:0{width}d}"), strict=True)]


def any_operands(operation: str, rng: random.Random) -> tuple[int, int]:
    """Two numbers that this operation works out; for a product one has one digit."""
    if operation == "*":
        pair = [_number(rng), rng.randrange(10)]
        rng.shuffle(pair)
        return pair[0], pair[1]
    a = _number(rng)
    # Numbers that share their first digits make the comparison worth learning.
    b = max(0, a + rng.randrange(-120, 121)) if rng.random() < 0.15 else _number(rng)
    return a, min(b, 10**_MAX_DIGITS - 1)


def _number(rng: random.Random) -> int:
    num_digits = rng.choices((1, 2, 3, 4), (1, 2, 3, 4))[0]
    return rng.randrange(10 ** (num_digits - 1) if num_digits > 1 else 0, 10**num_digits)
