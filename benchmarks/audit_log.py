"""How many records a second the audit log writes and verifies, and how long whoever waits for one waits.

    python -m benchmarks.audit_log [--repetitions 5] [--verify-records 1000000] [--folder DIR]

Everything is compared with the raw chain: encoding and hashing in one thread, and nothing kept. `fsync each` is the
same with one file that reaches the disk after every record. Group commit is `AuditLog` as a server uses it: so many
threads hand in a record each and wait until it is on disk, over and over.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import own_peak_bytes, publish, spread
from zaphod.core.units import format_bytes
from zaphod.safety.audit import AuditLog, AuditOptions, Event, verify, witness_of
from zaphod.safety.audit.record import GENESIS, write_record

CONCURRENCY = (1, 16, 64)
Run = tuple[float, list[float]]
"""Seconds a record, and single waits in seconds."""


def event(number: int) -> Event:
    """Like those of a server."""
    return Event(
        tenant="acme",
        actor="key_0123456789ab",
        action="chat.request",
        object=f"chatcmpl-{number:032x}",
        decision="allow",
        policy_hash="0123456789abcdef",
        model_id="builtin",
        details={"findings": 0, "num_prompt_tokens": 211, "num_completion_tokens": 87, "is_streamed": True},
    )


def raw_chain(folder: Path, count: int) -> Run:
    """Encode and hash."""
    previous, start_s = GENESIS, time.perf_counter()
    for number in range(count):
        _, previous = write_record(event(number), seq=number + 1, time_ns=time.time_ns(), previous=previous)
    return (time.perf_counter() - start_s) / count, []


def one_file(folder: Path, count: int, is_synced: bool) -> Run:
    """Encode, hash and write, with or without waiting for the disk after each record."""
    descriptor = os.open(folder / "chain.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    previous, waits, start_s = GENESIS, [], time.perf_counter()
    for number in range(count):
        before_s = time.perf_counter()
        line, previous = write_record(event(number), seq=number + 1, time_ns=time.time_ns(), previous=previous)
        os.write(descriptor, line)
        if is_synced:
            os.fdatasync(descriptor)
        waits.append(time.perf_counter() - before_s)
    duration_s = time.perf_counter() - start_s
    os.close(descriptor)
    return duration_s / count, waits


def group_commit(folder: Path, count: int, num_writers: int) -> Run:
    """Threads that wait for each of their records."""
    waits: list[list[float]] = [[] for _ in range(num_writers)]

    def write(log: AuditLog, own: list[float]) -> None:
        for number in range(count // num_writers):
            before_s = time.perf_counter()
            log.append(event(number)).result()
            own.append(time.perf_counter() - before_s)

    with AuditLog(folder / "audit") as log:
        log.append(event(0)).result()
        threads = [threading.Thread(target=write, args=(log, own)) for own in waits]
        start_s = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        duration_s = time.perf_counter() - start_s
    found = [wait for own in waits for wait in own]
    return duration_s / len(found), found


def handing_in(folder: Path, count: int) -> Run:
    """What `append` itself costs its caller, who does not wait; the event is made before."""
    events, waits = [event(number) for number in range(count)], []
    with AuditLog(folder / "audit", AuditOptions(max_queue=count)) as log:
        log.append(events[0]).result()
        start_s = time.perf_counter()
        for found in events:
            before_s = time.perf_counter()
            future = log.append(found)
            waits.append(time.perf_counter() - before_s)
        duration_s = time.perf_counter() - start_s
        future.result()
    return duration_s / count, waits


def burst(folder: Path, count: int) -> Run:
    """All records handed in at once, until the last is on disk: the most that the writer can do."""
    with AuditLog(folder / "audit", AuditOptions(max_queue=count)) as log:
        log.append(event(0)).result()
        start_s = time.perf_counter()
        futures = [log.append(event(number)) for number in range(count)]
        for future in futures:
            future.result()
        return (time.perf_counter() - start_s) / count, []


def bare_disk(folder: Path, count: int) -> Run:
    """The disk alone: 600 bytes, then wait for it."""
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    waits = []
    for _ in range(count):
        before_s = time.perf_counter()
        os.write(descriptor, b"x" * 600)
        os.fdatasync(descriptor)
        waits.append(time.perf_counter() - before_s)
    os.close(descriptor)
    return sum(waits) / count, waits


def verification(folder: Path, count: int) -> dict[str, Any]:
    """Write so many records, and verify them in a process of its own, whose memory is measured."""
    audit = folder / "audit"
    with AuditLog(audit) as log:
        for _ in range(count // 10_000):
            futures = [log.append(event(number)) for number in range(10_000)]
            futures[-1].result()
    script = (
        "import json,sys\nfrom pathlib import Path\nfrom benchmarks.audit_log import verified\n"
        "print(json.dumps(verified(Path(sys.argv[1]))))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(audit)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verified(audit: Path) -> dict[str, Any]:
    """Seconds, records, bytes and peak memory of a verification in this process."""
    before_bytes, start_s = own_peak_bytes(), time.perf_counter()
    report = verify(audit, witness_of(audit))
    duration_s = time.perf_counter() - start_s
    assert report.is_sound
    return {
        "duration_s": duration_s,
        "num_records": report.tenants[0].num_records,
        "log_bytes": sum(path.stat().st_size for path in audit.rglob("0*.jsonl")),
        "memory_before_bytes": before_bytes,
        "memory_peak_bytes": own_peak_bytes(),
    }


def repeated(run: Callable[[Path], Run], folder: Path, repetitions: int) -> dict[str, Any]:
    """Rates of each repetition, and percentiles over all single waits."""
    rates, waits = [], []
    for _ in range(repetitions):
        place = Path(tempfile.mkdtemp(dir=folder))
        record_s, found = run(place)
        shutil.rmtree(place)
        rates.append(1 / record_s)
        waits += found
    waits.sort()
    percentiles = {f"p{share}_ms": waits[len(waits) * share // 100] * 1e3 for share in (50, 99)} if waits else {}
    return {"records_per_s": spread(rates), **percentiles}


def measured(folder: Path, repetitions: int) -> dict[str, dict[str, Any]]:
    """Every way to write."""
    ways: dict[str, Callable[[Path], Run]] = {
        "the disk alone": lambda place: bare_disk(place, 1000),
        "raw chain, nothing kept": lambda place: raw_chain(place, 20_000),
        "one file, no fsync": lambda place: one_file(place, 20_000, is_synced=False),
        "one file, fsync each": lambda place: one_file(place, 1000, is_synced=True),
        **{f"group commit, {writers} waiting": _waiting(writers) for writers in CONCURRENCY},
        "group commit, all at once": lambda place: burst(place, 20_000),
        "`append` alone, its caller's time": lambda place: handing_in(place, 20_000),
    }
    return {name: repeated(run, folder, repetitions) for name, run in ways.items()}


def _waiting(num_writers: int) -> Callable[[Path], Run]:
    return lambda place: group_commit(place, min(1000 * num_writers, 9600), num_writers)


def table(ways: dict[str, dict[str, Any]], check: dict[str, Any], repetitions: int) -> str:
    """Rates with their spread, waits, and the share of the raw chain's speed."""
    raw = ways["raw chain, nothing kept"]["records_per_s"]["median"]
    lines = ["| | records/s | spread | p50 ms | p99 ms | of the raw chain |", "|---|---|---|---|---|---|"]
    for name, found in ways.items():
        rate = found["records_per_s"]
        cells = [f"{rate['median']:,.0f}", f"{rate['min']:,.0f}–{rate['max']:,.0f}"]
        cells += [f"{found[key]:.3f}" if key in found else "–" for key in ("p50_ms", "p99_ms")]
        lines.append(f"| {name} | {' | '.join(cells)} | {rate['median'] / raw:.1%} |")
    return "\n".join([*lines, "", _note(check, repetitions)])


def _note(check: dict[str, Any], repetitions: int) -> str:
    rate = check["num_records"] / check["duration_s"]
    return (
        f"Medians of {repetitions} repetitions with the smallest and largest; waits over all of them. Verifying "
        f"{check['num_records']:,} records ({format_bytes(check['log_bytes'])}) took {check['duration_s']:.1f} s, "
        f"{rate:,.0f} records/s, once; the process had at most {format_bytes(check['memory_peak_bytes'])}, "
        f"{format_bytes(check['memory_peak_bytes'] - check['memory_before_bytes'])} more than before."
    )


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--verify-records", type=int, default=1_000_000, help="a multiple of 10,000")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; else the system's temporary folder")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        ways = measured(folder, options.repetitions)
        check = verification(folder, options.verify_records)
    finally:
        shutil.rmtree(folder)
    publish("audit_log", {"ways": ways, "verification": check}, table(ways, check, options.repetitions))


if __name__ == "__main__":
    main()
