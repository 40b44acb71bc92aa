"""Experts that stay on disk: the same bits as in memory, whatever the cache holds, and errors that end one request."""

import os

import numpy as np
import pytest
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config

import zaphod.engine
from zaphod.compute.kernels import dispatch
from zaphod.core.errors import ConfigError, WeightsError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.engine import Engine
from zaphod.engine.request import Request, SamplingParams
from zaphod.model.config import RouterConfig
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.native import load_native

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.engine.native_runner import NativeRunner
from zaphod.engine.streaming import StreamingRunner, forecast

RNG = np.random.default_rng(3)


def packed(tmp_path, family, quantization="q8_0", **changes):
    with open_tiny(tmp_path / "source", family, **changes) as source:
        convert(source, "packed", tmp_path / "packed", quantization)
    return tmp_path / "packed"


def streaming(folder, slots=2, **options):
    with open_model(folder) as weights:
        one = StreamingRunner(load_native(weights), expert_cache_bytes=1 << 20, num_blocks=8)
        room = slots * one.expert_cache_bytes // one.num_slots
        return StreamingRunner(load_native(weights), expert_cache_bytes=room, num_blocks=8, **options)


def resident(folder, **options):
    with open_model(folder) as weights:
        return NativeRunner(load_native(weights), num_blocks=8, **options)


def prompt(runner, length):
    return RNG.integers(0, runner.vocab_size, length).tolist()


def passes(runner, tokens):
    """Logits of a prompt, then of one token after another."""
    batches = [Scheduled(tokens[:40], 0, (0, 1), num_logits=40)]
    batches += [Scheduled([token], 40 + i, (0, 1)) for i, token in enumerate(tokens[40:])]
    return [runner.forward(assemble([batch], 32)).copy() for batch in batches]


def assert_same_bits(left, right):
    assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
@pytest.mark.parametrize("slots", [1, 2, 3, 8])
def test_no_bit_depends_on_where_experts_are(family, slots, tmp_path):
    folder = packed(tmp_path, family)
    whole, part = resident(folder), streaming(folder, slots)
    assert part.num_slots == slots
    tokens = prompt(whole, 60)
    assert_same_bits(passes(part, tokens), passes(whole, tokens))


@pytest.mark.parametrize("family", ["grok-1", "qwen3-moe"])
def test_hidden_states_and_reported_experts_do_not_depend_on_where_experts_are(family, tmp_path):
    folder = packed(tmp_path, family)
    tokens = prompt(resident(folder), 40)
    seen = []
    for runner in (resident(folder), streaming(folder, 3)):
        read = Scheduled(tokens, 0, (0, 1), num_logits=1, wants_states=True)
        for batch in (read, Scheduled(tokens[:3], 40, (0, 1), num_logits=3)):
            runner.forward(assemble([batch], 32, reports_experts=True))
            seen.append((runner.hidden_states(), runner.experts()))
    assert [len(states) for states, _ in seen] == [40, 0] * 2
    assert [len(experts) for _, experts in seen] == [1, 3] * 2
    for part, whole in zip(seen[:2], seen[2:], strict=True):
        assert_same_bits(part, whole)


@pytest.mark.parametrize("quantization", ["float32", "bfloat16", "int8-channel", "q4_0"])
@pytest.mark.parametrize("options", [{}, {"direct": False}, {"num_threads": 2, "num_readers": 1, "read_ahead": False}])
def test_no_bit_depends_on_the_format_or_on_how_it_is_read(quantization, options, tmp_path):
    folder = packed(tmp_path, "grok-1", quantization)
    whole, part = resident(folder), streaming(folder, 3, **options)
    tokens = prompt(whole, 60)
    assert_same_bits(passes(part, tokens), passes(whole, tokens))


def test_no_bit_depends_on_when_reads_end(tmp_path):
    """Many experts and few slots: many orders of arrival."""
    moe = tiny_config("qwen3-moe").moe
    many = {"router": RouterConfig(num_experts=40, top_k=5, renormalise=True), "expert_size": 64}
    folder = packed(tmp_path, "qwen3-moe", num_layers=4, moe=type(moe)(**{**vars(moe), **many}))
    whole = resident(folder)
    tokens = prompt(whole, 60)
    want = passes(whole, tokens)
    for slots in (2, 4, 7, 30, 61):
        for read_ahead in (False, True):
            assert_same_bits(passes(streaming(folder, slots, read_ahead=read_ahead), tokens), want)


