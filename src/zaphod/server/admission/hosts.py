"""By which names a server may be called, and from which web pages; knows no key.

A page on another site can make a browser send requests to this machine. Two checks stop it. The Host must be a name
that is ours: a name that an attacker points at 127.0.0.1 (DNS rebinding) is his and not ours, while an address in
numbers cannot be pointed anywhere. The Origin, which browsers send with every cross-site request that could change
something, must be our own page's. Programs send no Origin and are let through.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from zaphod.core.errors import ConfigError
from zaphod.server.admission.keys import KeyStore
from zaphod.server.errors import ApiError

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach that address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_safe_to_listen(host: str, key_store: KeyStore) -> None:
    """Refuse to be reachable from other machines while nobody holds a key.

    Raises:
        ConfigError: `host` is not loopback, and no key could be used.
    """
    if is_loopback(host) or key_store.has_usable_key():
        return
    raise ConfigError(
        f"The server is to listen on {host}, and no key is valid.",
        "Whoever reaches that address could use the model.",
        "Create a key first: zaphod keys create --name alice",
    )


class Hosts:
    """The names that are ours.

    Args:
        bound: the address or name that the server listens on.
        allowed: further names without ports; `*.example.org` stands for all below it, `*` for any.
    """

    def __init__(self, bound: str, allowed: Collection[str] = ()) -> None:
        names = [name.lower().strip("[]") for name in (bound, *allowed)]
        self._takes_any = "*" in names
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def check(self, host: str | None, arrived_at: str | None) -> None:
        """Look at a request's Host.

        Args:
            host: the header, None if it is missing.
            arrived_at: the address at which the connection came in; `0.0.0.0` alone would not name it.

        Raises:
            ApiError: 400 no such name can be, 403 the name is not ours.
        """
        match = _HOST.fullmatch((host or "").lower())
        if match is None:
            raise ApiError(400, "invalid_host", "The header Host must hold a name and perhaps a port.")
        name = match["name"].strip("[]").removesuffix(".")
        if not (self._takes_any or is_loopback(name) or name == arrived_at or self._is_named(name)):
            raise ApiError(
                403,
                "host_not_allowed",
                f"This server is not called {name}. If it should be, start it with --allowed-host {name}",
            )

    def _is_named(self, name: str) -> bool:
        return name in self._names or name.endswith(self._suffixes)


class Origins:
    """The web pages that may ask.

    Args:
        allowed: origins such as `https://chat.example.org`, beside the server's own.

    Raises:
        ConfigError: one of them is no origin.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        for origin in allowed:
            if origin == "null" or _serialised(origin) != origin:
                raise ConfigError(
                    f"--allowed-origin is {origin!r}.",
                    "It must be a scheme and a host as browsers send them, without a path.",
                    "Like --allowed-origin https://chat.example.org",
                )
        self._allowed = frozenset(allowed)

    def is_foreign(self, origin: str | None) -> bool:
        """Whether a page of another origin asks that was allowed to: it then needs CORS headers to read the answer."""
        return origin in self._allowed

    def check(self, headers: Mapping[str, str], scheme: str) -> None:
        """Look at where a request comes from; its Host has been checked.

        Raises:
            ApiError: 403, another site's page sent it.
        """
        origin = headers.get("origin")
        if origin is None:
            _check_fetch_metadata(headers)
        elif not (origin in self._allowed or _is_same(origin, headers["host"], scheme)):
            raise ApiError(
                403,
                "origin_not_allowed",
                "A web page of another origin sent this. If it should be able to, start the server with "
                "--allowed-origin and the page's origin.",
            )


def _check_fetch_metadata(headers: Mapping[str, str]) -> None:
    """Browsers send no Origin for images, scripts and links of other sites, but they say that it is one."""
    is_link = headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_link:
        raise ApiError(403, "origin_not_allowed", "A web page of another origin sent this.")


def _is_same(origin: str, host: str, scheme: str) -> bool:
    """Whether the page came from this server. Behind a proxy that ends TLS the page is https and we are http."""
    page_scheme = origin.partition("://")[0]
    is_downgraded = scheme == "https" and page_scheme == "http"
    ours = _serialised(f"{page_scheme}://{host}")
    return ours is not None and _serialised(origin) == ours and not is_downgraded


def _serialised(origin: str) -> str | None:
    """An origin in the one spelling that browsers use, or None."""
    try:
        parts = urlsplit(origin)
        port = str(parts.port) if parts.port is not None else None
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment or _HOST.fullmatch(parts.netloc.lower()) is None:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")
