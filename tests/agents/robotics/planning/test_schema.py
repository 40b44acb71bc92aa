"""The languages of plans: what a grammar lets through can be read, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

import contextlib

from zaphod.agents.robotics.planning.carrying import Proposal, plan_document
from zaphod.agents.robotics.planning.schema import Carry, Nothing, plan_schema, proposal_schema, read_proposal, written
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL
from zaphod.core.errors import ConfigError
from zaphod.engine import Engine, Request, SamplingParams
from zaphod.engine.grammar import GrammarCompiler, GrammarSpec
from zaphod.engine.torch_runner import TorchRunner
from zaphod.safety.verification.plans import read_plan
from zaphod.testing import ByteTokenizer, tiny_model

SCHEMA = proposal_schema(GLASS_OVER_A_WALL)
SPEC = GrammarSpec("json_schema", json.dumps(SCHEMA))
BYTES = ByteTokenizer()
GOOD = {
    "carry": "glass",
    "to": "shelf",
    "grip_force": "2.5 N",
    "crossing_height": "300 mm",
    "lift_time": "1.5 s",
    "crossing_time": "2 s",
    "closing_speed": "10 mm/s",
}
EXAMPLE_PLAN = Path(__file__).parents[4] / "docs" / "examples" / "plan.json"


def answered(**changes: object) -> str:
    return json.dumps({"reason": "so", "proposal": {**GOOD, **changes}})


def read(text: str) -> Carry | Nothing:
    return read_proposal(text, GLASS_OVER_A_WALL)


def usable(text: str) -> None:
    """What is read makes a plan that can be held against a contract."""
    answer = read(text)
    if isinstance(answer, Carry):
        read_plan(plan_document(answer.proposal(), believed(draw(0), 0)))


@pytest.fixture(scope="module")
def compiler() -> GrammarCompiler:
    return GrammarCompiler(BYTES, BYTES.vocab_size)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_chance_writes_under_the_grammar_makes_a_plan(compiler: GrammarCompiler, seed: int) -> None:
    rng, matcher, said = np.random.default_rng(seed), compiler.matcher(SPEC), []
    while not matcher.is_finished:
        token = int(rng.choice(np.flatnonzero(matcher.allowed())))
        if token in BYTES.eos_token_ids:
            break
        matcher.advance(token)
        said.append(token)
    usable(BYTES.decode(said))


@pytest.mark.parametrize("seed", range(2))
def test_a_model_of_random_weights_proposes_what_can_be_held_against_a_contract(seed: int) -> None:
    runner = TorchRunner(tiny_model(seed, context_length=2048), num_blocks=128)
    engine = Engine(
        runner,
        eos_token_ids=BYTES.eos_token_ids,
        text_stream=lambda prompt: BYTES.stream(skip_special=True, after=prompt),
        grammars=GrammarCompiler(BYTES, runner.vocab_size),
    )
    sampling = SamplingParams(temperature=1.0, seed=seed, max_tokens=1500, grammar=SPEC)
    [done] = engine.generate([Request(request_id="a", prompt_token_ids=(65,), sampling=sampling)])
    assert done.finish_reason == "stop"
    usable(done.text)


def test_what_is_written_is_read_as_it_was() -> None:
    proposal = Proposal(force_n=2.5, height_m=0.3, lift_s=1.5, cross_s=2.0, closing_speed_m_s=0.01)
    document = {"reason": "so", "proposal": written(proposal, GLASS_OVER_A_WALL)}
    jsonschema_rs.validate(SCHEMA, document)
    answer = read(json.dumps(document))
    assert isinstance(answer, Carry)
    assert answer.proposal() == proposal


def test_another_unit_and_a_fence_of_markdown_are_read_too() -> None:
    answer = read("```json\n" + answered(crossing_height="0.3 m", closing_speed="1 cm/s") + "\n```")
    assert isinstance(answer, Carry)
    assert answer.proposal().height_m == 0.3
    assert answer.proposal().closing_speed_m_s == 0.01


def test_a_model_may_propose_nothing_and_its_reason_is_one_line() -> None:
    answer = read(json.dumps({"reason": "no\x1b[2J glass\nhere", "proposal": None}))
    assert answer == Nothing("no [2J glass here")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("[" * 3000, "no JSON"),
        ("1" * 4000, "The answer is no object"),
        (" " * 5000, "5000 characters"),
        ("[]", "The answer is no object"),
        ("{}", "lacks reason, proposal"),
        ('{"reason": 1, "proposal": null}', "reason is no text"),
        ('{"reason": "", "proposal": 1}', "The proposal is no object"),
        (json.dumps({"reason": "", "proposal": GOOD, "contract": "none"}), "has 'contract'"),
        (answered(margin="0 mm"), "has 'margin'"),
        (answered(carry="knife"), "carry is 'knife'"),
        (answered(to="person"), "to is 'person'"),
        (answered(grip_force=2.5), "grip_force is no text"),
        (answered(grip_force="2.5"), "grip_force is '2.5'"),
        (answered(grip_force="2.5 kg"), "is no force"),
        (answered(grip_force="1e9 N"), "grip_force is 1e9 N"),
        (answered(grip_force="-1 N"), "grip_force is -1 N"),
        (answered(crossing_height="0.0001 mm"), "crossing_height is"),
        (answered(crossing_time="1e99 s"), "crossing_time is"),
        (answered(closing_speed="0.1 mm/s"), "closing_speed is"),
    ],
    ids=range(20),
)
def test_what_is_no_proposal_is_refused_in_words(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert told in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.sampled_from([*GOOD, *GOOD.values()]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["reason", "proposal", *GOOD]) | st.text(max_size=5), inner, max_size=9)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused_by_name(document: object) -> None:
    with contextlib.suppress(ConfigError):
        usable(json.dumps(document))


@given(st.sampled_from(sorted(GOOD)), st.text(max_size=30) | st.from_regex(r"-?[0-9]{1,9}(\.[0-9]+)? (N|mm|s|mm/s)"))
def test_any_text_in_a_field_is_read_or_refused_by_name(name: str, text: str) -> None:
    with contextlib.suppress(ConfigError):
        usable(answered(**{name: text}))


def test_the_schema_of_whole_plans_takes_the_example_and_what_carrying_makes() -> None:
    validator = jsonschema_rs.validator_for(plan_schema())
    answer = read(answered())
    assert isinstance(answer, Carry)
    assert validator.is_valid(json.loads(EXAMPLE_PLAN.read_text()))
    assert validator.is_valid(plan_document(answer.proposal(), believed(draw(0), 0)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), "zaphod-plan-2"),
        (("steps",), []),
        (("steps", 0, "do"), "fly"),
        (("steps", 0, "duration"), "1.5"),
        (("steps", 0, "duration"), "1.5 N"),
        (("steps", 0, "speed"), "1 m/s"),
        (("steps", 0, "along", 0), ["0 m", "0 m"]),
        (("steps", 1, "force"), 3),
    ],
    ids=str,
)
def test_what_the_reader_of_plans_refuses_the_schema_refuses_too(place: tuple[str | int, ...], value: object) -> None:
    document = json.loads(EXAMPLE_PLAN.read_text())
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert not jsonschema_rs.validator_for(plan_schema()).is_valid(document)
    with pytest.raises(ConfigError):
        read_plan(document)
