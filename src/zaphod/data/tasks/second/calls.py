"""Calls of tools that are told in the prompt: known ones, known ones under other names, and tools never heard of.

    set_timer(amount:integer, unit:seconds/minutes/hours) Rings after some time.
    set a timer for ten minutes     {"tool":"set_timer","arguments":{"amount":10,"unit":"minutes"}}
    set a timer                     {"ask":"amount","for":"set_timer"}

Where no tool fits, the model says what it can do. The judge compares answers as data.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from zaphod.data.tasks import tool_call as first
from zaphod.data.tasks.out_of_scope import HONEST_ANSWER
from zaphod.data.tasks.second import tools, vocabulary
from zaphod.data.tasks.second.frozen import held_out, wordings_2
from zaphod.data.tasks.second.manner import carried, dressed, remarked, spoilt
from zaphod.data.tasks.second.tools import KNOWN, MadeTool, Parameter, ToolSignature, Value, some_value
from zaphod.data.tasks.second.vocabulary import in_words
from zaphod.data.tasks.second.wordings import call_wordings as wordings
from zaphod.data.tasks.second.wordings.call_missing import MISSING
from zaphod.data.tasks.task import Context, Example, Score, Split, fits_combinations

_TEST_VERBS, _TEST_NOUNS = vocabulary.VERBS[::8], vocabulary.NOUNS[::8]
"""Verbs and nouns of which only the test makes tools."""
_VERBS = tuple(verb for verb in vocabulary.VERBS if verb not in _TEST_VERBS)
_NOUNS = tuple(noun for noun in vocabulary.NOUNS if noun not in _TEST_NOUNS)


class _Request(NamedTuple):
    """A sentence with open slots, the tool that answers it, and the answer."""

    sentence: str
    slots: dict[str, str]
    tool: ToolSignature
    answer: str


class Calls:
    """Choosing among the tools in the prompt, copying arguments, asking for a missing one, saying that none fits."""

    name = "calls"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is a known tool with all its arguments, or a made tool's verb and noun."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            kind = rng.random()
            request = (
                _known(split, rng)
                if kind < 0.40
                else _made(split, rng)
                if kind < 0.78
                else _missing(split, rng)
                if kind < 0.90
                else _none_fits(split, rng)
            )
            if request is not None and (split == "wordings_2" or not held_out().is_in(request.sentence)):
                yield self._example(request, split, rng)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if the tool and every argument are, or what is missing is asked for, or the honest answer is due."""
        if example.answer == HONEST_ANSWER:
            return Score(answer.strip() == HONEST_ANSWER, f"wanted {HONEST_ANSWER!r}")
        try:
            given = json.loads(answer)
        except json.JSONDecodeError as error:
            return Score(False, f"this is no JSON: {error}")
        return Score(given == json.loads(example.answer), f"wanted {example.answer}")

    def _example(self, request: _Request, split: Split, rng: random.Random) -> Example:
        sentence = request.sentence if split == "wordings_2" else spoilt(remarked(request.sentence, rng), rng)
        prompt = dressed(sentence, rng).format_map(request.slots)
        has_answer = request.answer != HONEST_ANSWER
        offered = offered_tools(request.tool, rng, is_there=has_answer)
        context = tuple(Context("tool", str(tool)) for tool in offered)
        return Example(task=self.name, prompt=prompt, answer=request.answer, context=context)


def offered_tools(tool: ToolSignature, rng: random.Random, *, is_there: bool) -> list[ToolSignature]:
    """The tool among others in any order, or the others without it. The eight known ones often come together."""
    if tool.name in KNOWN and is_there and rng.random() < 0.4:
        return list(KNOWN.values())
    names = {tool.name}
    others: list[ToolSignature] = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 6)) if is_there else rng.choice((0, 1, 1, 2, 3, 4))):
        other = some_tool(rng)
        if other.name not in names and not _resembles(other, tool):
            names.add(other.name)
            others.append(other)
    if is_there:
        others.insert(rng.randint(0, len(others)), tool)
    return others


def some_tool(rng: random.Random) -> ToolSignature:
    """Any tool, to be offered beside others."""
    if rng.random() < 0.5:
        known = rng.choice(list(KNOWN.values()))
        return known if rng.random() < 0.5 else tools.disguised(known, rng)[0]
    return tools.made_tool(rng, _VERBS, _NOUNS).signature


def _resembles(one: ToolSignature, two: ToolSignature) -> bool:
    """Whether the two might answer the same request: known tools in disguise share a description."""
    return _concept(one) == _concept(two)


