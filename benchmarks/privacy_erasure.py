"""Whether an erased person's records open with any key that is left: each is tried on copies that were made before.

    python -m benchmarks.privacy_erasure [--people 200] [--erased 80]

Copies are made before: every sealed record, and the database files. After erasing, every key that anybody can still get
at (KEK, both halves of the tenant's key, the key for hashes, every person's key in the table) is tried on every copy of
the erased, once as the person's key and once as the record's own. The same attack before the erasure opens everything,
so it can succeed. The limit is shown as well: a back-up of the table of keys that is older.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.common import publish
from zaphod.core.errors import IntegrityError
from zaphod.core.places import tenant_folder_name
from zaphod.records.conversations import Conversation, Item
from zaphod.records.ids import new_id
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy.erasure import ACTION, erase
from zaphod.records.privacy.office import Office
from zaphod.records.responses import StoredResponse
from zaphod.records.sealing import Sealing, conversation_record, item_record, response_record
from zaphod.records.store import Store, StoreOptions
from zaphod.records.tenant_store import TenantStore
from zaphod.safety.audit.search import Query, search
from zaphod.safety.audit.verify import verify
from zaphod.safety.vault.header import RECORD_HEADER_BYTES, read_header
from zaphod.safety.vault.kek import KekProvider, parse_key
from zaphod.safety.vault.kek_file import FileKek
from zaphod.safety.vault.keyring import Keyring
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.sealed_record import DataKey, open_record
from zaphod.safety.vault.secret_key import KEY_BYTES, SecretKey
from zaphod.safety.vault.vault import Vault
from zaphod.safety.vault.wrapped_key import KeyTable, WrappedKey
from zaphod.study.intervals import Share, clopper_pearson

TENANT = "clinic"
NOTE = """\
{people} people of one tenant, {erased} of them erased; {sealed} sealed records of each. Copies of each: from {kinds}.
Intervals: Clopper-Pearson, of the share that opens. They treat copies as drawn by chance; that no key opens what
another has sealed is AES-GCM's promise, not this count's."""


class Copy(NamedTuple):
    """A sealed record that somebody took before the erasure."""

    subject: str
    record: str
    sealed: bytes


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was counted. Shares are of copies that open.

    Args:
        before: of the people who will be erased, with the keys that were there then.
        erased: of these, with every key that is left.
        others: of everybody else, with the vault as it is.
        old_table: of the erased, with an older copy of the table of keys and the KEK.
        old_table_after_rotation: likewise, when the KEK was changed and the old one destroyed.
        num_keys_tried: on each copy of the erased.
        num_kinds: of copies.
        num_tombstones: in the audit.
        is_sound: whether the audit verifies.
    """

    before: Share
    erased: Share
    others: Share
    old_table: Share
    old_table_after_rotation: Share
    num_keys_tried: int
    num_kinds: int
    num_tombstones: int
    is_sound: bool


def prove(options: KeepingOptions, *, num_people: int, num_erased: int) -> Proof:
    """Make people, copies, erasures and attacks in an empty place whose KEK is a file."""
    people = [f"person-{number}" for number in range(num_people)]
    erased = people[:num_erased]
    backup = options.folder / "backup"
    with Keeping(options) as keeping:
        office = Office(keeping, TENANT, actor="benchmark")
        for subject in people:
            admit(office, subject)
        copies = list(rows_of(office.own))
        old_table = list(keeping.store.wrapped_keys.of_tenant(TENANT))
        in_files = list(_file_copies(options, backup))
        copies += in_files
        theirs = [copy for copy in copies if copy.subject in set(erased)]
        kek = FileKek(options.folder / "kek")
        before = _opened(theirs, known_keys(keeping.store.wrapped_keys, kek))
        for subject in erased:
            erase(office, subject)
        keys = known_keys(keeping.store.wrapped_keys, kek)
        after = _opened(theirs, keys)
        keeping.vault.forget()
        others = _opened_by(keeping.vault, [copy for copy in copies if copy.subject not in set(erased)])
        with_old = _opened_with_backup(old_table, options.folder / "restored", kek, theirs)
        new_kek = _kek_changed(keeping, options.folder)
        with_old_rotated = _opened_with_backup(old_table, options.folder / "restored-again", new_kek, theirs)
    told = search(options.audit_folder, TENANT, Query(action=ACTION, decision="done"))
    return Proof(
        before=before,
        erased=after,
        others=others,
        old_table=with_old,
        old_table_after_rotation=with_old_rotated,
        num_keys_tried=len(keys),
        num_kinds=2 if in_files else 1,
        num_tombstones=sum(1 for _ in told),
        is_sound=verify(options.audit_folder, options.witness).is_sound,
    )


def admit(office: Office, subject: str) -> None:
    """Keep a conversation with an item, and an answer: four sealed records."""
    own, sealing = office.own, Sealing(office.keeping.vault, office.own)
    conversation, item, response = new_id("conv"), new_id("msg"), new_id("resp")

    def sealed(record: str) -> bytes:
        return sealing.seal(f"{record} of {subject}".encode(), subject=subject, record=record)

    own.conversations.add(
        Conversation(
            id=conversation, subject=subject, created_s=1, updated_s=1, sealed=sealed(conversation_record(conversation))
        )
    )
    said = Item(id=item, created_s=1, sealed=sealed(item_record(conversation, item)))
    own.conversations.append(conversation, [said], updated_s=1)
    body, given = (sealed(response_record(response, "body")), sealed(response_record(response, "input")))
    own.responses.add(StoredResponse(id=response, subject=subject, created_s=1, sealed_body=body, sealed_input=given))


