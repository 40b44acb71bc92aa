"""A server in OpenAI's format asked over HTTP: address, key, patience; knows no task, and reads no answer.

Redirects are not followed: they would carry the key to another server.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from zaphod.core.errors import ConfigError, UnavailableError

LATER: Final = (429, 503)
"""What a server says that has no time now."""
_VERSION: Final = re.compile(r"/v\d+$")
_MAX_WAIT_S: Final = 60.0
_MAX_TRIES: Final = 8
_MAX_BODY_BYTES: Final = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Which server, and how it is asked.

    Args:
        url: with or without `/v1` at its end.
        model: as the server calls it; its first one if empty.
        api_key: sent as a bearer token.
        timeout_s: for one answer.
    """

    url: str
    model: str = ""
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 300.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"The server's address is {self.url!r}.", "It begins with http:// or https://.", "Correct it."
            )

    def address(self, path: str) -> str:
        """Of a route; one that begins with `/` does not lie under the version."""
        base = self.url.rstrip("/")
        if path.startswith("/"):
            return _VERSION.sub("", base) + path
        return f"{base if _VERSION.search(base) else base + '/v1'}/{path}"


class Said(NamedTuple):
    """What a server answers."""

    status: int
    text: str
    retry_after: str | None
    """The header of that name."""


class _StaysHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_StaysHere)


def ask(endpoint: Endpoint, path: str, fields: Mapping[str, Any] | None) -> Said:
    """One request, and whatever comes back.

    Args:
        endpoint: which server.
        path: of the route: see `Endpoint.address`.
        fields: the body; None for a GET.

    Raises:
        UnavailableError: nothing comes back.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "zaphod"}
    if endpoint.api_key is not None:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    data = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(endpoint.address(path), data, headers)
    try:
        with _OPENER.open(request, timeout=endpoint.timeout_s) as response:
            return Said(response.status, response.read(_MAX_BODY_BYTES).decode(errors="replace"), None)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(_MAX_BODY_BYTES).decode(errors="replace")
        return Said(error.code, text, error.headers.get("Retry-After"))
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"{endpoint.address(path)} cannot be asked: {error}.",
            "It must answer.",
            "Check the address, and that the server runs.",
        ) from error


def ask_patiently(
    endpoint: Endpoint,
    path: str,
    fields: Mapping[str, Any] | None,
    sleep: Callable[[float], None] = time.sleep,
    before: Callable[[], None] = lambda: None,
) -> Said:
    """The same, again while the server says "later": after the time that it names, else twice as long each time.

    Args:
        endpoint, path, fields: as in `ask`.
        sleep: seconds.
        before: called before each request.

    Raises:
        UnavailableError: nothing comes back, or "later" to the end.
    """
    said = Said(0, "", None)
    for attempt in range(_MAX_TRIES):
        before()
        said = ask(endpoint, path, fields)
        if said.status not in LATER:
            return said
        if attempt + 1 < _MAX_TRIES:
            sleep(_waiting_s(said.retry_after, attempt))
    raise UnavailableError(
        f"{endpoint.address(path)} has said {said.status} {_MAX_TRIES} times.",
        "It should find time for a request.",
        "Ask less at one time, or give a key with higher limits.",
    )


def _waiting_s(retry_after: str | None, attempt: int) -> float:
    """Seconds, or a date (RFC 9110, 10.2.3); twice as long each time where nothing is said."""
    if retry_after is not None and re.fullmatch(r"\d{1,6}", retry_after.strip()):
        return min(float(retry_after), _MAX_WAIT_S)
    if retry_after is not None:
        try:
            moment = email.utils.parsedate_to_datetime(retry_after)
        except ValueError:
            return min(2.0**attempt, _MAX_WAIT_S)
        return min(max(0.0, moment.timestamp() - time.time()), _MAX_WAIT_S)
    return min(2.0**attempt, _MAX_WAIT_S)
