"""Splunk, Elasticsearch and OpenTelemetry against receivers that fail in every way that theirs do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.safety.audit.shipping.receivers import SLOW_S, FakeCollector, FakeElasticsearch, FakeSplunk, Receiver

from zaphod.core.errors import ConfigError, UnavailableError
from zaphod.safety.audit import read
from zaphod.safety.audit.shipping import Shipper, ShipperOptions, Sink
from zaphod.safety.audit.shipping.elasticsearch import ElasticsearchOptions, ElasticsearchSink
from zaphod.safety.audit.shipping.otlp import OtlpOptions, OtlpSink
from zaphod.safety.audit.shipping.splunk import SplunkOptions, SplunkSink

FAULTS = [
    "503",
    "429",
    "401",
    "500",
    "after",
    "close",
    "stored_close",
    "slow",
    "rubbish",
    "redirect",
    "partial",
    "lost",
]
QUICK = ShipperOptions(batch_records=7, backoff_s=0.002, max_backoff_s=0.01, poll_s=0.01)
NUM_RECORDS = 25
shipping = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def splunk(url: str, secret: Path, **options: Any) -> Sink:
    quick = {"ack_timeout_s": 0.05, "ack_poll_s": 0.005, "timeout_s": SLOW_S / 3}
    return SplunkSink("splunk", SplunkOptions(url=url, token_file=secret, **{**quick, **options}))


def elasticsearch(url: str, secret: Path, **options: Any) -> Sink:
    return ElasticsearchSink(
        "elastic", ElasticsearchOptions(url=url, api_key_file=secret, timeout_s=SLOW_S / 3, **options)
    )


def otlp(url: str, secret: Path, **options: Any) -> Sink:
    return OtlpSink("otlp", OtlpOptions(url=url, token_file=secret, timeout_s=SLOW_S / 3, **options))


Make = Callable[..., Sink]
SINKS: list[tuple[type[Receiver], Make]] = [
    (FakeSplunk, splunk), (FakeElasticsearch, elasticsearch), (FakeCollector, otlp),
]  # fmt: skip
every_sink = pytest.mark.parametrize(("fake", "make"), SINKS, ids=["splunk", "elasticsearch", "otlp"])


def ship(folder: Path, sink: Sink) -> Shipper:
    shipper = Shipper(folder, sink, QUICK)
    shipper.catch_up(give_up_after_s=20.0)
    return shipper


def own(receiver: Receiver) -> list[int]:
    """Numbers of the first tenant's records as they came."""
    return [record["seq"] for record in receiver.stored if record["tenant"] == "acme"]


@every_sink
def test_every_record_arrives_once_and_in_order(fake: type[Receiver], make: Make, folder: Path, secret: Path) -> None:
    with fake() as receiver:
        status = ship(folder, make(receiver.url, secret)).status()
    assert own(receiver) == list(range(1, NUM_RECORDS + 1))
    assert len(set(receiver.ids)) == len(receiver.ids) == NUM_RECORDS + 5
    assert {"acme:25", "Other:5"} <= set(receiver.ids)
    assert (status.num_sent, status.num_refused, status.problems) == (30, 0, {})


@every_sink
@shipping
@given(faults=st.lists(st.sampled_from(FAULTS), max_size=12))
def test_whatever_fails_every_record_arrives(
    fake: type[Receiver], make: Make, folder: Path, secret: Path, faults: list[str]
) -> None:
    shutil.rmtree(folder / "shipping", ignore_errors=True)
    with fake(faults) as receiver:
        ship(folder, make(receiver.url, secret))
    hashes = {record.hash for tenant in ("acme", "Other") for record in read(folder, tenant)}
    assert {record["hash"] for record in receiver.stored} == hashes
    first_times = list(dict.fromkeys(own(receiver)))
    if fake is not FakeElasticsearch or "partial" not in faults:  # only there a part of a batch comes later
        assert first_times == sorted(first_times)


@every_sink
def test_nothing_is_sent_twice_after_it_arrived(fake: type[Receiver], make: Make, folder: Path, secret: Path) -> None:
    with fake() as receiver:
        ship(folder, make(receiver.url, secret))
        num_requests = len(receiver.requests)
        assert ship(folder, make(receiver.url, secret)).status().num_sent == 0
    assert len(receiver.requests) == num_requests


