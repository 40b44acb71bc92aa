"""The servers behind this gateway: how each is, what it serves, what it has to do; read this file first.

A server takes requests while it is healthy (checks, `health.py`), not going away, and its circuit allows it (requests,
`circuit.py`). Of those that serve a model, `balancing.py` chooses by shared beginnings and load. `proxy.py` sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from zaphod.core.errors import ConfigError
from zaphod.server.api.fields import nearest
from zaphod.server.errors import ApiError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.balancing import BalancingOptions, Candidate, choose
from zaphod.server.upstream.circuit import Circuit, CircuitOptions, Permit
from zaphod.server.upstream.health import Answer, HealthOptions, Prober, Pulse, ask
from zaphod.server.upstream.prefixes import Prefix, PrefixOptions, PrefixTable

_log = logging.getLogger(__name__)

ServerState = Literal["unknown", "healthy", "unhealthy", "open", "half_open", "draining"]

_SMOOTHING = 0.2
_LEAST_CHECK_GAP_S = 0.2
"""However many requests fail, checks keep this distance."""
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A machine that vanishes without a word is noticed in half a minute, even while a stream waits for it."""


@dataclass(frozen=True, kw_only=True)
class UpstreamOptions:
    """How other servers are used."""

    health: HealthOptions = field(default_factory=HealthOptions)
    circuit: CircuitOptions = field(default_factory=CircuitOptions)
    prefixes: PrefixOptions = field(default_factory=PrefixOptions)
    balancing: BalancingOptions = field(default_factory=BalancingOptions)
    connect_timeout_s: float = 3.0
    first_byte_timeout_s: float = 300.0
    """Until a stream's first event. Long prompts take long on small machines."""
    answer_timeout_s: float = 1800.0
    """Until the whole of an answer that is not streamed."""
    idle_timeout_s: float = 120.0
    """Between two parts of a stream."""
    max_attempts: int = 3
    """Servers that are tried for one request."""
    max_answer_bytes: int = 64 << 20
    """Of an answer that is not streamed."""
    places_per_server: int = 256
    """Requests of this gateway that a server may have before further ones count as waiting."""
    salts_caches: bool = True
    """Tell vLLM and SGLang the tenant (`cache_salt`), so that cached prefixes are shared inside a tenant only."""

    def __post_init__(self) -> None:
        for name in ("connect_timeout_s", "first_byte_timeout_s", "answer_timeout_s", "idle_timeout_s"):
            if not 0.01 <= getattr(self, name) <= 86_400:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It lies in 0.01 to 86,400.", "Correct it.")
        for name in ("max_attempts", "max_answer_bytes", "places_per_server"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", "Raise it.")


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """How a server is, for people and metrics."""

    name: str
    state: ServerState
    reason: str
    kind: str | None
    models: tuple[str, ...] | None
    """None while unknown."""
    in_flight: int
    first_byte_s: float | None
    """Smoothed time from a request to the first byte of its answer."""
    num_requests: int
    num_failures: int
    num_followed: int
    """Requests that came here for the beginning that they shared with earlier ones."""


@dataclass(eq=False)
class Server:
    """One server and everything that is known of it."""

    address: UpstreamAddress
    prober: Prober
    pulse: Pulse
    circuit: Circuit
    drains: bool = False
    in_flight: int = 0
    busy_until: float = 0.0
    """It asked (429) to be left alone until then."""
    first_byte_s: float | None = None
    num_requests: int = 0
    num_failures: int = 0
    num_followed: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return self.address.name

    @property
    def state(self) -> ServerState:
        if self.drains:
            return "draining"
        if self.pulse.state == "unhealthy" or self.circuit.state == "closed":
            return self.pulse.state
        return self.circuit.state

    def serves(self, model: str | None) -> bool:
        """Whether it may know the model: who does not list models is asked for any."""
        models = self.prober.models
        return model is None or not models or any(one["id"] == model for one in models)


class Lease:
    """One request on one server; counted there until it is closed. Exactly one verdict is given."""

    def __init__(self, server: Server, permit: Permit, clock: Callable[[], float]) -> None:
        self.server = server
        self._permit = permit
        self._clock = clock
        self._begin_s = clock()
        server.in_flight += 1
        server.num_requests += 1
        self._is_open = True

    def began_to_answer(self) -> None:
        """The first byte has come."""
        took_s, before_s = self._clock() - self._begin_s, self.server.first_byte_s
        self.server.first_byte_s = took_s if before_s is None else before_s + _SMOOTHING * (took_s - before_s)

    def succeeded(self) -> None:
        """The server answered, be it with a refusal."""
        self._permit.succeeded()
        self.close()

    def errored(self) -> None:
        """It answered with status 500, or with what cannot be understood."""
        self._permit.errored()
        self._note_failure()

    def failed(self) -> None:
        """It answered that it cannot serve, or broke off."""
        self._permit.failed()
        self._note_failure()

    def unreachable(self, reason: str) -> None:
        """There was no connection: a bad sign for its health, too."""
        self.server.pulse.bad(reason)
        self.failed()

    def is_busy(self, pause_s: float) -> None:
        """It said that it has too much to do (429)."""
        self.server.busy_until = self._clock() + pause_s
        self.succeeded()

    def close(self) -> None:
        """The request is over; without a verdict before, it says nothing about the server."""
        self._permit.abandoned()
        if self._is_open:
            self._is_open = False
            self.server.in_flight -= 1

    def _note_failure(self) -> None:
        self.server.num_failures += 1
        self.server.wake.set()
        self.close()


class UpstreamPool:
    """All servers.

    Args:
        options: how they are used.
        addresses: where they are.
        clock: seconds, never going back.
        draw: a number in [0, 1) for the jitter.
    """

    def __init__(
        self,
        options: UpstreamOptions,
        addresses: Sequence[UpstreamAddress],
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        if not addresses:
            raise ConfigError("No upstream is named.", "At least one is needed.", "Pass --upstream URL.")
        self.options = options
        self._addresses = tuple(addresses)
        self._clock, self._draw = clock, draw
        self._table = PrefixTable(options.prefixes.table_blocks)
        self._session: aiohttp.ClientSession | None = None
        self._servers: dict[str, Server] = {}
        self._checks: list[asyncio.Task[None]] = []

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "start() comes first"
        return self._session

    async def start(self) -> None:
        """Ask every server once, all at one time, and go on asking. A server that is down is no error: it may come."""
        self._session = _session(self.options)
        for address in self._addresses:
            prober = Prober(self._session, address, self.options.health)
            circuit = Circuit(self.options.circuit, clock=self._clock, draw=self._draw)
            self._servers[address.name] = Server(address, prober, Pulse(self.options.health), circuit)
        await asyncio.gather(*(self._check(server, with_models=True) for server in self._servers.values()))
        self._checks = [asyncio.create_task(self._keep_checking(server)) for server in self._servers.values()]

    async def close(self) -> None:
        """End checks and connections."""
        for task in self._checks:
            task.cancel()
        await asyncio.gather(*self._checks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def pick(self, model: str | None, prefix: Prefix, *, excluded: Collection[str] = ()) -> Lease:
        """A server for a prompt, and the lease of it; `excluded` ones have been tried.

        Raises:
            ApiError: 404 none serves the model; 503 none of them can be used now.
        """
        serving = [server for server in self._servers.values() if server.serves(model)]
        if not serving:
            raise self.unknown_model(str(model))
        usable = [server for server in serving if self._is_usable(server) and server.name not in excluded]
        rested = [server for server in usable if server.busy_until <= self._clock()]
        return self._lease(rested or usable, prefix, serving)

    def models(self) -> list[Mapping[str, Any]]:
        """The models of all servers that are not known to be down, each once, as the first of them lists it."""
        up = [server for server in self._servers.values() if server.pulse.state != "unhealthy"]
        listed = [one for server in up for one in server.prober.models or ()]
        return list({one["id"]: one for one in reversed(listed)}.values())[::-1]

    def statuses(self) -> list[ServerStatus]:
        """How each server is."""
        return [_status(server) for server in self._servers.values()]

    def salts(self, server: Server) -> bool:
        """Whether the server understands `cache_salt`."""
        return self.options.salts_caches and server.prober.kind in ("vllm", "sglang")

    def salts_by_header(self, server: Server) -> bool:
        """Whether the server is one of ours, which take the salt from a header."""
        return self.options.salts_caches and server.prober.kind == "zaphod"

    def _lease(self, usable: Sequence[Server], prefix: Prefix, serving: Sequence[Server]) -> Lease:
        if not usable:
            raise self._none_usable(serving)
        shared = self._table.matches(prefix.blocks, [server.name for server in usable])
        candidates = [Candidate(name=one.name, load=one.in_flight, num_shared=shared[one.name]) for one in usable]
        choice = choose(candidates, num_blocks=len(prefix.blocks), anchor=prefix.anchor, options=self.options.balancing)
        server = self._servers[choice.name]
        permit = server.circuit.begin()
        assert permit is not None, server.name
        server.num_followed += choice.follows
        self._table.record(prefix.blocks, server.name)
        return Lease(server, permit, self._clock)

    def _is_usable(self, server: Server) -> bool:
        return server.pulse.state == "healthy" and not server.drains and server.circuit.allows

    def unknown_model(self, model: str) -> ApiError:
        """The error for a name that none of the models has."""
        known = [str(one["id"]) for one in self.models()]
        near = nearest(model, known)
        hint = f"Did you mean `{near}`?" if near else "Choose one of them."
        message = f"There is no model `{model[:64]}` here. Known: {', '.join(known[:50])}. {hint}"
        return ApiError(404, "model_not_found", message, param="model")

    def _none_usable(self, serving: Sequence[Server]) -> ApiError:
        waits = [max(server.circuit.retry_after_s, self.options.health.interval_s) for server in serving]
        retry_s = max(1, round(min(waits)))
        message = f"None of the {len(serving)} servers behind this gateway can answer now. Try again in {retry_s} s."
        return ApiError(503, "no_upstream", message, headers={"Retry-After": str(retry_s)})

    async def _keep_checking(self, server: Server) -> None:
        options = self.options.health
        models_s = self._clock()
        while True:
            await self._pause(server, options.interval_s * (1 + options.jitter * (2 * self._draw() - 1)))
            was_down = server.pulse.state != "healthy"
            with_models = was_down or self._clock() - models_s >= options.models_interval_s
            models_s = self._clock() if with_models else models_s
            await self._check(server, with_models=with_models)

    async def _pause(self, server: Server, pause_s: float) -> None:
        await asyncio.sleep(min(pause_s, _LEAST_CHECK_GAP_S))
        # Not `wait_for`, which forgets a cancellation that comes with the wake-up (Python 3.11).
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, pause_s - _LEAST_CHECK_GAP_S)):
                await server.wake.wait()
        server.wake.clear()

    async def _check(self, server: Server, *, with_models: bool) -> None:
        before = server.state
        self._note(server, await ask(server.prober, with_models=with_models))
        after = server.state
        if after != before:
            level = logging.INFO if after == "healthy" else logging.WARNING
            _log.log(level, "upstream %s: %s -> %s (%s)", server.name, before, after, server.pulse.reason)

    def _note(self, server: Server, answer: Answer) -> None:
        was_unhealthy = server.pulse.state == "unhealthy"
        server.drains = answer.drains
        if answer.is_well:
            server.pulse.good()
        else:
            server.pulse.bad(answer.reason)
        if was_unhealthy and server.pulse.state == "healthy":
            self._table.forget(server.name)  # it was restarted, most likely, and its cache is empty


def _status(server: Server) -> ServerStatus:
    models = server.prober.models
    return ServerStatus(
        name=server.name,
        state=server.state,
        reason=server.pulse.reason,
        kind=server.prober.kind,
        models=None if models is None else tuple(str(one["id"]) for one in models),
        in_flight=server.in_flight,
        first_byte_s=server.first_byte_s,
        num_requests=server.num_requests,
        num_failures=server.num_failures,
        num_followed=server.num_followed,
    )


def _session(options: UpstreamOptions) -> aiohttp.ClientSession:
    """One session for all: no cookies, no proxies from the environment, no unpacking; TLS is verified."""
    # uvicorn closes idle connections after 5 s: whoever keeps them longer meets closed ones.
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=10, socket_factory=_socket, keepalive_timeout=4)
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        trace_configs=[trace],
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
        read_bufsize=2**16,
    )


async def _note_reuse(
    session: aiohttp.ClientSession, context: Any, params: aiohttp.TraceConnectionReuseconnParams
) -> None:
    """Whoever passed a context is told that its connection was used before."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.was_reused = True


def _socket(info: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made
