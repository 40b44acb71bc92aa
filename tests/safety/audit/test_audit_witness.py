from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path

import pytest
from tests.safety.audit.logs import Victim, event, write

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions, verify
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE
from zaphod.safety.audit.witness import copy_checkpoints, require_agreement


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for number in range(3):
        write(tmp_path / "audit", [number])
    return tmp_path / "audit/t-acme" / CHECKPOINTS_FILE


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99, 1.0])
def test_a_copy_that_was_stopped_anywhere_is_completed(own: Path, tmp_path: Path, share: float) -> None:
    copy = tmp_path / "second/t-acme" / CHECKPOINTS_FILE
    copy.parent.mkdir(parents=True)
    copy.write_bytes(own.read_bytes()[: int(share * own.stat().st_size)])
    assert copy_checkpoints(own, copy) == own.stat().st_size
    assert copy.read_bytes() == own.read_bytes()


def test_what_the_log_does_not_have_is_never_written_over(own: Path, tmp_path: Path) -> None:
    copy = tmp_path / "second" / CHECKPOINTS_FILE
    copy.parent.mkdir()
    for data in (own.read_bytes() + b"{}\n", b"x" + own.read_bytes()[1:]):
        copy.write_bytes(data)
        for ask in (copy_checkpoints, require_agreement):
            with pytest.raises(AuditError, match="rolled back"):
                ask(own, copy)
        assert copy.read_bytes() == data


def test_a_witness_that_lost_what_it_had_is_told(own: Path, tmp_path: Path) -> None:
    copy = tmp_path / "second" / CHECKPOINTS_FILE
    known_bytes = copy_checkpoints(own, copy)
    copy.write_bytes(b"")
    with pytest.raises(AuditError):
        copy_checkpoints(own, copy, known_bytes)


def test_the_log_goes_on_without_its_witness_and_catches_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    witness = tmp_path / "elsewhere"
    witness.write_text("a file where a folder must be")
    options = AuditOptions(witness=witness, checkpoint_records=2)
    with caplog.at_level(logging.WARNING), AuditLog(tmp_path / "audit", options) as log:
        for number in range(4):
            log.append(event(number)).result(10)
        for _ in range(1000):
            if log.status().witness_problem is not None:
                break
            threading.Event().wait(0.01)
        assert log.status().witness_problem is not None
    assert "did not reach the witness" in caplog.text
    assert verify(tmp_path / "audit").is_sound
    witness.unlink()
    write(tmp_path / "audit", [4], witness=witness)
    report = verify(tmp_path / "audit", witness)
    assert report.is_sound
    assert report.tenants[0].num_witnessed == report.tenants[0].num_checkpoints == 3


def test_a_witness_that_is_behind_is_noted_not_accused(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    for number in range(3):
        write(folder, [number])
    victim = Victim(folder)
    path = victim.witness / "t-acme" / CHECKPOINTS_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))
    report = verify(folder, victim.witness)
    assert report.is_sound
    assert "lacks the last 2" in report.tenants[0].notes[0]


def test_a_witness_of_another_log_is_not_used(tmp_path: Path) -> None:
    write(tmp_path / "one", [1])
    write(tmp_path / "two", [1])
    shutil.rmtree(tmp_path / "two-witness/t-acme")
    with AuditLog(tmp_path / "one", AuditOptions(witness=tmp_path / "two-witness")) as log:
        log.append(event(2)).result(10)
        for _ in range(1000):
            if log.status().witness_problem is not None:
                break
            threading.Event().wait(0.01)
        assert "not the public half" in (log.status().witness_problem or "")
    assert not (tmp_path / "two-witness/t-acme").exists()
