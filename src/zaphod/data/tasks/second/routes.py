"""Where a question should go: does its answer change by the day, and what can answer it; labels by construction.

The answer is `{"live":true,"use":"search"}`. What is live is asked from the world; what is not is known, defined,
computed, planned, or talk. `live_share` of a model is the probability of `true` against `false` after `{"live":`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Literal

from zaphod.data.tasks import robot_plan, tool_words
from zaphod.data.tasks.second.frozen import phrased, route_pairs, wordings_2
from zaphod.data.tasks.second.manner import dressed, spoilt
from zaphod.data.tasks.second.wordings import route_wordings as wordings
from zaphod.data.tasks.second.wordings.route_aside import ASIDE, BEFORE_LIVE, BEFORE_OLD
from zaphod.data.tasks.task import Context, Example, Score, Split, fits_combinations
from zaphod.data.tasks.wording import invented_word

Use = Literal["search", "weather", "clock", "knowledge", "definition", "calculator", "planner", "chat"]

LIVE: tuple[Use, ...] = ("search", "weather", "clock")
OPENING = '{"live":'
"""What the answer begins with; the next word is the decision."""

_FRAMES: dict[Use, tuple[str, ...]] = {
    "search": wordings.SEARCH,
    "weather": wordings.WEATHER,
    "clock": wordings.CLOCK,
    "knowledge": wordings.KNOWLEDGE,
    "definition": wordings.DEFINITION,
    "calculator": wordings.SUMS,
    "planner": wordings.PLAN,
    "chat": wordings.TALK,
}
_SHARES: dict[Use, int] = {
    "search": 34,
    "weather": 6,
    "clock": 4,
    "knowledge": 34,
    "definition": 7,
    "calculator": 6,
    "planner": 5,
    "chat": 4,
}
_TEST_INTENTS: dict[str, Use] = {
    "live": "search",
    "knowledge": "knowledge",
    "definition": "definition",
    "sums": "calculator",
    "plan": "planner",
    "talk": "chat",
}
_TEST_SHARES = (10, 8, 2, 2, 2, 2)

_COUNTRIES = (
    *("France", "Germany", "Italy", "Spain", "Poland", "Norway", "Sweden", "Finland", "Japan", "China", "India"),
    *("Brazil", "Peru", "Canada", "Mexico", "Egypt", "Kenya", "Nigeria", "Australia", "Greece", "Turkey", "Austria"),
    *("the United States", "England", "Scotland", "Ireland", "Portugal", "Hungary", "Iceland", "Cuba", "Chile"),
    *("Argentina", "Denmark", "Belgium", "Vietnam", "Thailand", "Ghana", "Morocco", "Ukraine", "Romania", "Bolivia"),
)
_COMPANIES = (
    *("Siemens", "Toyota", "Nokia", "Boeing", "Airbus", "Shell", "Nestle", "Intel", "Ford", "Bosch", "Philips", "Sony"),
    *("Volvo", "Lego", "Ikea", "Nintendo", "Samsung", "Honda", "Fiat", "Michelin", "Bayer", "Unilever", "Kodak"),
)
_TEAMS = ("Arsenal", "Ajax", "Benfica", "Celtic", "Juventus", "Porto", "our team", "the Lions", "the Bulls", "Santos")


_PAIRED: tuple[Use, ...] = ("search", "knowledge")
"""Kinds of questions that are asked beside each other."""


class Routes:
    """Whether a question needs live data, and what should answer it."""

    name = "routes"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the set of words that fill a question."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            slots = _slots(rng)
            use, sentence = _question(split, rng)
            if sentence is None:
                continue
            filled = [slots[name] for name in sorted(slots) if "{" + name + "}" in sentence]
            if split == "combinations" and len(filled) < 2:
                continue
            if not fits_combinations(split, *filled) and len(filled) > 1:
                continue
            prompt = dressed(sentence, rng).format_map(slots)
            if rng.random() < 0.25:
                prompt = prompt.lower()
            yield Example(
                task=self.name,
                prompt=prompt,
                answer=_written(use),
                context=(Context("route", ""),),
                meta={"live": use in LIVE, "use": use},
            )

    def judge(self, example: Example, answer: str) -> Score:
        """Right if both parts are."""
        return Score(answer.strip() == example.answer, f"wanted {example.answer}")


class RoutePairs:
    """Frozen questions in pairs of nearly the same words, of which one needs live data; a test and nothing else."""

    name = "route_pairs"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """Both of a pair in turn, filled with the same words; the same whatever the split."""
        rng = random.Random(f"{self.name}/{seed}")
        while True:
            slots = _slots(rng)
            for frame, use in zip(rng.choice(route_pairs()), _PAIRED, strict=True):
                prompt = dressed(frame, rng).format_map(slots)
                meta = {"live": use in LIVE, "use": use}
                yield Example(
                    task=self.name, prompt=prompt, answer=_written(use), context=(Context("route", ""),), meta=meta
                )

    def judge(self, example: Example, answer: str) -> Score:
        """As `Routes` judges."""
        return Routes().judge(example, answer)


def _written(use: Use) -> str:
    return json.dumps({"live": use in LIVE, "use": use}, separators=(",", ":"))


def _question(split: Split, rng: random.Random) -> tuple[Use, str | None]:
    if split == "wordings_2":
        intent = rng.choices(tuple(_TEST_INTENTS), _TEST_SHARES)[0]
        return _TEST_INTENTS[intent], rng.choice(wordings_2()["route"][intent])
    use = rng.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    chance = rng.random()
    if use in _PAIRED and chance < 0.35:
        frame = _with_something_aside(use, rng)
    elif use in _PAIRED and chance < 0.45:
        before = BEFORE_LIVE if use == "search" else BEFORE_OLD
        frame = f"={rng.choice(before)}[.|,|;|:| -] {_phrase('=', use, rng)}"
    else:
        frame = rng.choice(_FRAMES[use])
    sentence = phrased(frame, wordings.GRAMMAR, rng)
    return use, None if sentence is None else spoilt(sentence, rng)


def _with_something_aside(use: Use, rng: random.Random) -> str:
    """A question of this kind beside one of the other kind that is not to be answered."""
    other: Use = "knowledge" if use == "search" else "search"
    frame = rng.choice(ASIDE)
    for name, mark in (("s", "="), ("np", "np:"), ("eq", "eq:")):
        frame = frame.replace("{" + name + "_asked}", _phrase(mark, use, rng))
        frame = frame.replace("{" + name + "_aside}", _phrase(mark, other, rng))
    return frame


def _phrase(mark: str, use: Use, rng: random.Random) -> str:
    return rng.choice([frame for frame in _FRAMES[use] if frame.startswith(mark)]).removeprefix(mark)


def _slots(rng: random.Random) -> dict[str, str]:
    source, target = rng.sample(robot_plan.STORAGE, 2)
    household = robot_plan.slots_of(rng, robot_plan.some_thing(rng), source, target)
    city = _either(tool_words.CITIES, rng)
    day = rng.choice(tool_words.DAYS)
    return household | {
        "second": robot_plan.with_article(robot_plan.some_thing(rng), rng),
        "other": robot_plan.with_article(robot_plan.some_thing(rng), rng),
        "city": city,
        "day": day if day[0].islower() else f"on {day}",
        "country": _either(_COUNTRIES, rng),
        "company": _either(_COMPANIES, rng),
        "team": _either(_TEAMS, rng),
        "name": rng.choice(tool_words.NAMES),
        "surname": _either(tool_words.SURNAMES, rng),
        "title": f"{rng.choice(tool_words.TITLE_WORDS)} {rng.choice(tool_words.TITLE_WORDS)}",
        "topic": rng.choice(tool_words.TOPICS),
        "topic2": rng.choice(tool_words.TOPICS),
        "word": invented_word(rng) if rng.random() < 0.35 else rng.choice(tool_words.WORDS),
        "old_year": str(rng.randrange(1100, 2015)),
        "old_year2": str(rng.randrange(1100, 2015)),
        "century": str(rng.randrange(11, 20)),
        "amount": str(rng.randrange(2, 1000)),
        "a": str(rng.randrange(2, 10000)),
        "b": str(rng.randrange(2, 1000)),
    }


def _either(known: tuple[str, ...], rng: random.Random) -> str:
    return rng.choice(known) if rng.random() < 0.7 else invented_word(rng).capitalize()
