"""Answers of `/v1/chat/completions` and `/v1/completions` under the guard; knows their shape and no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.rewriting import Answers, Json, objects, with_guard

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_SPELLINGS = ("logprobs", "token_ids", "prompt_token_ids", "prompt_logprobs")


class OpenAiRewriter:
    """Rewrites choices.

    Args:
        conversation: judges them.
        parameters: JSON Schema of each tool that the request offered.
    """

    def __init__(self, conversation: Conversation, parameters: Mapping[str, Any]) -> None:
        self._answers: dict[int, Answers] = {}
        self._conversation, self._parameters = conversation, parameters
        self._calls: dict[int, dict[int, Json]] = {}
        self._ended: set[int] = set()
        self._head: Json = {}
        self._num_choices = 1
        self.is_stopped = False

    def whole(self, body: Json) -> Json:
        choices = [self._whole_choice(choice) for choice in objects(body.get("choices"))]
        texts = {name: body[name] for name in ("prompt", "text", "content") if isinstance(body.get(name), str)}
        said = {name: self._of(0).whole_text(("body", name), text, name) for name, text in texts.items()}
        kept = {name: value for name, value in body.items() if name not in _SPELLINGS}
        return with_guard({**kept, **said, **({"choices": choices} if "choices" in body else {})}, self._guard)

    def event(self, data: Json) -> Iterator[Json]:
        self._head = {name: data[name] for name in ("id", "object", "created", "model") if name in data}
        given = objects(data.get("choices"))
        choices = [made for choice in given if (made := self._choice(choice)) is not None]
        if choices or not given:
            yield (
                {**{name: value for name, value in data.items() if name not in _SPELLINGS}, "choices": choices}
                if ("choices" in data)
                else data
            )

    def last(self) -> Iterator[Json]:
        guard = self._guard
        if guard is not None:
            yield {**self._head, "choices": [], "zaphod": {"guard": guard}}

    @property
    def _guard(self) -> Json | None:
        return self._conversation.as_json()

    def _of(self, index: int) -> Answers:
        return self._answers.setdefault(index, Answers(self._conversation, self._parameters))

    def _choice(self, choice: Json) -> Json | None:
        index = choice.get("index") if isinstance(choice.get("index"), int) else 0
        assert isinstance(index, int)
        if index in self._ended:
            return None
        answers, where = self._of(index), f"choices.{index}"
        delta = dict(choice["delta"]) if isinstance(choice.get("delta"), dict) else None
        holder = choice if delta is None else delta
        names = ("text",) if delta is None else _TEXTS
        was = {name: holder[name] for name in names if isinstance(holder.get(name), str)}
        said = {name: answers.push((index, name), text, where) for name, text in was.items()}
        if delta is not None:
            self._hold(index, delta)
        finish = choice.get("finish_reason")
        calls: list[Json] = []
        if finish or answers.is_blocked:
            for name, rest in answers.finish_all(index, where):
                said[name] = said.get(name, "") + rest
            calls = [] if answers.is_blocked else self._judged(index, where)
            finish = self._finish(index, finish, calls, said)
        made = {name: value for name, value in choice.items() if name not in _SPELLINGS or said == was}
        if delta is None:
            return {**made, **said, "finish_reason": finish}
        kept = {**delta, **said, **({"tool_calls": calls} if calls else {})}
        return {**made, "delta": kept, "finish_reason": finish}

    def _finish(self, index: int, finish: Any, calls: list[Json], said: Mapping[str, str]) -> Any:
        self._ended.add(index)
        is_blocked = self._of(index).is_blocked
        has_lost_calls = bool(self._calls.get(index)) and not calls
        self.is_stopped = is_blocked and all(answers.is_blocked for answers in self._answers.values())
        return "content_filter" if is_blocked or has_lost_calls else finish

    def _hold(self, index: int, delta: Json) -> None:
        """Calls go out when they are complete and judged."""
        legacy = delta.pop("function_call", None)
        parts = objects(delta.pop("tool_calls", None))
        parts += [{"index": 0, "function": legacy}] if isinstance(legacy, dict) else []
        for part in parts:
            number = part.get("index") if isinstance(part.get("index"), int) else 0
            call = self._calls.setdefault(index, {}).setdefault(
                int(number or 0), {"type": "function", "function": {"name": "", "arguments": ""}}
            )
            call |= {name: value for name, value in part.items() if name not in ("function", "index") and value}
            function = part.get("function")
            for name in ("name", "arguments"):
                text = function.get(name) if isinstance(function, dict) else None
                call["function"][name] += text if isinstance(text, str) else ""

    def _judged(self, index: int, where: str) -> list[Json]:
        calls = [call for _, call in sorted(self._calls.get(index, {}).items())]
        kept = [call for number, call in enumerate(calls) if self._may(call, f"{where}.tool_calls.{number}", index)]
        return [{"index": number, **call} for number, call in enumerate(kept)]

    def _may(self, call: Json, where: str, index: int) -> bool:
        function = call.get("function")
        if not isinstance(function, dict):
            return False
        return self._of(index).may_call(function.get("name"), function.get("arguments", ""), where)

    def _whole_choice(self, choice: Json) -> Json:
        index = choice.get("index") if isinstance(choice.get("index"), int) else 0
        assert isinstance(index, int)
        answers, where = self._of(index), f"choices.{index}"
        message = dict(choice["message"]) if isinstance(choice.get("message"), dict) else None
        holder = dict(choice) if message is None else message
        names = ("text",) if message is None else _TEXTS
        was = {name: holder[name] for name in names if isinstance(holder.get(name), str)}
        said = {name: answers.whole_text((index, name), text, where) for name, text in was.items()}
        finish = choice.get("finish_reason")
        made = {name: value for name, value in choice.items() if name not in _SPELLINGS or said == was}
        if message is None:
            return {**made, **said, "finish_reason": "content_filter" if answers.is_blocked else finish}
        legacy = message.pop("function_call", None)
        calls = objects(message.pop("tool_calls", None)) + ([{"function": legacy}] if isinstance(legacy, dict) else [])
        kept = [call for number, call in enumerate(calls) if self._may(call, f"{where}.tool_calls.{number}", index)]
        kept = [] if answers.is_blocked else kept
        is_filtered = answers.is_blocked or (bool(calls) and not kept)
        told = {**message, **said, **({"tool_calls": kept} if kept else {})}
        return {**made, "message": told, "finish_reason": "content_filter" if is_filtered else finish}
