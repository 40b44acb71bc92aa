"""Required calls are held by a grammar that really compiles, in every format, whatever the tools' schemas refer to."""

import json
from typing import Any

import pytest

from zaphod.core.tokenizers import ByteTokenizer
from zaphod.engine import SamplingParams
from zaphod.engine.grammar import GrammarCompiler, GrammarSpec
from zaphod.server.api.tool_formats import BUILTIN, GENERIC, GRANITE, HERMES, IN_TEMPLATE, LLAMA, MISTRAL, ToolFormat
from zaphod.server.api.tool_grammar import constraint_of
from zaphod.server.api.turns import Tool, ToolChoice, Turn
from zaphod.server.errors import ApiError

FORMATS = [BUILTIN, GENERIC, GRANITE, HERMES, IN_TEMPLATE, LLAMA, MISTRAL]
TOKENIZER = ByteTokenizer()
COMPILER = GrammarCompiler(TOKENIZER, TOKENIZER.vocab_size)
TIMER = Tool(
    name="timer",
    parameters={"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
)
TREE = Tool(
    name="tree",
    parameters={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}},
        "required": ["root"],
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"left": {"$ref": "#/$defs/Node"}},
                "additionalProperties": False,
            }
        },
    },
)
CLOCK = Tool(name="clock")


def turn(
    *tools: Tool, how: Any = "required", name: str | None = None, grammar: GrammarSpec | None = None, **more: Any
) -> Turn:
    choice = ToolChoice(how=how, name=name)
    return Turn(messages=[], sampling=SamplingParams(grammar=grammar), tools=tools, tool_choice=choice, **more)


def accepts(grammar: GrammarSpec | None, text: str) -> bool:
    """Whether a whole answer may be this text."""
    assert grammar is not None
    matcher = COMPILER.matcher(grammar)
    token_ids = TOKENIZER.encode(text)
    if matcher.count_valid(token_ids) < len(token_ids):
        return False
    for token_id in token_ids:
        matcher.advance(token_id)
    return matcher.is_finished or matcher.may_finish


def call(format: ToolFormat, name: str, arguments: Any) -> str:
    text = format.written(name, arguments)
    return f"[{text}]" if format.is_list else text


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_only_calls_of_the_tools_fit(format: ToolFormat) -> None:
    constraint = constraint_of(format, turn(TIMER, CLOCK))
    assert constraint.is_open
    assert accepts(constraint.grammar, call(format, "timer", {"amount": 5}))
    assert accepts(constraint.grammar, call(format, "clock", {}))
    for name, arguments in (("timer", {}), ("timer", {"amount": "x"}), ("other", {}), ("clock", {"a": 1})):
        assert not accepts(constraint.grammar, call(format, name, arguments))
    assert not accepts(constraint.grammar, "hello")


def test_a_named_tool_is_the_only_one_that_fits() -> None:
    grammar = constraint_of(BUILTIN, turn(TIMER, CLOCK, name="clock")).grammar
    assert accepts(grammar, BUILTIN.written("clock", {}))
    assert not accepts(grammar, BUILTIN.written("timer", {"amount": 5}))


def test_references_of_several_tools_do_not_mix() -> None:
    other = Tool(
        name="other",
        parameters={"type": "object", "properties": {"x": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": {"const": 7}}},
    )
    grammar = constraint_of(BUILTIN, turn(TREE, other)).grammar
    assert accepts(grammar, BUILTIN.written("tree", {"root": {"left": {"left": {}}}}))
    assert accepts(grammar, BUILTIN.written("other", {"x": 7}))
    assert not accepts(grammar, BUILTIN.written("other", {"x": {}}))


def test_a_schema_may_refer_to_itself_as_a_whole() -> None:
    whole = Tool(name="f", parameters={"type": "object", "properties": {"inner": {"$ref": "#"}}})
    grammar = constraint_of(BUILTIN, turn(whole)).grammar
    assert accepts(grammar, BUILTIN.written("f", {"inner": {"inner": {}}}))


@pytest.mark.parametrize("format", [MISTRAL, GRANITE], ids=lambda format: format.name)
def test_several_calls_fit_unless_one_alone_is_allowed(format: ToolFormat) -> None:
    two = f"[{format.written('clock', {})}, {format.written('timer', {'amount': 1})}]"
    assert accepts(constraint_of(format, turn(TIMER, CLOCK)).grammar, two)
    assert not accepts(constraint_of(format, turn(TIMER, CLOCK, allows_parallel_calls=False)).grammar, two)
    assert not accepts(constraint_of(format, turn(TIMER, CLOCK, name="clock")).grammar, two)


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_beside_a_schema_for_answers_a_call_or_an_answer_fits(format: ToolFormat) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"$ref": "#/$defs/N"}},
        "$defs": {"N": {"enum": [1, 2]}},
        "additionalProperties": False,
    }
    constraint = constraint_of(format, turn(TIMER, how="auto", grammar=GrammarSpec("json_schema", json.dumps(schema))))
    assert not constraint.is_open
    assert accepts(constraint.grammar, '{"n": 2}')
    assert accepts(constraint.grammar, constraint.format.written("timer", {"amount": 5}))
    assert not accepts(constraint.grammar, '{"n": 3}')


@pytest.mark.parametrize(("kind", "text"), [("regex", "a+"), ("gbnf", 'root ::= "a"')])
def test_beside_other_formats_there_is_no_room_for_calls(kind: Any, text: str) -> None:
    with pytest.raises(ApiError, match="leaves no room"):
        constraint_of(BUILTIN, turn(TIMER, how="auto", grammar=GrammarSpec(kind, text)))


def test_without_a_choice_the_answer_is_as_the_turn_says() -> None:
    for how in ("auto", "none"):
        assert constraint_of(HERMES, turn(TIMER, how=how)).grammar is None
    spec = GrammarSpec("regex", "a+")
    assert constraint_of(HERMES, turn(TIMER, how="none", grammar=spec)).grammar is None  # the turn's own stays


@pytest.mark.parametrize("bad", [turn(how="required"), turn(TIMER, name="nothing")])
def test_a_call_of_nothing_is_refused(bad: Turn) -> None:
    with pytest.raises(ApiError) as caught:
        constraint_of(BUILTIN, bad)
    assert (caught.value.status, caught.value.param) == (400, "tool_choice")


def test_a_schema_that_is_too_large_is_refused() -> None:
    large = Tool(name="f", parameters={"properties": {f"p{n}": {"enum": ["x" * 90]} for n in range(1000)}})
    with pytest.raises(ApiError) as caught:
        constraint_of(BUILTIN, turn(large))
    assert caught.value.status == 400
