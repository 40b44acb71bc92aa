"""Processes that are killed, ends that are torn, disks that are full: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.safety.audit.logs import TENANT, Victim, event, write

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions, read, verify
from zaphod.safety.audit.position import RESUME_FILE

NUM_KILLS = 30
ROOT = Path(__file__).parents[3]
crashing = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def child(*arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("children.py")), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def killed_once(writer: subprocess.Popen[str], after_s: float) -> Iterator[tuple[int, str, str]]:
    """Start a writer, kill it, and yield what it said was written."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()
    pid, num_lines = 0, 0
    while (line := writer.stdout.readline()) != "gone\n":
        word, *rest = line.split()
        if word == "pid":
            pid = int(rest[0])
        else:
            num_lines += 1
            yield int(word), rest[0], rest[1]
        if pid and num_lines >= 5:
            time.sleep(after_s)
            os.kill(pid, signal.SIGKILL)
            pid = 0


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(5)
    writer = child("write", str(tmp_path / "audit"))
    with writer:
        acknowledged = [fact for _ in range(NUM_KILLS) for fact in killed_once(writer, chance.uniform(0.0, 0.02))]
        assert writer.stdin is not None
        writer.stdin.close()
    written = {record.seq: (record.object, record.hash) for record in read(tmp_path / "audit", TENANT)}
    assert len(acknowledged) >= 5 * NUM_KILLS
    assert all(written[seq] == (target, value) for seq, target, value in acknowledged)
    write(tmp_path / "audit", [0])
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").is_sound


@pytest.fixture
def unsigned(tmp_path: Path) -> Victim:
    """Five signed records and five that no checkpoint covers, as a power cut leaves them."""
    folder = tmp_path / "audit"
    write(folder, range(5))
    kept = {path: path.read_bytes() for path in folder.glob("t-acme/[cr]*")}
    witness = {path: path.read_bytes() for path in folder.with_name("audit-witness").rglob("*.jsonl")}
    write(folder, range(5, 10))
    for path, data in {**kept, **witness}.items():
        path.write_bytes(data)
    return Victim(folder)


@crashing
@given(st.data())
def test_a_log_that_was_cut_anywhere_goes_on(unsigned: Victim, data: st.DataObject) -> None:
    lines = [line for _, line in unsigned.lines()]
    whole, signed_bytes = b"".join(lines[:10]), sum(map(len, lines[:5]))
    files = {path: path.read_bytes() for path in unsigned.folder.parent.rglob("*") if path.is_file()}
    cut = data.draw(st.integers(signed_bytes, len(whole)))
    unsigned.segments[0].write_bytes(whole[:cut])
    num_whole = whole[:cut].count(b"\n")
    try:
        write(unsigned.folder, [99])
        records = list(read(unsigned.folder, TENANT))
        assert [record.object for record in records[:num_whole]] == [f"resp_{number}" for number in range(num_whole)]
        assert records[-1].object == "resp_99"
        assert verify(unsigned.folder, unsigned.witness).is_sound
        torn = list(unsigned.place.glob("*.torn"))
        is_torn = not whole[:cut].endswith(b"\n")
        assert [record.action for record in records[num_whole:-1]] == ["audit.recover"] * is_torn
        assert b"".join(path.read_bytes() for path in torn) == whole[:cut].rpartition(b"\n")[2]
    finally:
        for path in unsigned.folder.parent.rglob("*"):
            if path.is_file() and path not in files:
                path.unlink()
        for path, content in files.items():
            path.write_bytes(content)


def test_blocks_that_never_reached_the_disk_are_cut_off(unsigned: Victim) -> None:
    lines = [line for _, line in unsigned.lines()]
    hole = bytes(len(lines[7]) + 100)
    path = unsigned.segments[0]
    path.write_bytes(b"".join(lines[:7]) + hole + lines[8][100:] + lines[9])
    write(unsigned.folder, [99])
    records = list(read(unsigned.folder, TENANT))
    assert [record.action for record in records[7:]] == ["audit.recover", "chat.request"]
    assert verify(unsigned.folder, unsigned.witness).is_sound


