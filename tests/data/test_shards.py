import itertools
import json
import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, CorruptFileError, ZaphodError
from zaphod.data.shard_manifest import TokenizerEntry, read_manifest
from zaphod.data.shard_writer import PackedDocument, ShardWriter, token_dtype
from zaphod.data.shards import ShardSet, require_same_vocabulary

TOKENIZER = TokenizerEntry(name="bytes", digest="abc", vocab_size=300, end_token_id=257)


def packed(token_ids, source="a", domain="", timestamp_s=None, licence="MIT"):
    lineage = json.dumps({"id": str(len(token_ids)), "licence": licence}).encode()
    return PackedDocument(
        token_ids=token_ids,
        lineage=lineage,
        source=source,
        licence=licence,
        domain=domain,
        timestamp_s=timestamp_s,
        num_bytes=2 * len(token_ids),
    )


def write(folder, documents, max_shard_tokens=10, tokenizer=TOKENIZER):
    writer = ShardWriter(folder, tokenizer, ("a", "b"), max_shard_tokens)
    for document in documents:
        writer.add(document)
    writer.finish(seed=7, recipe={"kind": "test"}, stages=[])
    return ShardSet.open(folder)


@pytest.fixture
def three(tmp_path):
    return write(
        tmp_path / "set",
        [packed([1, 2, 257]), packed([5] * 9, "b", "law", 86400.0, "GPL-3.0-only"), packed([3, 257], "b", "law")],
    )


@settings(max_examples=15, deadline=None)
@given(
    documents=st.lists(st.lists(st.integers(0, 299), min_size=1, max_size=30), max_size=8),
    max_shard_tokens=st.integers(1, 60),
)
def test_every_document_is_read_as_it_was_written(tmp_path_factory, documents, max_shard_tokens):
    shards = write(tmp_path_factory.mktemp("set"), map(packed, documents), max_shard_tokens)
    assert [list(tokens) for tokens in shards] == documents
    assert [list(shards.document(number)) for number in range(len(shards))] == documents
    assert list(shards.lengths) == [len(document) for document in documents]


def test_a_shard_is_closed_before_it_would_grow_too_large(three):
    assert [entry.num_tokens for entry in three.manifest.shards] == [3, 9 + 0, 2]


def test_source_domain_and_time_of_a_document_are_kept(three):
    assert three.record(1) == (9, 18, "b", "law", 86400.0)
    assert np.isnan(three.record(0).timestamp_s)
    assert list(three.source_ids) == [0, 1, 1]
    assert [three.domains[number] for number in three.domain_ids] == ["", "law", "law"]


def test_lineage_is_read_per_document(three):
    assert [three.lineage(number)["id"] for number in range(3)] == ["3", "9", "2"]


def test_the_manifest_counts_tokens_by_licence(three):
    assert three.manifest.licences() == {"GPL-3.0-only": 9, "MIT": 5}


def test_a_large_vocabulary_takes_four_bytes_a_token(tmp_path):
    large = TokenizerEntry(name="l", digest="d", vocab_size=70_000, end_token_id=None)
    shards = write(tmp_path, [packed([69_999, 0])], tokenizer=large)
    assert (token_dtype(1 << 16), shards.manifest.token_dtype) == ("uint16", "uint32")
    assert list(shards.document(0)) == [69_999, 0]


def test_the_index_is_a_numpy_file(three):
    index = np.load(three.folder / "documents-00001.npy")
    assert index["timestamp_s"].tolist() == [86400.0]


def test_tokens_cannot_be_written_through_the_reader(three):
    with pytest.raises(ValueError, match="read-only"):
        three.document(0)[0] = 9


@pytest.mark.parametrize("token_ids", [[], [300], [-1]])
def test_a_document_that_the_vocabulary_does_not_know_is_refused(tmp_path, token_ids):
    with pytest.raises(ConfigError, match="tokens"):
        write(tmp_path, [packed(token_ids)])


def test_the_same_documents_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name, [packed([1, 2]), packed([3] * 12, "b")])
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_build_that_was_not_finished_cannot_be_read(tmp_path):
    writer = ShardWriter(tmp_path, TOKENIZER, ("a",))
    writer.add(packed([1]))
    writer.close()
    with pytest.raises(ConfigError, match=r"holds no manifest\.json"):
        ShardSet.open(tmp_path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A new copy of a small set, each time it is asked for."""
    original = tmp_path_factory.mktemp("original")
    write(original, [packed([1, 2, 3]), packed([4] * 9, "b")])
    numbers = itertools.count()
    return lambda: shutil.copytree(original, original.with_name(f"copy-{next(numbers)}"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(fresh, data):
    folder = fresh()
    file = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    was, content[place] = content[place], data.draw(st.integers(0, 255))
    if was == content[place] or (file.suffix == ".json" and chr(was).isspace() and chr(content[place]).isspace()):
        return
    file.write_bytes(content)
    with pytest.raises(CorruptFileError):
        ShardSet.open(folder)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), verify=st.booleans())
def test_a_file_that_was_cut_is_found_even_without_digests(fresh, data, verify):
    folder = fresh()
    file = data.draw(st.sampled_from([f for f in sorted(folder.iterdir()) if f.suffix != ".json"]))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CorruptFileError, match=file.name):
        ShardSet.open(folder, verify=verify)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_changed_bytes_without_digests_never_read_beyond_a_file(fresh, data):
    folder = fresh()
    file = folder / data.draw(st.sampled_from(["documents-00000.npy", "lineage-00000.jsonl", "tokens-00000.bin"]))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        shards = ShardSet.open(folder, verify=False)
        assert sum(len(tokens) for tokens in shards) == 12
        [shards.lineage(number) for number in range(2)]
    except ZaphodError:
        pass


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.just(b"[" * 5000))
def test_a_manifest_of_any_bytes_is_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("set")
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(CorruptFileError):
        read_manifest(folder)


def test_a_manifest_cannot_name_files_elsewhere(three):
    file = three.folder / "manifest.json"
    file.write_text(file.read_text().replace("tokens-00000.bin", "../tokens.bin"))
    with pytest.raises(CorruptFileError):
        ShardSet.open(three.folder)


def test_a_manifest_of_a_later_version_says_so(three):
    file = three.folder / "manifest.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(CorruptFileError, match="version 2"):
        ShardSet.open(three.folder)


def test_shards_of_another_vocabulary_are_refused(three):
    require_same_vocabulary(three, "abc")
    with pytest.raises(ConfigError, match="other words"):
        require_same_vocabulary(three, "abd")


def _sum(folder):
    return int(sum(tokens.sum() for tokens in ShardSet.open(folder)))


def test_threads_and_processes_read_the_same_folder_at_the_same_time(three):
    wanted = [_sum(three.folder)] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_sum, [three.folder] * 4)) == wanted
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(_sum, [three.folder] * 4)) == wanted


def test_a_number_outside_the_set_is_an_index_error(three):
    with pytest.raises(IndexError, match="document 3 of 3"):
        three.document(3)
