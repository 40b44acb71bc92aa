"""One request to an OpenAI-compatible server, timed; the only file that knows HTTP. Costs little for each chunk.

Every network failure becomes part of the reply; an exception from here is a fault of ours, or of the options.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import msgspec
import numpy as np

from zaphod.core.errors import ZaphodError
from zaphod.study.benchmarks.serving.chunks import BrokenStreamError, Chunk, Reader, Usage
from zaphod.study.benchmarks.serving.prompts import Calibration, Prompt, random_words
from zaphod.study.benchmarks.serving.reply import CountSource, Failure, FailureKind, Reply

Endpoint = Literal["completions", "chat"]
_PATHS: Mapping[Endpoint, str] = {"completions": "completions", "chat": "chat/completions"}
_VERSIONED = re.compile(r"/v\d+$")
_MAX_MESSAGE = 300
# Servers close idle connections after 5 s (uvicorn); ours go first, so that none is closed while it is being reused.
_KEEP_ALIVE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """Which server, and what every request to it says."""

    base_url: str
    """With or without `/v1`, or another version, at its end."""
    model: str
    endpoint: Endpoint = "completions"
    api_key: str | None = field(default=None, repr=False)
    ignore_eos: bool = False
    """Sends vLLM's field `ignore_eos`, so that answers have exactly the asked-for number of tokens."""
    temperature: float | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of every request."""
    timeout_s: float = 600.0

    def url(self, path: str) -> str:
        base = self.base_url.rstrip("/")
        return f"{base if _VERSIONED.search(base) else base + '/v1'}/{path}"

    def body(self, prompt: Prompt, *, is_streamed: bool = True) -> dict[str, Any]:
        """A request as it is sent."""
        asked: dict[str, Any] = {"prompt": prompt.text}
        if self.endpoint == "chat":
            asked = {"messages": [{"role": "user", "content": prompt.text}]}
        asked |= {"model": self.model, "max_tokens": prompt.max_tokens}
        if is_streamed:
            asked |= {"stream": True, "stream_options": {"include_usage": True}}
        if self.ignore_eos:
            asked["ignore_eos"] = True
        if self.temperature is not None:
            asked["temperature"] = self.temperature
        return asked | dict(self.extra_body)


class Client:
    """Sends requests over kept connections.

    Use as `async with`.

    Raises:
        ZaphodError: the server cannot be asked at all (`models`, `usage`, `calibrate`); sending never raises.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        headers = {} if target.api_key is None else {"Authorization": f"Bearer {target.api_key}"}
        self._headers = headers | {"Content-Type": "application/json"}
        self._url = target.url(_PATHS[target.endpoint])
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=self.target.timeout_s),
            headers=self._headers,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, prompt: Prompt, index: int, due_s: float | None = None) -> Reply:
        """Ask and read to the end. `due_s` is when it should have been sent; None: now."""
        data = msgspec.json.encode(self.target.body(prompt))
        request = _Request(prompt, index, due_s)
        failure: Failure | None
        try:
            async with self._opened.post(self._url, data=data) as response:
                if response.status == 200:
                    failure = await request.read(response)
                else:
                    failure = _refusal(response, await response.text(errors="replace"))
        except TimeoutError:
            failure = Failure(kind="timeout", message=f"no end within {self.target.timeout_s:g} s")
        except (aiohttp.ClientError, ConnectionError, OSError) as error:
            kind: FailureKind = "broken_stream" if request.has_begun else "connection"
            failure = Failure(kind=kind, message=f"{type(error).__name__}: {error}"[:_MAX_MESSAGE])
        return request.reply(failure)

    async def models(self) -> list[str]:
        """Names of the models that it serves."""
        found = await self._ask("GET", self.target.url("models"))
        names = [str(entry["id"]) for entry in found.get("data", ())]
        if not names:
            raise ZaphodError(f"{self.target.base_url} serves no model.", "It must name one.", "Give --model.")
        return names

    async def usage(self, prompt: Prompt) -> Usage:
        """What the server counts for one request that is not streamed."""
        body = msgspec.json.encode(self.target.body(prompt, is_streamed=False))
        found = await self._ask("POST", self._url, body)
        if not found.get("usage"):
            raise ZaphodError(
                f"{self.target.base_url} does not say how many tokens a prompt has.",
                "Answers that are not streamed must have `usage`.",
                "Use --dataset tasks, which needs no lengths.",
            )
        return msgspec.convert(found["usage"], Usage)

    async def calibrate(self) -> Calibration:
        """How many tokens our words make there, from two short prompts."""
        few, many = 16, 64
        texts = [random_words(count, np.random.default_rng(count)) for count in (few, many)]
        counted = [(await self.usage(Prompt(text=text, max_tokens=1))).prompt_tokens for text in texts]
        per_word = (counted[1] - counted[0]) / (many - few)
        if per_word <= 0:
            raise ZaphodError(
                f"{self.target.base_url} counts {counted[0]} tokens for {few} words and {counted[1]} for {many}.",
                "More words must be more tokens.",
                "Use --dataset tasks, which needs no lengths.",
            )
        return Calibration(tokens_per_word=per_word, fixed_tokens=max(0.0, counted[0] - few * per_word))

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._session is not None, "a client is used inside `async with`"
        return self._session

    async def _ask(self, method: str, url: str, data: bytes | None = None) -> dict[str, Any]:
        remedy = "Check --base-url, --model and --api-key-file, and that the server is running."
        try:
            async with self._opened.request(method, url, data=data) as response:
                text = await response.text(errors="replace")
                if response.status != 200:
                    raise ZaphodError(f"{url} answers {response.status}: {text[:_MAX_MESSAGE]}", "", remedy)
                found = msgspec.json.decode(text)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise ZaphodError(f"{url} cannot be asked: {error}".rstrip(": "), "It must answer.", remedy) from error
        if not isinstance(found, dict):
            raise ZaphodError(f"{url} answers {text[:_MAX_MESSAGE]}", "An OpenAI-compatible server was wanted.", remedy)
        return found


