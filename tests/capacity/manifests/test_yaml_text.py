import datetime
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zaphod.capacity.manifests.yaml_text import Noted, Verbatim, one_line, scalar, text_of
from zaphod.core.errors import ConfigError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NASTY = st.sampled_from(
    [
        "",
        " ",
        "yes",
        "No",
        "null",
        "~",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#",
        "{{x}}",
        "*a",
        "&a",
        "!!python/object:os.system",
    ]
    + [
        "1e3",
        "0x10",
        "0o7",
        "1_000",
        "12:30:45",
        "2026-01-01",
        ".inf",
        "<<",
        "=",
        "|",
        ">",
        "%TAG",
        "a\n---\nb: c",
        "'",
        '"',
    ]
    + [
        "\x85",
        "\u2028",
        "\ufeff",
        "\U0001f600",
        "\x00",
        "a\r\nkind: Secret",
        "'\n\"",
        "\t",
        "@a",
        "`a`",
        "?",
        "key:",
        "::",
    ]
)
VALUES = st.recursive(
    TEXTS | NASTY | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | NASTY, inner, max_size=4),
    max_leaves=12,
)


def noted(value: object, note: str) -> object:
    """The same with a note at everything."""
    if isinstance(value, dict):
        value = {key: noted(item, note) for key, item in value.items()}
    elif isinstance(value, list):
        value = [noted(item, note) for item in value]
    return Noted(value, note)


@given(VALUES)
def test_what_is_written_is_what_is_read(value: object) -> None:
    assert yaml.safe_load(text_of(value)) == value


@given(VALUES, TEXTS | NASTY)
def test_no_comment_becomes_anything_else(value: object, note: str) -> None:
    assert yaml.safe_load(text_of(noted(value, note), heading=[note])) == value


@given(TEXTS | NASTY, TEXTS | NASTY)
def test_a_text_stays_in_its_field(key: str, text: str) -> None:
    assert list(yaml.safe_load_all(text_of({"a": {key: [text, {"b": text}]}, "z": 1}))) == [
        {"a": {key: [text, {"b": text}]}, "z": 1}
    ]


@given(TEXTS | NASTY)
def test_a_document_inside_of_a_document_is_read_twice(text: str) -> None:
    inner = {"a": [{"b": text}], "c": {text: 1}}
    outer = yaml.safe_load(text_of({"data": {"file": Verbatim(text_of(inner)), "end": text}}))
    assert yaml.safe_load(outer["data"]["file"]) == inner
    assert outer["data"]["end"] == text


@given(TEXTS | NASTY)
def test_a_bare_word_is_a_string_in_the_newer_yaml_too(text: str) -> None:
    written = scalar(text)
    if written != text:
        assert written[0] in "'\""
    else:
        assert text[0] in "-/" or text[0].isalpha()
        assert text.lower() not in {"true", "false", "null", ".nan", ".inf"}


def test_documents_are_parted() -> None:
    text = text_of({"a": 1}, {"b": 2}, heading=["two"])
    assert (text, list(yaml.safe_load_all(text))) == ("# two\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}])


def test_notes_stand_behind_values_and_keys() -> None:
    text = text_of({"a": Noted(1, "one"), "b": Noted([Noted("x", "an x")], "a list")})
    assert text == "a: 1  # one\nb:  # a list\n  - x  # an x\n"


def test_half_a_letter_is_refused() -> None:
    with pytest.raises(ConfigError, match="half of a letter"):
        text_of({"a": "\ud83d"})


def test_numbers_have_no_exponent_that_old_readers_take_for_a_word() -> None:
    assert yaml.safe_load(scalar(1e-05)) == 1e-05
    assert math.isclose(yaml.safe_load(scalar(1e300)), 1e300)


def test_a_date_stays_a_text() -> None:
    assert not isinstance(yaml.safe_load(scalar("2026-01-01")), datetime.date)


def test_a_line_has_no_letter_that_moves_the_cursor() -> None:
    assert one_line("a\nb\x1b[2J\u2028") == "a\\nb\\x1b[2J\\u2028"
