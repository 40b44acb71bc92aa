"""Answers in which no model speaks: embeddings, counts, tokens, and the text of tokens; knows no connection."""

from __future__ import annotations

from collections.abc import Iterator

from zaphod.server.guarding.conversation import Conversation
from zaphod.server.upstream.guarded.rewriting import Answers, Json, with_guard

_TEXTS = ("prompt", "text", "content")
"""What servers call the text of tokens, which may be any."""


class PlainRewriter:
    """Rewrites texts that ids were turned into.

    Args:
        conversation: judges them.
    """

    is_stopped = False

    def __init__(self, conversation: Conversation) -> None:
        self._answers = Answers(conversation, {})

    def whole(self, body: Json) -> Json:
        texts = {name: body[name] for name in _TEXTS if isinstance(body.get(name), str)}
        said = {name: self._answers.whole_text((0, name), text, name) for name, text in texts.items()}
        return with_guard({**body, **said}, self._answers.guard)

    def event(self, data: Json) -> Iterator[Json]:
        yield from ()

    def last(self) -> Iterator[Json]:
        yield from ()