def test_experts_that_are_in_memory_are_not_read_again(tmp_path):
    runner = streaming(packed(tmp_path, "mixtral"), slots=8)
    passes(runner, prompt(runner, 60))
    read = runner.counters.bytes_read
    passes(runner, prompt(runner, 60))
    assert runner.counters.bytes_read == read > 0


def test_what_every_token_wants_stays(tmp_path):
    """The same token again and again, with room for exactly its experts."""
    runner = streaming(packed(tmp_path, "mixtral"), slots=4, read_ahead=False)
    for _ in range(8):
        runner.forward(assemble([Scheduled([7], 0, (0,))], 32))
    before = runner.counters
    runner.forward(assemble([Scheduled([7], 0, (0,))], 32))
    assert (runner.counters.hits - before.hits, runner.counters.misses) == (4, before.misses)


def test_a_file_that_was_cut_off_fails_the_pass_and_not_the_process(tmp_path):
    folder = packed(tmp_path, "mixtral")
    [file] = folder.glob("*.safetensors")
    runner = streaming(folder, slots=2)
    whole = file.read_bytes()
    tokens = prompt(runner, 50)
    want = passes(runner, tokens)
    os.truncate(file, len(whole) // 8)
    for _ in range(3):
        with pytest.raises(WeightsError, match="within an expert"):
            passes(runner, tokens)
    file.write_bytes(whole)
    assert_same_bits(passes(runner, tokens), want)


def test_a_request_whose_experts_cannot_be_read_fails_and_the_engine_lives_on(tmp_path):
    folder = packed(tmp_path, "mixtral")
    [file] = folder.glob("*.safetensors")
    engine = Engine(streaming(folder, slots=2), eos_token_ids=[])
    sampling = SamplingParams(max_tokens=5)
    [before] = engine.generate([Request(request_id="a", prompt_token_ids=(1, 2, 3), sampling=sampling)])
    whole = file.read_bytes()
    os.truncate(file, len(whole) // 8)
    with pytest.raises(WeightsError, match="within an expert"):
        engine.generate([Request(request_id="b", prompt_token_ids=(4, 5, 6), sampling=sampling)])
    file.write_bytes(whole)
    [after] = engine.generate([Request(request_id="c", prompt_token_ids=(1, 2, 3), sampling=sampling)])
    assert after.token_ids == before.token_ids


def test_a_file_without_experts_as_the_kernels_read_them_is_refused(tmp_path):
    with open_tiny(tmp_path, "mixtral") as weights, pytest.raises(ConfigError, match="zaphod convert"):
        StreamingRunner(load_native(weights, in_place=False), expert_cache_bytes=1 << 20)


def test_a_cache_that_holds_no_expert_is_refused(tmp_path):
    with open_model(packed(tmp_path, "mixtral")) as weights, pytest.raises(ConfigError, match="room for at least"):
        StreamingRunner(load_native(weights), expert_cache_bytes=100)


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_a_forecast_names_what_it_rests_on(slots, tmp_path):
    folder = packed(tmp_path, "mixtral")
    runner = streaming(folder, slots)
    told = forecast(runner)
    assert told.low <= told.tokens_per_s <= told.high
    assert told.miss_share == 1 - max(0, slots - 4) / 8
    assert "tok/s (between" in str(told)
    whole = resident(folder)
    tokens = prompt(whole, 60)
    assert_same_bits(passes(runner, tokens), passes(whole, tokens))


def test_a_forecast_of_a_model_that_takes_long_computes_nothing(tmp_path, monkeypatch):
    runner = streaming(packed(tmp_path, "mixtral"), slots=3)
    monkeypatch.setattr(zaphod.engine.streaming, "_PASSES_S", 0)
    before = runner.counters
    told = forecast(runner)
    assert runner.counters[:2] == before[:2]
    assert 0 < told.compute_s < 1
    assert told.low <= told.tokens_per_s <= told.high
