"""How fast records are sealed and opened, beside the library's AES-256-GCM alone, which is the limit.

    python -m benchmarks.vault [--repeats 30]

Sizes and ways take turns, so that what else this machine does falls on all of them alike. The limit encrypts with one
key and one nonce all the time: no header, no derived key, no random bytes. That is no way to keep anything.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.common import publish, spread
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.keyring import VaultOptions
from zaphod.safety.vault.vault import Vault
from zaphod.safety.vault.wrapped_key import WrappedKey

SIZES = {"1 kB": 1_000, "64 kB": 64_000, "1 MB": 1_000_000}
STREAM_BYTES = 64_000_000
HERE = {"tenant": "acme", "subject": "alice", "record": "conv_0123456789"}
SLICE_S = 0.05
"""Of each measurement; calls are counted until it is over."""
NOTE = """\
One thread, {repeats} rounds of {slice:.0f} ms each, in turns. GB/s of plaintext: median (min to max). The share is the
median of each round's share. A record costs {overhead} bytes more than its plaintext. Keys are cached, as they are by
default for {ttl:g} s; `cold` is a subject whose key must be unwrapped by its tenant's, out of a table in memory."""


class Table:
    """Envelopes in memory, so that no database is measured."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], WrappedKey] = {}
        self._in_use: dict[tuple[str, str], WrappedKey] = {}

    def add(self, key: WrappedKey) -> bool:
        self._rows[key.tenant, key.key_id] = self._in_use[key.tenant, key.subject] = key
        return True

    def replace(self, key: WrappedKey) -> None:
        raise NotImplementedError("nothing is rotated here")

    def find(self, tenant: str, key_id: str) -> WrappedKey | None:
        return self._rows.get((tenant, key_id))

    def in_use(self, tenant: str, subject: str) -> WrappedKey | None:
        return self._in_use.get((tenant, subject))

    def destroy(self, tenant: str, subject: str) -> int:
        raise NotImplementedError("nothing is destroyed here")

    def of_tenant(self, tenant: str) -> Iterator[WrappedKey]:
        return (row for (owner, _), row in self._rows.items() if owner == tenant)

    def tenants(self) -> list[str]:
        return sorted({tenant for tenant, _ in self._rows})


class Nowhere(io.BytesIO):
    """Takes all and keeps nothing, so that no memory is measured."""

    def write(self, piece: Any) -> int:
        return len(piece)


def calls_per_s(call: Callable[[], object]) -> float:
    """How often it runs in a second, from one slice of time."""
    num_calls, start_s = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - start_s) < SLICE_S:
        call()
        num_calls += 1
    return num_calls / elapsed_s


def ways(vault: Vault, size_bytes: int) -> dict[str, Callable[[], object]]:
    """Sealing and opening one record, and the same by the library alone."""
    plaintext, cipher, nonce = os.urandom(size_bytes), AESGCM(os.urandom(32)), os.urandom(12)
    sealed, raw = vault.encrypt(plaintext, **HERE), cipher.encrypt(nonce, plaintext, None)
    return {
        "limit, encrypt": lambda: cipher.encrypt(nonce, plaintext, None),
        "vault, encrypt": lambda: vault.encrypt(plaintext, **HERE),
        "limit, decrypt": lambda: cipher.decrypt(nonce, raw, None),
        "vault, decrypt": lambda: vault.decrypt(sealed, **HERE),
    }


def measure_records(vault: Vault, repeats: int) -> dict[str, dict[str, list[float]]]:
    """Calls a second of each size and way, a value for each round."""
    made = {title: ways(vault, size) for title, size in SIZES.items()}
    rates: dict[str, dict[str, list[float]]] = {title: {way: [] for way in calls} for title, calls in made.items()}
    for _ in range(repeats):
        for title, calls in made.items():
            for way, call in calls.items():
                rates[title][way].append(calls_per_s(call))
    return rates


def measure_rest(vault: Vault, cold: Vault, repeats: int) -> dict[str, list[float]]:
    """Bytes a second of streams, and records a second where no key is cached."""
    plaintext, sealed, nowhere = os.urandom(STREAM_BYTES), io.BytesIO(), Nowhere()
    vault.encrypt_stream(io.BytesIO(plaintext), sealed, **HERE)
    small = cold.encrypt(bytes(1000), **HERE)
    rates: dict[str, list[float]] = {"stream, encrypt": [], "stream, decrypt": [], "cold, 1 kB": []}
    for _ in range(max(3, repeats // 5)):
        start_s = time.perf_counter()
        vault.encrypt_stream(io.BytesIO(plaintext), nowhere, **HERE)
        middle_s = time.perf_counter()
        vault.decrypt_stream(io.BytesIO(sealed.getvalue()), nowhere, **HERE)
        rates["stream, encrypt"].append(STREAM_BYTES / (middle_s - start_s))
        rates["stream, decrypt"].append(STREAM_BYTES / (time.perf_counter() - middle_s))
        rates["cold, 1 kB"].append(calls_per_s(lambda: cold.decrypt(small, **HERE)))
    return rates


def table(records: dict[str, dict[str, list[float]]], rest: dict[str, list[float]]) -> str:
    """What was found, in Markdown."""
    lines = ["| record | library, GB/s | vault, GB/s | share | vault, records/s |", "|---|---|---|---|---|"]
    for title, rates in records.items():
        for verb in ("encrypt", "decrypt"):
            limit, ours = rates[f"limit, {verb}"], rates[f"vault, {verb}"]
            shares = [one / other for one, other in zip(ours, limit, strict=True)]
            gigabytes = [_range([rate * SIZES[title] / 1e9 for rate in way], 2) for way in (limit, ours)]
            lines.append(f"| {title}, {verb} | {' | '.join(gigabytes)} | {_share(shares)} | {_range(ours, 0)} |")
    lines += ["", "| otherwise | |", "|---|---|"]
    for way in ("stream, encrypt", "stream, decrypt"):
        title = f"{way}, {STREAM_BYTES / 1e6:.0f} MB, from memory to nowhere"
        lines.append(f"| {title} | {_range([rate / 1e9 for rate in rest[way]], 2)} GB/s |")
    lines.append(f"| cold, decrypt, 1 kB | {_range(rest['cold, 1 kB'], 0)} records/s |")
    return "\n".join(lines)


def _range(values: list[float], decimals: int) -> str:
    found = spread(values)
    return f"{found['median']:,.{decimals}f} ({found['min']:,.{decimals}f} to {found['max']:,.{decimals}f})"


def _share(values: list[float]) -> str:
    found = spread(values)
    return f"{found['median']:.0%} ({found['min']:.0%} to {found['max']:.0%})"


def main() -> None:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--print-only", action="store_true", help="do not touch benchmarks/results")
    options = parser.parse_args()
    kek, keys = EnvironmentKek("KEK", {"KEK": secrets.token_hex(32)}), Table()
    uncached = VaultOptions(cache_ttl_s=0)
    with Vault(keys, kek) as vault, Vault(keys, kek, options=uncached) as cold:
        records = measure_records(vault, options.repeats)
        rest = measure_rest(vault, cold, options.repeats)
    overhead = len(_sealed_nothing(kek))
    note = NOTE.format(repeats=options.repeats, slice=SLICE_S * 1e3, overhead=overhead, ttl=VaultOptions().cache_ttl_s)
    text = f"{note}\n\n{table(records, rest)}"
    result: dict[str, Any] = {"calls_per_s": records, "rest": rest, "overhead_bytes": overhead}
    if options.print_only:
        print(text)
    else:
        publish("vault", result, text)


def _sealed_nothing(kek: EnvironmentKek) -> bytes:
    with Vault(Table(), kek) as vault:
        return vault.encrypt(b"", **HERE)


if __name__ == "__main__":
    main()
