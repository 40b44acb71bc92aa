"""Whatever a model prefers, the answer is inside the grammar; a hostile grammar is refused and nothing else happens."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.tokenizers.conftest import train_sentencepiece

import zaphod.model
from zaphod.core.errors import CapacityError, RequestError
from zaphod.core.tokenizers import ByteTokenizer, Tokenizer, load_tokenizer
from zaphod.core.tokenizers.sentencepiece import load_sentencepiece
from zaphod.core.tokenizers.tiktoken import TiktokenTokenizer
from zaphod.engine import SamplingParams
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.gbnf import MAX_RULES
from zaphod.engine.grammar import MAX_CACHED, MAX_NESTING, MAX_TEXT_BYTES, GrammarCompiler, GrammarSpec, Matcher
from zaphod.engine.sampler import sample
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.testing import tiny_model

BUILTIN = Path(zaphod.model.__file__).parent / "builtin"
BYTES = ByteTokenizer()
EOS = BYTES.eos_token_ids[0]

STEP = {
    "type": "object",
    "properties": {
        "action": {"enum": ["go", "pick", "place", "open", "close"]},
        "to": {"type": "string", "pattern": "^[a-z]{1,8}$"},
    },
    "required": ["action"],
    "additionalProperties": False,
}
PLAN = {
    "type": "object",
    "properties": {"plan": {"type": "array", "items": STEP, "minItems": 1, "maxItems": 3}},
    "required": ["plan"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "enum": {"enum": ["fjord", "fjörd", 42, None, {"a": [1]}]},
    "unicode": {"enum": ["日本語", "naïve café", "🙂"]},
    "number range": {"type": "integer", "minimum": -3, "maximum": 112},
    "nested arrays": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
        "minItems": 2,
        "maxItems": 3,
    },
    "short text": {"type": "string", "minLength": 2, "maxLength": 5},
    "plan": PLAN,
    "choice": {"anyOf": [{"const": "yes"}, {"type": "integer", "minimum": 1, "maximum": 9}]},
    "shared parts": {
        "$defs": {"pair": {"type": "array", "items": {"enum": [0, 1]}, "minItems": 2, "maxItems": 2}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/pair"}, "b": {"$ref": "#/$defs/pair"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}
REGEXES = [r"[ab]{3}c|d+e", r"\+[1-9][0-9]{2,5}", "(ja|nein|é), [^x]{1,3}!", "a/b\n?"]
PALINDROME = 'root ::= "a" root "a" | "b" root "b" | [c-e] | "é"'


def fits(schema: dict[str, Any], value: object) -> bool:
    """The keywords used above, checked by hand."""
    if "$ref" in schema:
        return fits(SCHEMAS["shared parts"]["$defs"]["pair"], value)
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if "anyOf" in schema:
        return any(fits(option, value) for option in schema["anyOf"])
    match schema["type"]:
        case "integer":
            return type(value) is int and schema["minimum"] <= value <= schema["maximum"]
        case "boolean":
            return type(value) is bool
        case "string":
            assert isinstance(value, str)
            length = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 99)
            return length and re.search(schema.get("pattern", ""), value) is not None
        case "array":
            assert isinstance(value, list)
            count = schema.get("minItems", 0) <= len(value) <= schema["maxItems"]
            return count and all(fits(schema["items"], item) for item in value)
    assert isinstance(value, dict)
    known = all(fits(schema["properties"][key], item) for key, item in value.items())
    return known and set(schema["required"]) <= set(value)


def tokenizer_of(kind: str, folder: Path) -> Tokenizer:
    if kind == "bytes":
        return BYTES
    if kind == "built-in":
        return load_tokenizer({file.name: file for file in BUILTIN.iterdir()}, {})
    if kind == "sentencepiece":
        (folder / "tokenizer.model").write_bytes(train_sentencepiece())
        return load_sentencepiece(folder / "tokenizer.model")
    words = [bytes([value]) for value in range(256)] + [b'{"', b'": ', b" a", b"pl", b"an", b'["', b"ja", b"\xe6\x97"]
    names = ["<|pad|>", "<|separator|>", "<|eos|>"]
    ranks = {word: 3 + index for index, word in enumerate(words)}
    return TiktokenTokenizer(ranks, {name: index for index, name in enumerate(names)})


class Speaker:
    """A network of random weights that answers inside a grammar."""

    def __init__(self, tokenizer: Tokenizer, runner: TorchRunner) -> None:
        self.tokenizer, self.runner = tokenizer, runner
        self.compiler = GrammarCompiler(tokenizer, runner.vocab_size)
        self.blocks = tuple(range(runner.num_blocks))

    def answer(self, spec: GrammarSpec, seed: int, prompt: tuple[int, ...] = (3, 5), temperature: float = 1.0) -> str:
        matcher = self.compiler.matcher(spec)
        params = SamplingParams(temperature=temperature, top_p=0.99)
        output: list[int] = []
        new, num_cached = list(prompt), 0
        while not matcher.is_finished:
            batch = assemble([Scheduled(new, num_cached, self.blocks)], self.runner.block_size)
            row_V = self.runner.forward(batch)[0]
            num_cached += len(new)
            token_id = sample(
                row_V, params, prompt=prompt, output=output, seed=seed, allowed_V=matcher.allowed()
            ).token_id
            matcher.advance(token_id)
            if token_id in self.tokenizer.eos_token_ids:
                break
            output.append(token_id)
            new = [token_id]
        return self.tokenizer.decode(output, after=prompt)


@pytest.fixture(scope="module", params=["bytes", "built-in", "sentencepiece", "tiktoken"])
def speaker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    tokenizer = tokenizer_of(request.param, tmp_path_factory.mktemp("tokenizer"))
    model = tiny_model(vocab_size=tokenizer.vocab_size + 5, context_length=2048, num_layers=1)
    return Speaker(tokenizer, TorchRunner(model))


@pytest.fixture(scope="module")
def compiler() -> GrammarCompiler:
    return GrammarCompiler(BYTES, BYTES.vocab_size + 5)


def accepts(matcher: Matcher, data: bytes) -> bool:
    for value in data:
        if not matcher.allowed()[value]:
            return False
        matcher.advance(value)
    return matcher.may_finish


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_answer_under_a_schema_parses_and_fits_it(speaker, name):
    spec = GrammarSpec("json_schema", json.dumps(SCHEMAS[name]))
    for seed in range(4):
        answer = speaker.answer(spec, seed)
        assert fits(SCHEMAS[name], json.loads(answer)), answer


@pytest.mark.parametrize("pattern", REGEXES)
def test_an_answer_under_a_regular_expression_matches_it_whole(speaker, pattern):
    for seed in range(4):
        answer = speaker.answer(GrammarSpec("regex", pattern), seed)
        assert re.fullmatch(pattern, answer), answer


def test_an_answer_under_gbnf_follows_its_rules(speaker):
    for seed in range(4):
        answer = speaker.answer(GrammarSpec("gbnf", PALINDROME), seed)
        assert answer == answer[::-1]
        assert set(answer) <= set("abcdeé")


def test_the_built_in_model_makes_a_plan_that_fits_its_schema():
    weights = open_model(BUILTIN)
    speaker = Speaker(tokenizer_of("built-in", BUILTIN), TorchRunner(load_transformer(weights, torch.float32)))
    prompt = tuple(speaker.tokenizer.encode("<|user|>put the red cup on the table<|assistant|>"))
    for temperature in (0.0, 1.0):
        answer = speaker.answer(GrammarSpec("json_schema", json.dumps(PLAN)), 0, prompt, temperature)
        assert fits(PLAN, json.loads(answer)), answer


def test_special_tokens_are_never_part_of_an_answer_and_eos_only_ends_it(compiler):
    matcher = compiler.matcher(GrammarSpec("regex", "(?s).*"))
    allowed = matcher.allowed()
    assert allowed[EOS]
    assert not allowed[[BYTES.bos_token_id, BYTES.pad_token_id]].any()
    assert not compiler.matcher(GrammarSpec("regex", "a")).allowed()[EOS]


def test_names_of_special_tokens_are_written_as_text(compiler):
    spec = GrammarSpec("json_schema", json.dumps({"const": "<|eos|>"}))
    assert accepts(compiler.matcher(spec), b'"<|eos|>"')


def test_rows_that_stand_for_no_token_are_never_allowed(compiler):
    assert not compiler.matcher(GrammarSpec("regex", "(?s).*")).allowed()[BYTES.vocab_size :].any()


def test_a_head_narrower_than_the_vocabulary_has_a_mask_of_its_width():
    matcher = GrammarCompiler(BYTES, 100).matcher(GrammarSpec("regex", "[a-z]+"))
    assert matcher.allowed().nonzero()[0].tolist() == [97, 98, 99]


def test_the_mask_leaves_allowed_logits_as_they_are(compiler):
    logits = np.arange(compiler.matcher(GrammarSpec("regex", "[ab]")).allowed().size, dtype=np.float32)
    compiler.matcher(GrammarSpec("regex", "[ab]")).mask(logits)
    assert np.isfinite(logits).nonzero()[0].tolist() == [97, 98]
    assert logits[98] == 98


def test_an_answer_is_finished_when_only_its_end_can_follow(compiler):
    matcher = compiler.matcher(GrammarSpec("regex", "ab?"))
    matcher.advance(ord("a"))
    assert (matcher.may_finish, matcher.is_finished) == (True, False)
    matcher.advance(ord("b"))
    assert matcher.is_finished
    assert matcher.allowed().nonzero()[0].tolist() == [EOS]


def test_an_end_of_sequence_token_finishes_an_answer_that_could_go_on(compiler):
    matcher = compiler.matcher(GrammarSpec("regex", "a+"))
    matcher.advance(ord("a"))
    matcher.advance(EOS)
    assert matcher.is_finished


def test_a_token_that_is_not_allowed_is_refused(compiler):
    with pytest.raises(RequestError, match="Token 120 is not allowed"):
        compiler.matcher(GrammarSpec("regex", "a+")).advance(ord("x"))


def test_the_only_possible_text_may_be_cut_into_tokens_in_every_way() -> None:
    tokenizer = load_tokenizer({file.name: file for file in BUILTIN.iterdir()}, {})
    matcher = GrammarCompiler(tokenizer, tokenizer.vocab_size).matcher(GrammarSpec("regex", "change"))
    allowed = {tokenizer.token_bytes(int(token_id)) for token_id in np.flatnonzero(matcher.allowed())}
    assert {b"c", b"ch", b"change"} <= allowed
    assert all(b"change".startswith(token) for token in allowed)


def test_a_proposal_is_valid_up_to_its_first_wrong_token_and_counting_changes_nothing(compiler):
    matcher = compiler.matcher(GrammarSpec("regex", "abc*"))
    assert matcher.count_valid([97, 98, 99, 120, 99]) == 3
    assert matcher.count_valid([97, 10**6]) == 0
    assert matcher.allowed()[97]


def test_a_grammar_that_is_kept_is_not_changed_by_the_answers_it_served(compiler):
    spec = GrammarSpec("regex", "xy")
    first = compiler.matcher(spec)
    first.advance(ord("x"))
    assert compiler.matcher(spec).allowed()[ord("x")]


def test_only_the_grammars_used_last_are_kept(compiler):
    for number in range(3 * MAX_CACHED):
        compiler.matcher(GrammarSpec("regex", f"a{number}"))
    assert compiler.num_kept == MAX_CACHED


def test_a_vocabulary_without_an_end_still_says_when_the_answer_is_finished():
    class Endless(ByteTokenizer):
        @property
        def eos_token_ids(self) -> tuple[int, ...]:
            return ()

    matcher = GrammarCompiler(Endless(), 259).matcher(GrammarSpec("regex", "a"))
    matcher.advance(97)
    assert matcher.is_finished
    assert not matcher.allowed().any()


# --- hostile grammars


def doubling_rules(count: int) -> str:
    rules = "".join(f"r{index} ::= r{index + 1} r{index + 1}\n" for index in range(count))
    return f'root ::= r0\n{rules}r{count} ::= "a"'


HOSTILE = {
    "deep schema": ("json_schema", '{"items":' * 5000 + "{}" + "}" * 5000),
    "deep expression": ("regex", "(" * 60_000 + "a" + ")" * 60_000),
    "deep rule": ("gbnf", "root ::= " + "(" * 60_000 + '"a"' + ")" * 60_000),
    "a huge enum": (
        "json_schema",
        json.dumps({"enum": [f"{number:06}" for number in range(7_000)]}),
    ),
    "properties without end": ("json_schema", json.dumps({"properties": {f"p{n}": {} for n in range(4_000)}})),
    "a reference to itself": ("json_schema", '{"$ref":"#"}'),
    "references in a ring": (
        "json_schema",
        '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}',
    ),
    "a reference to the network": ("json_schema", '{"$ref":"http://127.0.0.1:9/schema.json"}'),
    "a reference to a file": ("json_schema", '{"$ref":"file:///etc/passwd"}'),
    "choices that multiply": (
        "json_schema",
        json.dumps({"allOf": [{"anyOf": [{"required": [f"{c}{n}"]} for c in "xyz"]} for n in range(14)]}),
    ),
    "patterns that meet": (
        "json_schema",
        json.dumps({"allOf": [{"type": "string", "pattern": f"a{{{count}}}.*b"} for count in range(60)]}),
    ),
    "a multiple of much": ("json_schema", '{"properties":{"a":{"type":"integer","multipleOf":2147483648}}}'),
    "multiples of two": ("json_schema", '{"type":"integer","allOf":[{"multipleOf":4649},{"multipleOf":4651}]}'),
    "rules that double": ("gbnf", doubling_rules(30)),
    "too many rules": ("gbnf", doubling_rules(MAX_RULES + 1)),
    "a rule that is only itself": ("gbnf", "root ::= root"),
    "repetitions beyond counting": ("gbnf", 'root ::= "a"{1,1000000}'),
    "digits beyond counting": ("gbnf", 'root ::= "a"{1,' + "9" * 5000 + "}"),
    "an expression that matches nothing": ("regex", r"[^\x00-\x{10FFFF}]"),
    "an unknown keyword": ("json_schema", '{"uniqueItems":true,"type":"array"}'),
    "no JSON": ("json_schema", "{"),
    "no expression": ("regex", "(a"),
    "an unknown escape": ("gbnf", r'root ::= "\q"'),
    "an unknown rule": ("gbnf", "root ::= other"),
    "no root": ("gbnf", 'start ::= "a"'),
    "an open text": ("gbnf", 'root ::= "a'),
    "a lone surrogate": ("regex", "\ud800"),
    "an unknown kind": ("lark", "start: A"),
}


def refusal_of(compiler: GrammarCompiler, kind: Any, text: str, num_steps: int = 50) -> RequestError | None:
    """The error of a grammar that cannot be compiled or followed."""
    try:
        matcher = compiler.matcher(GrammarSpec(kind, text))
        for _ in range(num_steps):
            if matcher.is_finished:
                break
            matcher.advance(int(matcher.allowed().nonzero()[0][-1]))
    except RequestError as error:
        return error
    return None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_grammar_is_refused_in_three_parts(compiler, name):
    error = refusal_of(compiler, *HOSTILE[name])
    assert error is not None
    assert all((error.found, error.wanted, error.remedy))


def test_with_little_memory_a_schema_is_refused_until_there_is_more(compiler, monkeypatch):
    schema = GrammarSpec("json_schema", '{"type": "object", "title": "little memory"}')
    monkeypatch.setattr("zaphod.engine.grammar.available_memory_bytes", lambda: 150_000_000)
    with pytest.raises(CapacityError, match="of memory are free"):
        compiler.matcher(schema)
    monkeypatch.undo()
    assert compiler.matcher(schema)


@pytest.mark.parametrize("text", [r"((\p{L}{1,900}[a-z]){1,900}\d){1,900}" * 40, "(a|b)*a(a|b){200}c", "(a*)*b"])
def test_an_expression_that_would_explode_elsewhere_is_followed(compiler, text):
    assert refusal_of(compiler, "regex", text) is None


@pytest.mark.parametrize("part", ['{"$ref":"#/$defs/%d"}', '{"items":{"$ref":"#/$defs/%d"}}'])
def test_a_chain_of_references_as_long_as_a_grammar_may_be_does_not_exhaust_the_stack(compiler, part):
    length = MAX_TEXT_BYTES // (len(part) + 16)
    parts = ",".join(f'"{index}":{part % (index + 1)}' for index in range(length))
    text = f'{{"$defs":{{{parts},"{length}":{{"type":"null"}}}},"$ref":"#/$defs/0"}}'
    error = refusal_of(compiler, "json_schema", text)
    assert error is None or all((error.found, error.wanted, error.remedy))


def test_brackets_inside_texts_do_not_count_as_nesting(compiler):
    spec = GrammarSpec("json_schema", json.dumps({"const": "[{" * (2 * MAX_NESTING) + '\\"'}))
    assert compiler.matcher(spec).allowed()[ord('"')]


@given(st.text(max_size=60), st.sampled_from(["json_schema", "regex", "gbnf"]))
@settings(max_examples=150)
def test_any_text_is_a_grammar_or_is_refused_in_three_parts(compiler_of_bytes, text, kind):
    error = refusal_of(compiler_of_bytes, kind, text, num_steps=3)
    assert error is None or all((error.found, error.wanted, error.remedy))


@pytest.fixture(scope="session")
def compiler_of_bytes() -> GrammarCompiler:
    return GrammarCompiler(BYTES, BYTES.vocab_size)


def test_a_fault_of_ours_is_not_told_as_the_grammars(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(grammar: str) -> None:
        raise NameError("no such name")

    monkeypatch.setattr("zaphod.engine.grammar._rehearse", faulty)
    tokenizer = ByteTokenizer()
    with pytest.raises(NameError):
        GrammarCompiler(tokenizer, tokenizer.vocab_size).matcher(GrammarSpec("json_schema", "{}"))
