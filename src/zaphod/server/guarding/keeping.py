"""What a server keeps: records, their keys, the audit. Opens and closes them; knows no request.

state folder
    keys.sqlite             API keys
    tenants/<tenant>/       records of each tenant; in PostgreSQL where a database is named
    kek                     the key above all keys, unless another place is named
    audit/, audit-witness/  what happened, and the copy of its checkpoints
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zaphod.core.places import state_folder
from zaphod.records.store import Store, StoreOptions
from zaphod.safety.audit.log import AuditLog, AuditOptions
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.kek_address import create_kek, open_kek
from zaphod.safety.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class KeepingOptions:
    """Where things are kept.

    Args:
        state_dir: the folder; the user's own if None.
        database: PostgreSQL's URL for records; SQLite files if None.
        kek: where the key above all keys lies, as `zaphod vault` names places; in the state folder if None.
        audit: whether what happens is written down.
        audit_witness: where checkpoints are copied to; beside the audit if None.
    """

    state_dir: Path | None = None
    database: str | None = None
    kek: str | None = None
    audit: bool = True
    audit_witness: Path | None = None


class Keeping:
    """Store, vault and audit of one server.

    Args:
        options: where.

    Raises:
        ConfigError: a place cannot be used, or a key does not fit what is kept.
        AuditError: the audit's folder cannot be made.
    """

    def __init__(self, options: KeepingOptions) -> None:
        folder = state_folder(options.state_dir)
        self.store = Store.open(StoreOptions(state_dir=options.state_dir, database=options.database))
        try:
            self.vault = Vault(self.store.wrapped_keys, _kek(folder, self.store, options.kek))
            self.audit = self._audit(folder, options) if options.audit else None
        except BaseException:
            self.store.close()
            raise

    def close(self) -> None:
        """Write what waits, and let go of everything."""
        try:
            if self.audit is not None:
                self.audit.close()
        finally:
            self.store.close()

    @staticmethod
    def _audit(folder: Path, options: KeepingOptions) -> AuditLog:
        return AuditLog(folder / "audit", AuditOptions(witness=options.audit_witness))


def _kek(folder: Path, store: Store, address: str | None) -> KekProvider:
    """The key above all keys. Where nothing was kept yet, and no other place is named, a file gets a new one."""
    if address is not None:
        return open_kek(address)
    own = f"file:{folder / 'kek'}"
    if (folder / "kek").exists() or store.wrapped_keys.tenants():
        return open_kek(own)
    return create_kek(own)
