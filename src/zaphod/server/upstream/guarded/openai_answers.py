"""Answers of `/v1/chat/completions` and `/v1/completions` under the guard; knows their shape and no connection."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.openai_calls import Calls
from zaphod.server.upstream.guarded.rewriting import Answers, Json, known, number_of, objects, with_guard, word
from zaphod.server.upstream.guarded.texts import joined
from zaphod.server.upstream.requests import num_answers

_HEAD = frozenset({"id", "object", "created", "model"})
_BODY = _HEAD | {"system_fingerprint", "service_tier"}
_CHOICE = frozenset({"index", "finish_reason", "stop_reason", "matched_stop"})
_MESSAGE = frozenset({"role", "name"})
_TEXTS = ("reasoning_content", "reasoning", "content", "refusal")
"""In the order in which models say them."""
_SPELLINGS = ("logprobs", "token_ids")
_SAID = ("message", "delta", "text", *_SPELLINGS)


class OpenAiRewriter:
    """Rewrites choices.

    Args:
        conversation: judges them.
        request: what was asked for.
    """

    def __init__(self, conversation: Conversation, request: Mapping[str, Any]) -> None:
        self._conversation, self._request = conversation, request
        self._num_asked = num_answers(request)
        self._choices: dict[int, _Choice] = {}
        self._head: Json = {}
        self._has_told = False

    @property
    def is_stopped(self) -> bool:
        return len(self._choices) >= self._num_asked and all(one.is_blocked for one in self._choices.values())

    def whole(self, body: Json) -> Json:
        choices = [self._choice(given).whole(given) for given in objects(body.get("choices"))]
        return with_guard({**known(body, _BODY), "choices": choices}, self._conversation.as_json())

    def event(self, data: Json) -> Iterator[Json]:
        self._head = {name: data[name] for name in _HEAD if isinstance(data.get(name), str | int)}
        given = objects(data.get("choices"))
        choices = [made for one in given if (made := self._choice(one).piece(one)) is not None]
        if "error" in data:
            yield from self.last()
            yield known(data, _BODY)
        elif choices or data.get("usage"):
            yield {**known(data, _BODY), "choices": choices}

    def last(self) -> Iterator[Json]:
        if self._has_told:
            return
        self._has_told = True
        rests = [rest for one in self._choices.values() if (rest := one.rest()) is not None]
        if rests:
            yield {**self._head, "choices": rests}
        guard = self._conversation.as_json()
        if guard is not None:
            yield with_guard({**self._head, "choices": []}, guard)

    def _choice(self, given: Json) -> _Choice:
        index = number_of(given)
        if index not in self._choices:
            self._choices[index] = _Choice(index, self._conversation, self._request)
        return self._choices[index]


class _Choice:
    """One of several answers, whole or in pieces."""

    def __init__(self, index: int, conversation: Conversation, request: Mapping[str, Any]) -> None:
        self._index, self._where = index, f"choices.{index}"
        self._answers = Answers(conversation, request)
        self._calls = Calls(self._answers, self._where)
        # Engines take calls out of the text, and leave them in what spells it.
        self._is_spelt = not any(request.get(name) for name in ("tools", "functions"))
        self._holder: str | None = None
        self._has_begun = self._has_ended = False

    @property
    def is_blocked(self) -> bool:
        return self._answers.is_blocked

    def whole(self, choice: Json) -> Json:
        """The choice with what may be said of its message, or its text."""
        message, came = self._opened(choice, "message")
        said = {name: self._answers.whole_text((0, name), text, self._where) for name, text in came.items()}
        self._calls.add(message)
        finish = word(choice.get("finish_reason"))
        calls = {} if self.is_blocked else self._calls.judged(is_cut=finish == "length", has_numbers=False)
        is_all = said == came and not self._calls.has_lost_some
        spelt = {name: choice[name] for name in _SPELLINGS if name in choice and is_all}
        return self._written(choice, {**self._fixed(message), **said, **calls}, self._reason(finish), spelt)

    def piece(self, choice: Json) -> Json | None:
        """The choice with what may go out now; None if that is nothing. The first one tells that there is an answer."""
        if self._has_ended:
            return None
        delta, came = self._opened(choice, "delta")
        said = self._pushed(choice, came)
        self._calls.add(delta)
        finish, calls = word(choice.get("finish_reason")), {}
        if finish or self.is_blocked:
            said |= self._rest(said)
            calls = {} if self.is_blocked else self._calls.judged(is_cut=finish == "length", has_numbers=True)
            finish = self._reason(finish)
        spelt: Json = functools.reduce(joined, (self._answers.spelling((0, name)) for name in said), {})
        fixed = self._fixed(delta)
        is_first, self._has_begun = not self._has_begun, True
        if not (is_first or finish or spelt or any(said.values()) or any(one is not None for one in fixed.values())):
            return None
        return self._written(choice, {**fixed, **said, **calls}, finish, spelt)

    def rest(self) -> Json | None:
        """What was held back of an answer without an end; None if that is nothing."""
        said = {} if self._has_ended else self._rest({})
        if not said:
            return None
        return self._written({"index": self._index}, said, "content_filter" if self.is_blocked else None, {})

    def _opened(self, choice: Json, holder: str) -> tuple[Json, dict[str, str]]:
        """What holds the texts, and those that there are: a message or a delta, or the choice itself."""
        inner = choice.get(holder)
        self._holder = holder if isinstance(inner, dict) else None
        outer, names = (inner, _TEXTS) if isinstance(inner, dict) else (choice, ("text",))
        return outer, {name: outer[name] for name in names if isinstance(outer.get(name), str)}

    def _fixed(self, holder: Json) -> Json:
        return {} if self._holder is None else known(holder, _MESSAGE)

    def _pushed(self, choice: Json, came: Mapping[str, str]) -> dict[str, str]:
        spelling = {name: choice[name] for name in _SPELLINGS if choice.get(name)}
        # Which of several texts it spells nobody says.
        is_spelt = self._is_spelt and sum(map(bool, came.values())) == 1
        return {
            name: self._answers.push((0, name), text, self._where, spelling if is_spelt else None)
            for name, text in came.items()
        }

    def _rest(self, said: Mapping[str, str]) -> dict[str, str]:
        """What is out of each text with what was held back of it."""
        self._has_ended = True
        return {name: said.get(name, "") + rest for (_, name), rest in self._answers.rests()}

    def _reason(self, finish: str | None) -> str | None:
        return "content_filter" if self.is_blocked or self._calls.has_lost_all else finish

    def _written(self, choice: Json, said: Json, finish: str | None, spelt: Json) -> Json:
        fixed = known({name: one for name, one in choice.items() if name not in _SAID}, _CHOICE)
        made = {**fixed, **spelt, "finish_reason": finish}
        return made | (said if self._holder is None else {self._holder: said})
