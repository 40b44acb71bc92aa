import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from tests.data.test_pipeline import Loud, Once

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.build_config import BuildConfig, Component
from zaphod.data.mixture import MixtureConfig, plan_mixture
from zaphod.data.snapshots import Snapshot, snapshot_names, take_snapshot


@pytest.fixture
def take(tmp_path):
    def run(name, texts, **changes):
        captured = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
        rows = [{"id": key, "text": text, "captured": captured} for key, text in texts.items()]
        (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
        settings = {"name": "web", "path": str(tmp_path / "in.jsonl"), "licence": "MIT"}
        source = Component(kind="json-lines", settings=settings)
        config = BuildConfig(**{"sources": (source,), "tokenizer": "bytes", "slice_documents": 2} | changes)
        stages = [Once(), Loud(min_letters=2)]
        return take_snapshot(config, tmp_path / "root", name, stages=stages)

    return run


def texts(root, name=None):
    snapshot = Snapshot.open(root, name)
    return sorted(bytes(snapshot.document(n)[:-1].astype("u1")).decode() for n in range(len(snapshot)))


MONDAY = {"a": "one", "b": "two", "c": "three"}
TUESDAY = {"a": "one", "b": "zwei", "c": "three", "d": "four", "e": "three"}


def test_a_second_snapshot_works_on_new_and_changed_documents_only(take, tmp_path):
    take("1", MONDAY)
    report = take("2", TUESDAY)
    assert (report.num_unchanged, report.head.num_new, report.head.num_changed) == (2, 2, 1)
    assert report.build.manifest.stages[0].num_seen == 3
    assert texts(tmp_path / "root") == ["FOUR", "ONE", "THREE", "ZWEI"]


def test_a_new_document_is_compared_with_what_was_kept_days_before(take):
    take("1", MONDAY)
    take("2", {**MONDAY, "d": "four"})
    report = take("3", {**MONDAY, "d": "four", "e": "three", "f": "four"})
    assert report.build.manifest.stages[1].dropped == {"seen before": 2}


def test_an_old_snapshot_reads_as_on_its_day(take, tmp_path):
    take("1", MONDAY)
    before = {file.name: file.read_bytes() for file in (tmp_path / "root/1").iterdir()}
    take("2", TUESDAY)
    assert texts(tmp_path / "root", "1") == ["ONE", "THREE", "TWO"]
    assert {file.name: file.read_bytes() for file in (tmp_path / "root/1").iterdir()} == before


def test_a_document_that_became_worthless_takes_its_old_text_with_it(take, tmp_path):
    take("1", MONDAY)
    take("2", {**MONDAY, "b": "x"})
    assert texts(tmp_path / "root") == ["ONE", "THREE"]


def test_a_document_that_is_no_longer_given_stays(take, tmp_path):
    take("1", MONDAY)
    take("2", {"a": "one"})
    assert texts(tmp_path / "root") == ["ONE", "THREE", "TWO"]


def test_a_day_without_news_is_an_empty_snapshot(take, tmp_path):
    take("1", MONDAY)
    report = take("2", MONDAY)
    assert (report.num_unchanged, len(Snapshot.open(tmp_path / "root"))) == (3, 3)


def test_a_snapshot_that_is_done_is_not_taken_again(take, tmp_path):
    take("1", MONDAY)
    take("2", TUESDAY)
    assert take("1", TUESDAY).head.num_new == 3
    assert snapshot_names(tmp_path / "root") == ["1", "2"]


def test_freshness_is_the_time_from_fetch_to_readable_shard(take):
    freshness = take("1", MONDAY).freshness
    assert freshness.num_documents == 3
    assert 5 <= freshness.median_s < 600


def test_a_mixture_draws_from_a_snapshot(take, tmp_path):
    take("1", MONDAY)
    take("2", TUESDAY)
    snapshot = Snapshot.open(tmp_path / "root")
    plan = plan_mixture(snapshot, MixtureConfig(), snapshot.num_tokens, seed=0)
    assert sorted(plan) == [0, 1, 2, 3]


def test_a_snapshot_tells_size_source_and_domain_of_each_document(take, tmp_path):
    take("1", MONDAY)
    take("2", TUESDAY)
    snapshot = Snapshot.open(tmp_path / "root")
    records = [snapshot.record(number) for number in range(len(snapshot))]
    assert snapshot.lengths.tolist() == [record.num_tokens for record in records]
    assert snapshot.num_bytes.tolist() == [record.num_bytes for record in records]
    assert [snapshot.sources[number] for number in snapshot.source_ids] == [record.source for record in records]
    assert [snapshot.domains[number] for number in snapshot.domain_ids] == [record.domain for record in records]


def test_other_stages_or_another_tokenizer_begin_a_new_folder(take):
    take("1", MONDAY)
    with pytest.raises(ConfigError, match="stages of this snapshot differ"):
        take("2", TUESDAY, allow_copyleft=True)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".", "x" * 65])
def test_a_name_that_is_no_folder_is_refused(take, name):
    with pytest.raises(ConfigError, match="cannot be called"):
        take(name, MONDAY)


def test_a_snapshot_whose_parent_is_gone_cannot_be_read(take, tmp_path):
    take("1", MONDAY)
    take("2", TUESDAY)
    shutil.rmtree(tmp_path / "root/1")
    with pytest.raises(CorruptFileError, match="one line"):
        Snapshot.open(tmp_path / "root")


@pytest.mark.parametrize("file", ["past.msgpack", "snapshot.json", "tokens-00000.bin", "manifest.json"])
def test_a_damaged_file_of_a_snapshot_is_found(take, tmp_path, file):
    take("1", MONDAY)
    take("2", TUESDAY)
    damaged = tmp_path / "root/1" / file
    damaged.write_bytes(damaged.read_bytes()[:-3])
    with pytest.raises(CorruptFileError, match=file):
        Snapshot.open(tmp_path / "root")


def test_a_snapshot_that_is_not_there_is_named(take, tmp_path):
    with pytest.raises(ConfigError, match="no snapshot"):
        Snapshot.open(tmp_path)
    take("1", MONDAY)
    with pytest.raises(ConfigError, match="There are 1"):
        Snapshot.open(tmp_path / "root", "2")
