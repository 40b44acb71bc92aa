"""`zaphod vault`: the key that wraps all others, and files sealed with it; knows neither ciphers nor tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.core.places import state_folder
from zaphod.core.progress import ProgressLines
from zaphod.records.keeping import kek_address
from zaphod.records.store import Store, StoreOptions
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.kek_address import create_kek, open_kek
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.sealed_file import decrypt_file, encrypt_file
from zaphod.safety.vault.vault import Vault
from zaphod.safety.vault.wrapped_key import KeyTable, WrappedKey

_HELP = """Make, see and change the keys that everything kept is sealed with, and seal files.

One key (KEK) wraps a key for each tenant, that one wraps a key for each person, and with that one records are sealed.

\b
Examples:
  zaphod vault init
  zaphod vault status --json
  zaphod vault rotate --kek file:new-kek --former file:old-kek
  zaphod vault encrypt report.pdf
"""
_SUFFIX = ".sealed"
_FILES = "files"

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

KekFlag = Annotated[
    str | None,
    typer.Option(
        "--kek",
        metavar="ADDRESS",
        help="file:PATH, env:NAME, pkcs11:… or transit:…; else the setting `kek`, else that file in the state folder.",
    ),
]
TenantFlag = Annotated[str, typer.Option("--tenant", help="Whose it is; the local user if left out.")]
SubjectFlag = Annotated[str, typer.Option("--subject", help="Whose key seals it; shredding that person closes it.")]
OutFlag = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="The new file.")]


@verbs.command("init")
def init(context: typer.Context, kek: KekFlag = None, as_json: JsonFlag = False) -> None:
    """Make a KEK, in a file of mode 0600 or in a PKCS #11 token. One that is there is never written over.

    \b
    Examples:
      zaphod vault init
      zaphod vault init --kek file:/secure/kek
      zaphod vault init --kek 'pkcs11:token=hsm;object=kek?module-path=/usr/lib/hsm.so&pin-source=file:/run/pin'
    """
    address = _address(context, kek)
    made = create_kek(address)
    made.close()
    if as_json:
        print_json({"kind": made.kind, "kek": made.key_id, "address": address})
        return
    print_pairs([("KEK", made.key_id), ("kind", made.kind), ("address", address)])
    print_line("Copy it to a safe place, apart from back-ups of the records: without it nothing opens.", style="bold")


@verbs.command("status")
def status(context: typer.Context, kek: KekFlag = None, as_json: JsonFlag = False) -> None:
    """Show the KEK and how many keys each tenant has; never a key.

    \b
    Examples:
      zaphod vault status
      zaphod vault status --json
    """
    with _opened(context, kek) as (keys, table):
        tenants = [_counted(tenant, table, keys.key_id) for tenant in table.tenants()]
        about = {"kind": keys.kind, "kek": keys.key_id}
    if as_json:
        print_json({**about, "tenants": tenants})
        return
    print_pairs([("KEK", about["kek"]), ("kind", about["kind"]), ("tenants", str(len(tenants)))])
    if tenants:
        print_line()
        header = ("tenant", "subjects", "keys in use", "retired", "under this KEK")
        print_table([_row(tenant) for tenant in tenants], header=header, right=(1, 2, 3))


def _row(tenant: dict[str, Any]) -> tuple[str, ...]:
    counts = (str(tenant[name]) for name in ("subjects", "in_use", "retired"))
    return (tenant["tenant"] or "(local)", *counts, "yes" if tenant["is_under_this_kek"] else "NO")


@verbs.command("rotate")
def rotate(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option("--tenant", help="A new key for this tenant, not for the KEK.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="A new key for this person of the tenant.")] = None,
    former: Annotated[
        str | None, typer.Option("--former", metavar="ADDRESS", help="The KEK that wrapped tenants' keys until now.")
    ] = None,
    kek: KekFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Wrap all tenants' keys by the KEK again, or give a tenant or a person a new key. What is sealed stays as it is.

    To change the KEK: make the new one, run this with the old one as --former, then destroy the old one. A server that
    runs meanwhile must be started again with the new one.

    \b
    Examples:
      zaphod vault rotate --kek file:new-kek --former file:old-kek
      zaphod vault rotate --tenant acme
      zaphod vault rotate --tenant acme --subject alice --json
    """
    if subject is not None and tenant is None:
        raise ConfigError(
            "--subject names a person, but no tenant is named.", "A person is a tenant's.", "Give --tenant."
        )
    with _vault(context, kek, former) as vault:
        num_wrapped = _rotated(vault, tenant, subject)
    if as_json:
        print_json({"tenant": tenant, "subject": subject, "num_wrapped": num_wrapped})
    elif subject is not None:
        print_line(f"{subject!r} has a new key; the old one still opens what it has sealed.")
    else:
        whose = "tenants" if tenant is None else f"subjects of tenant {tenant!r}"
        print_line(f"Wrapped again: {num_wrapped} keys of {whose}.")


