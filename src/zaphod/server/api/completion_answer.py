"""Events as OpenAI's text completions, in chunks or gathered in one body; knows no request."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.tokenizers import Tokenizer
from zaphod.server.api import sse
from zaphod.server.api.chat_answer import FINGERPRINT, told_usage
from zaphod.server.api.logprobs import CompletionLogprobs, joined
from zaphod.server.api.turns import AnswerEnd, Event, PromptScored, TextDelta, Usage
from zaphod.server.engine_process.messages import TokenLogprob


@dataclass(frozen=True, kw_only=True)
class CompletionShape:
    """What every chunk has, and what was asked of it."""

    answer_id: str
    model: str
    tokenizer: Tokenizer
    echoes: Sequence[str]
    """What goes before each answer: its prompt, or nothing."""
    first_tokens: Sequence[int] = ()
    """The first token of each answer's prompt, where it is told how likely the prompts' tokens are."""
    includes_usage: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    def body(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """The fields that chunks and bodies share."""
        return {
            "id": self.answer_id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }


async def chunks(events: AsyncIterator[Event], shape: CompletionShape) -> AsyncGenerator[bytes, None]:
    """What is echoed, the texts, each answer's end, the usage if it was asked for, `[DONE]`."""
    logprobs = [CompletionLogprobs(shape.tokenizer) for _ in shape.echoes]
    for answer, echo in enumerate(shape.echoes):
        first = [logprobs[answer].of_prompt(token_id, ()) for token_id in shape.first_tokens[answer : answer + 1]]
        if echo:
            yield _chunk(shape, answer, echo, logprobs=first[0] if first else None)
    async for event in events:
        match event:
            case TextDelta(answer=answer, text=text):
                told = logprobs[answer].of(event.logprobs)
                yield _chunk(shape, answer, text, logprobs=told, experts=event.experts_NLK)
            case PromptScored(answer=answer):
                yield _chunk(shape, answer, "", logprobs=logprobs[answer].of(event.logprobs))
            case AnswerEnd(answer=answer, reason=reason):
                yield _chunk(shape, answer, "", finish_reason=reason)
            case Usage() if shape.includes_usage:
                yield sse.data({**shape.body([]), **told_usage(event)})
            case Usage(guard=guard) if guard is not None:
                yield sse.data({**shape.body([]), "zaphod": {"guard": guard}})
    yield sse.DONE


async def whole(events: AsyncIterator[Event], shape: CompletionShape) -> dict[str, Any]:
    """The answers as one body."""
    texts: list[list[str]] = [[echo] for echo in shape.echoes]
    tokens: list[list[TokenLogprob]] = [[] for _ in shape.echoes]
    scores: list[Sequence[TokenLogprob]] = [()] * len(shape.echoes)
    experts: list[list[Any]] = [[] for _ in shape.echoes]
    reasons = ["stop" for _ in shape.echoes]
    usage: dict[str, Any] = {}
    async for event in events:
        match event:
            case TextDelta(answer=answer):
                texts[answer].append(event.text)
                tokens[answer] += event.logprobs
                experts[answer] += event.experts_NLK
            case PromptScored(answer=answer):
                scores[answer] = event.logprobs
            case AnswerEnd(answer=answer, reason=reason):
                reasons[answer] = reason
            case Usage():
                usage = told_usage(event)
    choices = [
        {
            "index": answer,
            "text": "".join(texts[answer]),
            "logprobs": _logprobs(shape, answer, scores[answer], tokens[answer]),
            "finish_reason": reasons[answer],
        }
        for answer in range(len(shape.echoes))
    ]
    if any(experts):
        usage["zaphod"]["experts"] = experts
    return {**shape.body(choices), **usage}


def _logprobs(
    shape: CompletionShape, answer: int, scores: Sequence[TokenLogprob], tokens: Sequence[TokenLogprob]
) -> dict[str, Any] | None:
    lists = CompletionLogprobs(shape.tokenizer)
    if not shape.first_tokens:
        return lists.of(tokens)
    return joined(lists.of_prompt(shape.first_tokens[answer], scores), lists.of(tokens))


def _chunk(
    shape: CompletionShape,
    answer: int,
    text: str,
    *,
    finish_reason: str | None = None,
    logprobs: dict[str, Any] | None = None,
    experts: Any = (),
) -> bytes:
    choice = {"index": answer, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}
    body = shape.body([choice])
    if shape.includes_usage:
        body["usage"] = None
    if experts:
        body["zaphod"] = {"experts": experts}
    return sse.data(body)
