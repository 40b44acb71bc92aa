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

from zaphod.data.tasks import arithmetic
from zaphod.data.tasks.arithmetic import any_operands, in_any_order, worked_answer
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.second.vocabulary import in_words
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations

RULES = {
    "v_find": (
        "compute",
        "calculate",
        "work out",
        "tell me",
        "find",
        "evaluate",
        "solve",
        "figure out",
        "determine",
        "do",
        "give me",
    ),
    "v_plus": ("add", "sum up", "sum", "count up", "total up", "combine", "join", "put together"),
    "who": (
        "i",
        "we",
        "she",
        "he",
        "anna",
        "tom",
        "my mother",
        "the farmer",
        "the school",
        "the shop",
        "a child",
        "you",
    ),
    "has": ("have", "has", "had", "own", "owns", "keep", "keeps", "hold", "holds"),
    "v_gets": (
        "gets",
        "get",
        "buys",
        "buy",
        "finds",
        "find",
        "receives",
        "earns",
        "collects",
        "wins",
        "picks up",
        "adds",
    ),
    "v_loses": (
        "loses",
        "lose",
        "sells",
        "sell",
        "gives away",
        "give away",
        "eats",
        "spends",
        "drops",
        "breaks",
        "throws out",
    ),
    "thing": (
        "apples",
        "coins",
        "books",
        "stamps",
        "cards",
        "eggs",
        "tickets",
        "stones",
        "pens",
        "boxes",
        "sheep",
        "points",
        "euros",
        "balls",
    ),
    "holder": (
        "boxes",
        "bags",
        "rows",
        "shelves",
        "packets",
        "crates",
        "trays",
        "tables",
        "teams",
        "buses",
        "pages",
        "groups",
    ),
}
_GRAMMAR = Grammar(RULES)

