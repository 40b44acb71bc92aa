"""What an installation keeps: records, their keys, the audit. Opens and closes them; knows no request and no duty.

state folder
    keys.sqlite             API keys
    tenants/<tenant>/       records of each tenant; in PostgreSQL where a database is named
    kek                     the key above all keys, unless another place is named
    audit/, audit-witness/  what happened, and the copy of its checkpoints
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from zaphod.core.errors import ConfigError
from zaphod.core.places import state_folder
from zaphod.records.store import Store, StoreOptions
from zaphod.safety.audit.log import AuditLog, AuditOptions, witness_of
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.kek_address import create_kek, open_kek
from zaphod.safety.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class KeepingOptions:
    """Where things are kept.

    Args:
        state_dir: the folder; the user's own if None.
        database: PostgreSQL's URL for records; SQLite files if None.
        keys_path: a SQLite file of API keys, whatever `database` says.
        kek: where the key above all keys lies, as `zaphod vault` names places; in the state folder if None.
        audit: whether what happens is written down.
        audit_witness: where checkpoints are copied to; beside the audit if None.
    """

    state_dir: Path | None = None
    database: str | None = None
    keys_path: Path | None = None
    kek: str | None = None
    audit: bool = True
    audit_witness: Path | None = None

    @property
    def folder(self) -> Path:
        """The state folder."""
        return state_folder(self.state_dir)

    @property
    def audit_folder(self) -> Path:
        """Where the audit lies, whether or not it is kept."""
        return self.folder / "audit"

    @property
    def witness(self) -> Path:
        """Where the audit's checkpoints are copied to."""
        return witness_of(self.audit_folder, self.audit_witness)

    @property
    def store(self) -> StoreOptions:
        """Where records lie."""
        return StoreOptions(state_dir=self.state_dir, database=self.database, keys_path=self.keys_path)


class Keeping:
    """Store, vault and audit. Several processes may keep the same place at one time.

    Args:
        options: where.

    Raises:
        ConfigError: a place cannot be used, or a key does not fit what is kept.
        AuditError: the audit's folder cannot be made.
    """

    def __init__(self, options: KeepingOptions) -> None:
        self.options = options
        self.store = Store.open(options.store)
        try:
            self.vault = Vault(self.store.wrapped_keys, _kek(options.folder, self.store, options.kek))
            self.audit = self._audit(options) if options.audit else None
        except BaseException:
            self.store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, drop every key, and let go of everything."""
        try:
            if self.audit is not None:
                self.audit.close()
        finally:
            try:
                self.vault.close()
            finally:
                self.store.close()

    @staticmethod
    def _audit(options: KeepingOptions) -> AuditLog:
        # Servers hand events in on their event loop: where there is no room, who asks is refused and nobody waits.
        return AuditLog(options.audit_folder, AuditOptions(witness=options.audit_witness, queue_timeout_s=0))


def kek_address(chosen: str | None, folder: Path) -> str:
    """Where the key above all keys lies: where somebody says, or in the state folder."""
    return chosen or f"file:{folder / 'kek'}"


def _kek(folder: Path, store: Store, chosen: str | None) -> KekProvider:
    """The key above all keys. Where nothing was kept yet, and no other place is named, a file gets a new one."""
    address, own = kek_address(chosen, folder), folder / "kek"
    if chosen is not None or own.exists() or store.wrapped_keys.tenants():
        return open_kek(address)
    try:
        return create_kek(address)
    except ConfigError:
        if not own.exists():  # else another process was faster, and its key is the one
            raise
        return open_kek(address)