@every_sink
@pytest.mark.parametrize("poisoned", [[1], [13], [25], [6, 7, 8], list(range(1, 26))])
def test_what_is_refused_is_set_aside_and_the_rest_arrives(
    fake: type[Receiver], make: Make, folder: Path, secret: Path, poisoned: list[int]
) -> None:
    with fake() as receiver:
        receiver.poison = lambda record: record["tenant"] == "acme" and record["seq"] in poisoned
        status = ship(folder, make(receiver.url, secret)).status()
    assert sorted(set(own(receiver))) == [seq for seq in range(1, NUM_RECORDS + 1) if seq not in poisoned]
    listed = next(folder.glob("shipping/*/t-acme.refused.jsonl")).read_text().splitlines()
    assert [json.loads(line)["seq"] for line in listed] == poisoned
    assert status.num_refused == len(poisoned)


@every_sink
def test_a_receiver_that_is_down_is_told_and_nothing_is_lost(
    fake: type[Receiver], make: Make, folder: Path, secret: Path
) -> None:
    with fake() as receiver:
        url = receiver.url
    shipper = Shipper(folder, make(url, secret), QUICK)
    with pytest.raises(UnavailableError, match="Connection refused"):
        shipper.catch_up(give_up_after_s=0.05)
    assert not list(folder.glob("shipping/*/*.json"))


@every_sink
def test_a_bad_secret_is_told_and_never_sets_records_aside(
    fake: type[Receiver], make: Make, folder: Path, secret: Path
) -> None:
    for content in (None, "", "two words", "two\nlines", "ü"):
        if content is None:
            secret.unlink()
        else:
            secret.write_text(content)
        with fake() as receiver:
            shipper = Shipper(folder, make(receiver.url, secret), QUICK)
            with pytest.raises(UnavailableError) as caught:
                shipper.catch_up(give_up_after_s=0.02)
        assert receiver.requests == []
        assert "words" not in str(caught.value)
    assert not list(folder.glob("shipping/*/*.refused.jsonl"))


@every_sink
def test_a_secret_can_be_changed_while_the_shipper_runs(
    fake: type[Receiver], make: Make, folder: Path, secret: Path
) -> None:
    with fake() as receiver:
        sink = make(receiver.url, secret)
        ship(folder, sink)
        secret.write_text("another")
        shutil.rmtree(folder / "shipping")
        ship(folder, sink)
    words = [headers["Authorization"].split()[1] for _, headers, _ in receiver.requests]
    assert list(dict.fromkeys(words)) == ["s3cret-t0ken", "another"]


@every_sink
def test_a_token_does_not_follow_a_redirection(fake: type[Receiver], make: Make, folder: Path, secret: Path) -> None:
    with fake(["redirect"] * 3) as receiver:
        ship(folder, make(receiver.url, secret))
    assert not [path for path, _, _ in receiver.requests if "elsewhere" in path]


@every_sink
@pytest.mark.parametrize(
    "url", ["ftp://x", "http://splunk.example", "https://user:pass@x", "https://", "x", "https://x:99999", "http://a b"]
)
def test_an_address_that_leaks_or_is_none_is_refused(fake: type[Receiver], make: Make, secret: Path, url: str) -> None:
    with pytest.raises(ConfigError):
        make(url, secret)


def test_splunk_is_believed_only_when_it_acknowledges(folder: Path, secret: Path) -> None:
    with FakeSplunk(["lost", "lost"]) as receiver:
        ship(folder, splunk(receiver.url, secret))
        channels = {headers["X-Splunk-Request-Channel"] for _, headers, _ in receiver.requests}
    assert receiver.num_lost >= 1
    assert len(channels) == 1
    assert f"channel={channels.pop()}" in next(path for path, _, _ in receiver.requests if "ack" in path)
    assert sorted(set(own(receiver))) == list(range(1, NUM_RECORDS + 1))


