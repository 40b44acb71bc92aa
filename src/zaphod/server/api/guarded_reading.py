"""An answer's events as they may go out: text behind a sliding window, calls judged one by one. Knows no policy.

Text that is held back for a moment keeps its log-probabilities with it; those of redacted text are dropped, because
they spell it. Calls wait until they are complete and follow the answer's text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zaphod.safety.guard.authority.authority import ToolCall
from zaphod.server.api.answer_reading import AnswerReader, Reason
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, Tool, ToolCallBegin, ToolCallDelta
from zaphod.server.engine_process.messages import Piece
from zaphod.server.guarding.arguments import is_complete
from zaphod.server.guarding.conversation import Conversation

if TYPE_CHECKING:
    from zaphod.safety.guard.stream import Passed, TextStream
    from zaphod.server.guarding.restoring import RestoringStream


@dataclass
class _Call:
    """A call that is being written."""

    begin: ToolCallBegin
    arguments: list[str] = field(default_factory=list)


class GuardedReader:
    """Reads one answer, and lets out what may go out.

    Args:
        reader: reads it.
        answer: its number.
        conversation: judges it.
        stream: checks its text.
        tools: what the request offered.
    """

    def __init__(
        self,
        reader: AnswerReader,
        answer: int,
        conversation: Conversation,
        stream: RestoringStream | TextStream,
        tools: Sequence[Tool] = (),
    ) -> None:
        self._reader, self._answer, self._conversation = reader, answer, conversation
        self._stream = stream
        self._parameters: Mapping[str, Mapping[str, Any]] = {tool.name: tool.parameters for tool in tools}
        self._where = f"choices.{answer}"
        self._waiting: deque[tuple[int, TextDelta]] = deque()
        self._num_said = self._num_released = 0
        self._calls: list[_Call] = []
        self._num_passed = 0
        self.reason: Reason | None = None

    def read(self, piece: Piece) -> Iterator[Event]:
        """What of a piece may go out, and of those before it."""
        num_tokens = len(piece.token_ids)
        for event in self._reader.read(piece):
            match event:
                case TextDelta():
                    yield from self._said(event, num_tokens)
                    num_tokens = 0
                case ToolCallBegin():
                    self._calls.append(_Call(event))
                case ToolCallDelta():
                    self._calls[-1].arguments.append(event.arguments)
                case AnswerEnd():
                    yield from self._ended(event)
            if self.reason is not None:
                return

    def rest(self) -> Iterator[Event]:
        """What was held back of an answer that breaks off."""
        if self.reason is None:
            yield from self._release(self._stream.finish())

    def _said(self, delta: TextDelta, num_tokens: int) -> Iterator[Event]:
        self._num_said += len(delta.text)
        if delta.logprobs or delta.experts_NLK:
            self._waiting.append((self._num_said, delta))
        yield from self._release(self._stream.push(delta.text, num_tokens=num_tokens))

    def _release(self, passed: Passed) -> Iterator[Event]:
        """Text that is let go, with what belongs to it."""
        self._conversation.tell(passed, self._where)
        withheld = [
            (finding.hit.start, finding.hit.end) for finding in passed.findings if finding.action in ("redact", "block")
        ]
        logprobs: list[Any] = []
        experts: list[Any] = []
        while self._waiting and self._waiting[0][0] <= passed.end:
            end, delta = self._waiting.popleft()
            experts += delta.experts_NLK
            if not any(first < end and end - len(delta.text) < last for first, last in withheld):
                logprobs += delta.logprobs
        if passed.text or logprobs or experts:
            yield TextDelta(answer=self._answer, text=passed.text, logprobs=logprobs, experts_NLK=experts)
        if passed.is_blocked:
            yield self._end("content_filter")

    def _ended(self, end: AnswerEnd) -> Iterator[Event]:
        yield from self._release(self._stream.finish())
        if self.reason is not None:
            return
        num_dropped = 0
        for call in self._calls:
            passed = list(self._judged(call, may_be_cut=end.reason == "length" and call is self._calls[-1]))
            num_dropped += not passed
            yield from passed
        if num_dropped and not self._num_passed:
            yield self._end("content_filter")
        else:
            self.reason = end.reason
            yield end

    def _judged(self, call: _Call, *, may_be_cut: bool) -> Iterator[Event]:
        arguments, name = "".join(call.arguments), call.begin.name
        # A whole call is judged as one, wherever the room ended.
        is_cut = may_be_cut and not is_complete(arguments)
        asked = ToolCall(name=name, arguments=arguments, parameters=self._parameters.get(name), is_cut=is_cut)
        judged = self._conversation.judge(asked, f"{self._where}.tool_calls.{call.begin.call}")
        if judged.may_pass:
            index, self._num_passed = self._num_passed, self._num_passed + 1
            yield ToolCallBegin(answer=self._answer, call=index, call_id=call.begin.call_id, name=name)
            yield ToolCallDelta(answer=self._answer, call=index, arguments=judged.arguments)

    def _end(self, reason: Reason) -> AnswerEnd:
        self.reason = reason
        return AnswerEnd(answer=self._answer, reason=reason)
