"""Where a text would send its reader, or its reader's data: addresses, and who may be addressed; knows no tool.

A picture in Markdown or HTML is fetched by whoever shows it, without a click: an address of the attacker's with words
of the conversation in it carries them away. A link waits for a click, so only links that carry much are counted.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import re2

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

_LOADED = tuple(
    re2.compile(pattern)
    for pattern in (
        r"!\[[^\]\n]*\]\(\s*<?([^\s)>]+)",
        r"(?i)<(?:img|iframe|script|link|object|embed|video|audio|source|image|input|body|base)\b[^>]*?"
        r"(?:src|href|data|poster|background|srcset)\s*=\s*[\"']?\s*([^\s\"'>]+)",
        r"(?i)url\(\s*[\"']?([^\s\"')]+)",
        r"(?m)^\s{0,3}\[[^\]\n]+\]:\s*<?(\S+)",
    )
)
_LINKS = (
    re2.compile(r"(?i)\b((?:https?|ftp|wss?|data|mailto|javascript|vbscript|file):[^\s<>\"'`|\\^{}]+)"),
    re2.compile(r"(?:^|[\s(\"'=])(//[A-Za-z0-9.-]+/[^\s<>\"'`]*)"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MUCH = 48
"""Characters of query, fragment or last path part that a link may carry to a host that nobody allowed."""
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,62}\.?)*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address in a text, by its place."""

    start: int
    end: int
    host: str
    """In lower case; empty where there is none, as in `data:`."""
    carries: int
    """Characters that it would tell the host."""
    is_loaded: bool
    """Fetched by showing it."""


class AllowedHosts:
    """Hosts that may be addressed.

    Args:
        patterns: host names; `*.example.org` means every host below that name.

    Raises:
        ConfigError: one is no host name.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            if not _HOST.fullmatch(pattern):
                raise ConfigError(
                    f"allowed_hosts names {pattern[:80]!r}.",
                    "It must be a host in lower case, like example.org or *.example.org, without scheme and port.",
                    "Correct the policy.",
                )
        self._exact = {pattern for pattern in patterns if not pattern.startswith("*.")}
        self._below = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))

    def allows(self, host: str) -> bool:
        """Whether this host may be addressed."""
        bare = host.rstrip(".")
        return bare in self._exact or bare.endswith(self._below) if self._below else bare in self._exact


def addresses_in(text: str) -> Iterator[Address]:
    """All addresses of a text; those that are fetched by showing it first."""
    searched = _SURROGATE.sub("\ufffd", text)  # RE2 reads UTF-8, which has none
    loaded = [_address(match, is_loaded=True) for pattern in _LOADED for match in pattern.finditer(searched)]
    loaded = [address for address in loaded if address.host]
    yield from loaded
    for pattern in _LINKS:
        for match in pattern.finditer(searched):
            start = match.start(1)
            if not any(address.start <= start < address.end for address in loaded):
                yield _address(match, is_loaded=False)


class EgressFinder:
    """Finds what would carry data to a host that nobody allowed.

    Args:
        allowed: hosts that may be addressed.
    """

    name = "exfiltration"

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed = allowed

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """Pictures and links with a load, as they would be shown: only the raw text is."""
        if stage not in ("output", "tool_call"):
            return
        for address in addresses_in(views[0].text):
            if self._allowed.allows(address.host):
                continue
            if address.is_loaded:
                yield _hit(address, "exfiltration.loaded_address", "content fetched from a host that is not allowed")
            elif address.carries > _MUCH:
                yield _hit(address, "exfiltration.loaded_link", "a link that carries much to a host not allowed")

    def pending(self, text: str) -> int | None:
        """Where an address begins that may go on."""
        last = max(text.rfind(" "), text.rfind("\n"))
        word = text[last + 1 :]
        opening = text.rfind("![", max(0, len(text) - 512))
        if opening >= 0 and ")" not in text[opening:] and "\n" not in text[opening:]:
            return opening
        tag = text.rfind("<", max(0, len(text) - 512))
        if tag >= 0 and ">" not in text[tag:]:
            return tag
        return last + 1 if "://" in word else None


def _hit(address: Address, rule: str, title: str) -> Hit:
    return Hit(rule=rule, title=title, start=address.start, end=address.end)


def _address(match: re2._Match, *, is_loaded: bool) -> Address:
    target = match.group(1)
    start, end = match.span() if is_loaded else match.span(1)
    try:
        parts = urlsplit("https:" + target if target.startswith("//") else target)
        host = (parts.hostname or parts.path.rpartition("@")[2] * (parts.scheme == "mailto")).casefold()
        # Words in the name of the host are told to whoever answers for its domain.
        labels = "" if _is_ip(host) else ".".join(host.split(".")[:-2])
        told = (parts.query, parts.fragment, unquote(parts.path).rpartition("/")[2], parts.username or "", labels)
        carries = max(map(len, told))
    except ValueError:  # what is no address for Python may be one for a browser
        host, carries = "?", len(target)
    return Address(start=start, end=end, host=host, carries=carries, is_loaded=is_loaded)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
