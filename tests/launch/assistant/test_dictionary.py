import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.launch.assistant import dictionary
from zaphod.launch.assistant.dictionary import DictdDictionary, TextDictionary, find_dictionary

ENTRY = """\
keel
    n 1: the median processes on the breastbone of birds; "a keel
         like that"
    2: one of the main longitudinal beams [syn: {beam}]
    v 1: walk as if unable to control one's movements
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    text = b"00-database-short\n     WordNet\n" + ENTRY.encode()
    (tmp_path / "wn.dict.dz").write_bytes(gzip.compress(text))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    start, size = text.index(b"keel"), len(ENTRY)
    line = f"keel\t{letters[start]}\t{letters[size // 64]}{letters[size % 64]}\n"
    (tmp_path / "wn.index").write_text(line + "broken line\n")
    return tmp_path / "wn.index"


def test_a_dictd_database_gives_the_first_sense_without_examples(index: Path) -> None:
    assert DictdDictionary(index).define("Keel") == "the median processes on the breastbone of birds"
    assert DictdDictionary(index).define("broken") is None


def test_text_files_give_a_line_for_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("quorum: enough members to decide\nno entry\n: nothing\nquorum: later\n")
    assert TextDictionary(tmp_path).define("QUORUM") == "enough members to decide"
    assert TextDictionary(tmp_path / "a.txt").define("no entry") is None


def test_a_dictionary_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no definitions"):
        find_dictionary(tmp_path / "none")
    with pytest.raises(ConfigError, match="no definitions"):
        find_dictionary(tmp_path)


def test_the_machines_own_dictionary_is_found_or_there_is_none(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary, "DICTD", index)
    found = find_dictionary()
    assert found is not None
    assert found.name == str(index)
    monkeypatch.setattr(dictionary, "DICTD", index.parent / "other.index")
    assert find_dictionary() is None


@given(st.binary(max_size=300), st.text(max_size=80))
def test_damaged_databases_define_nothing_or_something(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, line: str
) -> None:
    folder = tmp_path_factory.mktemp("dictd")
    (folder / "x.dict").write_bytes(text)
    (folder / "x.index").write_text(f"word\tA\tBA\n{line}\n", "utf-8")
    DictdDictionary(folder / "x.index").define("word")
