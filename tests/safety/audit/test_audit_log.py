from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.safety.audit.logs import TENANT, event, write

from zaphod.core.errors import AuditError, ConfigError
from zaphod.safety.audit import AuditLog, AuditOptions, Receipt, read, tenants_of, verify
from zaphod.safety.audit.files import locked


@contextmanager
def a_disk_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing reaches the disk until the event is set; the first writer is inside when this begins."""
    may_go_on, sync = threading.Event(), os.fdatasync

    def wait(descriptor: int) -> None:
        assert may_go_on.wait(10)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", wait)
    try:
        yield may_go_on
    finally:
        may_go_on.set()


def test_an_event_is_acknowledged_with_its_place(tmp_path: Path) -> None:
    receipts = write(tmp_path / "audit", range(3))
    records = list(read(tmp_path / "audit", TENANT))
    assert [record.seq for record in records] == [1, 2, 3]
    assert receipts == [Receipt(TENANT, record.seq, record.hash) for record in records]


def test_nothing_is_acknowledged_before_it_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AuditLog(tmp_path / "audit") as log, a_disk_that_stands_still(monkeypatch) as disk:
        future = log.append(event())
        with pytest.raises(TimeoutError):
            future.result(0.05)
        assert log.status().num_waiting == 1
        disk.set()
        assert future.result(10).seq == 1


def test_what_is_handed_in_while_the_disk_is_busy_goes_there_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: list[int] = []
    with AuditLog(tmp_path / "audit") as log:
        log.append(event()).result(10)
        with a_disk_that_stands_still(monkeypatch) as disk:
            first = log.append(event(1))
            while log.status().num_waiting != 1 or not first.running():
                pass
            rest = [log.append(event(number)) for number in range(2, 200)]
            slow = os.fdatasync
            monkeypatch.setattr(os, "fdatasync", lambda descriptor: (syncs.append(descriptor), slow(descriptor)))
            disk.set()
            assert [future.result(10).seq for future in rest] == list(range(3, 201))
    assert len(syncs) < 10


def test_whoever_goes_away_does_not_take_his_record_with_him(tmp_path: Path) -> None:
    async def leave(log: AuditLog) -> None:
        task = asyncio.ensure_future(asyncio.wrap_future(log.append(event(1))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with AuditLog(tmp_path / "audit") as log:
        asyncio.run(leave(log))
        assert not log.append(event(2)).cancel()
    assert [record.object for record in read(tmp_path / "audit", TENANT)] == ["resp_1", "resp_2"]


def test_many_threads_and_tenants_each_get_one_unbroken_chain(tmp_path: Path) -> None:
    tenants, futures = ["", "acme", "Acme", "tenant/../x"], []

    def append(thread: int) -> None:
        futures.extend(log.append(event(number, tenants[(thread + number) % 4])) for number in range(100))

    with AuditLog(tmp_path / "audit", AuditOptions(max_batch=7, max_segment_bytes=5000, max_open_tenants=2)) as log:
        threads = [threading.Thread(target=append, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        receipts = [future.result(10) for future in futures]
    assert sorted(receipt.seq for receipt in receipts if receipt.tenant == "Acme") == list(range(1, 101))
    assert sorted(tenants_of(tmp_path / "audit")) == sorted(tenants)
    report = verify(tmp_path / "audit", tmp_path / "audit-witness")
    assert report.is_sound
    assert [(tenant.num_records, tenant.num_signed) for tenant in report.tenants] == [(100, 100)] * 4


def test_times_never_run_backwards_within_a_tenant(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(50))
    times = [record.ts_utc for record in read(tmp_path / "audit", TENANT)]
    assert times == sorted(times)


def test_a_full_queue_makes_whoever_hands_in_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AuditLog(tmp_path / "audit", AuditOptions(max_queue=5)) as log:
        with a_disk_that_stands_still(monkeypatch) as disk:
            handed_in: list[Future[Receipt]] = []
            thread = threading.Thread(target=lambda: handed_in.extend(log.append(event(n)) for n in range(40)))
            thread.start()
            thread.join(0.2)
            assert thread.is_alive()
            assert log.status().num_waiting <= 10
            disk.set()
            thread.join()
        assert sorted(future.result(10).seq for future in handed_in) == list(range(1, 41))


def test_a_queue_that_stays_full_refuses_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AuditLog(tmp_path / "audit", AuditOptions(max_queue=2, queue_timeout_s=0.0)) as log:
        with a_disk_that_stands_still(monkeypatch) as disk:
            futures = [log.append(event(number)) for number in range(10)]
            refused = [future for future in futures if future.done()]
            assert refused
            with pytest.raises(AuditError, match="wait for the disk"):
                refused[0].result()
            disk.set()
        written = [future.result(10) for future in futures if future not in refused]
    assert [receipt.seq for receipt in written] == list(range(1, len(written) + 1))


def test_closing_writes_and_signs_what_waits(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit")
    futures = [log.append(event(number)) for number in range(500)]
    log.close()
    log.close()
    assert all(future.done() for future in futures)
    assert verify(tmp_path / "audit", tmp_path / "audit-witness").tenants[0].num_signed == 500
    with pytest.raises(AuditError, match="closed"):
        log.append(event()).result(10)


def test_a_log_is_signed_after_so_many_records_and_after_a_while(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit", AuditOptions(checkpoint_records=10)) as log:
        for number in range(25):
            log.append(event(number)).result(10)
        assert (tmp_path / "audit/t-acme/checkpoints.jsonl").read_bytes().count(b"\n") == 2
    with AuditLog(tmp_path / "timed", AuditOptions(checkpoint_interval_s=0.05)) as log:
        log.append(event()).result(10)
        path = tmp_path / "timed/t-acme/checkpoints.jsonl"
        for _ in range(1000):
            if path.exists() and path.stat().st_size:
                break
            threading.Event().wait(0.01)
        assert path.read_bytes().count(b"\n") == 1


def test_two_logs_on_one_folder_take_turns(tmp_path: Path) -> None:
    """As the server and a command beside it do."""
    options = AuditOptions(checkpoint_records=3, max_segment_bytes=2000)
    with AuditLog(tmp_path / "audit", options) as one, AuditLog(tmp_path / "audit", options) as other:
        seqs = [log.append(event(number)).result(10).seq for number in range(20) for log in (one, other)]
    assert seqs == list(range(1, 41))
    report = verify(tmp_path / "audit", tmp_path / "audit-witness")
    assert report.is_sound, report
    assert report.tenants[0].num_signed == 40


def test_a_lock_that_somebody_holds_is_told(tmp_path: Path) -> None:
    write(tmp_path / "audit", [1])
    with AuditLog(tmp_path / "audit", AuditOptions(lock_timeout_s=0.02)) as log:
        with locked(tmp_path / "audit/t-acme/lock", 0.0):
            with pytest.raises(AuditError, match="Another process holds the lock"):
                log.append(event(2)).result(10)
            # Others are served meanwhile, and this one is refused without waiting for the lock each time.
            assert log.append(event(2, tenant="other")).result(10).seq == 1
        assert log.status().num_failed == 1
    assert write(tmp_path / "audit", [2])[0].seq == 2


def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path / "deep/er/audit", [1])
    paths = [path for path in (tmp_path / "deep").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in paths} == {0o700}
    assert len(paths) >= 8


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_signing_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "audit", [1])
    (tmp_path / "audit/signing_key.pem").chmod(mode)
    with pytest.raises(ConfigError, match="others"):
        AuditLog(tmp_path / "audit")


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_signing_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "audit", [1])
    (tmp_path / "audit/signing_key.pem").write_bytes(content)
    with pytest.raises(ConfigError):
        AuditLog(tmp_path / "audit")


def test_a_second_signing_key_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "audit", [1])
    (tmp_path / "audit/signing_key.pem").unlink()
    with pytest.raises(ConfigError, match="not the public half"):
        AuditLog(tmp_path / "audit")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="cannot be written"):
        AuditLog(tmp_path / "file/audit")


@pytest.mark.parametrize(
    "options", [{"max_queue": 0}, {"max_batch": 0}, {"checkpoint_records": 0}, {"checkpoint_interval_s": -1.0}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        AuditOptions(**options)  # type: ignore[arg-type]


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "audit", [1])
    segment = next((tmp_path / "audit/t-acme").glob("0*.jsonl"))
    target = tmp_path / "elsewhere"
    segment.rename(target)
    segment.symlink_to(target)
    size_bytes = target.stat().st_size
    with pytest.raises(AuditError):
        write(tmp_path / "audit", [2])
    assert target.stat().st_size == size_bytes