def _rotated(vault: Vault, tenant: str | None, subject: str | None) -> int:
    if tenant is None:
        return vault.rotate_kek(ProgressLines())
    if subject is None:
        return vault.rotate(tenant=tenant, progress=ProgressLines())
    vault.rotate_subject(tenant=tenant, subject=subject)
    return 0


@verbs.command("encrypt")
def encrypt(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file; it stays.")],
    out: OutFlag = None,
    tenant: TenantFlag = "",
    subject: SubjectFlag = _FILES,
    record: Annotated[str | None, typer.Option("--record", help="What it is bound to; its name if left out.")] = None,
    kek: KekFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Seal a file into FILE.sealed.

    \b
    Examples:
      zaphod vault encrypt report.pdf
      zaphod vault encrypt scan.dcm --tenant clinic --subject patient-17 --out /archive/scan.sealed
    """
    target = out or file.with_name(file.name + _SUFFIX)
    place = Place(tenant=tenant, subject=subject, record=file.name if record is None else record)
    with _vault(context, kek) as vault:
        num_bytes = encrypt_file(vault, file, target, place, ProgressLines())
    _tell(target, place, num_bytes, as_json)


@verbs.command("decrypt")
def decrypt(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `encrypt` has made.")],
    out: OutFlag = None,
    tenant: TenantFlag = "",
    subject: SubjectFlag = _FILES,
    record: Annotated[
        str | None, typer.Option("--record", help="What it was bound to: its name without .sealed if left out.")
    ] = None,
    kek: KekFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Open a sealed file. It appears only when all of it is proven, readable by its owner alone.

    \b
    Examples:
      zaphod vault decrypt report.pdf.sealed
      zaphod vault decrypt renamed.sealed --record report.pdf --out report.pdf
    """
    name = file.name.removesuffix(_SUFFIX)
    if out is None and name == file.name:
        raise ConfigError(f"{file} does not end in {_SUFFIX}.", "The new file needs a name.", "Give --out.")
    place = Place(tenant=tenant, subject=subject, record=name if record is None else record)
    target = out or file.with_name(name)
    with _vault(context, kek) as vault:
        num_bytes = decrypt_file(vault, file, target, place, ProgressLines())
    _tell(target, place, num_bytes, as_json)


def _tell(target: Path, place: Place, num_bytes: int, as_json: bool) -> None:
    if as_json:
        where = {"tenant": place.tenant, "subject": place.subject, "record": place.record}
        print_json({"file": str(target), "num_bytes": num_bytes, **where})
    else:
        print_line(str(target))


def _address(context: typer.Context, kek: str | None) -> str:
    settings: MergedSettings = context.obj.with_flags(kek=kek)
    return kek_address(settings.values.kek, state_folder(settings.values.state_dir))


@contextmanager
def _opened(context: typer.Context, kek: str | None) -> Iterator[tuple[KekProvider, KeyTable]]:
    settings = context.obj.values
    provider = open_kek(_address(context, kek))
    store = Store.open(StoreOptions(state_dir=settings.state_dir, database=settings.database))
    try:
        yield provider, store.wrapped_keys
    finally:
        provider.close()
        store.close()


@contextmanager
def _vault(context: typer.Context, kek: str | None, former: str | None = None) -> Iterator[Vault]:
    with _opened(context, kek) as (provider, table):
        older = [] if former is None else [open_kek(former)]
        with Vault(table, provider, former=older) as vault:
            yield vault


def _counted(tenant: str, table: KeyTable, kek_id: str) -> dict[str, Any]:
    rows: list[WrappedKey] = list(table.of_tenant(tenant))
    own = [row for row in rows if not row.subject]
    return {
        "tenant": tenant,
        "subjects": len({row.subject for row in rows if row.subject}),
        "in_use": sum(row.retired_s is None for row in rows),
        "retired": sum(row.retired_s is not None for row in rows),
        "is_under_this_kek": all(row.wrapping_key_id == kek_id for row in own),
    }
