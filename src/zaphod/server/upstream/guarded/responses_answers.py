"""Answers of `/v1/responses` under the guard; knows their shape and no connection.

Texts come three times in a stream: in pieces, when they are done, and in the whole response at the end. What went out
in pieces stands in the other places, too. Calls go out when they are complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded import responses_items as items
from zaphod.server.upstream.guarded.rewriting import (
    Answers,
    Json,
    Place,
    an_object,
    known,
    number_of,
    objects,
    with_guard,
    word,
)

_RESPONSE = frozenset(
    {"id", "object", "status", "model", "previous_response_id", "prompt_cache_key", "safety_identifier", "service_tier",
     "truncation", "user"}
)  # fmt: skip
_ASKED: Mapping[str, Any] = {
    "conversation": None, "instructions": None, "metadata": {}, "prompt": None, "reasoning": None,
    "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
}  # fmt: skip
"""What servers repeat of the request, and what it is where the request says nothing."""
_BEGINNINGS = ("response.created", "response.in_progress", "response.queued")
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_TEXT = re.compile(
    r"response\.(?P<name>output_text|refusal|reasoning_text|reasoning_summary_text)\.(?P<what>delta|done)"
)
_PART = re.compile(r"response\.(?:content|reasoning|reasoning_summary)_part\.(?P<what>added|done)")
_EVENTS = {"summary_text": "reasoning_summary_text"}
"""What events call a text, where they do not call it what its part is called."""
_FILTERED = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}


class ResponsesRewriter:
    """Rewrites output items.

    Args:
        conversation: judges them.
        request: what was asked for.
    """

    def __init__(self, conversation: Conversation, request: Mapping[str, Any]) -> None:
        self._answers, self._request = Answers(conversation, request), request
        self._head: Json = {}
        self._open: dict[int, Json] = {}
        """Items of text that have begun."""
        self._done: dict[int, Json | None] = {}
        """Items as they went out; None for those that did not."""
        self._kinds: dict[Place, str] = {}
        """Which kind of part each text is."""
        self._ids: dict[int, str] = {}
        self._numbers: dict[int, int] = {}
        """The client's index of each item that it knows."""
        self._calls: list[bool] = []
        """Whether each call that was judged may be made."""
        self._num_events = 0
        self.is_stopped = False

    def whole(self, body: Json) -> Json:
        return self._response(body)

    def event(self, data: Json) -> Iterator[Json]:
        if self.is_stopped:
            return
        for made in self._made(data):
            yield self._counted(made)
        if self._answers.is_blocked:
            self.is_stopped = True
            yield self._counted({"type": "response.incomplete", "response": self._broken_off()})

    def last(self) -> Iterator[Json]:
        yield from map(self._counted, self._rests())

    def _made(self, data: Json) -> Iterator[Json]:
        kind, index = str(data.get("type")), number_of(data, "output_index")
        if kind in _BEGINNINGS:
            self._head = self._told(an_object(data.get("response")))
            yield {"type": kind, "response": {**self._head, "output": []}}
        elif kind in _ENDS:
            yield from self._end(kind, an_object(data.get("response")))
        elif kind == "error":
            yield from self._rests()
            yield known(data, {"type", "code", "message", "param"})
        elif index in self._done:
            return
        elif kind == "response.output_item.added":
            yield from self._begin(index, an_object(data.get("item")))
        elif kind == "response.output_item.done":
            yield from self._finish(index, an_object(data.get("item")))
        else:
            yield from self._inside(kind, items.place_of(index, data), data)

    def _begin(self, index: int, item: Json) -> Iterator[Json]:
        if items.says(item) and index not in self._open:
            self._open[index] = item
            self._ids[index] = items.string(item.get("id"))
            yield self._item_event(index, "added", items.begun(item))

    def _inside(self, kind: str, place: Place, data: Json) -> Iterator[Json]:
        """Something of a text. Other things inside items may hold words that nobody has checked."""
        self._ids.setdefault(place[0], items.string(data.get("item_id")))
        if found := _TEXT.fullmatch(kind):
            self._kinds.setdefault(place, "summary_text" if "summary" in found["name"] else found["name"])
            yield from self._text_delta(place, data) if found["what"] == "delta" else self._text_done(place, data)
        elif (found := _PART.fullmatch(kind)) and items.is_part(part := an_object(data.get("part"))):
            self._kinds.setdefault(place, part["type"])
            if found["what"] == "done":
                yield from self._completed(place, items.text_of(part))
            if not self._answers.is_blocked:
                made = items.written(part["type"], self._answers.said(place) if found["what"] == "done" else "")
                yield {**self._about(place), "type": kind, "part": made}

    def _text_delta(self, place: Place, data: Json) -> Iterator[Json]:
        text = self._answers.push(place, items.string(data.get("delta")), f"output.{place[0]}")
        if text:
            yield self._text_event(place, "delta", delta=text)

    def _text_done(self, place: Place, data: Json) -> Iterator[Json]:
        name = "refusal" if self._kinds[place] == "refusal" else "text"
        yield from self._completed(place, items.string(data.get(name)))
        if not self._answers.is_blocked:
            yield self._text_event(place, "done", **{name: self._answers.said(place)})

    def _completed(self, place: Place, text: str) -> Iterator[Json]:
        """The rest of a text as one more piece; all of it where nothing had come."""
        if place in self._answers.places:
            rest = self._answers.finish(place)
        else:
            rest = self._answers.whole_text(place, text, f"output.{place[0]}")
        if rest:
            yield self._text_event(place, "delta", delta=rest)

    def _finish(self, index: int, item: Json) -> Iterator[Json]:
        yield from self._begin(index, item)
        yield from self._rests(index)
        made = self._item(index, item)
        if made is None or self._answers.is_blocked:
            return
        if items.is_call(made):
            yield from self._called(index, made)
        yield self._item_event(index, "done", made)

    def _called(self, index: int, call: Json) -> Iterator[Json]:
        """How a call comes into being, all at once."""
        events, name = items.CALLS.get(call["type"], ("", ""))
        yield self._item_event(index, "added", {**call, "status": "in_progress", **({name: ""} if name else {})})
        if name:
            about = {"item_id": call.get("id"), "output_index": self._number(index)}
            yield {**about, "type": f"response.{events}.delta", "delta": call[name]}
            yield {**about, "type": f"response.{events}.done", "name": call["name"], name: call[name]}

    def _end(self, kind: str, response: Json) -> Iterator[Json]:
        yield from self._rests()
        self._head = self._head | self._told(response)
        made = {} if self._answers.is_blocked else self._response(response)
        if not self._answers.is_blocked:
            is_changed = made.get("status") != response.get("status")
            yield {"type": "response.incomplete" if is_changed else kind, "response": made}

    def _rests(self, index: int | None = None) -> Iterator[Json]:
        for place, rest in self._answers.rests(index):
            yield self._text_event(place, "delta", delta=rest)

    def _item(self, index: int, item: Json) -> Json | None:
        """An item as it may go out, or went out; None if it may not."""
        if index not in self._done:
            self._done[index] = self._judged(index, item)
        return self._done[index]

    def _judged(self, index: int, item: Json) -> Json | None:
        if items.says(item):
            return items.said(self._answers, index, item)
        if not items.is_call(item) or items.is_cut_off(item):
            return None
        call = items.called(self._answers, index, item)
        self._calls.append(call is not None)
        return call

    def _response(self, response: Json) -> Json:
        """The whole response, as far as it may be known."""
        output = response.get("output")
        for index, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, dict) and not self._answers.is_blocked:
                self._item(index, item)
        made = {**self._told(response), "output": self._output()}
        if "output_text" in response:
            parts = (part for item in made["output"] for part in objects(item.get("content")))
            made["output_text"] = "".join(part["text"] for part in parts if part["type"] == "output_text")
        if self._answers.is_blocked or (self._calls and not any(self._calls)):
            made |= _FILTERED
        return with_guard(made, self._answers.guard)

    def _told(self, response: Json) -> Json:
        """A response without its output. What it repeats of the request is taken from there."""
        asked = {name: self._request.get(name, usual) for name, usual in _ASKED.items() if name in response}
        reason = word(an_object(response.get("incomplete_details")).get("reason"))
        return known(response, _RESPONSE) | asked | ({"incomplete_details": {"reason": reason}} if reason else {})

    def _broken_off(self) -> Json:
        """The response when nothing more may be said: with what was said before."""
        for index, item in self._open.items():
            if index not in self._done:
                self._done[index] = items.so_far(self._answers, index, item, self._kinds)
        return with_guard({**self._head, **_FILTERED, "output": self._output()}, self._answers.guard)

    def _output(self) -> list[Json]:
        kept = [(self._number(index), item) for index, item in sorted(self._done.items()) if item is not None]
        return [item for _, item in sorted(kept, key=lambda one: one[0])]

    def _item_event(self, index: int, what: str, item: Json) -> Json:
        return {"type": f"response.output_item.{what}", "output_index": self._number(index), "item": item}

    def _text_event(self, place: Place, what: str, **fields: str) -> Json:
        kind = self._kinds[place]
        more: Json = {"logprobs": []} if kind == "output_text" else {}
        return {**self._about(place), "type": f"response.{_EVENTS.get(kind, kind)}.{what}", **fields, **more}

    def _about(self, place: Place) -> Json:
        about = {"item_id": self._ids.get(place[0]), "output_index": self._number(place[0])}
        return about | items.numbered(place)

    def _number(self, index: int) -> int:
        """Items are counted without those that were left out."""
        return self._numbers.setdefault(index, len(self._numbers))

    def _counted(self, event: Json) -> Json:
        number, self._num_events = self._num_events, self._num_events + 1
        return {**event, "sequence_number": number}
