"""The process in which chat templates run: small, poor, and short of time; knows no key, no socket but one, no file.

A template is a program from a stranger. The sandbox keeps it from the interpreter; this process bounds what it takes:
its own processor time for each conversation (a signal that it cannot handle ends the process), memory, and output.
"""

from __future__ import annotations

import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from zaphod.core.tokenizers.chat import stream_chat

_LENGTH = struct.Struct(">I")
_COMPILE_CPU_S = 1.0


class Prepare(msgspec.Struct, tag=True, frozen=True):
    """The first message: the template, and what it may take."""

    source: str
    names: dict[str, str]
    max_output_bytes: int
    max_memory_bytes: int
    """Beyond what the process needs at its start."""


class Render(msgspec.Struct, tag=True, frozen=True):
    """A conversation to lay out."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None
    add_generation_prompt: bool
    max_cpu_s: float


class Rendered(msgspec.Struct, tag=True, frozen=True):
    """Its text."""

    text: str


class Failed(msgspec.Struct, tag=True, frozen=True):
    """The template refused it, or failed."""

    reason: str


ToRenderer = Prepare | Render
FromRenderer = Rendered | Failed

encode = msgspec.msgpack.Encoder().encode
decode_from_renderer = msgspec.msgpack.Decoder(FromRenderer).decode
_decode = msgspec.msgpack.Decoder(ToRenderer).decode


class TooLongError(Exception):
    """The template writes more than it may."""


def main(fd: int) -> None:
    """Render until the other side goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gateway decides when this process ends
    with socket.socket(fileno=fd) as connection, connection.makefile("rwb") as stream:
        files = cast(BinaryIO, stream)
        prepare = _read(files)
        assert isinstance(prepare, Prepare), prepare
        _limit(prepare.max_memory_bytes)
        _answer(files, _compiled(prepare))
        while (message := _read(files)) is not None:
            assert isinstance(message, Render), message
            _answer(files, _render(prepare, message))


def _compiled(prepare: Prepare) -> FromRenderer:
    """Compile it before the first conversation waits for that."""
    try:
        with _processor_time(_COMPILE_CPU_S):
            stream_chat(prepare.source, prepare.names, [])
    except Exception as error:
        return Failed(_reason(error))
    return Rendered("")


def _render(prepare: Prepare, render: Render) -> FromRenderer:
    try:
        with _processor_time(render.max_cpu_s):
            pieces = stream_chat(
                prepare.source,
                prepare.names,
                render.messages,
                tools=render.tools,
                add_generation_prompt=render.add_generation_prompt,
            )
            return Rendered("".join(_bounded(pieces, prepare.max_output_bytes)))
    except Exception as error:  # a template is a program: it can raise anything
        return Failed(_reason(error))


def _bounded(pieces: Iterator[str], max_bytes: int) -> Iterator[str]:
    num_bytes = 0
    for piece in pieces:
        num_bytes += len(piece.encode())
        if num_bytes > max_bytes:
            raise TooLongError(f"it writes more than {max_bytes} bytes")
        yield piece


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it takes more memory than it may"
    return (str(error) or type(error).__name__)[:500]


@contextmanager
def _processor_time(limit_s: float) -> Iterator[None]:
    """End the process, by the system, once this took so much of the processor's time."""
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit(memory_bytes: int) -> None:
    now_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if _has_proc() else 0
    for kind, most in (
        (resource.RLIMIT_AS, now_bytes + memory_bytes if now_bytes else resource.RLIM_INFINITY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most, most) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))


def _has_proc() -> bool:
    return Path("/proc/self/statm").exists()


def _read(stream: BinaryIO) -> ToRenderer | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message: ToRenderer = _decode(stream.read(_LENGTH.unpack(head)[0]))
    return message


def _answer(stream: BinaryIO, message: FromRenderer) -> None:
    data = encode(message)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
