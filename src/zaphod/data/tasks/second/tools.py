"""Tools as they are told to the model: signatures, arguments, calls; some well known, others invented; no wordings.

A signature is one line: `set_timer(amount:integer, unit:seconds/minutes/hours) Starts a countdown.` A parameter with a
question mark may be left out; `day:text=today` has that value when nothing else is said. A type is `text`, `integer`,
or the words to choose from.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace

from zaphod.data.tasks.second import vocabulary as words
from zaphod.data.tasks.wording import invented_word

Value = str | int


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One argument of a tool."""

    name: str
    type: str = "text"
    is_optional: bool = False
    default: str = ""

    def __str__(self) -> str:
        return f"{self.name}{'?' if self.is_optional else ''}:{self.type}{'=' + self.default if self.default else ''}"


@dataclass(frozen=True, kw_only=True)
class ToolSignature:
    """What the model is told of a tool."""

    name: str
    parameters: tuple[Parameter, ...]
    description: str

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))}) {self.description}"


def written_call(tool: str, arguments: dict[str, Value]) -> str:
    """The answer that calls a tool."""
    return json.dumps({"tool": tool, "arguments": arguments}, separators=(",", ":"), ensure_ascii=False)


def written_question(parameter: str, tool: str) -> str:
    """The answer that asks for an argument that was not said."""
    return json.dumps({"ask": parameter, "for": tool}, separators=(",", ":"), ensure_ascii=False)


KNOWN: dict[str, ToolSignature] = {
    tool.name: tool
    for tool in (
        ToolSignature(
            name="set_timer",
            parameters=(
                Parameter(name="amount", type="integer"),
                Parameter(name="unit", type="seconds/minutes/hours"),
            ),
            description="Rings after some time.",
        ),
        ToolSignature(
            name="get_weather",
            parameters=(Parameter(name="city"), Parameter(name="day", default="today")),
            description="Weather forecast of a city.",
        ),
        ToolSignature(
            name="define_word", parameters=(Parameter(name="word"),), description="Meaning of a word in the dictionary."
        ),
        ToolSignature(
            name="convert_units",
            parameters=(Parameter(name="value", type="integer"), Parameter(name="from"), Parameter(name="to")),
            description="Converts an amount to another unit.",
        ),
        ToolSignature(
            name="send_message",
            parameters=(Parameter(name="to"), Parameter(name="text")),
            description="Sends a text message to somebody.",
        ),
        ToolSignature(
            name="play_music",
            parameters=tuple(Parameter(name=name, is_optional=True) for name in ("title", "artist", "style")),
            description="Plays a song.",
        ),
        ToolSignature(
            name="calculator", parameters=(Parameter(name="expression"),), description="Computes an expression."
        ),
        ToolSignature(name="search_news", parameters=(Parameter(name="topic"),), description="News about a topic."),
    )
}
"""The eight tools of the first edition."""

_OTHER_NAMES = {
    "set_timer": ("timer", "start_timer", "countdown", "create_timer", "alarm_in"),
    "get_weather": ("weather", "weather_forecast", "forecast", "check_weather", "weather_lookup"),
    "define_word": ("dictionary", "define", "lookup_word", "get_definition", "word_meaning"),
    "convert_units": ("convert", "unit_converter", "units", "convert_unit", "change_units"),
    "send_message": ("message", "send_text", "text_message", "send_sms", "notify_contact"),
    "play_music": ("music", "play_song", "player", "start_music", "play"),
    "calculator": ("calculate", "compute", "calc", "evaluate_expression", "math"),
    "search_news": ("news", "get_news", "news_search", "headlines", "find_news"),
}
_OTHER_PARAMETERS = {
    "amount": ("amount", "duration", "length", "number", "n", "time"),
    "unit": ("unit", "units", "time_unit", "scale"),
    "city": ("city", "location", "place", "town", "where"),
    "day": ("day", "date", "when", "time"),
    "word": ("word", "term", "entry", "text", "query"),
    "value": ("value", "amount", "number", "quantity"),
    "from": ("from", "source", "from_unit", "unit"),
    "to": ("to", "target", "to_unit", "recipient", "into"),
    "text": ("text", "message", "body", "content"),
    "title": ("title", "song", "track"),
    "artist": ("artist", "band", "by", "musician"),
    "style": ("style", "genre", "mood", "kind"),
    "expression": ("expression", "formula", "input", "sum"),
    "topic": ("topic", "query", "subject", "about", "keywords"),
}
_OTHER_DESCRIPTIONS = {
    "set_timer": ("Starts a countdown.", "Sets a timer.", "Alarm after a time.", "Counts down and rings."),
    "get_weather": ("Tells the weather.", "Forecast for a place and day.", "Weather report."),
    "define_word": ("Dictionary.", "Defines a word.", "Looks up what a word means."),
    "convert_units": ("Unit conversion.", "Changes one unit into another.", "Converts units."),
    "send_message": ("Sends a message.", "Texts a contact.", "Message to a person."),
    "play_music": ("Music player.", "Plays music by title, artist or style.", "Starts music."),
    "calculator": ("Calculator.", "Does arithmetic.", "Evaluates a formula."),
    "search_news": ("Searches the news.", "Latest headlines.", "Finds news articles."),
}