async def named(target: Target) -> Target:
    """The same with the first model that the server names, where none is given. Raises `ZaphodError` if it has none."""
    if target.model:
        return target
    async with Client(target) as client:
        return replace(target, model=(await client.models())[0])


class _Request:
    """What is known of one request while its answer comes."""

    def __init__(self, prompt: Prompt, index: int, due_s: float | None) -> None:
        self._prompt, self._index = prompt, index
        self._sent_s = time.perf_counter()
        self._due_s = self._sent_s if due_s is None else due_s
        self._times_s: list[float] = []
        self._num_letters = 0
        self._usage: Usage | None = None
        self._finish_reason: str | None = None
        self.has_begun = False

    async def read(self, response: aiohttp.ClientResponse) -> Failure | None:
        """Read the stream to its end; what was wrong with it, if anything."""
        self.has_begun = True
        reader = Reader()
        try:
            async for data in response.content.iter_any():
                now_s = time.perf_counter()
                for chunk in reader.feed(data):
                    if chunk.error is not None:
                        return Failure(kind="broken_stream", message=bytes(chunk.error)[:_MAX_MESSAGE].decode())
                    self._take(chunk, now_s)
        except BrokenStreamError as error:
            return Failure(kind="broken_stream", message=str(error)[:_MAX_MESSAGE])
        if self._finish_reason is None:
            ending = "[DONE]" if reader.is_done else "the end of the stream"
            return Failure(kind="broken_stream", message=f"{ending} came before a finish reason")
        return None if self._times_s else Failure(kind="empty", message="the answer has no token")

    def _take(self, chunk: Chunk, now_s: float) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage
        for choice in chunk.choices or ():
            if choice.carries_token:
                self._times_s.append(now_s)
                self._num_letters += len(choice.letters)
            self._finish_reason = choice.finish_reason or self._finish_reason

    def reply(self, failure: Failure | None) -> Reply:
        num_tokens, count_source = self._count()
        details = None if self._usage is None else self._usage.prompt_tokens_details
        return Reply(
            index=self._index,
            due_s=self._due_s,
            sent_s=self._sent_s,
            token_times_s=tuple(self._times_s),
            num_tokens=num_tokens,
            count_source=count_source,
            num_letters=self._num_letters,
            prompt_tokens=self._prompt.expected_tokens if self._usage is None else self._usage.prompt_tokens,
            cached_tokens=0 if details is None else details.cached_tokens or 0,
            failure=failure,
            ended_s=time.perf_counter(),
        )

    def _count(self) -> tuple[int, CountSource]:
        if self._usage is not None:
            return self._usage.completion_tokens, "usage"
        if self._finish_reason == "length":
            return self._prompt.max_tokens, "length"
        return len(self._times_s), "chunks"


def _refusal(response: aiohttp.ClientResponse, text: str) -> Failure:
    status = response.status
    kind: FailureKind = "429" if status == 429 else "5xx" if status >= 500 else "4xx"
    retry_after = response.headers.get("Retry-After")
    return Failure(kind=kind, message=text[:_MAX_MESSAGE], status=status, retry_after=retry_after)
