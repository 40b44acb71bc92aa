"""Events as OpenAI's chat chunks, or gathered in one body; knows no request field but what shapes the answer."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from zaphod import __version__
from zaphod.core.tokenizers import Tokenizer
from zaphod.server.api import sse
from zaphod.server.api.logprobs import chat_logprobs
from zaphod.server.api.turns import AnswerEnd, Event, PromptScored, TextDelta, ToolCallBegin, ToolCallDelta, Usage
from zaphod.server.engine_process.messages import TokenLogprob

FINGERPRINT = f"zaphod-{__version__}"


@dataclass(frozen=True, kw_only=True)
class ChatShape:
    """What every chunk of an answer has, and what was asked of it."""

    answer_id: str
    model: str
    tokenizer: Tokenizer
    num_answers: int = 1
    has_logprobs: bool = False
    includes_usage: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    def body(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """The fields that chunks and bodies share."""
        return {
            "id": self.answer_id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }


async def chunks(events: AsyncIterator[Event], shape: ChatShape) -> AsyncGenerator[bytes, None]:
    """Roles first, then what the answers say, each answer's end, the usage if it was asked for, `[DONE]`."""
    for answer in range(shape.num_answers):
        yield _chunk(shape, answer, {"role": "assistant", "content": "", "refusal": None})
    async for event in events:
        match event:
            case TextDelta(answer=answer, text=text, logprobs=logprobs, experts_NLK=experts):
                yield _chunk(shape, answer, {"content": text}, logprobs=logprobs, experts=experts)
            case ToolCallBegin(answer=answer, call=call, call_id=call_id, name=name):
                begun = {"index": call, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
                yield _chunk(shape, answer, {"tool_calls": [begun]})
            case ToolCallDelta(answer=answer, call=call, arguments=arguments):
                more = {"index": call, "function": {"arguments": arguments}}
                yield _chunk(shape, answer, {"tool_calls": [more]})
            case AnswerEnd(answer=answer, reason=reason):
                yield _chunk(shape, answer, {}, finish_reason=reason)
            case Usage() if shape.includes_usage:
                yield sse.data({**shape.body("chat.completion.chunk", []), **told_usage(event)})
            case Usage(guard=guard) if guard is not None:
                yield sse.data({**shape.body("chat.completion.chunk", []), "zaphod": {"guard": guard}})
    yield sse.DONE


async def whole(events: AsyncIterator[Event], shape: ChatShape) -> dict[str, Any]:
    """The answers as one body."""
    answers = [_Gathered() for _ in range(shape.num_answers)]
    usage: dict[str, Any] = {}
    async for event in events:
        if isinstance(event, Usage):
            usage = told_usage(event)
        elif not isinstance(event, PromptScored):  # prompts of chats are not scored
            answers[event.answer].take(event)
    choices = [answer.choice(index, shape) for index, answer in enumerate(answers)]
    body = {**shape.body("chat.completion", choices), **usage}
    experts = [answer.experts for answer in answers]
    if any(experts):
        body["zaphod"]["experts"] = experts
    return body


def told_usage(usage: Usage) -> dict[str, Any]:
    """The fields that say what an answer took: OpenAI's, and ours beside them."""
    return {
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        },
        "zaphod": {
            "energy_j": usage.energy_j,
            "energy_source": usage.energy_source,
            "tokens_per_s": usage.tokens_per_s,
            "mode": usage.mode or None,
            "mode_reason": usage.mode_reason,
            "guard": usage.guard,
        },
    }


def _chunk(
    shape: ChatShape,
    answer: int,
    delta: dict[str, Any],
    *,
    finish_reason: str | None = None,
    logprobs: Any = (),
    experts: Any = (),
) -> bytes:
    choice = {
        "index": answer,
        "delta": delta,
        "logprobs": chat_logprobs(shape.tokenizer, logprobs),
        "finish_reason": finish_reason,
    }
    body = shape.body("chat.completion.chunk", [choice])
    if shape.includes_usage:
        body["usage"] = None
    if experts:
        body["zaphod"] = {"experts": experts}
    return sse.data(body)


class _Gathered:
    """One answer, put together."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: list[tuple[ToolCallBegin, list[str]]] = []
        self._logprobs: list[TokenLogprob] = []
        self._reason = "stop"
        self.experts: list[Any] = []

    def take(self, event: TextDelta | ToolCallBegin | ToolCallDelta | AnswerEnd) -> None:
        match event:
            case TextDelta():
                self._texts.append(event.text)
                self._logprobs += event.logprobs
                self.experts += event.experts_NLK
            case ToolCallBegin():
                self._calls.append((event, []))
            case ToolCallDelta():
                self._calls[event.call][1].append(event.arguments)
            case AnswerEnd():
                self._reason = event.reason

    def choice(self, index: int, shape: ChatShape) -> dict[str, Any]:
        text = "".join(self._texts)
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
        if self._calls:
            message["tool_calls"] = [
                {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": "".join(texts)}}
                for call, texts in self._calls
            ]
        else:
            message["content"] = text
        empty: dict[str, Any] | None = {"content": [], "refusal": None} if shape.has_logprobs else None
        logprobs = chat_logprobs(shape.tokenizer, self._logprobs) or empty
        return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": self._reason}
