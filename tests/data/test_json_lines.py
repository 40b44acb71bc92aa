import contextlib
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, CorruptFileError, ZaphodError
from zaphod.data.json_lines import JsonLinesSource


def read(folder, *lines):
    (folder / "a.jsonl").write_text("\n".join(lines))
    return list(JsonLinesSource(name="x", path=str(folder)).documents())


def test_a_line_says_text_time_licence_and_whatever_else_it_knows(tmp_path):
    row = {"id": "k", "text": "hello", "time": "1970-01-02", "licence": "MIT", "stars": 5}
    (document,) = read(tmp_path, json.dumps(row))
    assert (document.id, document.text, document.timestamp_s, document.licence) == ("k", "hello", 86400.0, "MIT")
    assert document.metadata == {"stars": "5"}


def test_a_line_without_id_is_known_by_its_place(tmp_path):
    assert [document.id for document in read(tmp_path, '{"text": "a"}', "", '{"text": "b"}')] == [
        "a.jsonl:1",
        "a.jsonl:3",
    ]


def test_compressed_files_are_read_too(tmp_path):
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"text": "z"}\n'))
    assert [document.text for document in read(tmp_path, '{"text": "a"}')] == ["a", "z"]


@pytest.mark.parametrize("line", ["[]", "{}", '{"text": 3}', '{"text": "a", "time": "yesterday"}', '{"text": "a"'])
def test_a_line_that_is_no_document_is_named(tmp_path, line):
    with pytest.raises(CorruptFileError, match=r"a\.jsonl:2"):
        read(tmp_path, '{"text": "a"}', line)


@pytest.mark.parametrize(
    "content",
    [b"text", gzip.compress(b'{"text": "z"}' * 99)[:-9], gzip.compress(b"a")[:11] + b"?" * 9],
    ids=["not packed", "cut", "changed"],
)
def test_a_packed_file_that_is_damaged_is_named(tmp_path, content):
    (tmp_path / "b.jsonl.gz").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"b\.jsonl\.gz"):
        list(JsonLinesSource(name="x", path=str(tmp_path)).documents())


def test_a_folder_without_such_files_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no file of JSON lines"):
        list(JsonLinesSource(name="x", path=str(tmp_path)).documents())


@given(
    st.binary(max_size=80)
    | st.dictionaries(
        st.sampled_from(["text", "time", "id", "timestamp_s"]), st.none() | st.text() | st.floats() | st.integers()
    ).map(lambda row: json.dumps(row).encode())
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("lines") / "a.jsonl"
    file.write_bytes(content)
    with contextlib.suppress(ZaphodError):
        list(JsonLinesSource(name="x", path=str(file)).documents())
