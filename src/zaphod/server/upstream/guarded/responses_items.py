"""Output items of the Responses API under the guard: messages, reasoning, calls; knows no event and no stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zaphod.server.guarding.arguments import is_complete
from zaphod.server.upstream.guarded.rewriting import Answers, Json, Place, known

_MESSAGE = frozenset({"id", "type", "role", "status", "phase"})
_REASONING = frozenset({"id", "type", "status", "encrypted_content"})
_CALL = frozenset({"id", "type", "status", "call_id", "namespace"})
_FIELDS: Mapping[str, frozenset[str]] = {"message": _MESSAGE, "reasoning": _REASONING}
_LISTS = {"content": "content_index", "summary": "summary_index"}
"""Where an item has its texts, and how events number them."""
_TEXTS = {"output_text": "text", "refusal": "refusal", "reasoning_text": "text", "summary_text": "text"}
"""Kinds of parts, and the field that holds what is said."""
CALLS = {
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
}
"""Calls that the client makes: what their events are called, and the field that says what to call with."""


def says(item: Json) -> bool:
    """Whether the item is text."""
    return string(item.get("type")) in _FIELDS


def is_call(item: Json) -> bool:
    """Whether the item asks for something to be done, or tells that the server itself did it."""
    return string(item.get("type")).endswith("_call")


def is_part(part: Json) -> bool:
    """Whether it is a part with text."""
    return string(part.get("type")) in _TEXTS


def begun(item: Json) -> Json:
    """An item of text that has none yet."""
    lists: Json = {name: [] for name in _LISTS if isinstance(item.get(name), list)}
    return known(item, _FIELDS[item["type"]]) | lists


def place_of(index: int, data: Json) -> Place:
    """The text that an event is about: `(0, "content 0")`."""
    name = "summary" if "summary_index" in data else "content"
    number = data.get(_LISTS[name])
    return index, f"{name} {number if isinstance(number, int) else 0}"


def numbered(place: Place) -> Json:
    """The field of an event that says which text it is about."""
    name, number = place[1].split(" ")
    return {_LISTS[name]: int(number)}


def said(answers: Answers, index: int, item: Json) -> Json:
    """An item of text with what may be said of it."""
    made = begun(item)
    for name in _LISTS:
        for number, part in enumerate(item[name] if isinstance(item.get(name), list) else ()):
            if isinstance(part, dict) and is_part(part):
                made[name].append(_said(answers, (index, f"{name} {number}"), part))
    return made


def so_far(answers: Answers, index: int, item: Json, kinds: Mapping[Place, str]) -> Json:
    """An item of text that breaks off, with what went out of it."""
    made = {**begun(item), "status": "incomplete"}
    for place, kind in kinds.items():
        name = place[1].partition(" ")[0]
        if place[0] == index:
            made.setdefault(name, []).append(written(kind, answers.said(place)))
    return made


def written(kind: str, text: str) -> Json:
    """A part."""
    more: Json = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
    return {"type": kind, _TEXTS[kind]: text, **more}


def text_of(part: Json) -> str:
    """What a part says."""
    return string(part.get(_TEXTS[part["type"]]))


def string(value: object) -> str:
    """The value if it is text; servers may put anything there."""
    return value if isinstance(value, str) else ""


def called(answers: Answers, index: int, item: Json) -> Json | None:
    """A call, if it may be made. Clients' tools are called with their arguments; all else is judged as it is."""
    where = f"output.{index}"
    match item["type"]:
        case "function_call":
            arguments = answers.called(item.get("name"), item.get("arguments") or "{}", where)
            return None if arguments is None else _call(item, "arguments", arguments)
        case "custom_tool_call":
            judged = answers.called(item.get("name"), json.dumps(item.get("input")), where)
            return None if judged is None else _call(item, "input", json.loads(judged))
        case kind:
            judged = answers.called(item.get("name", kind), item, where)
            return None if judged is None else json.loads(judged)


def is_cut_off(item: Json) -> bool:
    """Whether a call lacks its end, so that nobody can make it."""
    arguments = item.get("arguments")
    return item.get("status") == "incomplete" and isinstance(arguments, str) and not is_complete(arguments)


def _said(answers: Answers, place: Place, part: Json) -> Json:
    came = text_of(part)
    text = answers.whole_text(place, came, f"output.{place[0]}")
    made = written(part["type"], text)
    if text == came and part.get("logprobs"):
        made["logprobs"] = part["logprobs"]
    return made


def _call(item: Json, name: str, value: Any) -> Json:
    return known(item, _CALL) | {"name": item.get("name"), name: value}
