"""JSON Schemas as nobody writes them, as formats of answers and as parameters of tools: refused or followed, soon.

The document takes any object there, so that what schemathesis makes of it is hardly ever a schema.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.probing import Probe

NUM_EXAMPLES = int(os.environ.get("ZAPHOD_TEST_FUZZ", "60"))
USER = [{"role": "user", "content": "set a timer for 5 minutes"}]

names = st.sampled_from(["a", "b", "", "é", "type", "$ref", "properties", "__proto__", "x" * 80, "\x00", '"', "}"])
numbers = st.sampled_from([0, 1, -1, 2, 0.5, 1e-9, 5e-324, 1e308, -1e308, 64, 10**5, 10**6 + 3, 2**31, 2**53, 2**62])
patterns = st.sampled_from(
    ["a+", "(a+)+$", "[", "(?=a)", r"\d{1,1000}", "(a{100}){100}", r"\p{L}", "^$", "a|", r"(a)\1"]
)
values = st.recursive(
    st.none() | st.booleans() | numbers | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(
    ["string", "integer", "number", "boolean", "null", "array", "object", "any", ["string", "null"]]
)
references = st.sampled_from(["#", "#/$defs/a", "#/$defs/none", "http://127.0.0.1:9/x", "../../etc/passwd", ""])


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A schema of some keywords, most of them beside the type they are meant for."""
    several = st.lists(inner, max_size=3)
    named = st.dictionaries(names, inner, max_size=3)
    bounds = ("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minItems", "maxItems")
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": kinds,
        "properties": named,
        "required": st.lists(names, max_size=2),
        "items": inner,
        "prefixItems": several,
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(patterns, inner, max_size=1),
        "enum": st.lists(values, max_size=3),
        "const": values,
        "pattern": patterns,
        "format": st.sampled_from(["date-time", "uuid", "ipv4", "nonsense"]),
        "anyOf": several,
        "oneOf": several,
        "allOf": several,
        "not": inner,
        "$ref": references,
        "$defs": st.dictionaries(st.just("a"), inner),
        **dict.fromkeys(bounds, numbers),
    }
    return st.lists(st.sampled_from(sorted(optional)), max_size=5, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: optional[name] for name in chosen})
    )


schemas = st.recursive(st.booleans() | st.just({}), keywords, max_leaves=8).filter(
    lambda found: isinstance(found, dict)
)
often = settings(
    max_examples=NUM_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def ask(probe: Probe, **fields: Any) -> None:
    """The answer is right, or the request is refused with the field's name; `post` holds it against the document."""
    body = json.dumps({"messages": USER, "max_tokens": 12, **fields}).encode()
    answer = probe.post("POST /v1/chat/completions", body)
    assert answer.status in (200, 400), answer.body[:500]
    assert answer.status == 200 or answer.error["param"], answer.body[:500]


@often
@given(schema=schemas)
def test_any_schema_of_an_answer_is_followed_or_refused(probe: Probe, schema: dict[str, Any]) -> None:
    ask(probe, response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}})


@often
@given(schema=schemas, choice=st.sampled_from(["auto", "none", "required"]), streams=st.booleans())
def test_any_schema_of_a_tool_is_followed_or_refused(
    probe: Probe, schema: dict[str, Any], choice: str, streams: bool
) -> None:
    tool = {"type": "function", "function": {"name": "set_timer", "parameters": schema}}
    ask(probe, tools=[tool], tool_choice=choice, stream=streams)


def test_a_schema_that_would_take_gigabytes_is_refused(probe: Probe) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "multipleOf": 2**31}}, "required": ["a"]}
    ask(probe, tools=[{"type": "function", "function": {"name": "a", "parameters": schema}}], tool_choice="required")
