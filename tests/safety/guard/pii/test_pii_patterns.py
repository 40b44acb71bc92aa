"""Beginnings of patterns, first letters of patterns, and that no text makes finding more than linear."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.guard.pii.credentials import credential_rows
from zaphod.safety.guard.pii.finder import PiiFinder, SecretFinder, pii_rows
from zaphod.safety.guard.pii.prefixes import beginnings_of
from zaphod.safety.guard.pii.reading import Reading
from zaphod.safety.guard.pii.recogniser import Compiled, Recogniser, expanded
from zaphod.safety.guard.pii.triggers import Triggers, leads_of
from zaphod.safety.guard.views.view import RawView

PATTERNS = [
    r"ab{2,3}c",
    r"(?:ab|c)+d?",
    r"[0-9]{3}-(?:x{1,9}|y)z",
    r"a(?:b(?:c|d){0,2}e){2}",
    r"(?i:key)=\d+",
    r"\x{A0}?a.c",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_beginning_of_a_match_is_one(pattern, data):
    text = data.draw(st.from_regex(pattern.replace(r"\x{A0}", "\u00a0").replace(r"\d", "[0-9]"), fullmatch=True))
    beginnings = re2.compile(rf"\A{beginnings_of(pattern)}\z")
    assert all(beginnings.search(text[:cut]) for cut in range(len(text) + 1))


def test_only_what_begins_inside_the_value_waits():
    regex = re2.compile(beginnings_of(r"name: (?P<value>[A-Z]+ [A-Z]+)") + r"\z")
    assert regex.search("na") is None
    assert regex.search("name: AB C").span(1) == (6, 10)


@pytest.mark.parametrize("pattern", ["a(b", "a)b", "(?=x)", "a{", "["])
def test_syntax_that_is_not_understood_is_refused(pattern):
    with pytest.raises(ValueError, match=r"cannot be read|lacks"):
        beginnings_of(pattern)


def test_first_letters_of_a_pattern():
    assert leads_of("cats?|do[gt]|x?yz") == {"cat", "cats", "dog", "dot", "xyz", "yz"}
    assert leads_of("long words|(?:a|b)c") == {"long w", "ac", "bc"}
    assert leads_of("[a-z]+x") == frozenset()


@pytest.mark.parametrize(
    "row", [row for row in (*pii_rows(), *credential_rows()) if row.lead or row.needs], ids=lambda row: row.title
)
def test_a_row_that_matches_is_never_held_to_be_impossible(row):
    """Whatever a whole pattern matches, its triggers let through."""
    triggers, compiled = Triggers([row], 0.5), Compiled(row)
    for text in SAMPLES:
        reading = Reading(text)
        if list(compiled.spots(reading, 0.5)):
            assert triggers.rows(reading) == [0]


def test_words_that_overlap_are_both_seen():
    rows = [
        Recogniser(rule="a.a", title="", pattern="x", lead="o meu nome"),
        Recogniser(rule="a.b", title="", pattern="x", lead="nif"),
    ]
    assert Triggers(rows, 0.5).rows(Reading("o meu nif")) == [0, 1]


def test_a_letter_that_folds_to_a_latin_one_breaks_nothing():
    row = Recogniser(rule="a.a", title="", pattern="x", lead="social")
    assert Triggers([row], 0.5).rows(Reading("\u017focial")) == [0]


def test_offsets_are_those_of_characters():
    reading = Reading("é\ud800中1")
    assert [reading.character_at(offset) for offset in (0, 2, 5, 8, 9)] == [0, 1, 2, 3, 4]


HOSTILE = [
    "1" * 20_000,
    "1 " * 10_000,
    "4111 " * 4_000,
    "ey-" * 7_000,
    "a@" * 10_000,
    "a." * 10_000 + "@b.png",
    ":" * 20_000,
    "zk-" * 7_000,
    "Dear A" * 3_000,
    "-----BEGIN PRIVATE KEY-----" * 700,
    "My name is " * 1_800,
    "12 A " * 4_000,
]


class Counting(Compiled):
    """Counts how often a pattern is searched for."""

    def __init__(self, row):
        super().__init__(row)
        regex = self._regex
        self.searches: list[int] = []

        class Regex:
            def search(inner, data, place):  # noqa: N805
                match = regex.search(data, place)
                self.searches.append((match.end() if match else len(data)) - place)
                return match

        self._regex = Regex()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_texts_are_read_a_bounded_number_of_times(text):
    for row in (*pii_rows(), *credential_rows()):
        counting = Counting(row)
        list(counting.spots(Reading(text[:4_000]), 0.5))
        small = sum(counting.searches)
        counting = Counting(row)
        list(counting.spots(Reading(text[:8_000]), 0.5))
        assert sum(counting.searches) <= 2.6 * small + 2_000


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_texts_are_read_to_the_end(text):
    for finder in (PiiFinder(), SecretFinder()):
        assert list(finder.find([RawView(text + " 536-90-4399")], "input"))[-1:] or finder.name == "secret"


SAMPLES = [
    expanded(text)
    for text in (
        "SSN 536-90-4399",
        "NINO AB 12 34 56 C",
        "DE89 3704 0044 0532 0130 00 COBADEFFXXX",
        "me@example.com",
        "203.0.113.77",
        "ip 1.2.3.4",
        "2001:db8:85a3::8a2e:370:7334",
        "3c:22:fb:9a:10:4d",
        "+49 30 1234567",
        "call 4155550123",
        "My name is Ada Lovelace",
        "Dear Ada,",
        "Dr. Lovelace",
        "Best regards,\nAda Lovelace",
        "Name: Ada Lovelace",
        "Patient: Ada",
        "Author: Ada Lovelace <a@b.com>",
        "我叫张伟。",
        "氏名：田中太郎 様",
        "제 이름은 김철수입니다",
        "Musterstraße 12",
        "Calle Mayor 5",
        "12 rue de la Paix",
        "12 Old Kent Road",
        "P.O. Box 12",
        "ul. Polna 5",
        "ул. Ленина, 12",
        "北京市朝阳区建国路88号",
        "〒100-0001",
        "東京都千代田区千代田1-1",
        "서울시 강남구 테헤란로 152",
        "Adresse: Am Markt 5",
        "MRN: 00482913",
        "geboren am 03.05.1980",
        "GPS: 48.8566, 2.3522",
        "48.8566 N, 2.3522 E",
        "password=hunter2!x",
        "4111 1111 1111 1111",
        "RCCMNL83S18D969H",
        "11010519491231002X",
        "A123456(3)",
        "131052-308T",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "Drottninggatan 55",
        "Kerkstraat 14, 3581 RD Utrecht",
        "passport C01X00T47",
        "VIN 1HGCM82633A004352",
        "https://a:b3cret@c/",
        "Bearer abcDEF123456ghiJKL78",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "token abcDEF123456ghiJKL789012",
        "ghp_abcdEFGH1234abcdEFGH1234abcdEFGH1234",
    )
]
