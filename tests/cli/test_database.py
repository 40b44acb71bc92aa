from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support.postgres import APPLICATION, OWNER


def states(zaphod: Zaphod, *arguments: str) -> list[tuple[str, str]]:
    return [(one["tables"], one["state"]) for one in zaphod("database", *arguments, "--json").json["databases"]]


def test_files_are_listed_and_none_is_made(zaphod: Zaphod, tmp_path: Path) -> None:
    assert states(zaphod, "status") == [("accounts", "absent")]
    assert not (tmp_path / "data").exists()
    zaphod("keys", "create", "--name", "a")
    assert states(zaphod, "status") == [("accounts", "current")]
    assert "keys.sqlite" in zaphod("database", "status").out


def test_a_state_folder_and_a_file_of_keys_may_be_named(
    zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAPHOD_STATE_DIR", str(tmp_path / "state"))
    zaphod("keys", "create", "--name", "a")
    assert (tmp_path / "state/keys.sqlite").exists()
    assert len(zaphod("keys", "list", "--json").json["keys"]) == 1
    other = str(tmp_path / "other.sqlite")
    assert zaphod("database", "status", "--keys-file", other, "--json").json["databases"][0]["place"] == other


def test_postgresql_is_upgraded_by_the_verb_alone(
    zaphod: Zaphod, postgres_empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAPHOD_DATABASE", postgres_empty_url)
    refused = zaphod("keys", "list")
    assert (refused.code, "zaphod database upgrade" in refused.err) == (2, True)
    assert states(zaphod, "status") == [("accounts", "absent"), ("tenants", "absent")]
    assert states(zaphod, "upgrade", "--application-role", APPLICATION) == [
        ("accounts", "current"),
        ("tenants", "current"),
    ]
    monkeypatch.setenv("ZAPHOD_DATABASE", postgres_empty_url.replace(OWNER, APPLICATION))
    made = zaphod("keys", "create", "--name", "alice", "--json").json
    assert made["file"].startswith("postgresql://")
    assert [key["id"] for key in zaphod("keys", "list", "--json").json["keys"]] == [made["id"]]
    assert zaphod("keys", "revoke", made["id"], "--forget").code == 0
    assert "There is no key in postgresql://" in zaphod("keys", "list").out


def test_a_role_without_postgresql_is_a_mistake(zaphod: Zaphod) -> None:
    outcome = zaphod("database", "upgrade", "--application-role", "x")
    assert (outcome.code, "SQLite" in outcome.err) == (2, True)


@pytest.mark.parametrize("verb", ["status", "upgrade"])
def test_every_verb_has_an_example_and_json(zaphod: Zaphod, verb: str) -> None:
    out = zaphod("database", verb, "--help").out
    assert f"  zaphod database {verb}" in out.split("Examples:")[1]
    assert "--json" in out


def test_help_loads_no_database() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; main(['--help']);"
        "assert not {'sqlalchemy', 'alembic', 'psycopg'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
