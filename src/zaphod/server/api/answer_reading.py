"""Pieces of one answer as events: plain text, or text with calls in it; knows no engine and no wire format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol

from zaphod.core.tokenizers import Tokenizer
from zaphod.engine.stops import StopTexts
from zaphod.server.api.tool_formats import ToolFormat
from zaphod.server.api.tool_parsing import Called, Given, Part, Said, ToolParser
from zaphod.server.api.turns import AnswerEnd, Event, TextDelta, ToolCallBegin, ToolCallDelta, Turn
from zaphod.server.engine_process.messages import Piece

Reason = Literal["stop", "length", "tool_calls", "content_filter"]


class AnswerReader(Protocol):
    """Reads one answer."""

    @property
    def reason(self) -> Reason | None:
        """Why the answer has ended, if it has."""

    def read(self, piece: Piece) -> Iterator[Event]:
        """What a piece says."""


class PlainReader:
    """An answer that is nothing but text."""

    def __init__(self, answer: int) -> None:
        self._answer = answer
        self.reason: Reason | None = None

    def read(self, piece: Piece) -> Iterator[Event]:
        """The piece's text, and the end if it is the last one."""
        if piece.text or piece.logprobs or piece.experts_NLK:
            yield _delta(self._answer, piece.text, piece)
        if piece.finish_reason is not None:
            self.reason = _reason(piece)
            yield AnswerEnd(answer=self._answer, reason=self.reason, stop_text=_stop_text(piece))


class ToolReader:
    """An answer that may call functions.

    Args:
        answer: its number.
        format: how calls are written.
        parser: finds calls.
        text_of: the text of a piece.
    """

    def __init__(self, answer: int, format: ToolFormat, parser: ToolParser, text_of: Callable[[Piece], str]) -> None:
        self._answer, self._format, self._parser, self._text_of = answer, format, parser, text_of
        self._num_calls = 0
        self.reason: Reason | None = None

    @staticmethod
    def maker(
        format: ToolFormat, turn: Turn, tokenizer: Tokenizer, prompt: Sequence[int], *, is_open: bool
    ) -> Callable[[int], AnswerReader]:
        """Makes readers for the answers to a turn.

        Args:
            format: how calls are written.
            turn: brings the tools.
            tokenizer: of the model.
            prompt: what the answers continue.
            is_open: the prompt ends inside a call.
        """
        names = {tool.name for tool in turn.tools}
        opening_id = tokenizer.special_tokens.get(format.opening)

        def make(answer: int) -> AnswerReader:
            parser = ToolParser(format, names, is_open=is_open, keeps_one=not turn.allows_parallel_calls)
            if opening_id is None:
                return ToolReader(answer, format, parser, lambda piece: piece.text)
            speller = _Speller(tokenizer, prompt, turn.sampling.stop, opening_id, format.opening)
            return ToolReader(answer, format, parser, speller.text_of)

        return make

    def read(self, piece: Piece) -> Iterator[Event]:
        """The piece's text and calls, and the end if it is the last one that counts."""
        parts = self._parser.push(self._text_of(piece))
        is_last = piece.finish_reason is not None or self._parser.is_complete
        if is_last:
            parts += self._parser.finish()
        if piece.logprobs or piece.experts_NLK:
            said = parts[0].text if parts and isinstance(parts[0], Said) else ""
            yield _delta(self._answer, said, piece)
            parts = parts[1:] if said else parts
        yield from map(self._event, parts)
        if is_last:
            is_cut = piece.finish_reason == "length" and not self._parser.is_complete
            self.reason = "tool_calls" if self._parser.num_calls and not is_cut else _reason(piece)
            yield AnswerEnd(answer=self._answer, reason=self.reason, stop_text=_stop_text(piece))

    def _event(self, part: Part) -> Event:
        if isinstance(part, Said):
            return TextDelta(answer=self._answer, text=part.text)
        if isinstance(part, Given):
            return ToolCallDelta(answer=self._answer, call=self._num_calls - 1, arguments=part.text)
        return self._begin(part)

    def _begin(self, called: Called) -> ToolCallBegin:
        self._num_calls += 1
        call_id = self._format.new_call_id()
        return ToolCallBegin(answer=self._answer, call=self._num_calls - 1, call_id=call_id, name=called.name)


class _Speller:
    """An answer's text in which the token that opens calls is spelt: the engine gives special tokens no text."""

    def __init__(
        self, tokenizer: Tokenizer, prompt: Sequence[int], stop: Sequence[str], opening_id: int, opening: str
    ) -> None:
        self._stream = tokenizer.stream(skip_special=True, after=prompt)
        self._stops = StopTexts(stop)
        self._opening_id, self._opening = opening_id, opening

    def text_of(self, piece: Piece) -> str:
        """What the piece adds."""
        texts = [
            self._opening if token_id == self._opening_id else self._stream.push(token_id)
            for token_id in piece.token_ids
        ]
        if piece.finish_reason is None:
            return self._stops.push("".join(texts))
        return self._stops.push("".join(texts) + self._stream.finish()) + self._stops.finish()


def _delta(answer: int, text: str, piece: Piece) -> TextDelta:
    return TextDelta(answer=answer, text=text, logprobs=piece.logprobs, experts_NLK=piece.experts_NLK)


def _reason(piece: Piece) -> Reason:
    return "length" if piece.finish_reason == "length" else "stop"


def _stop_text(piece: Piece) -> str | None:
    return piece.stop_reason if isinstance(piece.stop_reason, str) else None
