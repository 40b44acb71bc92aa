"""What the answers of all APIs share under the guard: texts in streams, calls judged; knows no event's shape.

A rewriter takes the JSON objects of an answer, as a server sent them, and gives those that may go on. Of each it takes
the fields that are known to hold nothing that a model says, and writes the others anew. What is not known may hold
words that nobody has checked, and stays here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from zaphod.safety.guard.authority.authority import ToolCall
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.texts import Text

Json = dict[str, Any]
_OF_SERVERS = frozenset({"usage", "error", "zaphod"})
Place = tuple[int, str]
"""Which of several items or blocks, and which of its texts."""


class Rewriter(Protocol):
    """Lets out of an answer what may go out."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more goes out, so that the server need not go on."""

    def whole(self, body: Json) -> Json:
        """An answer that was not streamed."""

    def event(self, data: Json) -> Iterator[Json]:
        """What one event becomes."""

    def last(self) -> Iterator[Json]:
        """What goes out at the stream's end, in order or not: text that was held back, and what the client is told."""


class Answers:
    """Texts and calls that end together: where one of them is blocked, nothing follows in any.

    Args:
        conversation: judges them.
        request: brings the schemas of tools.
    """

    def __init__(self, conversation: Conversation, request: Mapping[str, Any]) -> None:
        self._conversation, self._parameters = conversation, parameters_of(request)
        self._texts: dict[Place, Text] = {}
        self.is_blocked = False
        """Whether nothing more may be said."""

    @property
    def guard(self) -> Json | None:
        """What the client is told; None if there is nothing to tell."""
        return self._conversation.as_json()

    @property
    def places(self) -> Collection[Place]:
        """Of all texts so far."""
        return self._texts.keys()

    def push(self, place: Place, more: str, where: str, spelling: Json | None = None) -> str:
        """More of a text; what of it may go out now.

        Args:
            place: which text.
            more: it.
            where: how the client is told where something was found.
            spelling: log-probabilities and token ids of it.
        """
        if self.is_blocked:
            return ""
        if place not in self._texts:
            self._texts[place] = Text(self._conversation, where)
        passed = self._texts[place].push(more, spelling)
        self.is_blocked = self._texts[place].is_blocked
        return passed

    def finish(self, place: Place) -> str:
        """The rest of a text that is complete."""
        if place not in self._texts:
            return ""
        rest = self._texts[place].finish()
        self.is_blocked = self.is_blocked or self._texts[place].is_blocked
        return rest

    def rests(self, owner: int | None = None) -> Iterator[tuple[Place, str]]:
        """The rests of all texts, or of all of one owner; those that are empty are left out."""
        for place in self._texts:
            if owner in (None, place[0]) and (rest := self.finish(place)):
                yield place, rest

    def whole_text(self, place: Place, text: str, where: str) -> str:
        """A text that came at once; what went out of it where it had come before."""
        if place not in self._texts and not self.is_blocked:
            self._texts[place] = Text(self._conversation, where)
            self._texts[place].whole(text)
            self.is_blocked = self._texts[place].is_blocked
        return self.said(place)

    def said(self, place: Place) -> str:
        """All that went out of a text."""
        return self._texts[place].said if place in self._texts else ""

    def spelling(self, place: Place) -> Json:
        """What spells the text that went out since the last question."""
        return self._texts[place].spelling() if place in self._texts else {}

    def called(self, name: object, arguments: object, where: str) -> str | None:
        """The arguments to call a tool with; None where it may not be called, and the client is told why."""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        schema = self._parameters.get(str(name))
        call = ToolCall(name=str(name), arguments=text, parameters=schema if isinstance(schema, Mapping) else None)
        judged = self._conversation.judge(call, where)
        return judged.arguments if judged.may_pass else None


def parameters_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of each tool's arguments, as any of the APIs names them."""
    found: dict[str, Any] = {}
    for tool in [*objects(request.get("tools")), *objects(request.get("functions"))]:
        inner = tool.get("function")
        one = inner if isinstance(inner, dict) else tool
        if isinstance(one.get("name"), str):
            found[one["name"]] = one.get("parameters", one.get("input_schema"))
    return found


def with_guard(body: Json, guard: Json | None) -> Json:
    """The object with what the client is told beside what else is told there."""
    if guard is None:
        return body
    own = body.get("zaphod")
    return {**body, "zaphod": {**(own if isinstance(own, dict) else {}), "guard": guard}}


def known(value: Json, words: Collection[str]) -> Json:
    """Of an object what is not said by a model: words by their names, figures, and what servers tell of themselves."""
    return {
        name: one
        for name, one in value.items()
        if name in _OF_SERVERS or _is_figure(one) or (name in words and isinstance(one, str))
    }


def objects(value: object) -> list[Json]:
    """The objects of a list; servers may put anything there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def an_object(value: object) -> Json:
    """The value if it is an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def word(value: object) -> str | None:
    """The value if it is a word; servers may put anything there."""
    return value if isinstance(value, str) and value else None


def number_of(data: Json, name: str = "index") -> int:
    """Which of several it is about; servers that leave that out mean the first."""
    number = data.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def _is_figure(value: object) -> bool:
    """Numbers; not lists of them, which may be token ids."""
    if isinstance(value, dict):
        return all(one is None or isinstance(one, int | float) for one in value.values())
    return value is None or isinstance(value, int | float)
