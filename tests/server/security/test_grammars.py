"""Row 9: grammars, expressions and schemas that never end, through every field that takes one.

Each is refused, or followed within bounds, and nobody else waits for it.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.server.security.attacking import CHAT, chat, get, post
from tests.support.running_server import RunningServer

Json = dict[str, Any]


def nested(key: str, depth: int, inner: Json) -> str:
    """JSON of a schema inside a schema inside …, written without recursion."""
    return (f'{{"{key}":[' * depth) + json.dumps(inner) + "]}" * depth


MANY = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(30_000)}}
LARGE = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(2_600)}}
OVERLAPPING = {"allOf": [{"type": "string", "pattern": f".*a.{{{number}}}.*"} for number in range(40)]}
REFUSED_SCHEMAS: dict[str, Json | str] = {
    "a reference to itself": {"$ref": "#"},
    "references in a circle": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "a megabyte": MANY,
    "more than may be": LARGE,
    "alternatives in alternatives": nested("anyOf", 60_000, {"type": "string"}),
    "a hundred levels": nested("allOf", 100, {"type": "string"}),
    "patterns that multiply": OVERLAPPING,
    "a reference elsewhere": {"$ref": "http://169.254.169.254/x"},
    "a reference to a file": {"$ref": "file:///etc/passwd"},
    "digits without end": {"type": "number", "multipleOf": 1e-300},
    "a pattern that looks behind": {"type": "string", "pattern": "(?<=a)b"},
    "a pattern that refers back": {"type": "string", "pattern": r"(a)\1"},
    "a pattern of groups": {"type": "string", "pattern": "(" * 30_000 + ")" * 30_000},
}
FOLLOWED_SCHEMAS: dict[str, Json] = {
    "catastrophic elsewhere": {"type": "string", "pattern": "^(a+)+$"},
    "a million times": {"type": "string", "pattern": "a{1,1000000}"},
    "times times": {"type": "string", "pattern": "((((a{1,100}){1,100}){1,100}){1,100})"},
    "a thousand million letters": {"type": "string", "minLength": 10**9},
    "an object inside itself": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "a thousand million items": {"type": "array", "minItems": 10**9, "items": {}},
}
REFUSED_EXPRESSIONS = {
    "groups": "(" * 30_000 + ")" * 30_000,
    "unclosed": "(" * 60_000,
    "ahead": "(?=a)b",
    "back": r"(a)\1",
    "too large": "a" * 70_000,
}
FOLLOWED_EXPRESSIONS = {
    "catastrophic": "(a+)+b",
    "a million": "a{1,1000000}",
    "nested": "((((((a{1,1000}){1,1000}){1,1000}){1,1000})))",
    "far ahead": ".{0,100000}x",
    "a long memory": "(.|..|...){5,500}[a-m].{400}",
    "classes": "[" + "a-z" * 10_000 + "]",
}
REFUSED_RULES = {
    "groups": "root ::= " + "(" * 30_000 + '"a"' + ")" * 30_000,
    "a million": 'root ::= "a"{1,1000000}',
    "circle": "root ::= x\nx ::= y\ny ::= x",
    "nowhere": "root ::= elsewhere",
    "no root": 'x ::= "a"',
    "doubling": "\n".join(f"r{n} ::= r{n + 1} r{n + 1}" for n in range(60)) + '\nr60 ::= "a"\nroot ::= r0',
    "ambiguous": 'root ::= (a | b)*\na ::= "a" | "b" | [a-z]+\nb ::= [a-z]+ | "a" root "b"',
    "alternatives": "root ::= " + "|".join(f'"{n}"' for n in range(8_000)),
    "invalid": "\x00" * 100,
}
FOLLOWED_RULES = {"left": 'root ::= root "a" | "a"', "empty repetition": 'root ::= (("a"*)*)*', "empty": 'root ::= ""'}


def with_schema(schema: Json | str) -> bytes:
    """A request by its bytes: what is nested so deep cannot be written by `json`."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    shape = f'{{"type": "json_schema", "json_schema": {{"name": "a", "schema": {text}}}}}'
    return json.dumps(chat(max_tokens=40))[:-1].encode() + b', "response_format": ' + shape.encode() + b"}"


