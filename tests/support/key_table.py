"""Envelopes in memory, as a database would keep them; several vaults may share one, as processes share a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from zaphod.safety.vault.wrapped_key import WrappedKey


class MemoryKeyTable:
    """A `KeyTable`. `rows` is open to tests that play the thief or the vandal."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], WrappedKey] = {}
        self.num_reads = 0
        self._lock = threading.Lock()

    def add(self, key: WrappedKey) -> bool:
        with self._lock:
            if self._in_use(key.tenant, key.subject) is not None:
                return False
            self.rows[key.tenant, key.key_id] = key
            return True

    def replace(self, key: WrappedKey) -> None:
        with self._lock:
            if (key.tenant, key.key_id) not in self.rows:
                raise KeyError(key.key_id)
            self.rows[key.tenant, key.key_id] = key

    def find(self, tenant: str, key_id: str) -> WrappedKey | None:
        with self._lock:
            self.num_reads += 1
            return self.rows.get((tenant, key_id))

    def in_use(self, tenant: str, subject: str) -> WrappedKey | None:
        with self._lock:
            self.num_reads += 1
            return self._in_use(tenant, subject)

    def destroy(self, tenant: str, subject: str) -> int:
        with self._lock:
            gone = [name for name, row in self.rows.items() if (row.tenant, row.subject) == (tenant, subject)]
            for name in gone:
                del self.rows[name]
            return len(gone)

    def of_tenant(self, tenant: str) -> Iterator[WrappedKey]:
        with self._lock:
            rows = [row for row in self.rows.values() if row.tenant == tenant]
        return iter(sorted(rows, key=lambda row: bool(row.subject)))

    def tenants(self) -> list[str]:
        with self._lock:
            return sorted({row.tenant for row in self.rows.values()})

    def _in_use(self, tenant: str, subject: str) -> WrappedKey | None:
        rows = (row for row in self.rows.values() if (row.tenant, row.subject) == (tenant, subject))
        return next((row for row in rows if row.retired_s is None), None)
