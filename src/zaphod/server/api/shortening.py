"""Conversations that are too long, without their beginning; knows no template, only who counts their tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

from zaphod.core.tokenizers import ChatMessage
from zaphod.server.api.turns import Turn
from zaphod.server.errors import ApiError


async def shortened(tokens_of: Callable[[Turn], Awaitable[Sequence[int]]], turn: Turn) -> Turn:
    """The turn without as many of its oldest messages as it must lose to fit; instructions stay.

    It begins with a message of the user, so that no answer stands there without its question. Where nothing helps, it
    comes back whole, and is refused by whoever answers it.

    Args:
        tokens_of: the prompt that a turn becomes; raises `ApiError` with the code `context_length_exceeded`.
        turn: what is asked.
    """
    if await _fits(tokens_of, turn):
        return turn
    first = next((index for index, message in enumerate(turn.messages) if message["role"] != "system"), 0)
    starts = [index for index in range(first + 1, len(turn.messages)) if turn.messages[index]["role"] == "user"]
    low, high = 0, len(starts)
    while low < high:  # the fewest messages to lose: what fits, fits with one less, too
        middle = (low + high) // 2
        if await _fits(tokens_of, _from(turn, first, starts[middle])):
            high = middle
        else:
            low = middle + 1
    return turn if low == len(starts) else _from(turn, first, starts[low])


def _from(turn: Turn, first: int, start: int) -> Turn:
    kept: list[ChatMessage] = [*turn.messages[:first], *turn.messages[start:]]
    return dataclasses.replace(turn, messages=kept)


async def _fits(tokens_of: Callable[[Turn], Awaitable[Sequence[int]]], turn: Turn) -> bool:
    try:
        await tokens_of(turn)
    except ApiError as error:
        if error.code != "context_length_exceeded":
            raise
        return False
    return True