def rows_of(own: TenantStore) -> Iterator[Copy]:
    """Every sealed record that a database has."""
    for one in own.conversations.all():
        yield Copy(one.subject, conversation_record(one.id), one.sealed)
        for item in own.conversations.items(one.id):
            yield Copy(one.subject, item_record(one.id, item.id), item.sealed)
    for answer in own.responses.all():
        yield Copy(answer.subject, response_record(answer.id, "body"), answer.sealed_body)
        yield Copy(answer.subject, response_record(answer.id, "input"), answer.sealed_input)


def known_keys(table: KeyTable, kek: KekProvider) -> list[SecretKey]:
    """Every key that whoever has the table, and the file of the KEK, can get at."""
    ring = Keyring(table, kek)
    keys = [parse_key(SecretKey(kek.path.read_bytes()), "the file")] if isinstance(kek, FileKek) else []
    with Vault(table, kek) as vault:
        keys += [SecretKey(vault.digest_key(TENANT))]
    for row in table.of_tenant(TENANT):
        if row.subject:
            keys.append(ring.data_key(TENANT, row.subject, row.key_id).secret)
        else:
            root = ring.unwrapped_tenant_key(row).root.reveal()
            keys += [SecretKey(root[start : start + KEY_BYTES]) for start in range(0, len(root), KEY_BYTES)]
    return keys


def _file_copies(options: KeepingOptions, backup: Path) -> Iterator[Copy]:
    """The files of SQLite, copied and read from the copy; none where records lie elsewhere."""
    if options.database is not None:
        return
    folder = Path("tenants") / tenant_folder_name(TENANT)
    shutil.copytree(options.folder / folder, backup / folder)
    with Store.open(StoreOptions(state_dir=backup)) as store:
        yield from rows_of(store.tenant(TENANT))


def _opened(copies: Sequence[Copy], keys: Sequence[SecretKey]) -> Share:
    return Share(sum(any(_opens(copy, key) for key in keys) for copy in copies), len(copies))


def _opens(copy: Copy, key: SecretKey) -> bool:
    """As the person's key, from which the record's comes, or as the record's own."""
    header = read_header(copy.sealed, "record")
    place = Place(tenant=TENANT, subject=copy.subject, record=copy.record)
    try:
        return bool(open_record(copy.sealed, header, DataKey(key_id=header.key_id, secret=key), place))
    except IntegrityError:
        pass
    try:
        bound = header.raw + place.bound_bytes
        return bool(AESGCM(key.reveal()).decrypt(header.nonce, copy.sealed[RECORD_HEADER_BYTES:], bound))
    except InvalidTag:
        return False


def _opened_by(vault: Vault, copies: Sequence[Copy]) -> Share:
    num_open = 0
    for subject, record, sealed in copies:
        try:
            num_open += bool(vault.decrypt(sealed, tenant=TENANT, subject=subject, record=record))
        except IntegrityError:
            continue
    return Share(num_open, len(copies))


def _opened_with_backup(rows: Sequence[WrappedKey], folder: Path, kek: KekProvider, copies: Sequence[Copy]) -> Share:
    """With a back-up of the table of keys, restored into a database of its own."""
    with Store.open(StoreOptions(state_dir=folder)) as store:
        for row in rows:
            store.wrapped_keys.add(row)
        with Vault(store.wrapped_keys, kek) as vault:
            return _opened_by(vault, copies)


def _kek_changed(keeping: Keeping, folder: Path) -> KekProvider:
    """Another KEK, and the old one destroyed."""
    new = FileKek.create(folder / "new-kek")
    with Vault(keeping.store.wrapped_keys, new, former=[FileKek(folder / "kek")]) as vault:
        vault.rotate_kek()
    (folder / "kek").unlink()
    return new


def table_of(proof: Proof, num_people: int, num_erased: int) -> str:
    """What is printed."""
    kinds = "the database, and copied files" if proof.num_kinds == 2 else "the database"
    sealed = (proof.erased.of + proof.others.of) // num_people // proof.num_kinds
    rows = [
        ("the erased, before: every key", proof.before),
        (f"**the erased, after: each of the {proof.num_keys_tried} keys that are left**", proof.erased),
        ("everybody else, after: the vault", proof.others),
        ("limit: the erased, with an older back-up of the table of keys, and the KEK", proof.old_table),
        ("the same after the KEK was changed and the old one destroyed", proof.old_table_after_rotation),
    ]
    lines = [f"| {name} | {share.num:,} of {share.of:,} | {_interval(share)} |" for name, share in rows]
    return "\n".join(
        [
            NOTE.format(people=num_people, erased=num_erased, sealed=sealed, kinds=kinds),
            "",
            "| copies, and what was tried on them | open | 95 % interval |",
            "|---|---|---|",
            *lines,
            "",
            f"Audit: {'verifies' if proof.is_sound else 'DOES NOT VERIFY'}; tombstones: {proof.num_tombstones}.",
        ]
    )


def _interval(share: Share) -> str:
    low, high = clopper_pearson(*share)
    return f"{low:.3%} to {high:.3%}"


def main() -> None:
    """Prove it in a folder of its own, print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--erased", type=int, default=80)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options = KeepingOptions(state_dir=Path(folder) / "state")
        proof = prove(options, num_people=given.people, num_erased=given.erased)
    publish("privacy_erasure", dataclasses.asdict(proof), table_of(proof, given.people, given.erased))


if __name__ == "__main__":
    main()
