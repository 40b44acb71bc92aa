"""Answers of our own engine behind the guard: what is held back, and when it is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from zaphod.safety.guard.guard import Guard
from zaphod.server.api.answer_reading import PlainReader, Reason
from zaphod.server.api.guarded_reading import GuardedReader
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, Tool, ToolCallBegin, ToolCallDelta
from zaphod.server.caller import LOCAL
from zaphod.server.engine_process.messages import Piece
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.guarding.guarding import Guarding

POLICY = r"""
name = "words"
version = "1"
description = "One word is withheld, one ends all."
max_delay_tokens = 64
[stages.output.actions]
"secret.plain" = { action = "redact", replacement = "[withheld]" }
"secret.end" = "block"
[stages.tool_call.actions]
"secret.end" = "block"
[[rules]]
id = "secret.plain"
title = "the plain word"
patterns = ['swordfish']
[[rules]]
id = "secret.end"
title = "the word that ends all"
patterns = ['armageddon']
[authority.tools.forbidden]
action = "block"
"""
SEND = Tool(name="send", description=None, parameters={"type": "object", "required": ["to"]})


@cache
def guard() -> Guard:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "words.toml"
        file.write_text(POLICY)
        return Guard.load(file, finders=())


def conversation() -> Conversation:
    made = Guarding(guard(), lambda tenant: b"k" * 32).begin(LOCAL, "/v1/chat/completions", "req_1")
    asyncio.run(made.inspect([]))
    return made


def guarded(inner: Any, told: Conversation | None = None) -> GuardedReader:
    told = told or conversation()
    stream = told.stream()
    assert stream is not None
    return GuardedReader(inner, 0, told, stream, [SEND])


def piece(text: str, **more: Any) -> Piece:
    return Piece(request_id="r", token_ids=(7,), text=text, **more)


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class Calling:
    """A reader whose answer is calls."""

    reason: Reason | None = None

    def __init__(self, reason: Reason, *calls: tuple[str, str]) -> None:
        self._reason: Reason = reason
        self._calls = calls

    def read(self, piece: Piece) -> Iterator[Event]:
        for number, (name, arguments) in enumerate(self._calls):
            yield ToolCallBegin(answer=0, call=number, call_id=f"call_{number}", name=name)
            yield ToolCallDelta(answer=0, call=number, arguments=arguments)
        yield AnswerEnd(answer=0, reason=self._reason)


def called(reason: Reason, *calls: tuple[str, str]) -> tuple[list[str], Reason | None]:
    reader = guarded(Calling(reason, *calls))
    events = list(reader.read(piece("")))
    return [event.name for event in events if isinstance(event, ToolCallBegin)], reader.reason


def test_a_word_that_may_go_on_is_held_back_and_said_when_it_does_not() -> None:
    reader = guarded(PlainReader(0))
    assert said(list(reader.read(piece("a sword")))) == "a "
    assert said(list(reader.read(piece(" and more", finish_reason="stop")))) == "sword and more"
    assert reader.reason == "stop"


def test_what_is_held_back_is_said_when_the_answer_breaks_off() -> None:
    reader = guarded(PlainReader(0))
    list(reader.read(piece("a sword")))
    assert said(list(reader.rest())) == "sword"


def test_the_rest_of_what_ended_is_nothing() -> None:
    reader = guarded(PlainReader(0))
    list(reader.read(piece("a sword", finish_reason="stop")))
    assert list(reader.rest()) == []


def test_what_is_withheld_stays_so_when_the_answer_breaks_off() -> None:
    reader = guarded(PlainReader(0))
    events = [*reader.read(piece("a swordfish")), *reader.rest()]
    assert said(events) == "a [withheld]"


def test_a_block_ends_the_answer() -> None:
    reader = guarded(PlainReader(0))
    events = list(reader.read(piece("well, armageddon and more", finish_reason="stop")))
    assert said(events) == "well, "
    assert reader.reason == "content_filter"


@pytest.mark.parametrize(
    ("reason", "calls", "names", "told"),
    [
        ("tool_calls", [("send", '{"to": 1}')], ["send"], "tool_calls"),
        ("tool_calls", [("send", '{"to": "a')], [], "content_filter"),
        ("length", [("send", '{"to": "a')], ["send"], "length"),
        ("length", [("send", '{"to": "armageddon"}')], [], "content_filter"),
        ("length", [("send", "{}")], [], "content_filter"),
        ("tool_calls", [("forbidden", "{}"), ("send", '{"to": 1}')], ["send"], "tool_calls"),
    ],
)
def test_calls_are_judged_whole_and_one_by_one(
    reason: Reason, calls: list[tuple[str, str]], names: list[str], told: Reason
) -> None:
    assert called(reason, *calls) == (names, told)
