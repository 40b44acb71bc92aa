"""Messages on a socket: four bytes of length, then msgpack; knows no meaning of them."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Iterator

MAX_MESSAGE_BYTES = 1 << 28
"""No message comes near it; a length beyond it means that the stream is out of step."""

_LENGTH = struct.Struct(">I")


def framed(message: bytes) -> bytes:
    """The message as it is sent."""
    return _LENGTH.pack(len(message)) + message


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """The next message. Raises `IncompleteReadError` where the other side has gone."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    _require_sane(length)
    return await reader.readexactly(length)


class MessageSocket:
    """The engine's side: blocking, for one thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()

    def send(self, message: bytes) -> None:
        """Send whole; waits where the other side does not read."""
        self._connection.sendall(framed(message))

    def receive(self, timeout_s: float, *others: socket.socket) -> Iterator[bytes]:
        """Messages that are here, after waiting for a first one (or for any of the other sockets).

        Raises:
            EOFError: the other side has gone.
        """
        # NOTE: not select(), which refuses numbers of 1024 and more: the socket has the number that the gateway gave it
        # while it may have had thousands of clients.
        waiting = select.poll()
        for one in (self._connection, *others):
            waiting.register(one, select.POLLIN)
        if self._connection.fileno() in {fd for fd, _ in waiting.poll(timeout_s * 1000)}:
            data = self._connection.recv(1 << 20)
            if not data:
                raise EOFError
            self._received += data
        return self._complete()

    def _complete(self) -> Iterator[bytes]:
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            _require_sane(length)
            end = _LENGTH.size + length
            if len(self._received) < end:
                return
            message = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            yield message


def _require_sane(length: int) -> None:
    assert length <= MAX_MESSAGE_BYTES, f"a message of {length} bytes was announced"
