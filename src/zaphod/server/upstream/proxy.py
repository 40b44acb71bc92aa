"""Sends requests to other servers and passes their answers on; knows no route and no key of a client.

A request may be sent again, to another server, as long as no byte of an answer has been passed on, and only where the
first server did not answer: no connection, 429, 502, 503, 504. A stream that has begun is never repeated: if its server
dies, the client gets an error event at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from hashlib import blake2b
from typing import Any

import aiohttp

from zaphod import __version__
from zaphod.server.api.calls import SALT_HEADER, TIMEOUT_HEADER
from zaphod.server.engine_process.progress import Health
from zaphod.server.errors import ApiError
from zaphod.server.upstream import refusals
from zaphod.server.upstream.dialects import Dialect
from zaphod.server.upstream.exchange import Outgoing, StreamedAnswer, WholeAnswer
from zaphod.server.upstream.guarded.rewriting import Rewriter
from zaphod.server.upstream.health import authorization
from zaphod.server.upstream.json_bodies import json_object
from zaphod.server.upstream.passing import BrokenStreamError, PassingStream
from zaphod.server.upstream.pool import Lease, Server, UpstreamPool
from zaphod.server.upstream.requests import PromptEstimate
from zaphod.server.upstream.run import CutOffError, Run

_log = logging.getLogger(__name__)

_PASSED_ON = ("traceparent", "tracestate", "anthropic-version", "anthropic-beta", "openai-beta")
"""A client's headers that servers behind may see. `Authorization` and cookies are not among them."""
_PASSED_BACK = ("openai-processing-ms", "openai-version")
"""A server's headers that clients may see: no hop-by-hop ones, no cookies, no limits of our own account."""
_NOT_ANSWERED = (429, 502, 503, 504)
_MAX_ERROR_BYTES = 1 << 16
_SHORT = 1 << 14
"""Bytes of an answer that is checked without letting others have a turn."""
_MAX_LINGER_S = 1.0
"""After a stream's last event its connection gets so long to end."""


class _NotAnsweredError(Exception):
    """A server did not answer; another one may."""

    def __init__(self, told: ApiError, reason: str, *, was_stale: bool = False) -> None:
        super().__init__(reason)
        self.told = told
        self.was_stale = was_stale
        """Whether a connection that had been used before ended without a byte: the server may just have closed it."""


