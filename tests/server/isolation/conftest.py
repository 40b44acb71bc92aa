"""One real server on SQLite and one on PostgreSQL, each with two tenants whose keys `zaphod keys create` made."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.server.isolation.tenants import COUNTS, GUARDED_WORD, Tenant
from tests.support.postgres import APPLICATION, OWNER, PostgresServer
from tests.support.running_server import RunningServer, started

from zaphod.cli.main import main
from zaphod.records.postgres import upgrade
from zaphod.server.caller import SCOPES
from zaphod.study.intervals import clopper_pearson

POLICY = f"""
name = "isolation"
version = "1"
extends = "observe"

[stages.input.actions]
"waiting.word" = "confirm"

[[rules]]
id = "waiting.word"
title = "a word that waits"
stages = ["input"]
patterns = ['{GUARDED_WORD}']

[authority.tools.set_timer]
action = "confirm"
"""
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A server and its two tenants."""

    server: RunningServer
    ada: Tenant
    ben: Tenant

    @property
    def both_ways(self) -> tuple[tuple[Tenant, Tenant], ...]:
        """Who looks, and at whom."""
        return ((self.ada, self.ben), (self.ben, self.ada))


def prepared(folder: Path, database: str | None) -> Path:
    """The folder of a server: its policy, and where its records lie."""
    (folder / "config" / "zaphod").mkdir(parents=True)
    if database is not None:
        (folder / "config" / "zaphod" / "config.toml").write_text(f'database = "{database}"\n')
    (folder / "policy.toml").write_text(POLICY)
    return folder


def run_zaphod(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code and output of a command beside a server, with the same settings."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for kind in ("CONFIG", "CACHE", "DATA"):
            patch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def make_key(folder: Path, tenant: str) -> dict[str, Any]:
    """A key with every scope."""
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    code, out, err = run_zaphod(
        folder, "keys", "create", "--name", f"holder-{tenant}", "--tenant", tenant, *scopes, "--json"
    )
    assert code == 0, err
    made: dict[str, Any] = json.loads(out)
    return made


@contextlib.contextmanager
def shared_server(folder: Path, *flags: str) -> Iterator[Shared]:
    """A server that both tenants use; flags are added."""
    keys = {name: make_key(folder, name) for name in ("tenant-of-ada", "tenant-of-ben")}
    own = ("--guard", str(folder / "policy.toml"), "--log-file", str(folder / "access.log"))
    with started(folder, *own, *flags, key=keys["tenant-of-ada"]["secret"]) as server:
        ada, ben = (
            Tenant(name=name, key=made["secret"], key_id=made["id"], key_name=made["name"], url=server.url)
            for name, made in keys.items()
        )
        with contextlib.closing(ada), contextlib.closing(ben):
            ada.other, ben.other = ben, ada
            yield Shared(server=server, ada=ada, ben=ben)


@contextlib.contextmanager
def upgraded(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database of one's own, for the role that servers use."""
    with postgres.database() as name:
        upgrade(postgres.url(OWNER, name), APPLICATION)
        yield postgres.url(APPLICATION, name)


@pytest.fixture(scope="module", params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose settings name a database, or none."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield prepared(folder, None)
        return
    with upgraded(request.getfixturevalue("postgres")) as url:
        yield prepared(folder, url)


@pytest.fixture(scope="module")
def shared(place: Path, request: pytest.FixtureRequest) -> Iterator[Shared]:
    """The server; at its end what was looked at is told, where it was asked for."""
    before = COUNTS.copy()
    with shared_server(place) as running:
        yield running
    if "ZAPHOD_TEST_ISOLATION" in os.environ and not request.session.testsfailed:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{place.name.rstrip('0123456789')}: {_told(COUNTS - before)}")


def _told(counts: Counter[str]) -> str:
    searched, compared = counts["answers searched"], counts["answers compared"] // 2
    bounds = (f"{clopper_pearson(0, number).high:.3%}" for number in (searched, compared))
    return (
        "0 of {:,} answers held any of the other tenant's marks ({:,} comparisons, at most {}); 0 of {:,} pairs of "
        "answers told what is another's from what is nobody's (at most {})"
    ).format(searched, counts["marks looked for"], next(bounds), compared, next(bounds))


@pytest.fixture(scope="module")
def gateway(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A gateway of the shared server, where it has one key, and two tenants of the gateway's own."""
    folder = prepared(tmp_path_factory.mktemp("gateway"), None)
    keys = folder / "upstream-keys"
    keys.write_text(f"{shared.server.url} {shared.ada.key}\n")
    keys.chmod(0o600)
    flags = ("--upstream", shared.server.url, "--upstream-key-file", str(keys), "--guard", "off")
    with shared_server(folder, *flags) as behind:
        yield behind
