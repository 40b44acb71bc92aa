"""The shipper and its cursors, apart from any protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.safety.audit.logs import Victim, event

from zaphod.core.errors import AuditError, ConfigError
from zaphod.safety.audit import AuditLog, Record
from zaphod.safety.audit.shipping import Shipper, ShipperOptions, load_sinks
from zaphod.safety.audit.shipping.sink import STORED, Fate, Pause

QUICK = ShipperOptions(batch_records=7, backoff_s=0.001, max_backoff_s=0.005, poll_s=0.005, rest_s=0.01)


class Memory:
    """Keeps what it is sent; `fates` decides otherwise."""

    name = "memory"

    def __init__(self, fates: Callable[[Record], Fate] = lambda record: STORED) -> None:
        self.records: list[Record] = []
        self.batches: list[int] = []
        self._fates = fates

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        found = [self._fates(record) for record in batch]
        self.batches.append(len(batch))
        self.records += [record for record, fate in zip(batch, found, strict=True) if fate is STORED]
        return found


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came true")


def cursor(folder: Path, name: str = "t-acme") -> int:
    return int(json.loads((folder / f"shipping/memory/{name}.json").read_text())["seq"])


def test_what_comes_is_passed_on_while_the_server_writes(tmp_path: Path) -> None:
    sink = Memory()
    with AuditLog(tmp_path / "audit") as log:
        shipper = Shipper(tmp_path / "audit", sink, QUICK)
        shipper.start()
        for number in range(60):
            log.append(event(number, tenant=["", "acme"][number % 2])).result(10)
        wait_for(lambda: len(sink.records) == 60)
        shipper.close()
    assert [record.seq for record in sink.records if record.tenant == ""] == list(range(1, 31))
    assert shipper.status().num_sent == 60


def test_a_shipper_that_is_stopped_goes_on_where_it_was(folder: Path) -> None:
    first = Memory(lambda record: STORED if record.seq <= 14 else Fate("postponed", "busy"))
    shipper = Shipper(folder, first, QUICK)
    shipper.start()
    wait_for(lambda: shipper.status().problems.get("t-acme") == "busy")
    shipper.close()
    assert cursor(folder) == 14
    second = Memory()
    Shipper(folder, second, QUICK).catch_up(10.0)
    assert [record.seq for record in second.records if record.tenant == "acme"] == list(range(15, 26))


def test_one_tenants_trouble_does_not_hold_up_another(folder: Path) -> None:
    sink = Memory(lambda record: STORED if record.tenant == "acme" else Fate("postponed", "no index"))
    shipper = Shipper(folder, sink, QUICK)
    shipper.start()
    wait_for(lambda: len(sink.records) == 25)
    shipper.close()
    assert list(shipper.status().problems.values()) == ["no index"]


def test_a_receiver_decides_how_long_to_wait(folder: Path) -> None:
    sink = Memory(lambda record: Fate("postponed", "busy", 3600.0))
    shipper = Shipper(folder, sink, QUICK)
    shipper.start()
    wait_for(lambda: len(sink.batches) == 2)
    threading.Event().wait(0.1)
    shipper.close()
    assert len(sink.batches) == 2  # one for each tenant, and then silence


def test_batches_are_bounded_in_number_and_bytes(folder: Path) -> None:
    sink = Memory()
    Shipper(folder, sink, ShipperOptions(batch_records=4, poll_s=0.005)).catch_up(10.0)
    assert max(sink.batches) == 4
    sink = Memory()
    sink.name = "other"
    Shipper(folder, sink, ShipperOptions(batch_bytes=1000, poll_s=0.005)).catch_up(10.0)
    assert max(sink.batches) == 2


def test_a_log_that_was_changed_is_not_passed_on(folder: Path) -> None:
    victim = Victim(folder)
    victim.replace(9, until=25, decision="never")
    sink = Memory()
    Shipper(folder, sink, QUICK).catch_up(10.0)
    assert len(sink.records) == 30  # a false history that is whole: only checkpoints can tell
    victim.replace(12, decision="changed")
    (folder / "shipping/memory/t-acme.json").unlink()
    with pytest.raises(AuditError, match="verify"):
        Shipper(folder, Memory(), QUICK).catch_up(10.0)


def test_a_log_that_was_rewritten_behind_the_cursor_is_not_passed_on(folder: Path) -> None:
    Shipper(folder, Memory(lambda record: STORED if record.seq < 10 else Fate("refused", "no")), QUICK).catch_up(10.0)
    path = folder / "shipping/memory/t-acme.json"
    path.write_text(json.dumps({"seq": 10, "hash": "00" * 32}))
    with pytest.raises(AuditError, match="does not hang"):
        Shipper(folder, Memory(), QUICK).catch_up(10.0)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"seq":-1,"hash":""}', '{"seq":1,"hash":"zz"}', '{"seq":"1"}'])
def test_a_damaged_cursor_is_told(folder: Path, damage: str) -> None:
    path = folder / "shipping/memory/t-acme.json"
    path.parent.mkdir(parents=True)
    path.write_text(damage)
    with pytest.raises(AuditError, match="how far"):
        Shipper(folder, Memory(), QUICK).catch_up(10.0)


def test_two_shippers_of_one_sink_do_not_move_one_cursor(folder: Path) -> None:
    running = Shipper(folder, Memory(), QUICK)
    running.start()
    wait_for(lambda: running.status().num_sent == 30)
    with pytest.raises(AuditError, match="Another process ships"):
        Shipper(folder, Memory(), QUICK).catch_up(1.0)
    running.close()


def test_a_sink_that_breaks_in_an_unforeseen_way_stops_nothing_else(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [ZeroDivisionError("unforeseen")] * 2

    def break_twice(record: Record) -> Fate:
        if record.seq in (3, 20) and failures:
            raise failures.pop()
        return STORED

    sink = Memory(break_twice)
    shipper = Shipper(folder, sink, QUICK)
    shipper.start()
    wait_for(lambda: {record.dedupe_id for record in sink.records} >= {"acme:25", "Other:5"})
    shipper.close()
    assert {record.seq for record in sink.records if record.tenant == "acme"} == set(range(1, 26))
    assert "nobody foresaw" in caplog.text


@pytest.mark.parametrize(
    "options", [{"batch_records": 0}, {"batch_bytes": 0}, {"backoff_s": 5.0, "max_backoff_s": 1.0}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        ShipperOptions(**options)  # type: ignore[arg-type]


SINKS = """
[[sink]]
name = "splunk"
kind = "splunk"
url = "https://splunk.example:8088"
token_file = "~/token"
indexes = { acme = "acme" }