class Upstream:
    """The servers behind this gateway, as routes see them.

    Args:
        pool: the servers.
    """

    def __init__(self, pool: UpstreamPool) -> None:
        self.pool = pool
        self.num_retries = 0
        """Requests that were sent once more."""
        self.estimate = PromptEstimate()
        self._runs: set[Run] = set()

    async def start(self) -> None:
        """Ask every server how it is."""
        await self.pool.start()

    async def close(self) -> None:
        """End all connections."""
        await self.pool.close()

    def health(self) -> Health:
        """Whether any server can be used."""
        statuses = self.pool.statuses()
        if any(one.state in ("healthy", "half_open") for one in statuses):
            return Health(True, "at least one server behind this gateway answers")
        reasons = "; ".join(f"{one.name} is {one.state}, {one.reason}" for one in statuses)
        return Health(False, f"no server behind this gateway can be used: {reasons}")

    def fail_all(self, error: ApiError) -> None:
        """End all requests: those that wait raise the error, streams end with it."""
        for run in self._runs:
            run.end(error)

    async def forward(self, outgoing: Outgoing) -> WholeAnswer | StreamedAnswer:
        """Have a request answered. A stream is returned when its first event is there.

        Raises:
            ApiError: no server answers it; the server refuses it; 504 it took too long.
        """
        run = Run(outgoing.deadline)
        self._runs.add(run)
        try:
            answer = await self._answer(outgoing, run)
        except BaseException:
            self._runs.discard(run)
            raise
        if isinstance(answer, WholeAnswer):
            self._runs.discard(run)
        return answer

    async def _answer(self, outgoing: Outgoing, run: Run) -> WholeAnswer | StreamedAnswer:
        tried: set[str] = set()
        failure: _NotAnsweredError | None = None
        for _ in range(self.pool.options.max_attempts):
            lease = self._next(outgoing, tried, failure)
            if lease is None:
                break
            self.num_retries += failure is not None
            tried.add(lease.server.name)
            try:
                return await self._attempt(outgoing, run, lease)
            except _NotAnsweredError as error:
                failure = error
                _log.info("request %s: upstream %s: %s", outgoing.request_id, lease.server.name, error)
            except CutOffError as error:
                raise error.told from error
        assert failure is not None
        raise failure.told from failure

    def _next(self, outgoing: Outgoing, tried: set[str], failure: _NotAnsweredError | None) -> Lease | None:
        """The next server to try; after a failure None if there is no other one."""
        try:
            return self.pool.pick(outgoing.model, outgoing.prefix, excluded=tried)
        except ApiError:
            if failure is None:
                raise
        if not failure.was_stale:
            return None
        tried.clear()
        failure.was_stale = False
        return self._next(outgoing, tried, failure)

    async def _attempt(self, outgoing: Outgoing, run: Run, lease: Lease) -> WholeAnswer | StreamedAnswer:
        options = self.pool.options
        timeout_s = options.first_byte_timeout_s if outgoing.is_stream else options.answer_timeout_s
        response: aiohttp.ClientResponse | None = None
        try:
            response = await run.within(timeout_s, self._post(outgoing, run, lease.server))
            lease.began_to_answer()
            if not 200 <= response.status < 300:
                raise await _refused(run, lease, response, timeout_s)
            if outgoing.is_stream and response.content_type == "text/event-stream":
                return await self._stream(outgoing, run, lease, response)
            return await self._whole(outgoing, run, lease, response)
        except BaseException as error:
            if response is not None:
                response.close()
            self._judge(lease, error)
            if isinstance(error, aiohttp.ClientError | OSError):
                is_stale = response is None and bool(run.trace.was_reused)
                reason = f"{type(error).__name__}: {error}"
                raise _NotAnsweredError(refusals.unreachable(), reason, was_stale=is_stale) from error
            raise

    def _judge(self, lease: Lease, error: BaseException) -> None:
        """What an error says about the server. A verdict that was given before stands."""
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            lease.unreachable(str(error))
        elif isinstance(error, aiohttp.ClientError | OSError | BrokenStreamError) or _blames_server(error):
            lease.failed()
        else:
            lease.close()

    async def _post(self, outgoing: Outgoing, run: Run, server: Server) -> aiohttp.ClientResponse:
        run.trace.was_reused = False
        return await self.pool.session.post(
            server.address.url + outgoing.path,
            data=self._body(outgoing, server),
            headers={**_headers(outgoing, run, server), **self._salt_header(outgoing, server)},
            allow_redirects=False,
            trace_request_ctx=run.trace,
        )

    def _body(self, outgoing: Outgoing, server: Server) -> bytes:
        fields = dict(outgoing.fields)
        if outgoing.has_cache and outgoing.tenant and self.pool.salts(server):
            fields["cache_salt"] = _salt(outgoing)
        try:
            return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()
        except ValueError as error:
            message = "The body holds NaN or an infinity. JSON has neither. Send finite numbers."
            raise ApiError(400, "invalid_value", message) from error

    def _salt_header(self, outgoing: Outgoing, server: Server) -> dict[str, str]:
        if outgoing.has_cache and outgoing.tenant and self.pool.salts_by_header(server):
            return {SALT_HEADER: _salt(outgoing)}
        return {}

    async def _whole(self, outgoing: Outgoing, run: Run, lease: Lease, response: aiohttp.ClientResponse) -> WholeAnswer:
        max_bytes = self.pool.options.max_answer_bytes
        body = await run.within(self.pool.options.answer_timeout_s, _read(response, max_bytes))
        is_plain = response.headers.get("Content-Encoding", "identity") == "identity"
        data = json_object(body or b"") if is_plain else None
        if body is None or data is None:
            lease.errored()
            raise refusals.unreadable() if body is not None else refusals.oversized(max_bytes)
        lease.succeeded()
        reading = outgoing.dialect.read_body(data)
        if outgoing.make_rewriter is not None:
            body = await _rewritten(outgoing.make_rewriter(), data, is_short=len(body) <= _SHORT)
        return WholeAnswer(headers=_back(response), body=body, reading=reading)

    async def _stream(
        self, outgoing: Outgoing, run: Run, lease: Lease, response: aiohttp.ClientResponse
    ) -> StreamedAnswer:
        rewriter = None if outgoing.make_rewriter is None else outgoing.make_rewriter()
        told = PassingStream(outgoing.dialect, hides_usage=outgoing.hides_usage, rewriter=rewriter)
        first = b""
        while not first:
            data = await run.within(self.pool.options.first_byte_timeout_s, response.content.readany())
            if not data:
                lease.failed()
                raise _NotAnsweredError(refusals.unreachable(), "it ended a stream before its first event")
            first = _feed(told, data)
        answer = StreamedAnswer(headers=_back(response), first=first, told=told)
        answer.rest = self._rest(answer, outgoing.dialect, run, lease, response)
        await anext(answer.rest)  # begun, so that closing it runs its end
        return answer

    async def _rest(
        self,
        answer: StreamedAnswer,
        dialect: Dialect,
        run: Run,
        lease: Lease,
        response: aiohttp.ClientResponse,
    ) -> AsyncGenerator[bytes, None]:
        told = answer.told
        try:
            yield b""
            while not told.is_stopped and (data := await self._more(run, response, told)):
                if events := told.feed(data):
                    yield events
            if told.is_stopped:
                # Nothing more may go out: the server need not go on, and has done nothing wrong.
                lease.succeeded()
                yield told.last() + (dialect.missing_end or b"") if dialect.ends_apart else b""
                return
            if last := told.end() + _missing_end(dialect, told):
                yield last
            _judge_end(lease, told)
        except (aiohttp.ClientError, OSError, CutOffError, BrokenStreamError) as error:
            yield self._last_words(answer, dialect, lease, error)
        finally:
            response.close()
            lease.close()
            self._runs.discard(run)

    def _last_words(self, answer: StreamedAnswer, dialect: Dialect, lease: Lease, error: Exception) -> bytes:
        """What the client still gets of a stream that broke off; behind its last event nobody minds."""
        told = answer.told
        passed = error.passed if isinstance(error, BrokenStreamError) else b""
        if told.has_ended:
            _judge_end(lease, told)
            return passed
        answer.error = error.told if isinstance(error, CutOffError) else refusals.broke_off()
        self._judge(lease, error)
        _log.warning("upstream %s: a stream broke off: %s", lease.server.name, error or type(error).__name__)
        return passed + told.last() + dialect.failure(answer.error)

    async def _more(self, run: Run, response: aiohttp.ClientResponse, told: PassingStream) -> bytes:
        idle_s = self.pool.options.idle_timeout_s
        return await run.within(min(idle_s, _MAX_LINGER_S) if told.has_ended else idle_s, response.content.readany())


