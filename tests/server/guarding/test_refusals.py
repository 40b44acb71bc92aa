from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support.running_server import StartServer

from zaphod.safety.audit.log import AuditLog, AuditOptions
from zaphod.server.guarding.journal import Journal
from zaphod.server.guarding.refusals import Refusals


def written(folder: Path) -> list[dict[str, Any]]:
    lines = [line for file in sorted(folder.rglob("*.jsonl")) for line in file.read_text().splitlines()]
    return [record for line in lines if (record := json.loads(line)).get("action") == "gate.refusals"]


def test_what_was_refused_is_told_by_reason_and_once(tmp_path: Path) -> None:
    counts = Counter({"invalid_api_key": 3})

    async def run(log: AuditLog) -> None:
        refusals = Refusals(counts, Journal(log))
        await refusals.tell()
        await refusals.tell()
        counts.update({"invalid_api_key": 1, "body_too_large": 2})
        await refusals.tell()

    with AuditLog(tmp_path) as log:
        asyncio.run(run(log))
    told = [(record["tenant"], record["decision"], record["details"]) for record in written(tmp_path)]
    assert told == [
        ("", "refuse", {"invalid_api_key": 3}),
        ("", "refuse", {"invalid_api_key": 1, "body_too_large": 2}),
    ]


def test_where_nothing_was_refused_nothing_is_written(tmp_path: Path) -> None:
    with AuditLog(tmp_path) as log:
        asyncio.run(Refusals(Counter(), Journal(log)).tell())
    assert written(tmp_path) == []


def test_what_could_not_be_written_is_told_the_next_time(tmp_path: Path) -> None:
    counts = Counter({"missing_scope": 1})
    closed = AuditLog(tmp_path / "closed")
    closed.close()
    with AuditLog(tmp_path / "open") as log:
        journals = [Journal(closed), Journal(log)]

        class Failing(Journal):
            async def write(self, *what: Any, **more: Any) -> None:
                await journals.pop(0).write(*what, **more)

        refusals = Refusals(counts, Failing(log))
        asyncio.run(refusals.tell())
        counts["missing_scope"] += 1
        asyncio.run(refusals.tell())
    assert [record["details"] for record in written(tmp_path / "open")] == [{"missing_scope": 2}]


def test_reasons_beyond_what_an_event_holds_share_one_line(tmp_path: Path) -> None:
    counts = Counter({f"reason_{number}": 2 for number in range(40)})
    with AuditLog(tmp_path) as log:
        asyncio.run(Refusals(counts, Journal(log)).tell())
    [record] = written(tmp_path)
    assert sum(record["details"].values()) == 80
    assert record["details"]["other"] == 32


def test_it_is_told_again_and_again_while_the_server_runs(tmp_path: Path) -> None:
    counts = Counter({"draining": 1})

    async def run(log: AuditLog) -> None:
        telling = asyncio.create_task(Refusals(counts, Journal(log)).tell_often(period_s=0.01))
        for number in (1, 2):
            while len(written(tmp_path)) < number:
                await asyncio.sleep(0.01)
            counts["draining"] += 1
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)

    with AuditLog(tmp_path, AuditOptions()) as log:
        asyncio.run(run(log))
    assert [record["details"]["draining"] for record in written(tmp_path)][:2] == [1, 1]


@pytest.mark.parametrize("num_refused", [0, 2])
def test_a_server_that_ends_has_told_what_its_gate_refused(
    start_server: StartServer, tmp_path: Path, num_refused: int
) -> None:
    with start_server(folder=tmp_path / "own") as server:
        for _ in range(num_refused):
            with pytest.raises(OSError, match="403"):
                server.get("/v1/models", Host="evil.example")
    details = [record["details"] for record in written(tmp_path / "own")]
    assert details == ([{"host_not_allowed": num_refused}] if num_refused else [])
