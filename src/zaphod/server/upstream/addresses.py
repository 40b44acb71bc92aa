"""Where the other servers are, and the key for each; knows no connection.

Keys never stand on a command line, where every user of the machine can read them. They come from a file:

    # server                     key: itself, or where it is
    http://10.0.0.4:8000         sk-local-1234
    https://engines.example/v1   env:ENGINES_KEY
    https://other.example        file:/run/secrets/other-key
    *                            file:/run/secrets/all-others
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class UpstreamAddress:
    """One server."""

    url: str
    """Like `http://10.0.0.4:8000`, without `/v1` and without a slash at its end."""
    key: str | None = field(default=None, repr=False)
    """What `Authorization: Bearer` says to it."""

    @property
    def name(self) -> str:
        """The address without its scheme, for people and for metrics."""
        return self.url.split("://", 1)[1]


def parse_addresses(urls: Sequence[str], key_files: Sequence[Path] = ()) -> tuple[UpstreamAddress, ...]:
    """The servers at `urls` with their keys; of several files the later ones win.

    Raises:
        ConfigError: a URL or the file is not usable, a URL comes twice, or a key is for a server that is not there.
    """
    tidy = [_tidy(url) for url in urls]
    for url in tidy:
        if tidy.count(url) > 1:
            raise ConfigError(f"The upstream {url} is named twice.", "Each server is named once.", "Remove one.")
    keys: dict[str, str] = {}
    for path in key_files:
        keys |= read_keys(path)
    unknown = sorted(keys.keys() - {*tidy, "*"})
    if unknown:
        raise ConfigError(
            f"There is a key for {unknown[0]}, which is not among the upstreams.",
            f"They are: {', '.join(tidy)}.",
            "Name it with --upstream, or remove the line.",
        )
    return tuple(UpstreamAddress(url=url, key=keys.get(url, keys.get("*"))) for url in tidy)


def read_keys(path: Path) -> dict[str, str]:
    """The keys of a key file by URL, or by `*` for all other servers.

    Raises:
        ConfigError: it cannot be read, or a line is malformed. Messages never hold a key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "It holds the upstreams' keys.", "Check it.") from error
    keys: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if len(words) != 2:
            raise ConfigError(
                f"{where} has {len(words)} words.", "Each line is a server and its key.", "Write: URL KEY"
            )
        url = words[0] if words[0] == "*" else _tidy(words[0])
        if url in keys:
            raise ConfigError(f"{where} names {url} again.", "Each server has one key.", "Remove a line.")
        keys[url] = _key(words[1], where, os.environ)
    return keys


def _key(word: str, where: str, environment: Mapping[str, str]) -> str:
    if word.startswith("env:"):
        key = environment.get(word[4:], "")
        if not key:
            raise ConfigError(f"{where} names the variable {word[4:]}.", "It is not set.", f"Set {word[4:]}.")
    elif word.startswith("file:"):
        try:
            key = Path(word[5:]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: {error}.", "That file holds the key alone.", "Check it.") from error
    else:
        key = word
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{where} gives a key with characters that no header may have.", "", "Correct it.")
    return key


def _tidy(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"The upstream is {url!r}.", "It is a URL like http://10.0.0.4:8000.", "Correct it.")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"The upstream at {parts.hostname} has a user or a password in its URL.",
            "Keys do not belong on a command line: every user of the machine can read them there.",
            "Put the key into a file and pass --upstream-key-file.",
        )
    if parts.query or parts.fragment:
        raise ConfigError(f"The upstream {url!r} has a query or a fragment.", "A server has neither.", "Remove it.")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"The upstream is {url!r}: {error}.", "It is a URL.", "Correct it.") from error
    return parts
