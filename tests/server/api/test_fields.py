"""Requests are read strictly: what is wrong is named with its place, and nothing is converted or passed over."""

import json
from typing import Annotated, Literal

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from zaphod.server.api.fields import FunctionName, JsonObject, RequestModel, Text, parse_body, validation_error
from zaphod.server.errors import ApiError


class Inner(RequestModel):
    amount: Annotated[int, Field(ge=1, le=9)] = 1
    unit: Literal["a", "b"] = "a"


class Outer(RequestModel):
    text: Text
    share: Annotated[float | None, Field(ge=0, le=1)] = None
    inner: Inner | None = None
    several: Annotated[list[Inner] | None, Field(max_length=2)] = None
    either: str | list[int] | None = None
    free: JsonObject | None = None
    name: FunctionName = "f"


def refusal(body: bytes | str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse_body(Outer, body if isinstance(body, bytes) else body.encode())
    assert caught.value.status == 400
    return caught.value


def test_a_body_that_fits_is_read() -> None:
    body: Outer = parse_body(Outer, b'{"text": "x", "share": 1, "several": [{}, {"amount": 9}], "either": [1]}')
    assert body.several is not None
    assert (body.text, body.share, body.several[1].amount, body.either) == ("x", 1.0, 9, [1])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"text": "\xff"}', b'{"text": "\\ud800"}', b'{"text": "x",}', b"NULL", b"{'text': 'x'}"]
    + [b'{"free": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, b"[" * 60_000],
    ids=lambda body: repr(body[:14]),
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert refusal(body).code == "invalid_json"


def test_a_key_of_the_clients_own_is_cut_in_errors() -> None:
    error = refusal('{"free": {}, "text": "x", "several": [{"' + "k" * 100_000 + '": 1}]}')
    assert error.param is not None
    assert len(error.param) <= 256
    assert len(error.message) < 1000


@pytest.mark.parametrize("body", ["[]", "5", "null", '"text"'])
def test_what_is_no_object_is_refused(body: str) -> None:
    assert refusal(body).param is None


@pytest.mark.parametrize(
    ("field", "param"),
    [
        ('"share": "1"', "share"),
        ('"share": NaN', "share"),
        ('"share": Infinity', "share"),
        ('"share": 1e400', "share"),
        ('"share": -0.001', "share"),
        ('"share": true', "share"),
        ('"inner": {"amount": 1.0}', "inner.amount"),
        ('"inner": {"amount": 0}', "inner.amount"),
        ('"inner": {"amount": 9223372036854775808}', "inner.amount"),
        ('"inner": {"unit": "c"}', "inner.unit"),
        ('"inner": []', "inner"),
        ('"several": [{}, {"amount": "1"}]', "several.1.amount"),
        ('"several": [{}, {}, {}]', "several"),
        ('"either": 5', "either"),
        ('"either": ["x"]', "either.0"),
        ('"free": {"a": [NaN]}', "free"),
        ('"free": {"a": {"b": 1e999}}', "free"),
        ('"free": {"a": 36893488147419103232}', "free"),
        ('"name": "a b"', "name"),
        ('"name": "a\\n"', "name"),
        ('"name": ""', "name"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(field: str, param: str) -> None:
    error = refusal('{"text": "x", ' + field + "}")
    assert (error.code, error.param) == ("invalid_value", param)
    assert param in error.message


def test_a_missing_field_is_named() -> None:
    assert (refusal("{}").code, refusal("{}").param) == ("missing_field", "text")


@pytest.mark.parametrize(
    ("body", "param", "near"),
    [
        ('{"text": "x", "shares": 1}', "shares", "share"),
        ('{"text": "x", "inner": {"amuont": 1}}', "inner.amuont", "amount"),
        ('{"text": "x", "several": [{"units": "a"}]}', "several.0.units", "unit"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_one_of_its_place(body: str, param: str, near: str) -> None:
    error = refusal(body)
    assert (error.code, error.param) == ("unknown_field", param)
    assert f"Did you mean `{near}`?" in error.message


@pytest.mark.parametrize(
    "body",
    [
        b'{"either": [' + b"1," * 700_000 + b"1]}",
        b'{"several": [' + b"{}," * 60_000 + b"{}]}",
        b"{" + b",".join(b'"x%d": 1' % number for number in range(60_000)) + b"}",
        b"[" * 200_000,
    ],
    ids=["items", "objects", "fields", "nesting"],
)
def test_a_body_of_very_many_parts_is_refused_unread(body: bytes) -> None:
    assert refusal(body).code == "too_many_fields"


def test_parts_inside_texts_do_not_count() -> None:
    text = '{[,:\\"' * 100_000
    body: Outer = parse_body(Outer, json.dumps({"text": text}).encode())
    assert body.text == text


def test_a_long_value_is_not_repeated_to_its_sender() -> None:
    secret = "canary" * 20
    assert "canary" not in refusal('{"text": "x", "inner": {"unit": "' + secret + '"}}').message


def test_long_unknown_names_are_cut() -> None:
    assert len(refusal('{"text": "x", "' + "n" * 100_000 + '": 1}').message) < 500


def test_errors_of_paths_are_told_in_the_same_way() -> None:
    detail = {"type": "int_parsing", "loc": ("query", "limit"), "msg": "Input should be an integer", "input": "x"}
    error = validation_error(RequestValidationError([detail]))
    assert (error.status, error.param) == (400, "limit")


def reads_or_refuses(body: bytes) -> bool:
    """Whether the body is read, or refused as it should be; anything else is raised."""
    try:
        parse_body(Outer, body)
    except ApiError as error:
        return error.status == 400 and bool(error.message)
    return True


@given(st.binary(max_size=60))
def test_no_bytes_do_worse_than_being_refused(body: bytes) -> None:
    assert reads_or_refuses(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Outer.model_fields, "x"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Outer.model_fields, "amount", "x"]), JSON))
def test_no_document_does_worse_than_being_refused(document: dict[str, object]) -> None:
    assert reads_or_refuses(json.dumps(document).encode())
