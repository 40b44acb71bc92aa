"""Calls in answers of OpenAI's chat API: put together, judged, and written anew; knows no text and no stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from zaphod.server.guarding.arguments import is_complete
from zaphod.server.upstream.guarded.rewriting import Answers, Json, an_object, number_of, objects

_LEGACY = -1
"""The number of a `function_call`, which clients had before `tool_calls`."""


@dataclass
class _Call:
    """What is known of a call so far."""

    fixed: Json = field(default_factory=dict)
    name: str = ""
    arguments: str = ""


class Calls:
    """Of one answer. They go out when they are complete.

    Args:
        answers: judges them.
        where: how the client is told where they stood.
    """

    def __init__(self, answers: Answers, where: str) -> None:
        self._answers, self._where = answers, where
        self._calls: dict[int, _Call] = {}
        self.has_lost_some = self.has_lost_all = False
        """Whether there were calls that do not go out, and whether none does."""

    def add(self, holder: Json) -> None:
        """Keep the calls of a message, or the parts of calls in a delta."""
        for place, part in enumerate(objects(holder.get("tool_calls"))):
            self._add(number_of(part) if "index" in part else place, part, an_object(part.get("function")))
        if isinstance(holder.get("function_call"), dict):
            self._add(_LEGACY, {}, holder["function_call"])

    def judged(self, *, is_cut: bool, has_numbers: bool) -> Json:
        """The fields of a message or a delta that hold the calls which may be made.

        Args:
            is_cut: the answer had no more room: the last call may lack its end, so that nobody can make it.
            has_numbers: as deltas have them.
        """
        called = self._complete(is_cut=is_cut)
        kept = list(self._kept(called))
        self.has_lost_some, self.has_lost_all = len(kept) < len(self._calls), bool(called) and not kept
        legacy = [call["function"] for number, call in kept if number == _LEGACY]
        calls = [call for number, call in kept if number != _LEGACY]
        if has_numbers:
            calls = [{"index": number, **call} for number, call in enumerate(calls)]
        return ({"function_call": legacy[0]} if legacy else {}) | ({"tool_calls": calls} if calls else {})

    def _add(self, number: int, part: Json, function: Json) -> None:
        call = self._calls.setdefault(number, _Call())
        call.fixed |= {name: part[name] for name in ("id", "type") if isinstance(part.get(name), str)}
        call.name += _text(function.get("name"))
        call.arguments += _text(function.get("arguments"))

    def _complete(self, *, is_cut: bool) -> dict[int, _Call]:
        called = dict(sorted(self._calls.items()))
        if called and is_cut and not is_complete(called[max(called)].arguments):
            del called[max(called)]
        return called

    def _kept(self, called: dict[int, _Call]) -> Iterator[tuple[int, Json]]:
        for place, (number, call) in enumerate(called.items()):
            arguments = self._answers.called(call.name, call.arguments, f"{self._where}.tool_calls.{place}")
            if arguments is not None:
                function = {"name": call.name, "arguments": arguments}
                yield number, {"type": "function", **call.fixed, "function": function}


def _text(value: object) -> str:
    """Some servers write arguments as an object."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
