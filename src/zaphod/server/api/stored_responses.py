"""Responses that are kept for later: sealed, opened and removed for one caller. Knows no HTTP and no model.

Every look at one is written down before anything of it goes out, and every change before it is made. Another tenant's
are not there. Those of a restricted person are kept and not used. The disk and the database are met on threads.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zaphod.records.ids import require_id
from zaphod.records.responses import StoredResponse
from zaphod.records.sealing import ResponsePart, Sealing, response_record
from zaphod.server.api.responses_request import InputItem
from zaphod.server.api.stored_errors import incomplete, not_found, on_thread, restricted
from zaphod.server.api.stored_items import Json, read_items
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError

if TYPE_CHECKING:
    from zaphod.records.keeping import Keeping
    from zaphod.server.guarding.journal import Details, Journal

MAX_EXCHANGES = 100
"""Responses that are gone on from at one time: the one that is named, and those that it goes on from."""
MAX_HISTORY_BYTES = 16_000_000
"""Of all of them together, sealed: they are in memory at one time."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a response goes on from.

    Args:
        items: everything that was said, the earliest first.
        subject: the person whom it is about; None where nothing is gone on from.
    """

    items: Sequence[InputItem] = ()
    subject: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    """A stored response, opened; `input` has no items of those that it goes on from."""

    subject: str
    body: Json
    input: list[Json]

    @property
    def items(self) -> list[Json]:
        return [*self.input, *self.body["output"]]


class StoredResponses:
    """The stored responses of a caller's tenant.

    Args:
        keeping: store and vault.
        journal: where it is written down; None writes nothing.
        caller: who asks.

    Every method may raise `ApiError` 503 (store, vault or audit cannot be used), and 403 for a restricted person.
    """

    def __init__(self, keeping: Keeping, journal: Journal | None, caller: Caller) -> None:
        self._own = keeping.store.tenant(caller.tenant)
        self._sealing = Sealing(keeping.vault, self._own)
        self._journal, self._caller = journal, caller

    async def require_unrestricted(self, subject: str) -> None:
        """Raises `ApiError` 403 where nothing of a person may be used or added."""
        if await on_thread(lambda: self._own.restrictions.is_restricted(subject)):
            raise restricted()

    async def require(self, response_id: str) -> StoredResponse:
        """The sealed record. Raises `ApiError` 404 where the tenant has no such response."""
        return await self._named(response_id, "response_id")

    async def body(self, response_id: str) -> Json:
        """A response as it was sent.

        Raises:
            ApiError: 404, the tenant has none, or its key is destroyed.
        """
        record = await self.require(response_id)
        async with self._looked_at("responses.read", record.id, {"part": "body"}):
            body: Json = await on_thread(lambda: self._part(record, "body"), param="response_id")
        return body

    async def input_items(self, response_id: str) -> list[Json]:
        """All items that it answers, the earliest first. Raises as `body`, and 400 as `past`."""
        record = await self.require(response_id)
        async with self._looked_at("responses.read", record.id, {"part": "input"}):
            *before, last = await on_thread(lambda: self._walked(record, "response_id"), param="response_id")
        return [*(item for one in before for item in one.items), *last.input]

    async def past(self, response_id: str) -> Past:
        """What was said in a response and those that it goes on from, to go on from it.

        Raises:
            ApiError: 404 as `body`, or one of them is gone; 400 they are too many or too long.
        """
        param = "previous_response_id"
        record = await self._named(response_id, param)
        async with self._looked_at("responses.use", record.id):
            return await on_thread(lambda: self._read(record, param), param=param)

    async def add(self, body: Json, items: Sequence[Json], subject: str) -> None:
        """Keep a response whose id `new_id` made: in one piece, or not at all.

        Args:
            body: as it is sent.
            items: those that it answers.
            subject: the person whom it is about.
        """
        await self.require_unrestricted(subject)
        async with self._changed("responses.store", body["id"], {"num_items": len(items)}):
            await on_thread(lambda: self._insert(body, items, subject))

    async def delete(self, response_id: str) -> None:
        """Remove a response. Those that go on from it stay, and cannot be gone on from any more.

        Raises:
            ApiError: 404, the tenant has none.
        """
        record = await self.require(response_id)
        # To delete is a use as well: a restricted person may need what is kept to prove something.
        await self.require_unrestricted(record.subject)
        async with self._changed("responses.delete", record.id):
            if not await on_thread(lambda: self._own.responses.delete(record.id)):
                raise not_found(response_id)

    async def _named(self, response_id: str, param: str) -> StoredResponse:
        try:
            require_id(response_id)
        except ValueError:  # nobody was ever given this one, and a database may not even take its letters
            raise not_found(response_id, param) from None
        record = await on_thread(lambda: self._own.responses.get(response_id))
        if record is None:
            raise not_found(response_id, param)
        return record

    def _read(self, record: StoredResponse, param: str) -> Past:
        exchanges = self._walked(record, param)
        return Past(items=read_items([item for one in exchanges for item in one.items]), subject=record.subject)

    def _walked(self, last: StoredResponse, param: str) -> list[_Exchange]:
        """One by one, so that no more is read than the bounds allow."""
        found: list[_Exchange] = []
        num_bytes, record = 0, last
        while True:
            num_bytes += len(record.sealed_body) + len(record.sealed_input)
            if len(found) == MAX_EXCHANGES or num_bytes > MAX_HISTORY_BYTES:
                raise _too_long(param)
            found.append(self._opened(record))
            if record.previous_id is None:
                return found[::-1]
            earlier = self._own.responses.get(record.previous_id)
            if earlier is None:
                raise incomplete(last.id, param)
            record = earlier

    def _opened(self, record: StoredResponse) -> _Exchange:
        body, items = self._part(record, "body"), self._part(record, "input")
        if not isinstance(body, dict) or not isinstance(body.get("output"), list) or not isinstance(items, list):
            raise ValueError("this is no response")
        return _Exchange(subject=record.subject, body=body, input=items)

    def _part(self, record: StoredResponse, part: ResponsePart) -> Any:
        sealed = record.sealed_body if part == "body" else record.sealed_input
        return json.loads(self._sealing.open(sealed, subject=record.subject, record=response_record(record.id, part)))

    def _insert(self, body: Json, items: Sequence[Json], subject: str) -> None:
        self._own.responses.add(
            StoredResponse(
                id=body["id"],
                subject=subject,
                created_s=body["created_at"],
                sealed_body=self._sealed(body, subject, response_record(body["id"], "body")),
                sealed_input=self._sealed(list(items), subject, response_record(body["id"], "input")),
                previous_id=body["previous_response_id"],
            )
        )

    def _sealed(self, content: object, subject: str, record: str) -> bytes:
        return self._sealing.seal(json.dumps(content).encode(), subject=subject, record=record)

    @contextlib.asynccontextmanager
    async def _looked_at(self, action: str, name: str, details: Details | None = None) -> AsyncIterator[None]:
        """Write down what was opened in the block, before anybody sees it; or that it may not be used."""
        try:
            yield
        except ApiError as error:
            await self._write(action, name, "block" if error.status == 403 else "fail", {"code": error.code})
            raise
        await self._write(action, name, "allow", details)

    @contextlib.asynccontextmanager
    async def _changed(self, action: str, name: str, details: Details | None = None) -> AsyncIterator[None]:
        """Write down what is about to be done in the block, and afterwards if it was not."""
        await self._write(action, name, "allow", details)
        try:
            yield
        except ApiError as error:
            await self._write(action, name, "fail", {"code": error.code})
            raise

    async def _write(self, action: str, name: str, decision: str, details: Details | None = None) -> None:
        if self._journal is not None:
            await self._journal.write(self._caller, action, name, decision, details=details)


def _too_long(param: str) -> ApiError:
    message = (
        f"The conversation has more than {MAX_EXCHANGES} stored responses or {MAX_HISTORY_BYTES} bytes. "
        "No more are read at one time. Begin a new one with what matters of it."
    )
    return ApiError(400, "context_length_exceeded", message, param=param)