def _concept(tool: ToolSignature) -> str:
    found = [name for name, said in tools.descriptions().items() if tool.description in said]
    return found[0] if found else tool.description


# --- known tools


def _known(split: Split, rng: random.Random) -> _Request | None:
    concept = rng.choice(tuple(KNOWN))
    made = first.any_call(concept, rng)
    slots, arguments = made.slots, made.arguments
    if not fits_combinations(split, concept, *arguments.items()):
        return None
    frames = wordings_2()["calls"][concept] if split == "wordings_2" else wordings.KNOWN[_intent(concept, made)]
    frame = rng.choice(frames)
    if not _slots_in(frame) <= slots.keys():
        return None
    if split == "wordings_2":
        sentence = frame
    else:
        mark = next((m for m in ("=", "np:", "eq:") if frame.startswith(m)), "")
        sentence = carried(mark + wordings.GRAMMAR.said(frame.removeprefix(mark), rng), rng)
    if any("{" + name + "}" not in sentence for name in slots):
        return None
    tool = KNOWN[concept]
    renamed = {p.name: p.name for p in tool.parameters}
    if rng.random() < 0.5:
        tool, renamed = tools.disguised(tool, rng)
    ordered = {renamed[p]: arguments[p] for p in renamed if p in arguments}
    ordered = {p.name: ordered[p.name] for p in tool.parameters if p.name in ordered}
    slots = _spelled(slots, rng)
    return _Request(sentence, slots, tool, tools.written_call(tool.name, ordered))


