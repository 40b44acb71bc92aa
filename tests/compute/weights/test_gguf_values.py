import mmap

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.gguf_files import ARRAY, STRING, gguf_bytes, pair, string

from zaphod.compute.weights.gguf_header import GGUFFile
from zaphod.compute.weights.gguf_values import HeaderReader, pair_bytes
from zaphod.core.errors import ConfigError, CorruptFileError

TYPES = gguf.GGUFValueType


def read_back(tmp_path, value):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_bytes([pair_bytes("k", value)]))
    ours = GGUFFile(path).metadata["k"]
    return ours, gguf.GGUFReader(path).fields["k"]


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("naïve 日本", "STRING"),
        ("", "STRING"),
        (True, "BOOL"),
        (0, "UINT32"),
        (2**32 - 1, "UINT32"),
        (-1, "INT32"),
        (2**32, "UINT64"),
        (-(2**31) - 1, "INT64"),
        (0.5, "FLOAT32"),
        (np.uint8(7), "UINT8"),
        (np.int64(7), "INT64"),
        (np.float64(0.1), "FLOAT64"),
        (np.bool_(False), "BOOL"),
    ],
)
def test_a_value_has_the_usual_type_and_reads_equal(tmp_path, value, type_name):
    ours, theirs = read_back(tmp_path, value)
    assert ours == theirs.contents() == value
    assert theirs.types == [TYPES[type_name]]


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (["a", "", "ß"], "STRING"),
        ([True, False], "BOOL"),
        ([1, 2**32 - 1], "UINT32"),
        ([1, -1], "INT32"),
        ([1, 2**40], "UINT64"),
        ([-1, 2**40], "INT64"),
        ([1, 0.5], "FLOAT32"),
        (np.array([1, 2], np.int32), "INT32"),
        (np.array([1, 2], ">i2"), "INT16"),
    ],
)
def test_a_list_has_one_type_and_reads_equal(tmp_path, value, type_name):
    ours, theirs = read_back(tmp_path, value)
    assert ours == theirs.contents() == list(value)
    assert theirs.types == [TYPES.ARRAY, TYPES[type_name]]


def test_an_empty_array_is_written_where_its_type_is_given(tmp_path):
    ours, theirs = read_back(tmp_path, np.array([], np.float32))
    assert ours == theirs.contents() == []


def test_lists_within_lists_read_equal(tmp_path):
    path = tmp_path / "x.gguf"
    value = [["a", "b"], ["c"]], [[["d"]]], [[1, 2], [3]]
    path.write_bytes(gguf_bytes([pair_bytes(str(index), item) for index, item in enumerate(value)]))
    assert list(GGUFFile(path).metadata.values()) == list(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"bytes",
        [],
        ["a", 1],
        [True, 1],
        [[], ["a"]],
        2**64,
        [-1, 2**63],
        1e39,
        "\ud800",
        {"a": 1},
        np.zeros((2, 2), np.float32),
        np.array([1j]),
        np.float16(1),
    ],
    ids=str,
)
def test_a_value_without_a_type_is_refused(value):
    with pytest.raises(ConfigError):
        pair_bytes("k", value)


@pytest.mark.parametrize("key", ["", "a\n", "a" * 65536])
def test_a_key_that_readers_refuse_is_not_written(key):
    with pytest.raises(ConfigError, match="key"):
        pair_bytes(key, 1)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_strings_survive(texts):
    content = b"".join(map(string, texts))
    reader = HeaderReader("x", content, len(content))
    assert reader.strings(len(texts), "a list") == texts
    assert reader.position == len(content)


@pytest.mark.parametrize(
    ("type_number", "value", "complaint"),
    [
        (13, b"", "type 13"),
        (7, b"\x02", "boolean"),
        (STRING, string(b"\xff"), "UTF-8"),
        (STRING, (2**60).to_bytes(8, "little"), "ends inside"),
        (ARRAY, b"\x04\0\0\0" + (2**60).to_bytes(8, "little"), "declares 1152921504606846976 numbers"),
        (ARRAY, b"\x08\0\0\0" + (2**60).to_bytes(8, "little"), "declares 1152921504606846976 strings"),
        (ARRAY, b"\x09\0\0\0" + (2**60).to_bytes(8, "little"), "declares 1152921504606846976 arrays"),
        (ARRAY, b"\x09\0\0\0\x01\0\0\0\0\0\0\0" * 9, "deeper than 8"),
        (ARRAY, b"\x09\0\0\0\x01\0\1\0\0\0\0\0" + bytes(12) * 65537, "nests more than 65536 arrays"),
        (ARRAY, b"\x0d\0\0\0\x01\0\0\0\0\0\0\0", "type 13"),
    ],
)
def test_a_malformed_value_is_refused_by_its_key(tmp_path, type_number, value, complaint):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_bytes([pair("the.key", type_number, value)], data=bytes(64)))
    with pytest.raises(CorruptFileError, match=complaint) as caught:
        GGUFFile(path)
    assert "the.key" in caught.value.found
    assert "x.gguf" in caught.value.found


def test_strings_of_a_memory_map_are_copies(tmp_path):
    (tmp_path / "x").write_bytes(string("abc"))
    with (tmp_path / "x").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        assert HeaderReader(tmp_path, content, len(content)).string("a text") == "abc"