_FRAMES: dict[str, tuple[str, ...]] = {
    "+": (
        *arithmetic.WORDINGS["+"].seen,
        "<v_find> {a} (+|plus) {b}",
        "<v_find> the (sum|total) of {a} and {b}",
        "<v_plus> {a} (and|to|with) {b}",
        "np:{a} (+|plus|and|added to) {b}",
        "np:the (sum|total) of {a} and {b}",
        "eq:(what|how much) {a} (+|plus|and) {b} (is|makes|gives|comes to)",
        "eq:what (you get|i get|comes out|the result is) (if|when) {a} is added to {b}",
        "={a} (+|plus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (plus|and|+) {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|are|makes|make|gives|do you get for) {a} (+|plus|and|added to) {b}",
        "=(sum|addition|add|plus)[:|,] {a} (and|,|+) {b}",
        (
            "=<who> <has> {a} <thing> and <v_gets> {b}( more|). how many (are there|<thing> are there|in "
            "total|altogether)[ now]"
        ),
        (
            "=there (are|were) {a} <thing>[ in one box], then {b} (more |)(come|came|are added|arrive|in "
            "another). how many (are there|altogether|in total|now)"
        ),
        "={a} <thing> and {b} <thing> are how many[ <thing>]",
        (
            "=(one|the first) (box|bag|shop|class) has {a} <thing>, the other (has |){b}. how many "
            "(together|in all|in total)"
        ),
        (
            "=it costs {a}( euros| dollars|) and {b}( more|) for (delivery|taxes|the rest). (how much|what) "
            "(is that|do i pay)( in all|)"
        ),
        "=(raise|increase|lift|grow) {a} by {b}",
        "={a} more than {b}",
        "={a} increased by {b}",
        "=(if|when) {a} (comes|is added|is put) to {b}, what is the result",
    ),
    "-": (
        *arithmetic.WORDINGS["-"].seen,
        "<v_find> {a} (-|minus|less) {b}",
        "<v_find> the difference (of|between) {a} and {b}",
        "(take|subtract|remove|deduct|take away) {b} from {a}",
        "np:{a} (-|minus|less) {b}",
        "np:the difference (of|between) {a} and {b}",
        "eq:(what|how much) {a} (-|minus|less) {b} (is|makes|gives|leaves)",
        "eq:what (is left|remains|the rest is) (if|when) {b} is (taken|subtracted) from {a}",
        "={a} (-|minus) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} (minus|less|take away|-) {b}, (what|how much) (is that|does that leave|is it)",
        "=(what|how much) (is|are|makes|gives|do you get for) {a} (-|minus|less) {b}",
        "=(difference|subtraction|subtract|minus)[:|,] {a} (and|,|-) {b}",
        "=<who> <has> {a} <thing> and <v_loses> {b}. how many (are left|remain|<thing> are left)[ now]",
        (
            "=there (are|were) {a} <thing>, (but|then) {b} (are taken|get lost|break|are sold|fly away|are "
            "eaten). how many (are left|remain)"
        ),
        "=(reduce|lower|decrease|cut|shrink) {a} by {b}",
        "={a} (reduced|lowered|decreased) by {b}",
        "={b} less than {a}",
        "=how many more[ <thing>] is {a} than {b}",
        "=(from|of|out of) {a} <thing>[,] {b} (are gone|are sold|are used). (what|how many) (remain|is left|are left)",
        "=i pay with {a} and it costs {b}. (how much|what) change do i get",
        "=(if|when) {b} (is taken|goes|is removed) from {a}, what is the result",
    ),
    "*": (
        *arithmetic.WORDINGS["*"].seen,
        "<v_find> {a} (*|x|times|multiplied by) {b}",
        "<v_find> the product of {a} and {b}",
        "multiply {a} (by|and|with) {b}",
        "np:{a} (*|x|times|multiplied by) {b}",
        "np:the product of {a} and {b}",
        "eq:(what|how much) {a} (*|x|times|multiplied by) {b} (is|makes|gives)",
        "={a} (*|x|times) {b}[ =| = ?| is| makes| gives|, what is it]",
        "={a} times {b}, (what|how much) (is that|does that make|is it)",
        "=(what|how much) (is|makes|gives|do you get for) {a} (*|x|times|multiplied by) {b}",
        "=(product|multiplication|multiply|times)[:|,] {a} (and|,|*) {b}",
        "=<who> <has> {a} <holder> with {b} <thing> (each|in each|per box). how many <thing>[ are there| is that]",
        "={a} <holder> (of|with|hold) {b} <thing>[ each]. how many[ <thing>] (in all|altogether|in total|are there)",
        "=one costs {a}( euros| dollars|). (what|how much) do {b} cost",
        "={b} people pay {a} each. how much is that",
        "={a} taken {b} times",
        "=(if|when) {a} is multiplied by {b}, what is the result",
    ),
}
_STEPS_OF_CHAIN = {
    "+": (
        "add {n}",
        "plus {n}",
        "add {n} to it",
        "{n} more",
        "put {n} on top",
        "get {n} more",
        "increase it by {n}",
        "then come {n}",
    ),
    "-": (
        "subtract {n}",
        "minus {n}",
        "take away {n}",
        "take {n} away",
        "lose {n}",
        "give away {n}",
        "decrease it by {n}",
        "{n} less",
    ),
    "*": ("multiply by {n}", "times {n}", "multiply it by {n}", "take it {n} times"),
}
_STEPS_OF_CHAIN_TEST = {
    "+": ("go up by {n}", "{n} come in"),
    "-": ("go down by {n}", "{n} fall away"),
    "*": ("make it {n} times as much",),
}
_CHAINS = (
    "(take|start from|begin with|we have|i have|let us take|from) {a}, {steps}",
    "{a}, {steps}",
    "{a}[:|.] {steps}. (what is it|what do you get|what is the result|how much is it|and the result|what is left)",
    "(what is|what do you get from|how much is|compute|calculate|work out|tell me) {a}, {steps}",
    "(i|we) (have|had) {a}, (then|now) {steps}. how many are there",
    "<who> <has> {a} <thing>, (then|and) {steps}. (how many|what) (are there|is left|remain)",
    "(if|when) (i|you) (have|take|start with) {a} and {steps}, (what|how much) (is it|is left|do i get)",
)


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


def frames(operation: str) -> tuple[str, ...]:
    """All training frames of one operation."""
    return _FRAMES[operation]


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
        phrase = phrased(rng.choice(_FRAMES[operation]), _GRAMMAR, rng)
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
    ways = _STEPS_OF_CHAIN_TEST if split == "wordings_2" else _STEPS_OF_CHAIN
    said = [rng.choice(ways[operation]).replace("{n}", _spoken(number, rng)) for operation, number in steps]
    if split == "wordings_2":
        sentence = rng.choice(wordings_2()["sums"]["chain"])
        slots = {"a": str(first), "first_up": said[0], "second_up": said[1]}
    else:
        frame = rng.choice(_CHAINS)
        joint = rng.choice((", then ", ", ", " and then ", " and ", ", after that ", "; "))
        slots = {
            "a": _spoken(first, rng),
            "steps": joint.join(said),
        }
        phrase = phrased("=" + frame, _GRAMMAR, rng)
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
