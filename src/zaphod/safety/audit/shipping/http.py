"""One HTTP request to a receiver, and what its status means; knows no receiver.

Redirections are not followed: a token is for the server that was named. Certificates are checked.
"""

from __future__ import annotations

import datetime
import email.utils
import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.shipping.sink import Fate

_MAX_ANSWER_BYTES = 16 << 20
_MAX_AFTER_S = 300.0
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


@dataclass(frozen=True, kw_only=True)
class HttpOptions:
    """How a receiver is reached.

    Args:
        url: its address, without a path of the protocol.
        ca_file: certificates to trust; else the system's.
        timeout_s: how long a connection, or a silence in it, may last.
        allow_plaintext: send records and secrets to other machines without TLS.

    Raises:
        ConfigError: it is no such address.
    """

    url: str
    ca_file: Path | None = None
    timeout_s: float = 30.0
    allow_plaintext: bool = False

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.query:
            wanted = "It must be like https://host:port, without user, password and query."
            raise ConfigError(f"A sink's url is {self.url!r}.", wanted, "Correct it; secrets are read from files.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_plaintext:
            wanted = "Records and the secret would cross the network in plain text."
            raise ConfigError(f"A sink's url is {self.url!r}.", wanted, "Use https, or say allow_plaintext = true.")
        if not self.timeout_s > 0:
            raise ConfigError(f"A sink's timeout_s is {self.timeout_s}.", "It must be more than 0.", "Correct it.")


class Answer(NamedTuple):
    """What came back. Status 0: nothing did, and `problem` says why."""

    status: int
    body: bytes = b""
    retry_after: str | None = None
    problem: str = ""

    def reason(self) -> str:
        """For people."""
        return self.problem or f"HTTP {self.status}: {self.body[:200].decode(errors='replace')}"


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for an answer."""

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


class HttpClient:
    """Sends. Thread-safe."""

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        handlers: list[Any] = [_NoRedirection]
        if options.url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=tls_context(options.ca_file)))
        self._opener = urllib.request.build_opener(*handlers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Whatever happens, an answer."""
        url = self._options.url.rstrip("/") + path
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
        try:
            with self._opener.open(request, timeout=self._options.timeout_s) as response:
                return _answer(response.status, response)
        except urllib.error.HTTPError as error:
            with error:
                return _read_refusal(error)
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            return Answer(0, problem=f"{type(reason).__name__}: {reason}")


def _parts(url: str) -> urllib.parse.SplitResult:
    """The parts of an address; all empty if it is none."""
    nothing = urllib.parse.urlsplit("")
    try:
        parts = urllib.parse.urlsplit(url)
        is_usable = parts.port != 0 and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        return nothing
    return parts if is_usable else nothing


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificates and names.

    Raises:
        ConfigError: the file holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigError(f"{ca_file} holds no certificates: {error}.", "", "Name another.") from error


def fate_of(answer: Answer) -> Fate:
    """What a status other than success means for all records of a request."""
    if answer.status in (400, 413, 422):
        return Fate("unclear", answer.reason())
    # What is wrong with the address or the secret is no fault of the records: they wait until somebody mends it.
    return Fate("postponed", answer.reason(), _after_s(answer.retry_after))


def _read_refusal(error: urllib.error.HTTPError) -> Answer:
    try:
        return _answer(error.code, error)
    except (OSError, http.client.HTTPException) as broken:
        return Answer(0, problem=f"{type(broken).__name__}: {broken}")


def _answer(status: int, response: Any) -> Answer:
    body = response.read(_MAX_ANSWER_BYTES + 1)
    if len(body) > _MAX_ANSWER_BYTES:
        return Answer(0, problem=f"the answer has more than {_MAX_ANSWER_BYTES} bytes")
    return Answer(status, body, response.headers.get("Retry-After"))


def _after_s(header: str | None) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3); None if it is neither."""
    if header is None:
        return None
    try:
        seconds = float(header) if header.strip().isdigit() else _seconds_until(header)
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _MAX_AFTER_S)


def _seconds_until(date: str) -> float:
    when = email.utils.parsedate_to_datetime(date)
    return (when - datetime.datetime.now(when.tzinfo or datetime.UTC)).total_seconds()