def test_splunk_without_acknowledgements_must_be_said_to_be_so(folder: Path, secret: Path) -> None:
    with FakeSplunk(has_acks=False) as receiver:
        shipper = Shipper(folder, splunk(receiver.url, secret), QUICK)
        with pytest.raises(UnavailableError, match="acknowledge = false"):
            shipper.catch_up(give_up_after_s=0.05)
    with FakeSplunk(has_acks=False) as receiver:
        ship(folder, splunk(receiver.url, secret, acknowledge=False))
        assert receiver.num_asked == 0
        assert own(receiver) == list(range(1, NUM_RECORDS + 1))


def test_splunk_gets_its_own_words_and_one_index_a_batch(folder: Path, secret: Path) -> None:
    with FakeSplunk() as receiver:
        ship(folder, splunk(receiver.url, secret, index="main", indexes={"Other": "theirs"}, host="h1"))
    events = [
        [json.loads(line) for line in body.splitlines()]
        for path, _, body in receiver.requests
        if path.endswith("event")
    ]
    assert all(len({event["index"] for event in batch}) == 1 for batch in events)
    first = events[-1][0]
    assert (first["index"], first["host"], first["source"], first["sourcetype"]) == (
        "main", "h1", "zaphod", "zaphod:audit",
    )  # fmt: skip
    assert first["time"].split(".")[0].isdigit()


def test_elasticsearch_stores_each_record_under_its_id_whole(folder: Path, secret: Path) -> None:
    with FakeElasticsearch(["stored_close", "slow"]) as receiver:
        ship(folder, elasticsearch(receiver.url, secret, indexes={"Other": "theirs"}))
    assert receiver.num_conflicts > 0
    lines = {record.dedupe_id: record.line.decode().rstrip("\n") for record in read(folder, "acme")}
    found = {name: document["event"]["original"] for name, document in receiver.documents.items()}
    assert lines.items() <= found.items()
    actions = [json.loads(line) for _, _, body in receiver.requests for line in body.splitlines()[::2]]
    assert {action["create"]["_index"] for action in actions} == {"zaphod-audit", "theirs"}


def test_two_logs_share_an_index_under_two_prefixes(folder: Path, secret: Path) -> None:
    with FakeElasticsearch() as receiver:
        for prefix in ("one/", "two/"):
            shutil.rmtree(folder / "shipping", ignore_errors=True)
            ship(folder, elasticsearch(receiver.url, secret, id_prefix=prefix))
    assert len(receiver.documents) == 2 * (NUM_RECORDS + 5)


def test_elasticsearch_must_answer_for_every_item(folder: Path, secret: Path) -> None:
    with FakeElasticsearch(["short"]) as receiver:
        ship(folder, elasticsearch(receiver.url, secret))
    assert own(receiver) == list(range(1, NUM_RECORDS + 1))
    assert receiver.num_conflicts > 0


@pytest.mark.parametrize("options", [{"username": "u"}, {"password_file": Path("x")}, {"username": "u", "password_file": Path("x"), "api_key_file": Path("y")}])  # fmt: skip  # noqa: E501
def test_half_an_identity_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        ElasticsearchOptions(url="https://x", **options)


def test_elasticsearch_takes_a_name_and_a_password(folder: Path, secret: Path) -> None:
    with FakeElasticsearch() as receiver:
        options = ElasticsearchOptions(url=receiver.url, username="u", password_file=secret)
        ship(folder, ElasticsearchSink("elastic", options))
    assert receiver.requests[0][1]["Authorization"] == "Basic dTpzM2NyZXQtdDBrZW4="


def test_opentelemetry_gets_types_and_times(folder: Path, secret: Path) -> None:
    with FakeCollector() as receiver:
        ship(folder, otlp(receiver.url, secret, resource={"deployment.environment.name": "test"}))
    path, headers, body = receiver.requests[-1]
    assert (path, headers["Content-Type"]) == ("/v1/logs", "application/json")
    (resource,) = json.loads(body)["resourceLogs"]
    assert {item["key"] for item in resource["resource"]["attributes"]} == {
        "service.name", "deployment.environment.name",
    }  # fmt: skip
    entry = resource["scopeLogs"][0]["logRecords"][0]
    record = json.loads(entry["body"]["stringValue"])
    assert {"key": "zaphod.audit.details.number", "value": {"intValue": str(record["details"]["number"])}} in entry[
        "attributes"
    ]
    assert len(entry["timeUnixNano"]) == 19
