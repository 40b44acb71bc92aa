"""A command for one tenant prints nothing of another: every verb with `--tenant`, on SQLite and PostgreSQL.

Commands are the operator's, who may name any tenant. What is asked of one must not come mixed with another's.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.server.isolation.conftest import run_zaphod
from tests.support.people import admit

from zaphod.cli.main import VERBS
from zaphod.records.ids import new_id
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy.office import Office

SHA256 = "0" * 64
POLICY = """
name = "small"
version = "1"

[[rules]]
id = "waiting.word"
title = "{title}"
stages = ["input"]
patterns = ['plover']
"""
_CHANGES = {
    "seq", "done_seq", "object", "id", "created_s", "since_s", "ts_utc", "hash", "file", "secret", "created", "record",
}  # fmt: skip
"""What differs from one run to the next, or is what was named."""


@dataclass(frozen=True, kw_only=True)
class Household:
    """A tenant with one person, of whom everything is kept that can be, and files of theirs."""

    tenant: str
    subject: str
    record: str
    sealed: Path
    actor: str
    marks: frozenset[str] = field(default_factory=frozenset)


def nobody(folder: Path) -> Household:
    """Names that look as if they were given."""
    sealed = folder / "of-nobody.sealed"
    sealed.write_bytes(b"nothing that anybody sealed")
    record = f"responses/{new_id('resp')}/body"
    return Household(tenant="nobody", subject="qanary-of-nobody", record=record, sealed=sealed, actor="qactor-nobody")


@pytest.fixture(scope="module")
def homes(place: Path) -> tuple[Household, Household]:
    """Two tenants of one installation."""
    url = None
    config = place / "config" / "zaphod" / "config.toml"
    if config.exists():
        url = config.read_text().split('"')[1]
    options = KeepingOptions(state_dir=place / "data" / "zaphod", database=url)
    (place / "data").mkdir(mode=0o700)
    (place / "policies").mkdir()
    (place / "policies" / "default.toml").write_text(POLICY.format(title="of everybody"))
    ada, ben = (settled(place, options, name) for name in ("ada", "ben"))
    return ada, ben


def settled(folder: Path, options: KeepingOptions, name: str) -> Household:
    tenant, subject, secret, actor = (f"{word}-{name}" for word in ("qtenant", "qsubject", "qsecret", "qactor"))
    with Keeping(options) as keeping:
        ids = admit(Office(keeping, tenant, actor=actor), subject, secret)
    plain = folder / f"qfile-{name}"
    plain.write_text(secret)
    assert run_zaphod(folder, "vault", "encrypt", str(plain), "--tenant", tenant, "--subject", subject)[0] == 0
    (folder / "policies" / f"t-{tenant}.toml").write_text(POLICY.format(title=f"qtitle of {name}"))
    marks = frozenset({tenant, subject, secret, actor, *ids.values(), f"qfile-{name}", f"qtitle of {name}"})
    record = f"responses/{ids['resp']}/body"
    sealed = plain.with_name(f"{plain.name}.sealed")
    return Household(tenant=tenant, subject=subject, record=record, sealed=sealed, actor=actor, marks=marks)


Lines = Callable[[Household, Path], list[list[str]]]
"""What is asked with the names of somebody's things; files go into a folder."""

COMMANDS: dict[tuple[str, ...], Lines] = {
    ("keys", "create"): lambda whose, out: [["--name", whose.actor, "--json"]],
    ("guard", "check"): lambda whose, out: [[whose.subject, "--policy", "POLICIES", "--json"]],
    ("guard", "explain"): lambda whose, out: [["waiting.word", "--policy", "POLICIES", "--json"]],
    ("guard", "policy", "show"): lambda whose, out: [["POLICIES", "--json"]],
    ("vault", "rotate"): lambda whose, out: [["--json"], ["--subject", whose.subject, "--json"]],
    ("vault", "encrypt"): lambda whose, out: [
        [str(whose.sealed), "--out", str(out / "again"), "--subject", whose.subject, "--json"]
    ],
    ("vault", "decrypt"): lambda whose, out: [
        [str(whose.sealed), "--out", str(out / "plain"), "--subject", whose.subject, "--json"]
    ],
    ("audit", "verify"): lambda whose, out: [["--json"], []],
    ("audit", "search"): lambda whose, out: [["--json"], ["--actor", whose.actor, "--json"]],
    ("audit", "actions"): lambda whose, out: [["--json"], [whose.actor, "--json"]],
    ("audit", "export"): lambda whose, out: [["--out", str(out / "export.jsonl"), "--json"]],
    ("privacy", "report"): lambda whose, out: [
        ["--breach", "--people", "--json"], ["--breach", "--people", "--html", str(out / "report.html")]
    ],
    ("privacy", "export"): lambda whose, out: [[whose.subject, "--out", str(out / "copy.json"), "--json"]],
    ("privacy", "erase"): lambda whose, out: [
        [whose.subject, "--dry-run", "--json"], [whose.subject, "--yes", "--json"]
    ],
    ("privacy", "rectify"): lambda whose, out: [
        [whose.subject, "--record", whose.record, "--content", str(whose.sealed), "--json"]
    ],
    ("privacy", "restrict"): lambda whose, out: [[whose.subject, "--ground", "accuracy", "--json"]],
    ("privacy", "unrestrict"): lambda whose, out: [[whose.subject, "--json"]],
    ("privacy", "consent", "record"): lambda whose, out: [
        [whose.subject, "training", "--wording-sha256", SHA256, "--json"]
    ],
    ("privacy", "consent", "withdraw"): lambda whose, out: [[whose.subject, "training", "--json"]],
    ("privacy", "consent", "show"): lambda whose, out: [[whose.subject, "--json"]],
    ("privacy", "retention", "show"): lambda whose, out: [["--json"]],
    ("privacy", "retention", "set"): lambda whose, out: [["conversations", "1h", "--json"]],
    ("privacy", "retention", "apply"): lambda whose, out: [["--dry-run", "--json"], ["--json"]],
}  # fmt: skip
WHOLE_INSTALLATION = {("privacy", "report")}
"""These name every tenant, because the operator's duties are for all of them."""
TELLING_WHAT_THEY_DID = {
    ("vault", "encrypt"), ("vault", "decrypt"), ("privacy", "report"), ("privacy", "erase"),
    ("privacy", "retention", "apply"),
}  # fmt: skip
"""A second run tells something else: a file's size and key, what the first one removed, the events between."""


