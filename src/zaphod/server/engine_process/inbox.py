"""Where the pieces of one answer wait for whoever sends them on; knows no process and no HTTP.

Pieces that were not taken yet become one: a reader who is slow gets fewer and longer ones, and memory stays bounded by
the answer's length.
"""

from __future__ import annotations

import asyncio

import msgspec

from zaphod.server.engine_process.messages import Piece
from zaphod.server.errors import ApiError

_STATUS = {"internal_error": 500, "out_of_memory": 503}
"""Of an engine's refusals; all others are the client's mistakes."""


class Inbox:
    """One writer, one reader, on one event loop."""

    def __init__(self) -> None:
        self._pending: Piece | None = None
        self._error: ApiError | None = None
        self._news = asyncio.Event()

    def put(self, piece: Piece) -> None:
        """Another piece came."""
        self._pending = piece if self._pending is None else _joined(self._pending, piece)
        self._news.set()

    def fail(self, error: ApiError) -> None:
        """Nothing more comes; what is here is still handed out."""
        self._error = error
        self._news.set()

    async def get(self) -> Piece:
        """What has come since the last call; waits for it.

        Raises:
            ApiError: the request cannot go on.
        """
        await self._news.wait()
        if self._pending is None:
            assert self._error is not None
            raise self._error
        piece, self._pending = self._pending, None
        if piece.error is not None:
            status = _STATUS.get(str(piece.error_code), 400)
            again = {"Retry-After": "5"} if status == 503 else {}
            raise ApiError(status, str(piece.error_code), piece.error, headers=again)
        if self._error is None:
            self._news.clear()
        return piece


def _joined(first: Piece, second: Piece) -> Piece:
    """Two pieces as one; how the request ended is known to the second alone."""
    if second.error is not None:
        return second
    return msgspec.structs.replace(
        second,
        queue_s=first.queue_s,
        token_ids=first.token_ids + second.token_ids,
        text=first.text + second.text,
        logprobs=first.logprobs + second.logprobs,
        prompt_logprobs=first.prompt_logprobs + second.prompt_logprobs,
        experts_NLK=first.experts_NLK + second.experts_NLK,
    )
