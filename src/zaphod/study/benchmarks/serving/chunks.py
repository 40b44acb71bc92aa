"""A stream of server-sent events, as chunks of a chat or a completion; knows their form, neither HTTP nor clocks."""

from __future__ import annotations

import msgspec

_DONE = b"[DONE]"


class Details(msgspec.Struct):
    """Part of the usage."""

    cached_tokens: int | None = None


class Usage(msgspec.Struct):
    """What the server counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: Details | None = None


class Delta(msgspec.Struct):
    """What a chat chunk adds."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[msgspec.Raw] | None = None


class Choice(msgspec.Struct):
    """One answer's part of a chunk: `text` in completions, `delta` in chats."""

    text: str | None = None
    delta: Delta | None = None
    finish_reason: str | None = None

    @property
    def letters(self) -> str:
        if self.delta is None:
            return self.text or ""
        return (self.delta.content or "") + (self.delta.reasoning_content or self.delta.reasoning or "")

    @property
    def carries_token(self) -> bool:
        """Whether it stands for a token. In a completion an empty text does, too: a token may add no letter yet.

        Not the chat's first chunk, which names the role, and not the last one, which gives the reason to stop.
        """
        if self.letters:
            return True
        if self.delta is not None:
            return bool(self.delta.tool_calls)
        return self.text is not None and self.finish_reason is None


class Chunk(msgspec.Struct):
    """One event."""

    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: msgspec.Raw | None = None


class BrokenStreamError(Exception):
    """The stream cannot be read."""


class Reader:
    """Cuts bytes into chunks as they come."""

    def __init__(self) -> None:
        self._rest = b""
        self._decoder = msgspec.json.Decoder(Chunk)
        self.is_done = False
        """Whether `[DONE]` has come."""

    def feed(self, data: bytes) -> list[Chunk]:
        """Chunks that are complete now. Raises `BrokenStreamError` for an event that is none."""
        # NOTE: OpenAI's events are one line of data each, so lines are all there is to find.
        *lines, self._rest = (self._rest + data).split(b"\n")
        chunks = []
        for line in lines:
            if line.startswith(b"data:"):
                event = line[5:].strip()
                if event == _DONE:
                    self.is_done = True
                else:
                    chunks.append(self._decode(event))
        return chunks

    def _decode(self, event: bytes) -> Chunk:
        try:
            return self._decoder.decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BrokenStreamError(f"an event is no chunk: {error}: {event[:200]!r}") from error
