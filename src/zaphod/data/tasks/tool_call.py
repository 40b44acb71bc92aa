"""Requests turned into one-line JSON calls of eight tools; the arguments are copied from the request as it is written.

    set a timer for 10 minutes      {"tool":"set_timer","arguments":{"amount":10,"unit":"minutes"}}

The judge compares the call as data, so spacing and the order of arguments do not matter.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from zaphod.data.tasks import arithmetic
from zaphod.data.tasks import tool_words as words
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.data.tasks.wording import Wording, invented_word

Arguments = dict[str, str | int]
_Made = tuple[Wording, dict[str, str], Arguments]  # how it may be said, the frame's slots, the arguments


class ToolCall:
    """Choosing one of eight tools and copying its arguments."""

    name = "tool_call"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is a tool with all its arguments."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        tools = tuple(_TOOLS)
        while True:
            tool = rng.choice(tools)
            wording, slots, arguments = _TOOLS[tool](rng)
            if fits_combinations(split, tool, *arguments.items()):
                prompt = wording.say(split, slots, rng)
                if rng.random() < 0.15:
                    prompt, arguments = prompt.lower(), _lowered(arguments)
                call = {"tool": tool, "arguments": arguments}
                answer = json.dumps(call, separators=(",", ":"), ensure_ascii=False)
                yield Example(task=self.name, prompt=prompt, answer=answer, meta=call)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if the tool and every argument are."""
        try:
            given = json.loads(answer)
        except json.JSONDecodeError as error:
            return Score(False, f"this is no JSON: {error}")
        if given == dict(example.meta):
            return Score(True, "tool and arguments are right")
        return Score(False, f"wanted {example.answer}")


class Call(NamedTuple):
    """A call, and the words of a request for it."""

    slots: dict[str, str]
    arguments: Arguments
    operation: str
    """Of the calculator: what it is asked for, as `_calculator` names it; else empty."""


def any_call(tool: str, rng: random.Random) -> Call:
    """A call of this tool with arguments drawn at random."""
    wording, slots, arguments = _TOOLS[tool](rng)
    return Call(slots, arguments, _operation_of(wording))


def _operation_of(wording: Wording) -> str:
    named = {
        "times": words.TIMES,
        "divide": words.DIVIDE,
        "percent": words.PERCENT,
        "expression": words.EXPRESSION,
        **arithmetic.WORDINGS,
    }
    return next((name for name, known in named.items() if known is wording), "")


def _lowered(arguments: Mapping[str, str | int]) -> Arguments:
    return {name: value.lower() if isinstance(value, str) else value for name, value in arguments.items()}


def _set_timer(rng: random.Random) -> _Made:
    unit = rng.choice(("seconds", "minutes", "hours"))
    amount = rng.randrange(2, 100) if unit != "hours" else rng.randrange(2, 24)
    return words.TIMER, {"amount": str(amount), "unit": unit}, {"amount": amount, "unit": unit}


def _get_weather(rng: random.Random) -> _Made:
    city = _either(words.CITIES, rng, capital=True)
    if rng.random() < 0.4:
        return words.WEATHER_NOW, {"city": city}, {"city": city, "day": "today"}
    day = rng.choice(words.DAYS)
    spoken = day if day in ("today", "tomorrow", "tonight") else rng.choice(("on ", "on ", "next ")) + day
    return words.WEATHER, {"city": city, "day": spoken}, {"city": city, "day": day}


def _define_word(rng: random.Random) -> _Made:
    word = _either(words.WORDS, rng)
    return words.DEFINE, {"word": word}, {"word": word}


def _convert_units(rng: random.Random) -> _Made:
    source, target = rng.sample(rng.choice(words.UNITS), 2)
    amount = rng.randrange(1, rng.choice((10, 100, 1000)))
    slots = {"amount": str(amount), "source": source, "target": target}
    return words.CONVERT, slots, {"value": amount, "from": source, "to": target}


def _send_message(rng: random.Random) -> _Made:
    name, text = _either(words.NAMES, rng, capital=True), _message(rng)
    return words.MESSAGE, {"name": name, "text": text}, {"to": name, "text": text}