[[sink]]
name = "search"
kind = "elasticsearch"
url = "https://elastic.example:9200"
api_key_file = "key"
timeout_s = 5

[[sink]]
name = "otel"
kind = "otlp"
url = "http://localhost:4318"

[[sink]]
name = "syslog"
kind = "syslog"
host = "syslog.example"
port = 6514
"""


def test_a_file_names_sinks_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "sinks.toml").write_text(SINKS)
    sinks = load_sinks(tmp_path / "sinks.toml")
    assert [(sink.name, type(sink).__name__) for sink in sinks] == [
        ("splunk", "SplunkSink"), ("search", "ElasticsearchSink"), ("otel", "OtlpSink"), ("syslog", "SyslogSink"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no sinks"),
        ("x = 1", "holds x"),
        ("[sink]", "no sinks"),
        ("not toml", "is not TOML"),
        ("[[sink]]\nname='a'", "kind None"),
        ("[[sink]]\nname='a'\nkind='kafka'", "kind 'kafka'"),
        ("[[sink]]\nname='../a'\nkind='otlp'\nurl='https://x'", "name '../a'"),
        ("[[sink]]\nname='a'\nkind='otlp'", "lacks url"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl=5", "must be a text"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl='https://x'\ntimeout_s='5'", "must be a number"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl='https://x'\ntimeout_s=true", "must be a number"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl='https://x'\ntimeout=5", "Did you mean timeout_s"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl='https://x'\nresource={a=1}", "a table of texts"),
        ("[[sink]]\nname='a'\nkind='syslog'\nhost='x'\nport=1\ntransport='pigeon'", "one of tcp, tls, udp"),
        ("[[sink]]\nname='a'\nkind='otlp'\nurl='https://x'\n" * 2, "names a sink twice"),
    ],
)
def test_what_is_not_understood_in_it_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "sinks.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_sinks(tmp_path / "sinks.toml")
    assert told in str(caught.value)