def _salt(outgoing: Outgoing) -> str:
    """Names a tenant's part of a server's cache; a salt of the client's own is mixed in."""
    own = [outgoing.fields.get("cache_salt"), outgoing.headers.get(SALT_HEADER.lower())]
    salted = json.dumps([outgoing.tenant, *own]).encode()
    return blake2b(salted, digest_size=24).hexdigest()


def _blames_server(error: BaseException) -> bool:
    return isinstance(error, CutOffError) and error.blames_server


async def _refused(
    run: Run, lease: Lease, response: aiohttp.ClientResponse, timeout_s: float
) -> ApiError | _NotAnsweredError:
    """What a status that is not 2xx means for the request, the server, and the client."""
    status, retry_after = response.status, response.headers.get("Retry-After")
    body = await run.within(timeout_s, _read(response, _MAX_ERROR_BYTES))
    told = refusals.refusal(status, body or b"", retry_after)
    if status == 429:
        lease.is_busy(refusals.retry_after_s(retry_after))
    elif status in _NOT_ANSWERED:
        lease.failed()
    elif status >= 500 or status < 400 or status in (401, 403):
        lease.errored()
    else:
        lease.succeeded()
    return _NotAnsweredError(told, f"status {status}") if status in _NOT_ANSWERED else told


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """The whole body, or None if it is larger."""
    parts: list[bytes] = []
    left = max_bytes
    while part := await response.content.readany():
        parts.append(part)
        left -= len(part)
        if left < 0:
            return None
    return b"".join(parts)


def _feed(told: PassingStream, data: bytes) -> bytes:
    try:
        return told.feed(data)
    except BrokenStreamError as error:
        raise CutOffError(refusals.broke_off(), blames_server=True) from error


def _missing_end(dialect: Dialect, told: PassingStream) -> bytes:
    """What the client of a stream that has closed in order still needs; an error where it is not complete."""
    if told.has_ended:
        return b""
    end = dialect.missing_end if told.has_error or told.is_complete else None
    if end is None:
        raise CutOffError(refusals.broke_off(), blames_server=True)
    return told.last() + end


def _judge_end(lease: Lease, told: PassingStream) -> None:
    if told.has_error:
        lease.errored()
    else:
        lease.succeeded()


async def _rewritten(rewriter: Rewriter, data: dict[str, Any], *, is_short: bool) -> bytes:
    """A whole answer as it may go out; long ones are checked on a thread, so that other requests have their turn."""
    try:
        return _checked(rewriter, data) if is_short else await asyncio.to_thread(_checked, rewriter, data)
    except RecursionError as error:
        raise refusals.unreadable() from error


def _checked(rewriter: Rewriter, data: dict[str, Any]) -> bytes:
    return json.dumps(rewriter.whole(data), separators=(",", ":")).encode()


def _headers(outgoing: Outgoing, run: Run, server: Server) -> dict[str, str]:
    headers = {name: outgoing.headers[name] for name in _PASSED_ON if name in outgoing.headers}
    if run.left_s is not None:
        headers[TIMEOUT_HEADER] = f"{max(0.001, run.left_s):.3f}"
    return {
        **headers,
        **authorization(server.address),
        "Accept": "text/event-stream" if outgoing.is_stream else "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "User-Agent": f"zaphod/{__version__}",
        "X-Request-Id": outgoing.request_id,
    }


def _back(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: response.headers[name] for name in _PASSED_BACK if name in response.headers}