def with_tool(schema: Json | str) -> bytes:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    tools = f'[{{"type": "function", "function": {{"name": "f", "parameters": {text}}}}}]'
    choice = b', "tool_choice": "required", "tools": ' + tools.encode() + b"}"
    return json.dumps(chat(max_tokens=40))[:-1].encode() + choice


def is_refused(victim: RunningServer, body: Any, path: str = CHAT) -> bool:
    answer = post(victim, path, body)
    assert answer.status_code in (200, 400), answer.text
    return answer.status_code == 400


@pytest.mark.parametrize("name", REFUSED_SCHEMAS)
def test_a_schema_that_cannot_be_held_is_refused(victim: RunningServer, name: str) -> None:
    assert is_refused(victim, with_schema(REFUSED_SCHEMAS[name]))
    assert is_refused(victim, with_tool(REFUSED_SCHEMAS[name]))


@pytest.mark.parametrize("name", FOLLOWED_SCHEMAS)
def test_a_schema_that_harms_others_is_followed_here(victim: RunningServer, name: str) -> None:
    assert not is_refused(victim, with_schema(FOLLOWED_SCHEMAS[name]))
    is_refused(victim, with_tool(FOLLOWED_SCHEMAS[name]))


def expression(text: str) -> Json:
    return chat(max_tokens=200, temperature=1.5, seed=1, response_format={"type": "regex", "regex": text})


def rules(text: str) -> Json:
    return chat(max_tokens=200, temperature=1.5, seed=1, response_format={"type": "grammar", "grammar": text})


def test_expressions_that_cannot_be_held_are_refused(victim: RunningServer) -> None:
    assert [name for name, text in REFUSED_EXPRESSIONS.items() if not is_refused(victim, expression(text))] == []


def test_other_expressions_are_followed_or_refused_on_the_way(victim: RunningServer) -> None:
    for text in FOLLOWED_EXPRESSIONS.values():
        is_refused(victim, expression(text))


def test_rules_that_cannot_be_held_are_refused(victim: RunningServer) -> None:
    assert [name for name, text in REFUSED_RULES.items() if not is_refused(victim, rules(text))] == []


def test_other_rules_are_followed(victim: RunningServer) -> None:
    assert [name for name, text in FOLLOWED_RULES.items() if is_refused(victim, rules(text))] == []


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages", "/v1/completions"])
def test_the_other_apis_refuse_the_same(victim: RunningServer, path: str) -> None:
    schema = REFUSED_SCHEMAS["references in a circle"]
    bodies: dict[str, Json] = {
        "/v1/responses": {
            "input": "hi", "text": {"format": {"type": "json_schema", "name": "a", "schema": schema}},
        },
        "/v1/messages": {
            "model": "builtin", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"name": "f", "input_schema": {"type": "object", **REFUSED_SCHEMAS["a megabyte"]}}],  # type: ignore[dict-item]
            "tool_choice": {"type": "any"},
        },
        "/v1/completions": {"prompt": "hi", "response_format": {"type": "regex", "regex": REFUSED_EXPRESSIONS["groups"]}},
    }  # fmt: skip
    assert is_refused(victim, bodies[path], path)


def test_while_grammars_are_compiled_others_are_answered(victim: RunningServer) -> None:
    with ThreadPoolExecutor(2) as pool:
        bombs = [pool.submit(is_refused, victim, with_schema({**OVERLAPPING, "title": str(n)})) for n in range(2)]
        num_answered = 0
        while not all(bomb.done() for bomb in bombs):
            assert post(victim, CHAT, chat()).status_code == 200
            assert get(victim, "/ready").status_code == 200
            num_answered += 1
        assert all(bomb.result() for bomb in bombs)
    assert num_answered > 3
