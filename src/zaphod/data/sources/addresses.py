"""Which network addresses may be fetched from: public ones, unless the user says otherwise; knows no robots.

A name is resolved once and the connection goes to the address that was checked, so that a name which answers
differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from zaphod.core.errors import DownloadError


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet; those that stand for another one are judged by that one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or _embedded(found)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not (found.is_multicast or found.is_reserved)


def literal_address(host: str) -> str | None:
    """The address that a host is in itself, in any way of writing that a resolver takes; None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433, 017700000001
    except (OSError, UnicodeEncodeError, ValueError):
        return None


def checked_host(url: str) -> str:
    """The host of an address that may be fetched.

    Raises:
        DownloadError: it is no plain http or https address.
    """
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError as error:
        raise _refused(url, f"it is no address: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise _refused(url, "only http and https are fetched")
    if not host or user is not None or parts.password is not None:
        raise _refused(url, "it has no host, or a user in it")
    if port == 0 or any(letter.isspace() or not letter.isprintable() for letter in url) or "\\" in url:
        raise _refused(url, "it has letters or a port that no address has")
    return host.rstrip(".").lower()


class CheckedResolver(AbstractResolver):
    """Resolves names, and gives only addresses that are public.

    Args:
        allows_private: give all of them.
        resolver: who asks; the system's unless given.
    """

    def __init__(self, *, allows_private: bool, resolver: AbstractResolver | None = None) -> None:
        self._allows_private = allows_private
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not self._allows_private and not all(is_public(row["host"]) for row in found):
            raise _refused(host, "it leads into a private network")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _refused(url: str, why: str) -> DownloadError:
    return DownloadError(
        f"{url!r} is not fetched: {why}.", "Fetched are public http and https addresses.", "Leave it out."
    )


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address in one of NAT64's (64:ff9b::/96, RFC 6052)."""
    is_nat64 = address in ipaddress.IPv6Network("64:ff9b::/96") or address in ipaddress.IPv6Network("64:ff9b:1::/48")
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_nat64 else None
