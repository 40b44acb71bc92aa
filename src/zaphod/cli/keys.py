"""`zaphod keys`: who may use a server, and how much; knows neither how keys are kept nor how they are checked."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.moments import day_or_time, duration_s
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.server.admission.keys import DEFAULT_SCOPES, Key, KeyStore
from zaphod.server.caller import SCOPES, Limits, Scope

_HELP = """Make, list and revoke the keys that open a server.

As soon as one key exists, every route but liveness and the page wants one. Running servers see every change at once;
where keys lie in PostgreSQL, one that is revoked may open them for one second more.

\b
Examples:
  zaphod keys create --name alice --expires 30d --requests-per-minute 60
  zaphod keys list --json
  zaphod keys revoke key_0123456789ab
"""
_FEW_DAYS = 7

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

FileFlag = Annotated[
    Path | None,
    typer.Option("--keys-file", metavar="FILE", help="Where keys lie; else the settings' database or state folder."),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="A key's id, like key_0123456789ab.")]


def _limit(flag: str, help_text: str) -> Any:
    return typer.Option(flag, min=1, metavar="COUNT", help=help_text)


@verbs.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="Who will hold it, for people.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help=f"What it may do; may be repeated: {', '.join(SCOPES)}. Without it: {', '.join(DEFAULT_SCOPES)}.",
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="Like 12h, 30d, 8w, or 2031-12-24; else never.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Keys of one tenant share cached prompts; else only with itself.")
    ] = None,
    requests_per_minute: Annotated[int | None, _limit("--requests-per-minute", "Requests.")] = None,
    tokens_per_minute: Annotated[int | None, _limit("--tokens-per-minute", "Prompt and answer together.")] = None,
    tokens_per_day: Annotated[int | None, _limit("--tokens-per-day", "Of the UTC day.")] = None,
    max_concurrent: Annotated[int | None, _limit("--max-concurrent", "Waiting or running at one time.")] = None,
    keys_file: FileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key and print its secret, once: only a hash of it is kept.

    \b
    Examples:
      zaphod keys create --name alice
      zaphod keys create --name batch --scope embed --expires 30d --tokens-per-day 2000000
      zaphod keys create --name prometheus --scope metrics --json
    """
    limits = Limits(
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        tokens_per_day=tokens_per_day,
        max_concurrent=max_concurrent,
    )
    expires_s = None if expires is None else _expiry_s(expires, time.time())
    scopes = DEFAULT_SCOPES if not scope else tuple(_scope(word) for word in scope)
    with _open(context, keys_file) as store:
        secret, key = store.create(name=name, scopes=scopes, tenant=tenant, expires_s=expires_s, limits=limits)
    if as_json:
        print_json({"secret": secret, **_as_dict(key), "file": store.place})
        return
    print_line(secret, style="bold")
    print_line("This is shown only now; a hash of it is kept.", style="dim")
    print_pairs([*_facts(key), ("file", store.place)])


@verbs.command("list")
def show_all(context: typer.Context, keys_file: FileFlag = None, as_json: JsonFlag = False) -> None:
    """List all keys, never their secrets.

    \b
    Examples:
      zaphod keys list
      zaphod keys list --json
    """
    with _open(context, keys_file) as store:
        keys = store.keys()
    if as_json:
        print_json({"file": store.place, "keys": [_as_dict(key) for key in keys]})
        return
    if not keys:
        print_line(f"There is no key in {store.place}: programs on this machine need none, and others are not served.")
        return
    rows = [
        (key.id, key.name, " ".join(_ordered(key)), _state(key), _day(key.last_used_s, "never"), _limits(key.limits))
        for key in keys
    ]
    print_table(rows, header=("id", "name", "scopes", "state", "last used", "limits"))


@verbs.command("show")
def show(context: typer.Context, key_id: IdArgument, keys_file: FileFlag = None, as_json: JsonFlag = False) -> None:
    """Show one key, and the tokens it has used on each day.

    \b
    Examples:
      zaphod keys show key_0123456789ab
      zaphod keys show key_0123456789ab --json
    """
    with _open(context, keys_file) as store:
        key, usage = store.get(key_id), store.usage(key_id)
    used = {_date(day * 86400): tokens for day, tokens in usage.items()}
    if as_json:
        print_json({**_as_dict(key), "tokens_used": used})
        return
    recent = list(used.items())[-_FEW_DAYS:]
    print_pairs([*_facts(key), *((f"tokens on {day}", f"{tokens:,}") for day, tokens in recent)])