def descriptions() -> dict[str, tuple[str, ...]]:
    """Everything a description of each known tool may say."""
    return {name: (KNOWN[name].description, *others) for name, others in _OTHER_DESCRIPTIONS.items()}


def disguised(tool: ToolSignature, rng: random.Random) -> tuple[ToolSignature, dict[str, str]]:
    """A known tool under other names, and the new name of each parameter."""
    name = rng.choice(_OTHER_NAMES[tool.name]) if rng.random() < 0.8 else identifier(rng)
    # A name that means nothing is understood by its place only.
    is_shuffled = rng.random() < 0.3
    renamed: dict[str, str] = {}
    for parameter in tool.parameters:
        choices = _OTHER_PARAMETERS[parameter.name] + (() if is_shuffled else (invented_word(rng),))
        renamed[parameter.name] = rng.choice([name for name in choices if name not in renamed.values()])
    parameters = [replace(p, name=renamed[p.name]) for p in tool.parameters]
    if is_shuffled:
        rng.shuffle(parameters)
    description = rng.choice((*_OTHER_DESCRIPTIONS[tool.name], tool.description))
    return ToolSignature(name=name, parameters=tuple(parameters), description=description), renamed


def identifier(rng: random.Random) -> str:
    """A function's name that says nothing about it."""
    parts = [invented_word(rng) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.2:
        parts.append(str(rng.randrange(1, 10)))
    return rng.choice(("_", "_", "-")).join(parts)


@dataclass(frozen=True, kw_only=True)
class MadeTool:
    """A tool that does something to something: `water_plant(name:text, amount:integer) Waters a plant.`"""

    signature: ToolSignature
    verb: str
    noun: str


def made_tool(
    rng: random.Random, verbs: tuple[str, ...] = words.VERBS, nouns: tuple[str, ...] = words.NOUNS
) -> MadeTool:
    """A tool of a verb and a noun, either of which may mean nothing, with zero to three parameters."""
    verb = rng.choice(verbs) if rng.random() < 0.75 else invented_word(rng)
    noun = rng.choice(nouns) if rng.random() < 0.75 else invented_word(rng)
    parameters: list[Parameter] = []
    for _ in range(rng.choices((0, 1, 2, 3), (1, 5, 4, 2))[0]):
        name = rng.choice(words.PARAMETERS) if rng.random() < 0.8 else invented_word(rng)
        if name not in {verb, noun, *(p.name for p in parameters)}:
            parameters.append(Parameter(name=name, type=_type(rng)))
    name = rng.choices((f"{verb}_{noun}", f"{noun}_{verb}", noun, identifier(rng)), (8, 2, 1, 1))[0]
    description = rng.choice(
        (
            f"{verb.capitalize()} a {noun}.",
            f"{verb.capitalize()} the {noun}.",
            f"Tool to {verb} a {noun}.",
            f"To {verb} {noun}s.",
        )
    )
    return MadeTool(
        signature=ToolSignature(name=name, parameters=tuple(parameters), description=description), verb=verb, noun=noun
    )


def _type(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.5:
        return "text"
    if kind < 0.75:
        return "integer"
    options = {words.any_word(rng) for _ in range(rng.randint(2, 4))}
    return "/".join(sorted(options))


def some_value(parameter: Parameter, rng: random.Random) -> Value:
    """A value that fits the parameter's type."""
    if parameter.type == "integer":
        return rng.choice((rng.randrange(2, 13), rng.randrange(2, 100), rng.randrange(2, 5000)))
    if parameter.type != "text":
        return rng.choice(parameter.type.split("/"))
    chance = rng.random()
    if chance < 0.6:
        return words.any_word(rng)
    if chance < 0.8:
        return f"{words.any_word(rng)} {words.any_word(rng)}"
    if chance < 0.9:
        return words.any_word(rng).capitalize() + " " + invented_word(rng).capitalize()
    return f"{words.any_word(rng)}{rng.randrange(100)}"
