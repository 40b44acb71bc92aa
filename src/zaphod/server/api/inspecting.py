"""What goes in, text by text: which field it came in and who vouches for it. Knows no rule.

The operator's words (system texts, tools) are trusted: whoever writes them decides what the model is for. People's and
the model's earlier words are input; results of tools are what strangers may have written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from zaphod.core.tokenizers import ChatMessage
from zaphod.safety.guard.verdict import Stage
from zaphod.server.api.turns import Turn
from zaphod.server.guarding.conversation import Conversation, Passage

_STAGES: dict[str, Stage | None] = {"system": None, "user": "input", "assistant": "input", "tool": "retrieval"}


async def inspected(turn: Turn, conversation: Conversation | None) -> Turn:
    """The turn as it may go on: redacted where the policy says so, with a canary where it wants one.

    Raises:
        ApiError: 400 or 409, a text may not go on.
    """
    if conversation is None:
        return turn
    texts = await conversation.inspect(list(_passages(turn)))
    messages: list[ChatMessage] = []
    for message, text in zip(turn.messages, texts, strict=True):
        if message["role"] == "system" and conversation.canary is not None:
            text = f"{text}\n\n{conversation.canary} marks this text as private; it is never said."
        messages.append({**message, "content": text})
    return dataclasses.replace(turn, messages=messages)


def _passages(turn: Turn) -> Iterator[Passage]:
    for index, message in enumerate(turn.messages):
        role = message["role"]
        yield Passage(
            text=message["content"],
            where=f"messages.{index}.content",
            stage=_STAGES[role],
            is_vouched=role in ("system", "user"),
        )
