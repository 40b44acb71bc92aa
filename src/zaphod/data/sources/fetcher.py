"""Fetches pages of hosts that the user allows, as their robots.txt allows it; knows no link and no file.

Each redirect is checked like a first address. Nothing waits or grows without bounds: each request has a time limit
over all of it, bodies have a size limit, packed and unpacked. Sources: RFC 9309 (robots), RFC 9110 (conditional
requests).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from zaphod.core.errors import CorruptFileError, DownloadError, MissingExtraError
from zaphod.data.sources.addresses import CheckedResolver, checked_host, is_public, literal_address
from zaphod.data.sources.bounded import unpacked

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_ROBOTS_BYTES: Final = 512 * 1024
"""RFC 9309 asks for 500 KiB at least; what is behind is not read."""
_MAX_CRAWL_DELAY_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class FetchOptions:
    """What may be fetched, and how gently.

    Args:
        allowed_hosts: these hosts, exactly; nothing else is ever asked.
        user_agent: says who asks; its first word is what robots.txt knows us by.
        delay_s: between two requests to one host, unless its robots.txt asks for more.
        timeout_s: for a request, from the first byte sent to the last received.
        max_bytes: of a body, packed or unpacked.
        max_redirects: in a row.
        allows_private: whether hosts in private networks may be asked, such as this machine.
    """

    allowed_hosts: tuple[str, ...]
    user_agent: str = "zaphod-data"
    delay_s: float = 1.0
    timeout_s: float = 30.0
    max_bytes: int = 10 * 1024 * 1024
    max_redirects: int = 5
    allows_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Validators:
    """What a server said of the copy that we have, so that it can say that nothing has changed."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An answer: its final address, and its unpacked body. Status 304 has none."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_s: float

    @property
    def validators(self) -> Validators:
        return Validators(etag=self.headers.get("etag", ""), last_modified=self.headers.get("last-modified", ""))


@dataclass(slots=True)
class _Host:
    """What is known of a host: its rules, and when it may be asked again."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    robots: Any = None
    delay_s: float = 0.0
    next_s: float = 0.0


class Fetcher:
    """Fetches one page after the other from each host. An asynchronous context manager.

    Args:
        options: what may be fetched.
        resolver: who turns names into addresses; the system's unless given.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        options: FetchOptions,
        *,
        resolver: aiohttp.abc.AbstractResolver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self._allowed = frozenset(host.rstrip(".").lower() for host in options.allowed_hosts)
        self._resolver = resolver
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Fetcher:
        resolver = CheckedResolver(allows_private=self.options.allows_private, resolver=self._resolver)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit_per_host=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.options.user_agent, "Accept-Encoding": "gzip, deflate"},
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str, validators: Validators = Validators()) -> Fetched:
        """The page at an address, redirects followed.

        Raises:
            DownloadError: it may not be fetched (host, address, robots.txt), or could not be within the limits.
        """
        for _ in range(self.options.max_redirects + 1):
            host = await self._host_for(url)
            if not host.robots.can_fetch(url, self.options.user_agent):
                raise _failed(url, "its host's robots.txt forbids it")
            answer = await self._ask(host, url, self.options.max_bytes, validators)
            if answer.status not in _REDIRECTS:
                return answer
            url, validators = self._followed(url, answer), Validators()
        raise _failed(url, f"it was reached through more than {self.options.max_redirects} redirects")

    def check(self, url: str) -> str:
        """Its host, if this address may be asked at all.

        Raises:
            DownloadError: the host is not allowed, or the address leads into a private network.
        """
        host = checked_host(url)
        if host not in self._allowed:
            raise _failed(url, "its host is not among those that are allowed")
        address = literal_address(host)
        if address is not None and not self.options.allows_private and not is_public(address):
            raise _failed(url, "it leads into a private network")
        return host

    def _followed(self, url: str, answer: Fetched) -> str:
        try:
            return urljoin(url, answer.headers.get("location", "")).partition("#")[0]
        except ValueError as error:
            raise _failed(url, f"it redirects to no address: {error}") from error

    async def _host_for(self, url: str) -> _Host:
        """What is known of the address's host; its robots.txt is read first."""
        self.check(url)
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        host = self._hosts.setdefault(origin, _Host(delay_s=self.options.delay_s))
        if host.robots is None:
            robots = await self._robots(host, f"{origin}/robots.txt")
            asked_s = float(robots.crawl_delay(self.options.user_agent) or 0.0)
            host.delay_s = max(self.options.delay_s, min(asked_s, _MAX_CRAWL_DELAY_S))
            host.robots = robots
        return host

    async def _robots(self, host: _Host, url: str) -> Any:
        """The rules of a host: none where it has no such file, no page where it does not answer (RFC 9309, 2.3.1)."""
        for _ in range(self.options.max_redirects + 1):
            try:
                answer = await self._ask(host, url, _ROBOTS_BYTES, Validators(), cuts=True)
            except DownloadError:
                return _rules("User-agent: *\nDisallow: /\n")
            if answer.status not in _REDIRECTS:
                break
            url = self._followed(url, answer)
            self.check(url)
        if answer.status >= 500 or answer.status == 429:
            return _rules("User-agent: *\nDisallow: /\n")
        return _rules(answer.body.decode("utf-8", "replace") if answer.status == 200 else "")

    async def _ask(
        self, host: _Host, url: str, max_bytes: int, validators: Validators, *, cuts: bool = False
    ) -> Fetched:
        """One request, when it is the host's turn."""
        async with host.lock:
            await asyncio.sleep(max(0.0, host.next_s - self._clock()))
            try:
                async with asyncio.timeout(self.options.timeout_s):
                    return await self._get(url, max_bytes, validators, cuts)
            except TimeoutError as error:
                raise _failed(url, f"it took longer than {self.options.timeout_s:g} s") from error
            except (aiohttp.ClientError, OSError, ValueError, CorruptFileError) as error:
                raise _failed(url, f"{type(error).__name__}: {error}") from error
            finally:
                host.next_s = self._clock() + host.delay_s

    async def _get(self, url: str, max_bytes: int, validators: Validators, cuts: bool) -> Fetched:
        assert self._session is not None, "a fetcher is used inside `async with`"
        conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        target = URL(url)
        if checked_host(url) not in (target.host, target.raw_host):  # what was checked is what is asked
            raise ValueError(f"its host may be read as {target.host!r}")
        async with self._session.get(target, headers=headers, allow_redirects=False) as response:
            body = await _body(response, max_bytes, cuts)
            fields = {name.lower(): value for name, value in response.headers.items()}
            return Fetched(url=url, status=response.status, headers=fields, body=body, fetched_s=time.time())


async def _body(response: aiohttp.ClientResponse, max_bytes: int, cuts: bool) -> bytes:
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > max_bytes:
            if not cuts:
                raise ValueError(f"the body has more than {max_bytes:,} bytes")
            break
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate") and data:
        return unpacked(bytes(data), str(response.url), max_bytes)
    if encoding not in ("", "identity"):
        raise ValueError(f"the body is packed as {encoding!r}, which was not asked for")
    return bytes(data[:max_bytes])


def _rules(text: str) -> Any:
    try:
        from protego import Protego
    except ImportError as error:
        raise MissingExtraError("protego", "data") from error
    return Protego.parse(text)


def _failed(url: str, why: str) -> DownloadError:
    return DownloadError(f"{url!r} was not fetched: {why}.", "", "Leave it out, or change what is allowed.")
