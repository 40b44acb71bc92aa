"""The compiled network against the PyTorch one, and against itself cut otherwise."""

import dataclasses

import numpy as np
import pytest
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import ConfigError, RequestError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.config import RouterConfig, YarnConfig
from zaphod.model.loading import DTYPES, load_transformer

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.engine.native_runner import NativeRunner
from zaphod.model.native import load_native, native_bytes, rope_frequencies

RNG = np.random.default_rng(7)

SWITCHES = {
    "sliding window": ("mixtral", {"sliding_window": 5}),
    "no caps": ("grok-1", {"attention_softcap": None, "final_softcap": None}),
    "temperature": ("grok-2", {"attention_temperature_length": 6}),
    "YaRN": ("grok-2", {"yarn": YarnConfig(factor=4.0, original_context_length=16)}),
    "odd sizes": ("mixtral", {"hidden_size": 50, "num_heads": 6, "num_kv_heads": 2, "head_dim": 10, "vocab_size": 37}),
    "erf": ("grok-1", {"activation": "gelu_erf"}),
    "norm of all heads": ("olmoe", {"qk_norm": "full"}),
    "biases": ("mixtral", {"qkv_bias": True, "attention_output_bias": True}),
    "one dense layer": ("mixtral", {"dense_layers": (0,), "dense_size": 40}),
}


def both(tmp_path, family, threads=1, **changes):
    with open_tiny(tmp_path, family, **changes) as weights:
        torch_runner = TorchRunner(load_transformer(weights, DTYPES["float32"]), num_blocks=8)
        native = NativeRunner(
            load_native(weights, precision="float32"), num_blocks=8, num_threads=threads, cache_dtype="float32"
        )
    return torch_runner, native


def prompt(runner, length):
    return RNG.integers(0, runner.vocab_size, length).tolist()


def assert_same_logits(torch_runner, native, batch):
    want, got = torch_runner.forward(batch), native.forward(batch)
    assert np.abs(got - want).max() <= 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_it_computes_what_pytorch_computes(family, tmp_path):
    runners = both(tmp_path, family)
    sequences = [
        Scheduled(prompt(runners[0], n), 0, (2 * i, 2 * i + 1), num_logits=n) for i, n in enumerate((13, 40, 1))
    ]
    assert_same_logits(*runners, assemble(sequences, 32))
    grown = [Scheduled(prompt(runners[0], 3), len(s.token_ids), s.blocks) for s in sequences]
    assert_same_logits(*runners, assemble(grown, 32))


@pytest.mark.parametrize("case", SWITCHES)
def test_every_switch_means_what_pytorch_means_by_it(case, tmp_path):
    family, changes = SWITCHES[case]
    runners = both(tmp_path, family, **changes)
    assert_same_logits(*runners, assemble([Scheduled(prompt(runners[0], 30), 0, (3,), num_logits=30)], 32))


@pytest.mark.parametrize(
    "router",
    [
        RouterConfig(num_experts=4, top_k=3, score="sigmoid", selection_bias=True, renormalise=True, scale=2.5),
        RouterConfig(num_experts=4, top_k=2, num_groups=2, num_groups_kept=1),
        RouterConfig(num_experts=4, top_k=2, num_groups=2, num_groups_kept=1, group_score="max", logit_softcap=3.0),
        RouterConfig(num_experts=4, top_k=2, softmax_after_top_k=True),
    ],
)
def test_every_kind_of_router(router, tmp_path):
    moe = tiny_config("mixtral").moe
    moe = dataclasses.replace(moe, router=router, shared_expert_size=48, shared_expert_gate=True)
    runners = both(tmp_path, "mixtral", moe=moe)
    assert_same_logits(*runners, assemble([Scheduled(prompt(runners[0], 20), 0, (0,), num_logits=20)], 32))


def long_runner(tmp_path, threads, cache_dtype="float16", **changes):
    changes = {"context_length": 4096, **changes}
    with open_tiny(tmp_path, "grok-1", **changes) as weights:
        return NativeRunner(load_native(weights), num_blocks=160, num_threads=threads, cache_dtype=cache_dtype)


def read(runner, tokens, cuts, blocks):
    """Logits of the last token, the others read in pieces that end at `cuts`."""
    done = 0
    for cut in (*cuts, len(tokens)):
        logits = runner.forward(assemble([Scheduled(tokens[done:cut], done, blocks)], 32)).copy()
        done = cut
    return logits


