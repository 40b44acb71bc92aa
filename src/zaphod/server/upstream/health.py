"""Whether another server is well, by asking it cheap things; never by a request that it would have to compute.

Asked is `/ready` where it exists (another Zaphod), else `/health` (vLLM, llama-server), else `/v1/models`. SGLang is
asked for its models only: its `/health` generates a token unless it was told not to. Which it is, is learnt once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from zaphod.core.errors import ConfigError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.json_bodies import json_value

HealthState = Literal["unknown", "healthy", "unhealthy"]

_PATHS = ("/ready", "/health", "/v1/models")
_ABSENT = (401, 403, 404, 405, 501)
_MAX_BODY = 4 << 20


@dataclass(frozen=True, kw_only=True)
class HealthOptions:
    """How often servers are asked, and how fast they are believed."""

    interval_s: float = 5.0
    jitter: float = 0.2
    """Intervals are longer or shorter by up to this share."""
    timeout_s: float = 3.0
    unhealthy_after: int = 2
    """So many bad answers in a row, or failed connections of requests, before nothing more is sent."""
    healthy_after: int = 1
    """So many good answers in a row before requests come again."""
    models_interval_s: float = 30.0
    """How often the list of models is read anew."""

    def __post_init__(self) -> None:
        for name in ("interval_s", "timeout_s", "models_interval_s"):
            if not 0.01 <= getattr(self, name) <= 3600:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It lies in 0.01 to 3600.", "Correct it.")
        for name in ("unhealthy_after", "healthy_after"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", "Raise it.")
        if not 0 <= self.jitter <= 0.9:
            raise ConfigError(f"jitter is {self.jitter}.", "It lies in 0 to 0.9.", "Correct it.")


class Pulse:
    """What repeated answers add up to: one bad answer among good ones changes nothing.

    Args:
        options: how many count.
    """

    def __init__(self, options: HealthOptions) -> None:
        self._options = options
        self._num_good = self._num_bad = 0
        self.state: HealthState = "unknown"
        self.reason = "it was not asked yet"

    def good(self) -> None:
        """It answered well."""
        self._num_good, self._num_bad = self._num_good + 1, 0
        if self.state == "unknown" or self._num_good >= self._options.healthy_after:
            self.state, self.reason = "healthy", "it answers"

    def bad(self, reason: str) -> None:
        """It did not."""
        self._num_good, self._num_bad = 0, self._num_bad + 1
        if self.state != "healthy" or self._num_bad >= self._options.unhealthy_after:
            self.state, self.reason = "unhealthy", reason


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one check found."""

    is_well: bool
    reason: str = "it answers"
    drains: bool = False
    """Whether it said that it is going away."""


class Prober:
    """Asks one server.

    Args:
        session: makes the connections.
        address: of the server.
        options: the time limit.
    """

    def __init__(self, session: aiohttp.ClientSession, address: UpstreamAddress, options: HealthOptions) -> None:
        self._session = session
        self._address = address
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_s)
        self._path: str | None = None
        self.kind: str | None = None
        """What the server calls itself in its list of models: `vllm`, `sglang`, `llamacpp`, `zaphod`."""
        self.models: tuple[Mapping[str, Any], ...] | None = None
        """Its models as it lists them; None while unknown."""

    async def read_models(self) -> Answer:
        """Read the list of models anew. Whoever has none is asked nothing more of; all models are tried on it."""
        try:
            status, body = await self._get("/v1/models")
        except (aiohttp.ClientError, TimeoutError) as error:
            return Answer(is_well=False, reason=_told(error))
        if status in (401, 403):
            return Answer(is_well=False, reason=f"status {status}: it wants a key that is not in the key file")
        found = body.get("data") if isinstance(body, Mapping) else None
        if status == 200 and isinstance(found, list):
            models = [one for one in found if isinstance(one, Mapping) and isinstance(one.get("id"), str)]
            self.models = tuple(models)
            self.kind = next((str(one["owned_by"]) for one in models if one.get("owned_by")), None)
        return Answer(is_well=status < 500, reason=f"status {status}")

    async def check(self) -> Answer:
        """Ask how it is."""
        for path in self._candidates():
            try:
                status, body = await self._get(path)
            except (aiohttp.ClientError, TimeoutError) as error:
                return Answer(is_well=False, reason=_told(error))
            if status == 200 and (path != "/ready" or isinstance(body, Mapping)):
                self._path = path
                return Answer(is_well=True)
            if self._path is not None or not (status in _ABSENT or status == 200):
                self._path = None if status in _ABSENT else self._path  # another program may be there now
                return Answer(is_well=False, reason=_reason(path, status, body), drains=_drains(status, body))
        return Answer(is_well=False, reason=f"{', '.join(_PATHS)}: none of them answers; a key may be missing")

    def _candidates(self) -> tuple[str, ...]:
        if self._path is not None:
            return (self._path,)
        return ("/v1/models",) if self.kind == "sglang" else _PATHS

    async def _get(self, path: str) -> tuple[int, object]:
        url, headers = self._address.url + path, authorization(self._address)
        async with self._session.get(url, headers=headers, timeout=self._timeout, allow_redirects=False) as response:
            body = await response.content.read(_MAX_BODY)
            while not response.content.at_eof() and len(body) < _MAX_BODY:
                body += await response.content.read(_MAX_BODY - len(body))
        return response.status, json_value(body)


def authorization(address: UpstreamAddress) -> dict[str, str]:
    """The header that shows a server our key, if we have one for it."""
    return {} if address.key is None else {"Authorization": f"Bearer {address.key}"}


async def ask(prober: Prober, *, with_models: bool) -> Answer:
    """One check, and the list of models where it is due."""
    if with_models:
        answer = await prober.read_models()
        if not answer.is_well:
            return answer
    return await prober.check()


def _drains(status: int, body: object) -> bool:
    reason = body.get("reason") if isinstance(body, Mapping) else None
    return status == 503 and isinstance(reason, str) and ("shutting down" in reason or "drain" in reason)


def _reason(path: str, status: int, body: object) -> str:
    reason = body.get("reason") if isinstance(body, Mapping) else None
    return f"{path}: status {status}" + (f", {reason[:200]}" if isinstance(reason, str) else "")


def _told(error: Exception) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "it does not answer in time"
    return str(error)[:200] or type(error).__name__