@pytest.mark.parametrize("seq", [2, 6, 10])
def test_a_changed_record_is_not_taken_for_a_torn_end(unsigned: Victim, seq: int) -> None:
    """Where resuming would skip the signed part, `verify` finds it; what is read must fit."""
    lines = [line for _, line in unsigned.lines()]
    unsigned.flip(unsigned.segments[0], sum(map(len, lines[: seq - 1])) + 20)
    if seq > 5:
        with pytest.raises(AuditError, match=f"record {seq}"):
            write(unsigned.folder, [99])
    assert verify(unsigned.folder, unsigned.witness).tenants[0].problems[0].seq == seq


@pytest.mark.parametrize("num_left", [0, 1, 4])
def test_signed_records_are_never_cut_off(unsigned: Victim, num_left: int) -> None:
    lines = [line for _, line in unsigned.lines()]
    unsigned.segments[0].write_bytes(b"".join(lines[:num_left]) + lines[num_left][:50])
    with pytest.raises(AuditError, match=r"signed|end is missing"):
        write(unsigned.folder, [99])
    assert unsigned.segments[0].read_bytes().endswith(lines[num_left][:50])


def test_a_log_whose_own_checkpoints_went_back_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write(folder, range(5))
    old = {path: path.read_bytes() for path in (folder / "t-acme").iterdir()}
    write(folder, range(5, 8))
    for path, data in old.items():
        path.write_bytes(data)
    with pytest.raises(AuditError, match="witness"):
        write(folder, [99])


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[1]", b'{"segment":"../../x"}', b"\xff", b'{"segment":"a","size":true}']
)
def test_where_the_log_was_resumed_is_only_a_help(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path / "audit", range(5))
    (tmp_path / "audit/t-acme" / RESUME_FILE).write_bytes(damage)
    assert write(tmp_path / "audit", [5])[0].seq == 6
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").is_sound


@pytest.mark.parametrize(("name", "value"), [("offset_bytes", 100), ("offset_bytes", 10**6), ("head", "00" * 32)])
def test_a_false_place_to_resume_is_not_believed(tmp_path: Path, name: str, value: object) -> None:
    write(tmp_path / "audit", range(5))
    path = tmp_path / "audit/t-acme" / RESUME_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    write(tmp_path / "audit", [5])
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").is_sound


def test_a_full_disk_fails_by_name_leaves_no_half_record_and_is_forgotten(tmp_path: Path) -> None:
    with child("full", str(tmp_path / "audit")) as filler:
        assert filler.stdout is not None
        told = json.loads(filler.stdout.read())
    num_written = len(told["acknowledged"])
    assert told["acknowledged"] == list(range(1, num_written + 1))
    assert 20 < num_written < 50
    assert len(told["errors"]) == 1
    assert "cannot be written: File too large" in told["errors"][0]
    assert told["problem"] is None
    report = verify(tmp_path / "audit", tmp_path / "audit-witness")
    assert report.is_sound
    assert report.tenants[0].num_records == report.tenants[0].num_signed == num_written
    assert not list((tmp_path / "audit/t-acme").glob("*.torn"))


def test_what_did_not_reach_the_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fdatasync
    with AuditLog(tmp_path / "audit", AuditOptions(checkpoint_records=1000)) as log:
        log.append(event(1)).result(10)
        path = next((tmp_path / "audit/t-acme").glob("0*.jsonl"))
        size_bytes = path.stat().st_size

        def broken(descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fdatasync", broken)
        with pytest.raises(AuditError, match="Input/output error"):
            log.append(event(2)).result(10)
        assert path.stat().st_size == size_bytes
        monkeypatch.setattr(os, "fdatasync", sync)
        assert log.append(event(3)).result(10).seq == 2
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").is_sound


def test_what_could_not_even_be_taken_back_is_taken_back_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    with AuditLog(tmp_path / "audit", AuditOptions(checkpoint_records=1000)) as log:
        log.append(event(1)).result(10)
        with monkeypatch.context() as disk:
            disk.setattr(os, "fdatasync", broken)
            disk.setattr(os, "ftruncate", broken)
            with pytest.raises(AuditError, match="Input/output error"):
                log.append(event(2)).result(10)
        log.append(event(3)).result(10)
    assert [record.object for record in read(tmp_path / "audit", TENANT)] == ["resp_1", "resp_3"]
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").is_sound
