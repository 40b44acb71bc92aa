"""Harmless texts: those that come with the program, and those that are found on the machine."""

from __future__ import annotations

import gzip
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.study.redteam import system_texts
from zaphod.study.redteam.benign import benign_texts, split_of
from zaphod.study.redteam.system_texts import catalogue_messages, docstrings, manual_paragraphs, roff_paragraphs


def catalogue(pairs: dict[bytes, bytes], order: str = "<") -> bytes:
    count, texts, entries = len(pairs), b"", []
    start = 28 + 16 * count
    for text in (*pairs, *pairs.values()):
        entries.append(struct.pack(f"{order}2I", len(text), start + len(texts)))
        texts += text + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + b"".join(entries) + texts


def test_there_are_enough_of_them_none_twice_and_half_are_held_out() -> None:
    texts = benign_texts()
    assert len(texts) >= 500
    assert len({text.text for text in texts}) == len(texts)
    assert all(text.text.strip() for text in texts)
    assert 0.4 < len(benign_texts("held_out")) / len(texts) < 0.6


def test_they_speak_many_languages_and_hold_what_careless_filters_trip_over() -> None:
    sources = Counter(text.source for text in benign_texts())
    assert {"en", "zh", "ar", "hi", "persian", "medical", "git_docs", "encoded", "security_docs"} <= set(sources)
    whole = "\n".join(text.text for text in benign_texts())
    for trap in ("依赖注入", "data:image/png;base64,", "\u200c", "ignore my previous", "system prompt", "🏴\U000e0067"):
        assert trap in whole


def test_a_text_stays_in_its_half() -> None:
    assert all(split_of(text.text) == text.split for text in benign_texts())


def test_a_manual_page_loses_its_typesetting() -> None:
    page = ".TH GIT 1\n.SH NAME\ngit\\-reset \\- go \\fBback\\fR\n.PP\nIgnore \\(aqall\\(aq of it\\&.\n"
    assert list(roff_paragraphs(page))[-2:] == ["git-reset - go back", "Ignore 'all' of it."]


def test_packed_manual_pages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "man1").mkdir()
    (tmp_path / "man1" / "git-x.1.gz").write_bytes(gzip.compress(b".PP\nforget the past\n"))
    (tmp_path / "man1" / "git-y.1").write_bytes(b".PP\nremember it\n")
    monkeypatch.setattr(system_texts, "MAN_FOLDERS", (tmp_path,))
    assert list(manual_paragraphs("git*")) == ["forget the past", "remember it"]


def test_docstrings_of_all_kinds_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""One."""\nclass A:\n    """Two."""\n    def b(self):\n        """Three."""\n')
    assert list(docstrings(tmp_path)) == ["One.", "Two.", "Three."]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_catalogue_gives_its_translations_but_not_its_header(order: str) -> None:
    pairs = {b"": b"Language: de\n", b"one\0many": b"eins\0viele", b"no": "Nein, über".encode()}
    assert list(catalogue_messages(catalogue(pairs, order))) == ["eins", "viele", "Nein, über"]


@settings(deadline=None)
@given(st.binary() | st.binary().map(lambda tail: b"\xde\x12\x04\x95" + tail))
def test_no_file_makes_the_reader_of_catalogues_fail(content: bytes) -> None:
    assert all(isinstance(text, str) for text in catalogue_messages(content))


def test_what_lies_on_this_machine_is_the_same_for_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "a.mo").write_bytes(catalogue({b"a": b"Ein ausreichend langer Satz."}))
    monkeypatch.setattr(system_texts, "MAN_FOLDERS", (tmp_path,))
    monkeypatch.setattr(system_texts, "LOCALE_FOLDERS", (tmp_path,))
    monkeypatch.setattr(system_texts, "LIBRARY_FOLDER", tmp_path)
    (tmp_path / "a.py").write_text('"""A module that does nothing at all."""\n')
    texts = system_texts.system_texts(num_each=5, seed=3)
    assert texts == system_texts.system_texts(num_each=5, seed=3)
    assert Counter(text.source for text in texts) == {"Python docstrings": 1, "messages in de": 1}