@pytest.mark.parametrize("cache_dtype", ["float32", "float16", "bfloat16", "int8"])
@pytest.mark.parametrize("window", [None, 700])
def test_no_bit_depends_on_how_a_prompt_is_cut_or_on_the_number_of_threads(cache_dtype, window, tmp_path):
    one = long_runner(tmp_path, 1, cache_dtype, sliding_window=window)
    two = long_runner(tmp_path, 2, cache_dtype, sliding_window=window)
    tokens = prompt(one, 2500)
    want = read(one, tokens, [], tuple(range(80)))
    assert np.array_equal(read(one, tokens, [1, 700, 1100, 2499], tuple(range(80, 160))), want)
    assert np.array_equal(read(two, tokens, [2048, 2499], tuple(range(159, 79, -1))), want)


def test_no_bit_depends_on_what_runs_beside_it(tmp_path):
    runner = long_runner(tmp_path, 2)
    tokens = prompt(runner, 77)
    want = read(runner, tokens, [], (0, 1, 2))
    others = [
        Scheduled(prompt(runner, n), 0, tuple(range(10 * i, 10 * i + 10))) for i, n in enumerate((5, 120, 300), 1)
    ]
    batch = assemble([*others[:2], Scheduled(tokens, 0, (0, 1, 2)), others[2]], 32)
    assert np.array_equal(runner.forward(batch)[2], want[0])


def test_numbers_that_an_ended_sequence_left_behind_are_never_seen(tmp_path):
    runner = long_runner(tmp_path, 1)
    tokens = prompt(runner, 20)
    clean = read(runner, tokens, [], (5,))
    read(runner, prompt(runner, 32), [], (6,))
    assert np.array_equal(read(runner, tokens, [], (6,)), clean)


def test_a_stored_format_is_computed_as_it_is(tmp_path):
    with open_tiny(tmp_path, "mixtral") as weights:
        exact, narrow = native_bytes(weights, "float32"), native_bytes(weights, "bfloat16")
        assert load_native(weights).formats.keys() == {"float32"}
        assert load_native(weights, precision="bfloat16").formats.keys() == {"bfloat16", "float32"}
    assert narrow < exact


def test_yarn_frequencies_are_those_of_the_definition():
    from zaphod.compute.kernels import reference

    config = tiny_config("grok-2", yarn=YarnConfig(factor=4.0, original_context_length=16), head_dim=64)
    want = reference.yarn_frequencies(
        64, config.rope_theta, factor=4.0, original_length=16, beta_fast=32.0, beta_slow=1.0
    )
    np.testing.assert_allclose(rope_frequencies(config), want.numpy(), rtol=1e-6)


def test_a_length_beyond_the_context_is_refused(tmp_path):
    with open_tiny(tmp_path, "mixtral") as weights, pytest.raises(ConfigError, match="max_len"):
        NativeRunner(load_native(weights), max_len=65)


def test_a_batch_that_would_leave_its_memory_is_refused(tmp_path):
    _, native = both(tmp_path, "mixtral")
    with pytest.raises(ValueError, match="vocabulary"):
        native.forward(assemble([Scheduled([40], 0, (0,))], 32))
    with pytest.raises(ValueError, match="block"):
        native.forward(assemble([Scheduled([1], 0, (8,))], 32))


def test_an_unknown_adapter_is_refused(tmp_path):
    with pytest.raises(RequestError):
        both(tmp_path, "mixtral")[1].adapter_id("medical")


def test_more_threads_than_cores_change_no_bit(tmp_path):
    one, many = long_runner(tmp_path, 1), long_runner(tmp_path, 7)
    tokens = prompt(one, 40)
    want = read(one, tokens, [], (0, 1))
    for _ in range(100):
        assert np.array_equal(read(many, tokens, [10, 39], (0, 1)), want)


def test_matrices_of_one_layer_may_have_different_formats(tmp_path):
    with open_tiny(tmp_path, "mixtral", attention_scale=0.005) as weights:
        exact, narrow = (load_native(weights, precision=precision) for precision in ("float32", "bfloat16"))
    name = "layers.0.attention.v_proj.weight"
    mixed = dataclasses.replace(exact, matrices={**exact.matrices, name: narrow.matrices[name]})
    batch = assemble([Scheduled(list(range(20)), 0, (0,), num_logits=20)], 32)
    want, got = (NativeRunner(each, num_blocks=1, cache_dtype="float32").forward(batch) for each in (exact, mixed))
    assert np.abs(got - want).max() <= 0.05 * np.abs(want).max()