@verbs.command("revoke")
def revoke(
    context: typer.Context,
    key_id: IdArgument,
    forget: Annotated[
        bool, typer.Option("--forget", help="Remove its row and its usage, too. Without any key, loopback is open.")
    ] = False,
    keys_file: FileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """End a key for good. Requests that run go on; the next one is refused.

    \b
    Examples:
      zaphod keys revoke key_0123456789ab
      zaphod keys revoke key_0123456789ab --forget --json
    """
    with _open(context, keys_file) as store:
        key = store.revoke(key_id)
        if forget:
            store.forget(key_id)
    if as_json:
        print_json({**_as_dict(key), "forgotten": forget})
    else:
        print_line(f"{key.id} ({key.name}) opens nothing any more{', and is forgotten' if forget else ''}.")


def _open(context: typer.Context, keys_file: Path | None) -> KeyStore:
    settings: MergedSettings = context.obj
    return KeyStore(keys_file, database=settings.values.database, state_dir=settings.values.state_dir)


def _scope(word: str) -> Scope:
    for scope in SCOPES:
        if word == scope:
            return scope
    raise ConfigError(f"There is no scope {word!r}.", f"The scopes are {', '.join(SCOPES)}.", "Give one of them.")


def _expiry_s(text: str, now_s: float) -> float:
    """`30d` from now, or the beginning of a UTC day."""
    seconds = duration_s(text)
    if seconds is not None:
        return now_s + seconds
    try:
        return day_or_time(text).timestamp()
    except ValueError as error:
        wanted = "It must be a time from now, like 12h, 30d or 8w, or a date like 2031-12-24."
        raise ConfigError(
            f"--expires is {text!r}.", wanted, "Correct it, or leave it out for a key without end."
        ) from error


def _facts(key: Key) -> list[tuple[str, str]]:
    return [
        ("id", key.id),
        ("name", key.name),
        ("scopes", " ".join(_ordered(key))),
        ("tenant", "its own" if key.tenant == key.id else key.tenant),
        ("created", _day(key.created_s)),
        ("state", _state(key)),
        ("last used", _day(key.last_used_s, "never")),
        ("limits", _limits(key.limits)),
    ]


def _as_dict(key: Key) -> dict[str, Any]:
    moments = {name: _moment(getattr(key, f"{name}_s")) for name in ("created", "expires", "revoked", "last_used")}
    about = {"id": key.id, "name": key.name, "scopes": _ordered(key), "tenant": key.tenant}
    return {**about, "usable": key.is_usable(time.time()), **moments, "limits": vars(key.limits)}


def _ordered(key: Key) -> list[Scope]:
    return [scope for scope in SCOPES if scope in key.scopes]


def _state(key: Key) -> str:
    if key.revoked_s is not None:
        return f"revoked {_day(key.revoked_s)}"
    if key.is_usable(time.time()):
        return f"until {_day(key.expires_s)}" if key.expires_s is not None else "valid"
    return f"expired {_day(key.expires_s)}"


def _limits(limits: Limits) -> str:
    words = {
        "requests/min": limits.requests_per_minute,
        "tokens/min": limits.tokens_per_minute,
        "tokens/day": limits.tokens_per_day,
        "at one time": limits.max_concurrent,
    }
    return ", ".join(f"{value:,} {word}" for word, value in words.items() if value is not None) or "none"


def _moment(time_s: int | None) -> str | None:
    return None if time_s is None else datetime.datetime.fromtimestamp(time_s, datetime.UTC).isoformat()


def _date(time_s: int) -> str:
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).date().isoformat()


def _day(time_s: int | None, otherwise: str = "") -> str:
    return (
        otherwise if time_s is None else f"{datetime.datetime.fromtimestamp(time_s, datetime.UTC):%Y-%m-%d %H:%M} UTC"
    )
