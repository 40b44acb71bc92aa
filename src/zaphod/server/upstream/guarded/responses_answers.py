"""Answers of `/v1/responses` under the guard; knows their shape and no connection.

Texts come three times in a stream: in pieces, when they are done, and in the whole response at the end. What went out
in pieces stands in the other places, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.rewriting import Answers, Json, objects, with_guard

_TEXT_EVENTS = ("output_text", "refusal", "reasoning_text", "reasoning_summary_text")
_PASSED = (
    "response.created", "response.in_progress", "response.queued", "error", "response.output_item.added",
    "response.content_part.added", "response.reasoning_summary_part.added",
)  # fmt: skip
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class ResponsesRewriter:
    """Rewrites output items.

    Args:
        conversation: judges them.
        parameters: JSON Schema of each tool that the request offered.
    """

    def __init__(self, conversation: Conversation, parameters: Mapping[str, Any]) -> None:
        self._answers = Answers(conversation, parameters)
        self._held: dict[int, list[Json]] = {}
        self._verdicts: dict[int, bool] = {}
        self._items: dict[int, Json] = {}
        self._head: Json = {}
        self._next_number = 0
        self.is_stopped = False

    def whole(self, body: Json) -> Json:
        return self._response(body) if isinstance(body.get("output"), list) else body

    def event(self, data: Json) -> Iterator[Json]:
        if self.is_stopped:
            return
        for event in self._event(data):
            yield self._numbered(event)
        if self._answers.is_blocked and not self.is_stopped:
            self.is_stopped = True
            yield self._numbered(
                {"type": "response.incomplete", "response": self._response({**self._head, "output": []})}
            )

    def last(self) -> Iterator[Json]:
        return iter(())

    def _event(self, data: Json) -> Iterator[Json]:
        kind = str(data.get("type", ""))
        index = data.get("output_index") if isinstance(data.get("output_index"), int) else -1
        assert isinstance(index, int)
        response = data.get("response")
        if isinstance(response, dict):
            self._head = response
            yield {**data, "response": self._response(response)} if kind in _ENDS else data
        elif index in self._held:
            self._held[index].append(data)
            if kind == "response.output_item.done":
                yield from self._judged(index)
        elif kind == "response.output_item.added" and _is_call(data.get("item")):
            self._held[index] = [data]
        elif any(kind == f"response.{name}.delta" for name in _TEXT_EVENTS):
            yield from self._delta(data, index)
        elif any(kind == f"response.{name}.done" for name in _TEXT_EVENTS):
            yield from self._done(data, kind, index)
        elif kind.endswith("_part.done"):
            yield {**data, "part": self._part(data.get("part"), index, data)}
        elif kind == "response.output_item.done":
            self._items[index] = self._item(index, data.get("item"))
            yield {**data, "item": self._items[index]}
        elif kind in _PASSED:
            yield data
        # What is not known may hold words that nobody has checked: it stays here.

    def _delta(self, data: Json, index: int) -> Iterator[Json]:
        text = self._answers.push((index, _part_of(data)), str(data.get("delta", "")), f"output.{index}")
        if text:
            yield {**data, "delta": text, **({"logprobs": []} if "logprobs" in data else {})}

    def _done(self, data: Json, kind: str, index: int) -> Iterator[Json]:
        place = (index, _part_of(data))
        rest = self._answers.finish(place, f"output.{index}")
        name = "refusal" if "refusal" in data else "text"
        if rest:
            delta = {key: value for key, value in data.items() if key != name}
            yield {**delta, "type": kind.removesuffix("done") + "delta", "delta": rest}
        yield {**data, name: self._answers.said(place), **({"logprobs": []} if "logprobs" in data else {})}

    def _judged(self, index: int) -> Iterator[Json]:
        events = self._held.pop(index)
        item = events[-1].get("item")
        item = item if isinstance(item, dict) else {}
        if self._may(index, item):
            self._items[index] = item
            yield from events

    def _may(self, index: int, item: Json) -> bool:
        if index not in self._verdicts:
            arguments = item.get("arguments", item.get("input", item.get("action", "")))
            name = item.get("name") or item.get("type")
            self._verdicts[index] = self._answers.may_call(name, arguments, f"output.{index}")
        return self._verdicts[index]

    def _response(self, response: Json) -> Json:
        """The whole response, as far as it may be known."""
        output = response.get("output")
        items = dict(enumerate(objects(output)))
        if self._answers.is_blocked or self.is_stopped:
            items = {index: item for index, item in self._items.items() if not _is_call(item)}
        kept = [
            self._item(index, item) for index, item in items.items() if not _is_call(item) or self._may(index, item)
        ]
        has_lost = any(_is_call(item) for item in items.values()) and not any(map(_is_call, kept))
        made = {**response, "output": [] if self._answers.is_blocked else kept}
        if "output_text" in made:
            made["output_text"] = "".join(
                part.get("text", "") for item in kept for part in objects(item.get("content"))
            )
        if self._answers.is_blocked or has_lost:
            made |= {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
        return with_guard(made, self._answers.guard)

    def _item(self, index: int, item: object) -> Json:
        if not isinstance(item, dict):
            return {}
        made = dict(item)
        for name, field in (("content", "content_index"), ("summary", "summary_index")):
            if isinstance(item.get(name), list):
                parts = enumerate(item[name])
                made[name] = [self._part(part, index, {field: number}) for number, part in parts]
        return made

    def _part(self, part: object, index: int, data: Json) -> Json:
        """A part with the text that went out; one that was not streamed is checked now."""
        if not isinstance(part, dict):
            return {}
        made = dict(part)
        for name in ("text", "refusal"):
            if isinstance(part.get(name), str):
                place = (index, _part_of(data))
                said = self._answers.said(place)
                made[name] = said or self._answers.whole_text(place, part[name], f"output.{index}")
        return made | ({"logprobs": []} if made.get("logprobs") else {})

    def _numbered(self, event: Json) -> Json:
        if "sequence_number" not in event and event.get("type") != "response.incomplete":
            return event
        number, self._next_number = self._next_number, self._next_number + 1
        return {**event, "sequence_number": number}


def _is_call(item: object) -> bool:
    return isinstance(item, dict) and str(item.get("type", "")).endswith("_call")


def _part_of(data: Mapping[str, Any]) -> str:
    """`content 0` or `summary 0`."""
    if "summary_index" in data:
        return f"summary {data['summary_index']}"
    return f"content {data.get('content_index', 0)}"
