"""Reads a stream of server-sent events while it passes; knows no connection and delays nothing that is whole.

Only whole events are passed on. Half an event waits for its other half, so that a client of a server that dies inside
one meets an error event and no broken JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zaphod.server.upstream.dialects import Dialect, Reading, TokenUsage
from zaphod.server.upstream.json_bodies import json_object

if TYPE_CHECKING:
    from zaphod.server.upstream.guarded.rewriting import Rewriter

# An event ends with an empty line; lines end with CR LF, LF or CR (HTML standard, section 9.2.6).
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class BrokenStreamError(Exception):
    """Nothing more can be passed on. `passed` is what of the same bytes came before and can be."""

    passed = b""


class OversizedEventError(BrokenStreamError):
    """An event grows without an end."""


class UnreadableEventError(BrokenStreamError):
    """An event cannot be read, so nobody can check it."""


class PassingStream:
    """What a stream has told so far.

    Args:
        dialect: how its events look.
        hides_usage: whether chunks that hold nothing but usage are dropped, because the client did not ask for them.
        rewriter: lets out what may go out; None passes events on as they came.
        max_event_bytes: bound of one event.
    """

    def __init__(
        self, dialect: Dialect, *, hides_usage: bool, rewriter: Rewriter | None = None, max_event_bytes: int = 2**24
    ) -> None:
        self._dialect = dialect
        self._rewriter = rewriter
        self._hides_usage = hides_usage
        self._max_event_bytes = max_event_bytes
        self._rest = b""
        self._open: frozenset[int] = frozenset()
        self.usage = TokenUsage()
        self.num_pieces = 0
        self.finish_reason: str | None = None
        self.has_ended = False
        """Whether the stream's last event has come."""
        self.has_error = False
        """Whether the server itself put an error into the stream."""

    @property
    def is_complete(self) -> bool:
        """Whether all answers that have begun have a finish reason."""
        return self.finish_reason is not None and not self._open

    def feed(self, data: bytes) -> bytes:
        """What of `data` goes on to the client: all events that are whole with it and are not hidden.

        Raises:
            OversizedEventError: an event passes the bound.
            UnreadableEventError: an event must be checked and cannot be read.
        """
        passed: list[bytes] = []
        try:
            for event in self._split(data):
                passed.append(self._passed(event))  # noqa: PERF401 - what came before an error counts
        except BrokenStreamError as error:
            error.passed = b"".join(passed)
            raise
        return b"".join(passed)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more goes on, so that the server need not."""
        return self._rewriter is not None and self._rewriter.is_stopped

    def end(self) -> bytes:
        """What goes on when the server has ended its stream: a last event that lacks its empty line, if it is whole."""
        event, self._rest = self._rest.rstrip(b"\r\n") + b"\n\n", b""
        is_done = event == b"data: [DONE]\n\n"
        return self._passed(event) if is_done or event.endswith(b"}\n\n") else b""

    def _split(self, data: bytes) -> Iterator[bytes]:
        rest, begin = self._rest + data, 0
        # A CR at the very end may be the first half of CR LF.
        searchable = len(rest) - rest.endswith(b"\r")
        search_from = max(0, len(self._rest) - 3)
        while found := _END.search(rest, max(begin, search_from), searchable):
            yield rest[begin : found.end()]
            begin = found.end()
        self._rest = rest[begin:]
        if len(self._rest) > self._max_event_bytes:
            raise OversizedEventError

    def last(self) -> bytes:
        """What goes on before a stream's end, in order or not: what was held back."""
        return b"" if self._rewriter is None else self._written(self._rewriter.last())

    def _passed(self, event: bytes) -> bytes:
        """Take note of an event; what of it goes on."""
        lines = [line for line in _LINE_END.split(event) if line.startswith(b"data:")]
        data = b"\n".join(line[5:].removeprefix(b" ") for line in lines)
        if not data:
            return event
        if data == b"[DONE]":
            self.has_ended = True
            return self.last() + event
        value = json_object(data)
        if value is None and self._rewriter is not None:
            raise UnreadableEventError
        reading = Reading() if value is None else self._dialect.read_event(value)
        self.usage = self.usage.or_later(reading.usage)
        self.num_pieces += reading.num_pieces
        self.finish_reason = reading.finish_reason or self.finish_reason
        self._open = (self._open | reading.begun) - reading.finished
        self.has_ended = self.has_ended or reading.ends
        self.has_error = self.has_error or reading.has_error
        if self._hides_usage and reading.is_only_usage:
            return b""
        if value is None or self._rewriter is None:
            return event
        return self._written(self._rewriter.event(value))

    def _written(self, made: Iterable[Mapping[str, Any]]) -> bytes:
        """Events of our own, whose reason for an answer's end is the one that counts."""
        written: list[bytes] = []
        try:
            for one in made:
                self.finish_reason = self._dialect.read_event(one).finish_reason or self.finish_reason
                written.append(self._dialect.written(one))
        except RecursionError as error:
            raise UnreadableEventError from error
        return b"".join(written)