def _play_music(rng: random.Random) -> _Made:
    if rng.random() < 0.3:
        style = rng.choice(words.MUSIC_STYLES)
        return words.PLAY_STYLE, {"style": style}, {"style": style}
    title = _title(rng)
    if rng.random() < 0.3:
        return words.PLAY_TITLE, {"title": title}, {"title": title}
    artist = _artist(rng)
    return words.PLAY, {"title": title, "artist": artist}, {"title": title, "artist": artist}


def _calculator(rng: random.Random) -> _Made:
    a, b, c = (rng.randrange(2, rng.choice((10, 100, 1000))) for _ in range(3))
    kind = rng.randrange(5)
    if kind == 0:
        a, b = max(a, 10), max(b, 10)
        return words.TIMES, {"a": str(a), "b": str(b)}, {"expression": f"{a} * {b}"}
    if kind == 1:
        return words.DIVIDE, {"a": str(a), "b": str(b)}, {"expression": f"{a} / {b}"}
    if kind == 2:
        percent = rng.randrange(1, 100)
        return words.PERCENT, {"a": str(percent), "b": str(b)}, {"expression": f"{b} * {percent} / 100"}
    if kind == 3:
        return _too_long_for_steps(rng)
    expression = f"{a} {rng.choice('+-*/')} {b} {rng.choice('+-*/')} {c}"
    return words.EXPRESSION, {"expression": expression}, {"expression": expression}


def _too_long_for_steps(rng: random.Random) -> _Made:
    """What `arithmetic` does not work out by itself: numbers of more than four digits, and decimals."""
    operation = rng.choice("+-*")
    if rng.random() < 0.4:
        a, b = f"{rng.randrange(100)}.{rng.randrange(100)}", f"{rng.randrange(100)}.{rng.randrange(10)}"
    else:
        a, b = (
            str(rng.randrange(10**4, 10**7)),
            str(rng.randrange(10 if operation == "*" else 10 ** rng.randrange(1, 7))),
        )
    return arithmetic.WORDINGS[operation], {"a": a, "b": b}, {"expression": f"{a} {operation} {b}"}


def _search_news(rng: random.Random) -> _Made:
    topic = _either(words.TOPICS, rng)
    if rng.random() < 0.2:
        topic = _random_words(rng, 2, 4)
    elif rng.random() < 0.15:
        topic = f"{topic} in {_either(words.CITIES, rng, capital=True)}"
    return words.NEWS, {"topic": topic}, {"topic": topic}


_TOOLS: dict[str, Callable[[random.Random], _Made]] = {
    "set_timer": _set_timer,
    "get_weather": _get_weather,
    "define_word": _define_word,
    "convert_units": _convert_units,
    "send_message": _send_message,
    "play_music": _play_music,
    "calculator": _calculator,
    "search_news": _search_news,
}


def _either(known: tuple[str, ...], rng: random.Random, *, capital: bool = False) -> str:
    """A known word or an invented one, so that arguments are copied and not remembered."""
    if rng.random() < 0.65:
        return rng.choice(known)
    word = invented_word(rng)
    return word.capitalize() if capital else word


def _message(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return _random_words(rng, 2, 8)
    text = rng.choice(words.MESSAGES)
    fillers = {
        "name": _either(words.NAMES, rng, capital=True),
        "thing": _either(words.WORDS, rng),
        "hour": str(rng.randrange(1, 13)),
        "place": rng.choice(words.MEETING_PLACES),
        "day": rng.choice(words.DAYS[3:]),
    }
    return text.format_map(fillers)


def _random_words(rng: random.Random, least: int, most: int) -> str:
    """Words in no order: free text can only be copied."""
    return " ".join(_either(words.COMMON_WORDS + words.WORDS, rng) for _ in range(rng.randint(least, most)))


def _title(rng: random.Random) -> str:
    first, second = (_either(words.TITLE_WORDS, rng, capital=True) for _ in range(2))
    return rng.choice((first, f"{first} {second}", f"The {first}", f"{first} of {second}", f"{first} and {second}"))


def _artist(rng: random.Random) -> str:
    first, second = _either(words.NAMES, rng, capital=True), _either(words.SURNAMES, rng, capital=True)
    return rng.choice((first, f"{first} {second}", f"{first} {second}", f"The {second}s"))