def with_tenant(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Commands that take `--tenant`."""
    inner = getattr(command, "commands", None)
    for name, one in (inner or {}).items():
        yield from with_tenant(one, (*path, name))
    if not inner and any("--tenant" in parameter.opts for parameter in command.params):
        yield path


def test_every_command_with_a_tenant_is_run() -> None:
    found = set()
    for name, verb in VERBS.items():
        module = importlib.import_module(f"zaphod.cli.{verb.module}")
        app = getattr(module, "verbs", None)
        if app is None:
            app = typer.Typer()
            app.command(name)(module.command)
        found |= set(with_tenant(typer.main.get_command(app), (name,)))
    assert found == set(COMMANDS)


def ran(place: Path, tenant: str, verb: tuple[str, ...], words: list[str], out: Path) -> tuple[int, str]:
    """The exit code, and everything that a command told and wrote."""
    out.mkdir(exist_ok=True)
    words = [str(place / "policies") if word == "POLICIES" else word for word in words]
    code, printed, errors = run_zaphod(place, *verb, "--tenant", tenant, *words)
    written = ""
    for file in sorted(out.iterdir()):
        written += file.read_bytes().decode("utf-8", "replace")
        file.unlink()
    return code, f"{printed}\n{errors}\n{written}"


@pytest.mark.parametrize("verb", COMMANDS, ids=" ".join)
def test_a_command_for_one_tenant_tells_nothing_of_the_other(
    place: Path, homes: tuple[Household, Household], verb: tuple[str, ...], tmp_path: Path
) -> None:
    """Named are the other's things, and then things that nobody has: what comes is the same."""
    ada, ben = homes
    none = nobody(tmp_path)
    hidden = ada.marks - ({ada.tenant} if verb in WHOLE_INSTALLATION else set())
    for theirs, nobodys in zip(
        COMMANDS[verb](ada, tmp_path / "out"), COMMANDS[verb](none, tmp_path / "out"), strict=True
    ):
        code, told = ran(place, ben.tenant, verb, theirs, tmp_path / "out")
        assert not [mark for mark in hidden if mark in told and mark not in " ".join(theirs)], told
        other_code, other_told = ran(place, ben.tenant, verb, nobodys, tmp_path / "out")
        assert code == other_code
        if verb not in TELLING_WHAT_THEY_DID:
            assert constant(told, ada) == constant(other_told, none)


def test_nothing_of_the_other_tenant_was_changed(
    place: Path, homes: tuple[Household, Household], tmp_path: Path
) -> None:
    """After all that was done in the name of one, the other's person has everything."""
    ada, _ = homes
    copy = tmp_path / "copy.json"
    code, _, errors = run_zaphod(place, "privacy", "export", ada.subject, "--tenant", ada.tenant, "--out", str(copy))
    assert code == 0, errors
    told = json.loads(copy.read_text())
    for kind in ("conversations", "responses", "pseudonyms"):
        assert "qsecret-ada" in json.dumps(told[kind])
    assert told["consents"]
    assert not told["unreadable"]
    place_of = ["vault", "decrypt", str(ada.sealed), "--out", str(tmp_path / "plain")]
    assert run_zaphod(place, *place_of, "--tenant", ada.tenant, "--subject", ada.subject)[0] == 0
    assert run_zaphod(place, "audit", "verify")[0] == 0


def constant(told: str, whose: Household) -> Any:
    """What a command told, without names of what was asked for, moments and numbers of events."""
    for name in (whose.subject, whose.record, str(whose.sealed), whose.sealed.name, whose.actor):
        told = told.replace(name, "<named>")
    try:
        return _without(json.JSONDecoder().raw_decode(told)[0])
    except json.JSONDecodeError:
        return len(told.splitlines())


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items() if name not in _CHANGES}
    return [_without(one) for one in value] if isinstance(value, list) else value
