"""Household instructions in many wordings, several at once, and what must be refused; judged as in `robot_plan`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from zaphod.data.tasks import robot_wordings as first
from zaphod.data.tasks.robot_plan import (
    STORAGE,
    RobotPlan,
    invented_object,
    moving,
    one_line,
    planned,
    slots_of,
    some_thing,
    visiting,
    with_article,
)
from zaphod.data.tasks.robot_world import COLOURS, CONTAINERS, ROOMS
from zaphod.data.tasks.second.danger import REASONS, danger_words, dangerous
from zaphod.data.tasks.second.frozen import held_out, phrased, wordings_2
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.manner import carried, dressed, remarked, spoilt, with_odd_word
from zaphod.data.tasks.second.wordings import household_wordings as wordings
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations

_HARMLESS = (
    "(be careful with|watch out for|mind|do not hurt|don't wake|don't disturb|stay away from) {victim}",
    "(do not|don't) <v_hurt> (anybody|anyone|{victim})",
    "{victim} is (sleeping|watching|not here|in the other room)",
)
_SLOTS_OF_SECOND = {
    "object": "second",
    **{name: f"second_{name}" for name in ("from", "at", "to", "put", "source", "target", "other", "target_word")},
}


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """One instruction: a sentence with open slots, and what it comes to."""

    sentence: str
    slots: dict[str, str]
    steps: list[dict[str, str]] = field(default_factory=list)
    start: dict[str, str] = field(default_factory=dict)
    goal: dict[str, str] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    refusal: str | None = None


class Household:
    """Plans for household work, and refusals with the reason."""

    name = "household"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. Combinations are held out as in `RobotPlan`: (object, from, to) and what stands for it."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        makers, weights = tuple(_INTENTS), tuple(_INTENTS.values())
        while True:
            piece = rng.choices(makers, weights)[0](split, rng)
            if piece is not None and (split == "wordings_2" or not held_out().is_in(piece.sentence)):
                yield self._example(piece, split, rng)

    def judge(self, example: Example, answer: str) -> Score:
        """As `RobotPlan` judges."""
        return RobotPlan().judge(example, answer)

    def _example(self, piece: _Piece, split: Split, rng: random.Random) -> Example:
        sentence = piece.sentence if split == "wordings_2" else spoilt(remarked(piece.sentence, rng), rng)
        prompt = dressed(sentence, rng).format_map(piece.slots)
        if piece.refusal is not None:
            refusal = {"refuse": piece.refusal}
            # The judge accepts each reason that begins with "unsafe: " where a danger was refused.
            meta = {"refuse": "unsafe" if piece.refusal in REASONS.values() else piece.refusal}
            return Example(task=self.name, prompt=prompt, answer=one_line(refusal), meta=meta)
        made = planned(prompt, piece.steps, piece.start, piece.goal, piece.visits, piece.left_open)
        return Example(task=self.name, prompt=prompt, answer=one_line(made[1]), meta=made[2])


def _said(intent: str, split: Split, frames: tuple[str, ...], rng: random.Random) -> str:
    """A sentence of the intent, never a held-out one in training; in the test a bare frame of the frozen file."""
    if split == "wordings_2":
        return wordings.GRAMMAR.said(rng.choice(wordings_2()["plan"][intent]), rng)
    sentence = None
    while sentence is None:
        sentence = phrased(rng.choice(frames), wordings.GRAMMAR, rng)
    if intent in ("move", "bring", "move_both") and rng.random() < 0.12:
        return with_odd_word(sentence, rng)
    return sentence


# --- intents


def _move(split: Split, rng: random.Random) -> _Piece | None:
    thing, source, target = some_thing(rng), *rng.sample(STORAGE, 2)
    if not fits_combinations(split, thing, source, target):
        return None
    slots = _slots(rng, thing, source, target)
    sentence = _said("move", split, wordings.MOVE, rng)
    if split != "wordings_2" and rng.random() < 0.03:
        sentence = _with_harmless_remark(sentence, slots, rng)
    steps = moving(thing, source, target)
    return _Piece(sentence=sentence, slots=slots, steps=steps, start={thing: source}, goal={thing: target})


def _bring(split: Split, rng: random.Random) -> _Piece | None:
    thing, source = some_thing(rng), rng.choice(STORAGE)
    if not fits_combinations(split, thing, source, "user"):
        return None
    slots, steps = _slots(rng, thing, source, "user"), moving(thing, source, "user")
    sentence = _said("bring", split, wordings.BRING, rng)
    return _Piece(sentence=sentence, slots=slots, steps=steps, start={thing: source}, goal={thing: "user"})


def _several(split: Split, rng: random.Random) -> _Piece | None:
    """Two instructions in one breath, sometimes with a place to go to at the end."""
    if split == "wordings_2" or rng.random() < 0.25:
        return _move_two(split, rng)
    pieces = [rng.choice((_move, _move, _bring))(split, rng) for _ in range(2)]
    one, two = pieces
    if one is None or two is None or one.goal.keys() == two.goal.keys():
        return None
    two = _renamed(two)
    joined = _joined(one, two, rng)
    if rng.random() < 0.15:
        target = rng.choice(STORAGE + ROOMS[:-1])
        going = {"do": "go", "to": target}
        sentence = f"{joined.sentence}{rng.choice((', then ', '. then ', ' and finally ', '. at last '))}go to {{last}}"
        slots = joined.slots | {"last": f"the {target}"}
        joined = replace(joined, sentence=sentence, slots=slots, steps=[*joined.steps, going], visits=[target])
    return joined


def _move_two(split: Split, rng: random.Random) -> _Piece | None:
    one, two = _move(split, rng), _move(split, rng)
    if one is None or two is None or one.goal.keys() == two.goal.keys():
        return None
    two = _renamed(two)
    sentence = _said("move_two", split, wordings.MOVE_TWO, rng)
    return replace(_joined(one, two, rng), sentence=sentence)


def _renamed(piece: _Piece) -> _Piece:
    slots = {_SLOTS_OF_SECOND.get(name, f"second_{name}"): words for name, words in piece.slots.items()}
    sentence = piece.sentence
    for name in piece.slots:
        sentence = sentence.replace("{" + name + "}", "{" + _SLOTS_OF_SECOND.get(name, f"second_{name}") + "}")
    return replace(piece, sentence=sentence, slots=slots)


def _joined(one: _Piece, two: _Piece, rng: random.Random) -> _Piece:
    frame = wordings.GRAMMAR.said(rng.choice(wordings.THEN), rng)
    return _Piece(
        sentence=frame.replace("{A}", one.sentence.rstrip(".!?")).replace("{B}", two.sentence),
        slots=one.slots | two.slots,
        steps=one.steps + two.steps,
        start=one.start | two.start,
        goal=one.goal | two.goal,
    )


def _move_both(split: Split, rng: random.Random) -> _Piece | None:
    (thing, second), (source, target) = (some_thing(rng), some_thing(rng)), rng.sample(STORAGE, 2)
    if thing == second or not all(fits_combinations(split, t, source, target) for t in (thing, second)):
        return None
    slots = _slots(rng, thing, source, target) | {"second": with_article(second, rng)}
    return _Piece(
        sentence=_said("move_both", split, wordings.MOVE_BOTH, rng),
        slots=slots,
        steps=moving(thing, source, target) + moving(second, source, target),
        start={thing: source, second: source},
        goal={thing: target, second: target},
    )


def _go(split: Split, rng: random.Random) -> _Piece | None:
    if split == "combinations":  # one slot cannot be combined
        return None
    target = rng.choice(STORAGE + ROOMS[:-1])
    slots = _slots(rng, some_thing(rng), rng.choice(STORAGE), target)
    going = {"do": "go", "to": target}
    return _Piece(sentence=_said("go", split, wordings.GO, rng), slots=slots, steps=[going], visits=[target])


def _go_then_go(split: Split, rng: random.Random) -> _Piece | None:
    one, two = rng.sample(STORAGE + ROOMS[:-1], 2)
    if not fits_combinations(split, "go", one, two):
        return None
    sentence = _said("go_then_go", split, wordings.GO_THEN_GO, rng)
    steps = [{"do": "go", "to": place} for place in (one, two)]
    return _Piece(sentence=sentence, slots=_slots(rng, some_thing(rng), one, two), steps=steps, visits=[one, two])


def _open(split: Split, rng: random.Random) -> _Piece | None:
    if split == "combinations":  # one slot cannot be combined
        return None
    target, is_closed_after = rng.choice(CONTAINERS), rng.random() < 0.5
    intent, frames = ("open_then_close", wordings.OPEN_THEN_CLOSE) if is_closed_after else ("open", wordings.OPEN)
    steps = [{"do": "go", "to": target}, {"do": "open", "target": target}]
    return _Piece(
        sentence=_said(intent, split, frames, rng),
        slots=_slots(rng, some_thing(rng), "shelf", target),
        steps=visiting(target, {})[:2] + [{"do": "close", "target": target}] if is_closed_after else steps,
        left_open=[] if is_closed_after else [target],
    )


def _no_source(split: Split, rng: random.Random) -> _Piece | None:
    thing, target = some_thing(rng), rng.choice(STORAGE)
    if not fits_combinations(split, thing, target):
        return None
    sentence = _said("no_source", split, wordings.NO_SOURCE, rng)
    slots = _slots(rng, thing, target, target)
    return _Piece(sentence=sentence, slots=slots, refusal=f"unclear: where is the {thing}?")


def _unsafe(split: Split, rng: random.Random) -> _Piece | None:
    thing, (source, target) = some_thing(rng), rng.sample(STORAGE, 2)
    slots = _slots(rng, thing, source, target) | {"place": f"the {source}"}
    danger, sentence = dangerous(rng, slots)
    if split == "wordings_2":
        danger = rng.choice(list(REASONS))
        sentence = rng.choice(wordings_2()["unsafe"][danger])
    elif not fits_combinations(split, thing, *(slots[n] for n in ("victim", "sharp", "guard", "over_weight"))):
        return None
    else:
        sentence = carried(sentence, rng)
    return _Piece(sentence=sentence, slots=slots, refusal=REASONS[danger])


def _unknown_object(split: Split, rng: random.Random) -> _Piece | None:
    unknown = rng.choice(first.UNKNOWN_OBJECTS) if rng.random() < 0.5 else invented_object(rng)
    thing = unknown if rng.random() < 0.5 else f"{rng.choice(COLOURS)} {unknown}"
    source, target = rng.sample(STORAGE, 2)
    if not fits_combinations(split, thing, source):
        return None
    intent, frames = rng.choice((("move", wordings.MOVE), ("move", wordings.MOVE), ("bring", wordings.BRING)))
    slots = _slots(rng, thing, source, target)
    return _Piece(sentence=_said(intent, split, frames, rng), slots=slots, refusal=f"unknown object: {thing}")


def _unknown_place(split: Split, rng: random.Random) -> _Piece | None:
    thing, unknown = some_thing(rng), rng.choice(first.UNKNOWN_PLACES) if rng.random() < 0.5 else invented_object(rng)
    if not fits_combinations(split, thing, unknown):
        return None
    intent, frames = rng.choice((("move", wordings.MOVE), ("move", wordings.MOVE), ("go", wordings.GO)))
    source, target = (rng.choice(STORAGE), unknown)
    if intent == "move" and rng.random() < 0.5:
        source, target = target, source
    slots = _slots(rng, thing, source, target)
    return _Piece(sentence=_said(intent, split, frames, rng), slots=slots, refusal=f"unknown place: {unknown}")


def _slots(rng: random.Random, thing: str, source: str, target: str) -> dict[str, str]:
    other = some_thing(rng)
    while other == thing:
        other = some_thing(rng)
    return slots_of(rng, thing, source, target) | {"other": with_article(other, rng)}


def _with_harmless_remark(sentence: str, slots: dict[str, str], rng: random.Random) -> str:
    slots["victim"] = danger_words(rng)["victim"]
    rules = {**wordings.GRAMMAR.rules, "v_hurt": ("hurt", "hit", "injure", "touch", "wake", "scare", "disturb")}
    remark = Grammar(rules).said(rng.choice(_HARMLESS), rng)
    return rng.choice((f"{remark}. {sentence}", f"{sentence}, {remark}", f"{remark} and {sentence}"))


_INTENTS: dict[Callable[[Split, random.Random], _Piece | None], int] = {
    _move: 30,
    _bring: 10,
    _several: 14,
    _move_both: 8,
    _go: 5,
    _go_then_go: 4,
    _open: 4,
    _no_source: 8,
    _unsafe: 28,
    _unknown_object: 5,
    _unknown_place: 4,
}
