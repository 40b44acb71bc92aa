"""Who asks: from the headers of a request to a caller. Knows neither routes nor scopes."""

from __future__ import annotations

import ipaddress
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from zaphod.core.errors import ConfigError
from zaphod.server.admission.keys import KeyStore
from zaphod.server.admission.limits import Bucket, keys_unavailable, whole_seconds
from zaphod.server.caller import LOCAL, Caller
from zaphod.server.errors import ApiError

ANONYMOUS = Caller(key_id="anonymous", name="anybody", scopes=frozenset(), tenant="anonymous")
"""Who asks for a public route, where nobody looks at a key."""

_REMEDY = "Send a key as `Authorization: Bearer zk-…` or `x-api-key`; `zaphod keys create` makes one."


class Identity:
    """Finds callers.

    Args:
        keys: where keys are.
        is_open: whether the server is on loopback, where nobody needs a key as long as there is none.
        max_failures_per_minute: wrong keys that one address may send.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        keys: KeyStore,
        *,
        is_open: bool,
        max_failures_per_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._is_open = is_open
        self._failures = _Failures(max_failures_per_minute, clock)

    def find(self, headers: Mapping[str, str], address: str) -> Caller:
        """The caller of a request.

        Args:
            headers: names in lower case.
            address: of the client.

        Raises:
            ApiError: 401 no key, or none that is valid; 429 too many wrong ones; 503 the keys cannot be read.
        """
        try:
            if not self.needs_key():
                return LOCAL
            secret = _secret(headers)
            caller = self._keys.find(secret) if secret else None
        except ConfigError as error:
            raise keys_unavailable() from error
        if caller is not None:
            return caller
        if secret:
            self._failures.count(address)
        found = "The key is not valid: it is unknown, expired or revoked." if secret else "No key was sent."
        raise ApiError(401, "invalid_api_key", f"{found} {_REMEDY}", headers={"WWW-Authenticate": "Bearer"})

    def needs_key(self) -> bool:
        """Whether requests without a key are refused now."""
        return not self._is_open or self._keys.has_keys()


class _Failures:
    """Wrong keys of each address, in bounded memory: the addresses that were silent longest are forgotten.

    A valid key passes whatever others at its address did. 256 bits cannot be guessed in any case; the limit keeps
    those who try from filling the log.
    """

    _MAX_ADDRESSES = 4096

    def __init__(self, max_per_minute: int, clock: Callable[[], float]) -> None:
        self._max_per_minute = max_per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._jitter = random.Random()

    def count(self, address: str) -> None:
        """Count one.

        Raises:
            ApiError: 429, there were too many before.
        """
        now_s, place = self._clock(), _network(address)
        bucket = self._buckets.setdefault(place, Bucket(self._max_per_minute, now_s))
        self._buckets.move_to_end(place)
        if len(self._buckets) > self._MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        if wait_s := bucket.wait_s(1, now_s):
            again_s = whole_seconds(wait_s, self._jitter)
            message = f"Too many wrong keys came from this address. Try again in {again_s} s."
            raise ApiError(429, "too_many_failures", message, headers={"Retry-After": str(again_s)})
        bucket.take(1, now_s)


def _secret(headers: Mapping[str, str]) -> str:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def _network(address: str) -> str:
    """What one subscriber has: an IPv4 address, or 2^64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address