def _slots_in(frame: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", frame))


def _intent(concept: str, made: first.Call) -> str:
    if concept == "get_weather" and "day" not in made.slots:
        return "get_weather_now"
    if concept == "play_music" and "artist" not in made.slots:
        return "play_style" if "style" in made.slots else "play_title"
    return f"calc_{made.operation}" if concept == "calculator" else concept


def _spelled(slots: dict[str, str], rng: random.Random) -> dict[str, str]:
    """Small whole numbers are sometimes written as words; the argument stays a number."""
    if "amount" in slots and rng.random() < 0.2 and int(slots["amount"]) < 100:
        return slots | {"amount": in_words(int(slots["amount"]))}
    return slots


# --- tools made of a verb and a noun


def _made(split: Split, rng: random.Random) -> _Request | None:
    made = _made_tool(split, rng)
    if made is None:
        return None
    arguments: dict[str, Value] = {p.name: some_value(p, rng) for p in made.signature.parameters}
    frames = wordings_2()["calls"]["generic" if arguments else "generic_bare"]
    if split != "wordings_2":
        frames = wordings.ANY_TOOL if arguments else wordings.ANY_TOOL_BARE
    sentence, slots = _said(rng.choice(frames), made, arguments, split, rng)
    return _Request(sentence, slots, made.signature, tools.written_call(made.signature.name, arguments))


def _made_tool(split: Split, rng: random.Random) -> MadeTool | None:
    verbs, nouns = (_TEST_VERBS, _TEST_NOUNS) if split == "wordings_2" else (_VERBS, _NOUNS)
    made = tools.made_tool(rng, verbs, nouns)
    return made if fits_combinations(split, made.verb, made.noun) else None


def _said(
    frame: str, made: MadeTool, arguments: dict[str, Value], split: Split, rng: random.Random
) -> tuple[str, dict[str, str]]:
    if split != "wordings_2":
        mark = next((m for m in ("=", "np:", "eq:") if frame.startswith(m)), "")
        frame = carried(mark + wordings.GRAMMAR.said(frame.removeprefix(mark), rng), rng)
    spoken = {name: _spoken(value, rng) for name, value in arguments.items()}
    values_is = _listed(
        [f"{_the(name, rng)} {rng.choice(('is', 'is', 'should be', 'must be'))} {v}" for name, v in spoken.items()], rng
    )
    noun = made.noun
    slots = {
        "verb": made.verb,
        "verbed": made.verb + ("d" if made.verb.endswith("e") else "ed"),
        "noun": noun,
        "the_noun": rng.choice(("the ", "the ", "my ", "a ", "this ", "our ")) + noun,
        "values": _listed([_with_name(name, v, rng) for name, v in spoken.items()], rng),
        "values_is": values_is,
        "values_noun": _noun_with_values(noun, spoken, rng),
        "bare": " ".join(spoken.values())
        if len(spoken) == 1
        else _listed([f"{n} {v}" for n, v in spoken.items()], rng),
    }
    return frame, slots


def _spoken(value: Value, rng: random.Random) -> str:
    if isinstance(value, int) and value < 1000 and rng.random() < 0.15:
        return in_words(value)
    return str(value)


def _the(name: str, rng: random.Random) -> str:
    return rng.choice(("the ", "the ", "", "its ")) + name


def _with_name(name: str, value: str, rng: random.Random) -> str:
    style = rng.choice(
        (
            "{t} {v}",
            "{n} {v}",
            "{n} {v}",
            "{n}: {v}",
            "{n} = {v}",
            "{v} as {t}",
            "{v} as {n}",
            "{t} of {v}",
            "{t} set to {v}",
            "{n} being {v}",
        )
    )
    return style.format(t=_the(name, rng), n=name, v=value)


def _listed(parts: list[str], rng: random.Random) -> str:
    if rng.random() < 0.3:
        parts = rng.sample(parts, len(parts))
    if len(parts) < 2:
        return "".join(parts)
    joint = rng.choice((" and ", " and ", ", and ", ", ", " plus "))
    return ", ".join(parts[:-1]) + joint + parts[-1]


def _noun_with_values(noun: str, spoken: dict[str, str], rng: random.Random) -> str:
    listed = _listed([f"{name} {value}" for name, value in spoken.items()], rng)
    return f"{rng.choice(('the', 'a', 'my'))} {noun} {rng.choice(('of', 'with', 'having'))} {listed}"


# --- what is missing, and what does not fit


def _missing(split: Split, rng: random.Random) -> _Request | None:
    if split == "wordings_2" or rng.random() < 0.5:
        return _missing_of_made(split, rng)
    concept, parameter, frames = rng.choice(MISSING)
    slots = dict(first.any_call(concept, rng).slots)
    frame = rng.choice(frames)
    mark = next((m for m in ("=", "np:", "eq:") if frame.startswith(m)), "")
    sentence = carried(mark + wordings.GRAMMAR.said(frame.removeprefix(mark), rng), rng)
    slots.setdefault("day", "today")
    if any(name not in slots for name in _slots_in(sentence)):
        return None
    if not fits_combinations(split, "missing", concept, *slots.values()):
        return None
    tool, renamed = KNOWN[concept], {p.name: p.name for p in KNOWN[concept].parameters}
    if rng.random() < 0.5:
        tool, renamed = tools.disguised(tool, rng)
        order = [p.name for p in tool.parameters]
        asked = renamed[parameter]
        absent = [
            n
            for n in order
            if n == asked or (concept in ("set_timer", "convert_units") and _is_absent(n, renamed, sentence))
        ]
        return _Request(sentence, slots, tool, tools.written_question(absent[0], tool.name))
    return _Request(sentence, slots, tool, tools.written_question(parameter, tool.name))


def _is_absent(name: str, renamed: dict[str, str], sentence: str) -> bool:
    """Whether the sentence says nothing of the parameter that now has this name."""
    slot = {"value": "amount", "from": "source", "to": "target"}
    original = next(old for old, new in renamed.items() if new == name)
    return "{" + slot.get(original, original) + "}" not in sentence


def _missing_of_made(split: Split, rng: random.Random) -> _Request | None:
    made = _made_tool(split, rng)
    if made is None or not made.signature.parameters:
        return None
    parameters = made.signature.parameters
    missing: Parameter = rng.choice(parameters)
    arguments = {p.name: some_value(p, rng) for p in parameters if p != missing}
    intent = "generic" if arguments else "generic_bare"
    frames = wordings_2()["calls"][intent]
    if split != "wordings_2":
        # A bare list of values would not say which is missing.
        frames = wordings.ANY_TOOL[:-3] if arguments else wordings.ANY_TOOL_BARE
    sentence, slots = _said(rng.choice(frames), made, arguments, split, rng)
    return _Request(sentence, slots, made.signature, tools.written_question(missing.name, made.signature.name))


def _none_fits(split: Split, rng: random.Random) -> _Request | None:
    if split == "wordings_2":
        made = _made_tool(split, rng)
        if made is None:
            return None
        sentence, slots = _said(rng.choice(wordings_2()["calls"]["no_tool"]), made, {}, split, rng)
        return _Request(sentence, slots, made.signature, HONEST_ANSWER)
    request = _known(split, rng) if rng.random() < 0.5 else _made(split, rng)
    return None if request is None else request._replace(answer=HONEST_ANSWER)
