"""Bytes that only open where they were sealed, as long as their subject's key exists. Read this file first.

Envelope encryption with AES-256-GCM: a KEK outside of the database wraps a key for each tenant, that one wraps a key
for each person (subject), and from that one comes a key for each record. Destroying a subject's key erases every copy
of what was sealed for it, wherever the copy lies: no other key opens it.

It does not hide how long records are, who has some, or how often they change. Whoever can read this process's memory
can read its keys. A back-up of the table of keys that is older than an erasure still has the erased key's envelope.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, Self

from zaphod.core.errors import ZaphodError
from zaphod.core.places import require_tenant
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.vault.header import read_header, require_sequence, require_version
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.keyring import DEFAULT_OPTIONS, Keyring, VaultOptions
from zaphod.safety.vault.place import Place, joined, require_subject
from zaphod.safety.vault.rotation import rotate_kek, rotate_subject, rotate_tenant
from zaphod.safety.vault.sealed_record import open_record, seal_record
from zaphod.safety.vault.sealed_stream import open_stream, read_stream_header, seal_stream
from zaphod.safety.vault.wrapped_key import KeyTable


class Vault:
    """Seals and opens. Threads may share it; each process has its own.

    Args:
        table: keeps the envelopes.
        kek: the key that wraps tenants' keys.
        former: KEKs that some are still wrapped by, until `rotate_kek` is through.
        options: how long unwrapped keys stay in memory.
        clock: seconds, monotonic.
        now_s: seconds since 1970.

    Every method may raise `UnavailableError` where the KEK does not answer, and `WrongKeyError` where it is another.
    """

    def __init__(
        self,
        table: KeyTable,
        kek: KekProvider,
        *,
        former: Sequence[KekProvider] = (),
        options: VaultOptions = DEFAULT_OPTIONS,
        clock: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._keys = Keyring(table, kek, former=former, options=options, clock=clock, now_s=now_s)

    def encrypt(self, plaintext: bytes, *, tenant: str, subject: str, record: str, sequence: int = 0) -> bytes:
        """Sealed bytes, 74 longer than the plaintext.

        Args:
            plaintext: up to 1 GiB; longer ones are streams.
            tenant: whose it is.
            subject: the person whom it is about.
            record: which one it is; the same bytes do not open as another record.
            sequence: which version of the record it is, counted by the caller.

        Raises:
            ConfigError: no tenant can be called so.
            RequestError: no such subject, record or sequence can be.
        """
        place = Place(tenant=tenant, subject=subject, record=record)
        require_sequence(sequence)
        return seal_record(plaintext, self._keys.data_key_in_use(tenant, subject), place, sequence)

    def decrypt(self, sealed: bytes, *, tenant: str, subject: str, record: str, sequence: int | None = None) -> bytes:
        """The plaintext.

        Args:
            sealed: what `encrypt` gave.
            tenant: as when it was sealed.
            subject: as when it was sealed.
            record: as when it was sealed.
            sequence: the version that the caller expects. Without it an old version that was put back is not noticed.

        Raises:
            DestroyedKeyError: its key is gone for good.
            UnknownVersionError: a newer program sealed it.
            IntegrityError: it was changed, belongs elsewhere, or is another version.
        """
        place = Place(tenant=tenant, subject=subject, record=record)
        header = read_header(sealed, "record")
        key = self._keys.data_key(tenant, subject, header.key_id)
        plaintext = open_record(sealed, header, key, place)
        require_version(header, sequence)
        return plaintext

    def encrypt_stream(
        self,
        source: BinaryIO,
        target: BinaryIO,
        *,
        tenant: str,
        subject: str,
        record: str,
        sequence: int = 0,
        progress: Progress = SILENT,
        total_bytes: int = 0,
    ) -> int:
        """Seal all of `source` into `target`, in segments of 64 KiB; how many bytes there were."""
        place = Place(tenant=tenant, subject=subject, record=record)
        require_sequence(sequence)
        key = self._keys.data_key_in_use(tenant, subject)
        with progress.step("encrypting", total_bytes) as advance:
            return seal_stream(source, target, key, place, sequence, advance)

    def decrypt_stream(
        self,
        source: BinaryIO,
        target: BinaryIO,
        *,
        tenant: str,
        subject: str,
        record: str,
        sequence: int | None = None,
        progress: Progress = SILENT,
        total_bytes: int = 0,
    ) -> int:
        """Open all of `source` into `target`; how many bytes there were.

        Segments are written as they are proven, so `target` counts only when this has returned. Raises as `decrypt`.
        """
        place = Place(tenant=tenant, subject=subject, record=record)
        header = read_header(read_stream_header(source), "stream")
        key = self._keys.data_key(tenant, subject, header.key_id)
        with progress.step("decrypting", total_bytes) as advance:
            num_bytes = open_stream(source, target, header, key, place, advance)
        require_version(header, sequence)
        return num_bytes

    def reencrypt(self, sealed: bytes, *, tenant: str, subject: str, record: str) -> bytes:
        """The same record under the key in use; the very same bytes if it is already. Raises as `decrypt`."""
        plaintext = self.decrypt(sealed, tenant=tenant, subject=subject, record=record)
        header = read_header(sealed, "record")
        if header.key_id == self._keys.data_key_in_use(tenant, subject).key_id:
            return sealed
        return self.encrypt(plaintext, tenant=tenant, subject=subject, record=record, sequence=header.sequence)

    def shred(self, *, tenant: str, subject: str) -> int:
        """Destroy all keys of a person; how many there were. Every copy of what they sealed is closed for good.

        Other processes notice within `cache_ttl_s`; what they seal for the person until then is closed, too.
        """
        require_tenant(tenant)
        require_subject(subject)
        return self._destroy(tenant, subject)

    def shred_tenant(self, *, tenant: str) -> int:
        """Destroy all keys of a tenant and of its subjects; how many there were.

        The tenant's own go first: with them everything is closed, whatever keeps the others from being removed.
        """
        require_tenant(tenant)
        num_keys, errors = 0, []
        for subject in sorted({"", *(row.subject for row in self._keys.table.of_tenant(tenant))}):
            try:
                num_keys += self._destroy(tenant, subject)
            except ZaphodError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return num_keys

    def rotate(self, *, tenant: str, progress: Progress = SILENT) -> int:
        """A new key for the tenant, under which all its subjects' keys go; how many these were."""
        require_tenant(tenant)
        return rotate_tenant(self._keys, tenant, progress)

    def rotate_subject(self, *, tenant: str, subject: str) -> None:
        """A new key for what is sealed from now on; `reencrypt` moves older records to it."""
        require_tenant(tenant)
        require_subject(subject)
        rotate_subject(self._keys, tenant, subject)

    def rotate_kek(self, progress: Progress = SILENT) -> int:
        """Wrap all tenants' keys by the KEK, also those of a `former` one; how many these were."""
        return rotate_kek(self._keys, progress)

    def digest_key(self, tenant: str, purpose: str = "") -> bytes:
        """32 bytes for keyed hashes and pseudonyms: others for each tenant and purpose, and the same after rotation.

        They outlive a shredded subject: a hash of something that can be guessed still shows that it was there.
        """
        require_tenant(tenant)
        digesting = self._keys.tenant_key_in_use(tenant).digesting
        return digesting.derive(joined("zaphod digest v1", tenant, purpose)).reveal()

    def forget(self) -> None:
        """Drop every unwrapped key from memory."""
        self._keys.forget()

    def close(self) -> None:
        """Drop every unwrapped key, and end what the KEKs have open."""
        self._keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _destroy(self, tenant: str, subject: str) -> int:
        try:
            return self._keys.table.destroy(tenant, subject)
        finally:
            self._keys.forget()
