import asyncio

import pytest

from zaphod.server.engine_process.inbox import Inbox
from zaphod.server.engine_process.messages import Piece
from zaphod.server.errors import ApiError


def piece(text: str, **changes: object) -> Piece:
    return Piece(request_id="a", token_ids=(len(text),), text=text, **changes)  # type: ignore[arg-type]


def test_pieces_that_were_not_taken_become_one() -> None:
    async def run() -> None:
        inbox = Inbox()
        inbox.put(piece("one "))
        inbox.put(piece("three", finish_reason="stop"))
        assert await inbox.get() == Piece(request_id="a", token_ids=(4, 5), text="one three", finish_reason="stop")

    asyncio.run(run())


def test_what_came_before_a_failure_is_still_handed_out() -> None:
    async def run() -> None:
        inbox = Inbox()
        inbox.put(piece("word"))
        inbox.fail(ApiError(503, "engine_died", "It died."))
        assert (await inbox.get()).text == "word"
        with pytest.raises(ApiError, match="It died"):
            await inbox.get()

    asyncio.run(run())


@pytest.mark.parametrize(("code", "status"), [("invalid_value", 400), ("internal_error", 500)])
def test_an_engines_error_becomes_a_status(code: str, status: int) -> None:
    async def run() -> None:
        inbox = Inbox()
        inbox.put(piece("word"))
        inbox.put(Piece(request_id="a", error="No.", error_code=code))
        with pytest.raises(ApiError) as raised:
            await inbox.get()
        assert raised.value.status == status

    asyncio.run(run())
