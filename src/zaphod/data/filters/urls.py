"""Which addresses are not wanted: hosts, exact addresses and words in them; knows no text and ships no list.

Lists of hosts that are blocked are other people's work and change each day: they are read from files, one entry a line,
`#` for comments. A host stands for its subdomains too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


class UrlLists(DocumentStage):
    """Drops documents by their address. One without an address passes: local files have none.

    Args:
        allowed_hosts: if there are any, only these and their subdomains pass; even they may be blocked below.
        blocked_hosts: these and their subdomains are dropped.
        blocked_urls: exact addresses.
        blocked_words: whole words of an address, one of which is enough.
        doubtful_words: whole words of which `num_doubtful` together are enough.
    """

    name = "url_lists"

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        blocked_hosts: Iterable[str] = (),
        blocked_urls: Iterable[str] = (),
        blocked_words: Iterable[str] = (),
        doubtful_words: Iterable[str] = (),
        num_doubtful: int = 2,
    ) -> None:
        super().__init__()
        self.allowed_hosts = frozenset(map(_host, allowed_hosts))
        self.blocked_hosts = frozenset(map(_host, blocked_hosts))
        self.blocked_urls = frozenset(blocked_urls)
        self.blocked_words = frozenset(map(str.lower, blocked_words))
        self.doubtful_words = frozenset(map(str.lower, doubtful_words))
        self.num_doubtful = num_doubtful

    def settings(self) -> Mapping[str, Any]:
        lists = ("allowed_hosts", "blocked_hosts", "blocked_urls", "blocked_words", "doubtful_words")
        return {name: sorted(getattr(self, name)) for name in lists} | {"num_doubtful": self.num_doubtful}

    def judge(self, document: Document) -> Document | Dropped:
        reason = self.reason(document.url) if document.url else ""
        return Dropped(reason) if reason else document

    def reason(self, url: str) -> str:
        """Why an address is not wanted; empty if it is."""
        hosts = set(_with_parents(host_of(url)))
        if self.allowed_hosts and not hosts & self.allowed_hosts:
            return "host not allowed"
        if hosts & self.blocked_hosts:
            return "host blocked"
        if url in self.blocked_urls:
            return "address blocked"
        words = set(_NO_WORD.split(url.lower()))
        if words & self.blocked_words:
            return "word in address"
        return "doubtful words in address" if len(words & self.doubtful_words) >= self.num_doubtful else ""


def read_list(path: Path) -> list[str]:
    """The entries of a file of hosts, addresses or words.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a list: {error}.", "A list is a text file.", "Check the path."
        ) from error
    return [entry for line in lines if (entry := line.partition("#")[0].strip())]


def host_of(url: str) -> str:
    """The host of an address in lower case, without port and final dot; empty where there is none."""
    try:
        return _host(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _host(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _with_parents(host: str) -> Iterator[str]:
    """`a.b.org`, `b.org`, `org`."""
    while host:
        yield host
        host = host.partition(".")[2]
