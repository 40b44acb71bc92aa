"""Calls of functions in answers: found in every format, however the text is cut, and never shown as text."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.server.api.tool_formats import BUILTIN, GENERIC, GRANITE, HERMES, IN_TEMPLATE, LLAMA, MISTRAL, ToolFormat
from zaphod.server.api.tool_parsing import Called, Given, Part, Said, ToolParser

FORMATS = [BUILTIN, GENERIC, GRANITE, HERMES, IN_TEMPLATE, LLAMA, MISTRAL]
NAMES = {"timer", "weather"}


def parts_of(format: ToolFormat, pieces: list[str], **options: bool) -> list[Part]:
    """What a parser finds, neighbours of a kind joined."""
    parser = ToolParser(format, NAMES, **options)
    found = [part for piece in pieces for part in parser.push(piece)] + parser.finish()
    joined: list[Part] = []
    for part in found:
        if joined and type(joined[-1]) is type(part) and not isinstance(part, Called):
            joined[-1] = type(part)(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def written(format: ToolFormat, *calls: tuple[str, str]) -> str:
    objects = [
        f'{{"{format.name_keys[0]}": "{name}", "{format.arguments_keys[0]}": {arguments}}}' for name, arguments in calls
    ]
    if format.is_list:
        return format.opening + "[" + ", ".join(objects) + "]" + format.closing
    return "\n".join(format.opening + one + format.closing for one in objects)


ONE = ("timer", '{"amount": 10, "unit": "min}]\\"utes"}')
TWO = ("weather", '{"place": {"name": "Größe"}, "days": [1, [2]]}')


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_calls_are_found_in_the_models_own_format(format: ToolFormat) -> None:
    text = written(format, ONE, TWO)
    assert parts_of(format, [text]) == [Called(ONE[0]), Given(ONE[1]), Called(TWO[0]), Given(TWO[1])]


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_text_before_a_call_is_said_without_the_spaces_between(format: ToolFormat) -> None:
    parts = parts_of(format, ["Let me see.\n\n" + written(format, ONE)])
    assert parts == [Said("Let me see."), Called(ONE[0]), Given(ONE[1])]


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_spaces_after_a_call_are_not_said_and_text_is(format: ToolFormat) -> None:
    assert parts_of(format, [written(format, ONE) + " \n"]) == [Called(ONE[0]), Given(ONE[1])]
    assert parts_of(format, [written(format, ONE) + "\ndone"])[2:] == [Said("\ndone")]


def test_arguments_go_out_as_they_come() -> None:
    parser = ToolParser(HERMES, NAMES)
    parser.push('<tool_call>{"name": "timer", "arguments": {"a')
    assert parser.push("mount") == [Given("mount")]


def test_nothing_of_an_opening_is_said_before_it_is_known() -> None:
    parser = ToolParser(HERMES, NAMES)
    assert parser.push("a <tool_") == [Said("a")]
    assert parser.push("bar>") == [Said(" <tool_bar>")]


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": 42}',
        '{"tool": "unknown", "arguments": {}}',
        '{"tool": 5, "arguments": {}}',
        '{"arguments": {"a": 1}}',
        "{}",
        "{",
        "{ not json",
        "[1, 2]",
        "[text](link)",
        'see {"tool": "timer", "arguments": {}}',
        '{"tool": "timer',
        '{"tool"',
        "",
        "  ",
        "x\n",
    ],
)
def test_what_is_no_call_is_said_unchanged(text: str) -> None:
    for format in (BUILTIN, GENERIC):
        assert "".join(part.text for part in parts_of(format, [text]) if isinstance(part, Said)) == text
        assert all(isinstance(part, Said) for part in parts_of(format, [text]))


@pytest.mark.parametrize("format", [HERMES, MISTRAL, GRANITE], ids=lambda format: format.name)
@pytest.mark.parametrize("rest", ["oops", "", "{}", '{"name"', "[]", '{"a": 1}', " ", "<"])
def test_an_opening_without_a_call_is_said_unchanged(format: ToolFormat, rest: str) -> None:
    assert parts_of(format, ["x" + format.opening + rest]) == [Said("x" + format.opening + rest)]


def test_an_opening_makes_any_name_a_call() -> None:
    assert parts_of(HERMES, [written(HERMES, ("invented", "{}"))]) == [Called("invented"), Given("{}")]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ('{"name": "timer"}', "{}"),
        ('{"name": "timer", "arguments": null}', "{}"),
        ('{"name": "timer", "arguments": ""}', "{}"),
        ('{"name": "timer", "arguments": "{\\"a\\": 1}"}', '{"a": 1}'),
        ('{"name": "timer", "parameters": {"a": 1}}', '{"a": 1}'),
        ('{"arguments": {"a": 1}, "name": "timer"}', '{"a": 1}'),
        ('{"type": "function", "id": [1, {"x": "}"}], "name": "timer", "arguments": {"a": 1}}', '{"a": 1}'),
        ('{"name": "timer", "arguments": {"a": 1}, "arguments": {"b": 2}}', '{"a": 1}'),
        ('{"name": "timer", "arguments": 5}', "5"),
    ],
)
def test_every_spelling_of_a_call_is_read(call: str, arguments: str) -> None:
    assert parts_of(GENERIC, [call]) == [Called("timer"), Given(arguments)]


def test_arguments_that_were_cut_off_are_given_as_far_as_they_came() -> None:
    assert parts_of(BUILTIN, ['{"tool": "timer", "arguments": {"a": ']) == [Called("timer"), Given('{"a": ')]


def test_where_one_call_is_kept_nothing_counts_after_it() -> None:
    for format in FORMATS:
        parser = ToolParser(format, NAMES, keeps_one=True)
        assert parser.push(written(format, ONE, TWO) + "more") == [Called(ONE[0]), Given(ONE[1])]
        assert parser.is_complete
        assert parser.finish() == []


@pytest.mark.parametrize("format", [HERMES, MISTRAL, GRANITE], ids=lambda format: format.name)
def test_an_opening_that_was_written_before_is_not_expected_again(format: ToolFormat) -> None:
    text = written(format, ONE).removeprefix(format.opening)
    assert parts_of(format, [text], is_open=True) == [Called(ONE[0]), Given(ONE[1])]


MARKS = [
    *('{"name": "timer", "arguments": {"a": [1, "x"]}}', '{"tool": "timer"', '"arguments": ', "{", "}", "[", "]", '"'),
    *("<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|tool_call|>", "<tool_", "[TOOL", ", ", ";", ":", "\n", " "),
    *("\\", "name", '"name"', "timer", "é", "null", "1", "}}", "text"),
]
TEXTS = st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=3)), max_size=20).map("".join)


@given(st.sampled_from(FORMATS), TEXTS, st.lists(st.integers(0, 200), max_size=12), st.booleans(), st.booleans())
def test_the_cutting_of_the_text_makes_no_difference(
    format: ToolFormat, text: str, cuts: list[int], is_open: bool, keeps_one: bool
) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    whole = parts_of(format, [text], is_open=is_open, keeps_one=keeps_one)
    assert parts_of(format, pieces, is_open=is_open, keeps_one=keeps_one) == whole
    assert parts_of(format, list(text), is_open=is_open, keeps_one=keeps_one) == whole


@given(st.sampled_from(FORMATS), TEXTS)
def test_text_without_a_call_is_said_unchanged(format: ToolFormat, text: str) -> None:
    parts = parts_of(format, [text])
    if not any(isinstance(part, Called) for part in parts):
        assert "".join(part.text for part in parts if isinstance(part, Said)) == text


@given(st.sampled_from(FORMATS), st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3))
def test_arguments_arrive_as_the_model_wrote_them(format: ToolFormat, arguments: dict[str, str]) -> None:
    text = json.dumps(arguments, ensure_ascii=False)
    assert parts_of(format, [written(format, ("timer", text))]) == [Called("timer"), Given(text)]


@given(st.sampled_from(FORMATS), st.text(max_size=3))
def test_no_call_is_shown_as_text(format: ToolFormat, before: str) -> None:
    parts = parts_of(format, [before + "\n" + written(format, ONE, TWO)])
    shown = "".join(part.text for part in parts if isinstance(part, Said))
    assert "timer" not in shown
    assert "arguments" not in shown
