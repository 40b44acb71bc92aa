from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.safety.audit.logs import TENANT, Victim, event
from tests.safety.audit.shipping.receivers import FakeCollector

from zaphod.safety.audit import AuditLog


@pytest.fixture
def victim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Victim:
    """A log of two tenants where the state folder is."""
    monkeypatch.setenv("ZAPHOD_STATE_DIR", str(tmp_path / "state"))
    folder = tmp_path / "state/audit"
    with AuditLog(folder) as log:
        for number in range(12):
            decision = "block" if number % 4 == 0 else "allow"
            log.append(event(number, tenant=["", TENANT][number % 2], decision=decision)).result(10)
        log.append(event(99, tenant=TENANT, actor="\x1b[31mred", details={"rule": "pii.card"})).result(10)
    return Victim(folder)


def test_a_sound_log_is_said_to_be_so(zaphod: Zaphod, victim: Victim) -> None:
    outcome = zaphod("audit", "verify")
    assert outcome.code == 0
    assert [line.split() for line in outcome.out.splitlines()[1:3]] == [
        ["(local)", "6", "6", "1", "1", "sound"],
        [TENANT, "7", "7", "1", "1", "sound"],
    ]
    assert zaphod("audit", "verify", "--json").json["is_sound"] is True


def test_a_changed_log_is_told_with_its_record_and_a_code(zaphod: Zaphod, victim: Victim) -> None:
    victim.flip(victim.segments[0], 20)
    outcome = zaphod("audit", "verify")
    assert (outcome.code, outcome.err) == (12, "")
    assert f"{TENANT}: record 1: changed." in outcome.out
    told = zaphod("audit", "verify", "--tenant", TENANT, "--json")
    assert (told.code, told.json["tenants"][0]["problems"][0]["seq"]) == (12, 1)
    assert zaphod("audit", "verify", "--tenant", "").code == 0


def test_another_copy_and_another_witness_are_asked(zaphod: Zaphod, victim: Victim, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = zaphod("audit", "verify", "--witness", str(tmp_path / "empty"))
    assert (outcome.code, "public_key.pem" in outcome.err) == (2, True)
    assert zaphod("audit", "verify", "--copy", str(victim.folder), "--folder", str(victim.folder)).code == 0


def test_no_log_is_told(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("audit", "verify", "--folder", str(tmp_path / "none"))
    assert (outcome.code, "There is no audit log" in outcome.err) == (12, True)


def test_records_are_found(zaphod: Zaphod, victim: Victim) -> None:
    found = zaphod("audit", "search", "--decision", "block", "--json").json["records"]
    assert [record["object"] for record in found] == ["resp_0", "resp_4", "resp_8"]
    assert zaphod("audit", "search", "--tenant", TENANT, "--since", "1h", "--limit", "2", "--json").json["records"]
    assert "No record" in zaphod("audit", "search", "--until", "1999-12-31").out
    lines = zaphod("audit", "search", "--tenant", TENANT, "--detail", "rule=pii.*").out.splitlines()
    assert len(lines) == 2


def test_no_record_moves_the_cursor_of_its_reader(zaphod: Zaphod, victim: Victim) -> None:
    out = zaphod("audit", "search", "--tenant", TENANT).out
    assert "\x1b" not in out
    assert r"\x1b[31mred" in out


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_an_export_is_checked_by_somebody_else(zaphod: Zaphod, victim: Victim, tmp_path: Path, name: str) -> None:
    out, key = tmp_path / name, victim.witness / "public_key.pem"
    assert "7 records" in zaphod("audit", "export", "--tenant", TENANT, "--out", str(out)).out
    report = zaphod("audit", "verify", "--export", str(out), "--public-key", str(key), "--json").json
    assert (report["is_sound"], report["num_proved"], report["is_key_given"]) == (True, 7, True)
    assert "own word" in zaphod("audit", "verify", "--export", str(out)).out
    out.write_text(out.read_text().replace("resp_3", "resp_5"))
    assert zaphod("audit", "verify", "--export", str(out)).code == 12


def test_an_export_follows_from_an_earlier_one(zaphod: Zaphod, victim: Victim, tmp_path: Path) -> None:
    old, new = str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")
    zaphod("audit", "export", "--out", old)
    with AuditLog(victim.folder) as log:
        log.append(event(5, tenant="")).result(10)
    assert zaphod("audit", "export", "--out", new, "--earlier", old).code == 0
    assert zaphod("audit", "verify", "--export", new, "--earlier", old).code == 0
    assert zaphod("audit", "verify", "--export", old, "--earlier", new).code == 12


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["search", "--since", "yesterday"], "--since is 'yesterday'"),
        (["search", "--detail", "x"], "must be NAME=WORD"),
        (["export", "--out", "x.csv", "--format", "jsonl"], "Give it another name"),
        (["export", "--out", "/nowhere/x.jsonl"], "cannot be written"),
        (["ship", "--sinks", "/nowhere"], "cannot be read"),
    ],
)
def test_mistakes_are_told(zaphod: Zaphod, victim: Victim, arguments: list[str], told: str) -> None:
    outcome = zaphod("audit", *arguments)
    assert outcome.code == 2
    assert told in outcome.err


def test_records_are_shipped_once(zaphod: Zaphod, victim: Victim, tmp_path: Path) -> None:
    with FakeCollector() as receiver:
        sinks = tmp_path / "sinks.toml"
        sinks.write_text(f'[[sink]]\nname = "otel"\nkind = "otlp"\nurl = "{receiver.url}"\n')
        assert zaphod("audit", "ship", "--sinks", str(sinks), "--json").json[0]["num_sent"] == 13
        assert zaphod("audit", "ship", "--sinks", str(sinks), "--json").json[0]["num_sent"] == 0
    assert len(receiver.stored) == 13
    with AuditLog(victim.folder) as log:
        log.append(event(5, tenant="")).result(10)
    outcome = zaphod("audit", "ship", "--sinks", str(sinks), "--give-up-after", "0.01")
    assert (outcome.code, "Connection refused" in outcome.err) == (11, True)


def test_every_verb_shows_examples(zaphod: Zaphod) -> None:
    for verb in ([], ["verify"], ["search"], ["export"], ["ship"]):
        assert "zaphod audit" in zaphod("audit", *verb, "--help").out
    assert json.loads(zaphod("audit", "verify", "--folder", "/nowhere", "--json").out)["error"]["exit_code"] == 12
