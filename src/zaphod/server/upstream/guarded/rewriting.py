"""What the answers of all APIs share under the guard: texts in streams, calls judged; knows no event's shape.

A rewriter takes the JSON objects of an answer, as a server sent them, and gives those that may go on. Log-probabilities
and token ids spell the text that they belong to: they go on only where all of it does.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Protocol

from zaphod.safety.guard.authority.authority import ToolCall
from zaphod.server.guarding.conversation import Conversation

Json = dict[str, Any]


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
        """What goes out before the mark that ends the stream."""


class Answers:
    """Texts and calls of one answer, or of several beside each other.

    Args:
        conversation: judges them.
        parameters: JSON Schema of each tool that the request offered.
    """

    def __init__(self, conversation: Conversation, parameters: Mapping[str, Any]) -> None:
        self._conversation, self._parameters = conversation, parameters
        self._streams: dict[Hashable, Any] = {}
        self._said: dict[Hashable, list[str]] = {}
        self.is_blocked = False

    @property
    def guard(self) -> Json | None:
        """What the client is told; None if there is nothing to tell."""
        return self._conversation.as_json()

    def push(self, place: Hashable, text: str, where: str) -> str:
        """More of a text; what of it may go out now."""
        if place not in self._streams:
            self._streams[place] = self._conversation.stream()
        return self._passed(place, self._streams[place].push(text), where)

    def finish(self, place: Hashable, where: str) -> str:
        """The rest of a text that is complete."""
        stream = self._streams.pop(place, None)
        return "" if stream is None else self._passed(place, stream.finish(), where)

    def finish_all(self, owner: Hashable, where: str) -> Iterator[tuple[Any, str]]:
        """The rests of all texts whose place is `(owner, name)`, by name."""
        for place in [place for place in self._streams if isinstance(place, tuple) and place[0] == owner]:
            yield place[1], self.finish(place, where)

    def said(self, place: Hashable) -> str:
        """All that went out of a text."""
        return "".join(self._said.get(place, ()))

    def whole_text(self, place: Hashable, text: str, where: str) -> str:
        """A text that came at once."""
        return self.push(place, text, where) + self.finish(place, where)

    def may_call(self, name: object, arguments: object, where: str) -> bool:
        """Whether a call may be made; if not, it is told why."""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        schema = self._parameters.get(str(name))
        call = ToolCall(name=str(name), arguments=text, parameters=schema if isinstance(schema, Mapping) else None)
        return self._conversation.judge(call, where).may_pass

    def _passed(self, place: Hashable, passed: Any, where: str) -> str:
        self._conversation.tell(passed, where)
        self.is_blocked = self.is_blocked or passed.is_blocked
        self._said.setdefault(place, []).append(passed.text)
        return str(passed.text)


def parameters_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of each tool's arguments, as any of the APIs names them."""
    found: dict[str, Any] = {}
    tools = fields.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        inner = tool.get("function") if isinstance(tool, Mapping) else None
        one = inner if isinstance(inner, Mapping) else tool
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            found[one["name"]] = one.get("parameters", one.get("input_schema"))
    return found


def with_guard(body: Json, guard: Json | None) -> Json:
    """The object with what the client is told beside what else is told there."""
    if guard is None:
        return body
    own = body.get("zaphod")
    return {**body, "zaphod": {**(own if isinstance(own, dict) else {}), "guard": guard}}


def objects(value: object) -> list[Json]:
    """The objects of a list; servers may put anything there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
