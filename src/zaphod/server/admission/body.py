"""A request's body, read whole within bounds before anything parses it; knows neither routes nor keys."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sized
from dataclasses import dataclass

from starlette.types import Receive

from zaphod.core.units import format_bytes
from zaphod.server.errors import ApiError
from zaphod.server.memory import Room

_LINGER_S = 1.0
_LARGE = 1 << 16
_GROWTH = 24
"""What is read from a body takes up to so many times its size for a moment: measured with bodies made to that end."""


class DisconnectedError(Exception):
    """The client went away; there is nobody to answer."""


@dataclass(frozen=True, kw_only=True)
class BodyBounds:
    """How large, how slow and how many."""

    max_body_bytes: int
    timeout_s: float
    """For the whole body: a byte now and then does not prolong it."""
    max_held_bytes: int
    """Of all bodies that arrive or are worked on at one time. What is read from a body takes several times its size.

    One holder has as much as is still free, so that a greedy one gets half and leaves the others room."""


class BodyReader:
    """Reads bodies.

    Args:
        bounds: of each, and of all together.
        room: asked before a large one is worked on.
    """

    def __init__(self, bounds: BodyBounds, room: Room | None = None) -> None:
        self._bounds = bounds
        self._room = room or Room()
        self._held_bytes: Counter[str] = Counter()

    def check(self, headers: Mapping[str, str]) -> None:
        """Refuse by the headers alone, before a byte is read.

        Raises:
            ApiError: 413 it is announced too large, 415 it is compressed, 400 the length is no number.
        """
        encodings = {word.strip().lower() for word in headers.get("content-encoding", "").split(",")}
        if encodings - {"", "identity"}:
            # Unpacking is where a small body becomes a huge one.
            raise ApiError(415, "unsupported_encoding", "The body is compressed. Send it as it is.")
        if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
            raise ApiError(415, "unsupported_encoding", "Transfer-Encoding must be chunked and nothing else.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise ApiError(400, "invalid_content_length", "The header Content-Length must be a whole number.")
        # Compared as text first: Python refuses to read numbers of thousands of digits.
        if len(length.lstrip("0")) > 18 or int(length) > self._bounds.max_body_bytes:
            raise self._too_large()

    async def read(self, receive: Receive, holder: str) -> bytes:
        """The whole body, which counts as held until it is given to `release`.

        Args:
            receive: of the request.
            holder: whose body it is.

        Raises:
            ApiError: 413 it is too large, whatever was announced; 408 it is too slow; 503 too much is held already, or
                too little memory is free.
            DisconnectedError: the client went away.
        """
        arrived = bytearray()
        try:
            async with asyncio.timeout(self._bounds.timeout_s):
                while await self._receive_into(arrived, receive, holder):
                    pass
            if len(arrived) > _LARGE:
                self._room.require(_GROWTH * self._held_bytes.total())
            return bytes(arrived)
        except TimeoutError as error:
            self.release(arrived, holder)
            message = f"The body did not arrive within {self._bounds.timeout_s:g} s. Send it faster, or in parts."
            raise ApiError(408, "body_timeout", message) from error
        except BaseException:
            self.release(arrived, holder)
            raise

    def release(self, body: Sized, holder: str) -> None:
        """Nobody works on this body any more."""
        self._held_bytes[holder] -= len(body)
        if not self._held_bytes[holder]:
            del self._held_bytes[holder]

    async def _receive_into(self, arrived: bytearray, receive: Receive, holder: str) -> bool:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        arrived += message.get("body", b"")
        self._held_bytes[holder] += len(message.get("body", b""))
        if len(arrived) > self._bounds.max_body_bytes:
            raise self._too_large()
        if self._held_bytes[holder] > self._bounds.max_held_bytes - self._held_bytes.total():
            message_ = "Too many large requests are here at the same time. Try again in 2 s."
            raise ApiError(503, "too_many_bodies", message_, headers={"Retry-After": "2"})
        return bool(message.get("more_body", False))

    def _too_large(self) -> ApiError:
        largest = format_bytes(self._bounds.max_body_bytes)
        message = f"The body is larger than {largest}. Shorten it; the server's limit is --max-body."
        return ApiError(413, "body_too_large", message)


def has_body(headers: Mapping[str, str]) -> bool:
    """Whether bytes follow the headers."""
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""


async def linger(receive: Receive) -> None:
    """Take in, for a moment, what a refused client still sends, and throw it away.

    Closing a socket with unread bytes makes the system reset the connection, and the client may never see why.
    """
    try:
        async with asyncio.timeout(_LINGER_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
