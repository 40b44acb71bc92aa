"""Adapters in the compiled network: against PyTorch, against merged weights, and against itself in other company."""

import numpy as np
import pytest
from tests.support.adapters import merge, random_adapter
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import ConfigError, RequestError
from zaphod.engine import Engine, Request, SamplingParams
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.adapters import Adapter
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import DTYPES, load_transformer

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.engine.native_runner import NativeRunner
from zaphod.engine.streaming import StreamingRunner
from zaphod.model.native import load_native

SHAPES = {
    **{family: (family, {}) for family in PRESET_OF_FAMILY},
    "odd sizes": ("mixtral", {"hidden_size": 50, "num_heads": 6, "num_kv_heads": 2, "head_dim": 10, "vocab_size": 37}),
    "biases": ("mixtral", {"qkv_bias": True, "attention_output_bias": True}),
    "a dense layer": ("mixtral", {"dense_layers": (0,), "dense_size": 40}),
    "long": ("mixtral", {"context_length": 2048}),
    "dense": ("zaphod", {"moe": None, "dense_size": 72}),
}


def opened(tmp_path, case, threads=1, **options):
    """The PyTorch network and the native runner of one tiny model, and the model's config."""
    family, changes = SHAPES[case]
    # Attention that is not all to one key, or rounding would grow from layer to layer.
    changes = {"attention_scale": 0.005} | changes
    with open_tiny(tmp_path, family, **changes) as weights:
        options = {"num_blocks": 64, "num_threads": threads, "cache_dtype": "float32"} | options
        native = NativeRunner(load_native(weights, precision="float32"), **options)
        return load_transformer(weights, DTYPES["float32"]), native, weights.config


def prompt(runner, length):
    return np.random.default_rng(length).integers(0, runner.vocab_size, length).tolist()


def share(tokens, place, adapter_id, num_cached=0):
    """All new tokens of the sequence whose blocks are the pair at `place`, with the logits of each."""
    return Scheduled(tokens, num_cached, (2 * place, 2 * place + 1), num_logits=len(tokens), adapter_id=adapter_id)


def assert_close(got, want):
    assert np.abs(got - want).max() <= 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("case", SHAPES)
def test_an_adapter_computes_what_pytorch_and_merged_weights_compute(case, tmp_path):
    model, native, config = opened(tmp_path, case)
    adapter = random_adapter(config, 1)
    tokens = [prompt(native, n) for n in (13, 50, 1)]
    torch_runner = TorchRunner(model, num_blocks=8)
    for runner in (torch_runner, native):
        runner.load_adapter("a", adapter)
    batch = assemble([share(part, i, 0) for i, part in enumerate(tokens)], 32)
    got, want = native.forward(batch).copy(), torch_runner.forward(batch)
    assert_close(got, want)
    unadapted = assemble([share(part, i, -1) for i, part in enumerate(tokens)], 32)
    assert_close(got, TorchRunner(merge(model, adapter), num_blocks=8).forward(unadapted))


@pytest.mark.parametrize(
    "only", [".q_proj", ".o_proj", "experts.gate", "experts.up", "experts.down", "mlp.", "layers.1"]
)
def test_an_adapter_may_have_a_few_parts(only, tmp_path):
    model, native, config = opened(tmp_path, "grok-2")
    adapter = random_adapter(config, 2, only=only)
    native.load_adapter("a", adapter)
    tokens = prompt(native, 30)
    want = TorchRunner(merge(model, adapter)).forward(assemble([share(tokens, 0, -1)], 32))
    assert_close(native.forward(assemble([share(tokens, 0, 0)], 32)), want)


@pytest.mark.parametrize("rank", [1, 16, 17, 40])
def test_an_adapter_may_have_any_rank(rank, tmp_path):
    model, native, config = opened(tmp_path, "grok-2")
    adapter = random_adapter(config, rank, rank=rank)
    native.load_adapter("small", random_adapter(config, rank=2))
    native.load_adapter("a", adapter)
    tokens = prompt(native, 20)
    want = TorchRunner(merge(model, adapter)).forward(assemble([share(tokens, 0, -1)], 32))
    assert_close(native.forward(assemble([share(tokens, 0, native.adapter_id("a"))], 32)), want)


def test_parts_of_some_experts_alone_are_enough(tmp_path):
    model, native, config = opened(tmp_path, "mixtral")
    adapter = random_adapter(config, 3, only="experts")
    for part in adapter.parts.values():
        part.b[1:3] = 0
    native.load_adapter("a", adapter)
    tokens = prompt(native, 20)
    want = TorchRunner(merge(model, adapter)).forward(assemble([share(tokens, 0, -1)], 32))
    assert_close(native.forward(assemble([share(tokens, 0, 0)], 32)), want)


def with_three_adapters(tmp_path, case, threads=1):
    _, native, config = opened(tmp_path, case, threads, cache_dtype="float16")
    for seed, only in enumerate(("", "experts", "attention")):
        native.load_adapter(str(seed), random_adapter(config, seed, rank=2 + 9 * seed, only=only))
    return native


@pytest.mark.parametrize("case", ["grok-1", "grok-2", "zaphod"])
@pytest.mark.parametrize("threads", [1, 2])
def test_no_bit_depends_on_the_adapters_of_others(case, threads, tmp_path):
    native = with_three_adapters(tmp_path, case, threads)
    ids = (1, -1, 0, 2, 1, 0, -1)
    tokens = [prompt(native, n) for n in (9, 5, 60, 1, 50, 3, 49)]
    alone = [native.forward(assemble([share(*args)], 32)).copy() for args in zip(tokens, range(7), ids, strict=True)]
    shares = [share(*args) for args in zip(tokens, range(7), ids, strict=True)]
    assert np.array_equal(native.forward(assemble(shares, 32)), np.concatenate(alone))
    backwards = native.forward(assemble(shares[::-1], 32))
    assert np.array_equal(backwards, np.concatenate(alone[::-1]))


def test_no_bit_depends_on_how_a_prompt_with_an_adapter_is_cut(tmp_path):
    native = with_three_adapters(tmp_path, "grok-2", 2)
    tokens, other = prompt(native, 60), prompt(native, 7)
    want = native.forward(assemble([share(tokens, 0, 1)], 32)).copy()
    first = native.forward(assemble([share(other, 2, 0), share(tokens[:17], 1, 1)], 32))[7:].copy()
    rest = native.forward(assemble([share(tokens[17:], 1, 1, num_cached=17), share(other, 3, 2)], 32))[:43]
    assert np.array_equal(np.concatenate((first, rest)), want)


def quantised(tmp_path, family, quantization):
    """A tiny model in a quantised file."""
    with open_tiny(tmp_path / "source", family, attention_scale=0.005) as source:
        convert(source, "packed", tmp_path / "packed", quantization)
    return open_model(tmp_path / "packed")


@pytest.mark.parametrize("family", ["mixtral", "grok-2"])
@pytest.mark.parametrize("quantization", ["q8_0", "int4", "bfloat16"])
def test_an_adapter_of_a_quantised_model_is_not_quantised(family, quantization, tmp_path):
    with quantised(tmp_path, family, quantization) as weights:
        torch_runner = TorchRunner(load_transformer(weights, DTYPES["float32"]), num_blocks=8)
        native = NativeRunner(load_native(weights), num_blocks=8)
        adapter = random_adapter(weights.config, 1)
    for runner in (torch_runner, native):
        runner.load_adapter("a", adapter)
    plain, adapted = (assemble([share(prompt(native, 30), 0, number)], 32) for number in (-1, 0))
    want, unadapted = torch_runner.forward(adapted), native.forward(plain).copy()
    # About 2 % are lost to the rounding of what the quantised weights multiply, with an adapter and without.
    assert np.abs(native.forward(adapted) - want).mean() < 0.04 * np.abs(want).mean()
    assert np.abs(unadapted - want).mean() > 0.2 * np.abs(want).mean()


def test_experts_from_a_file_get_the_same_bits(tmp_path):
    with quantised(tmp_path, "grok-2", "q8_0") as weights:
        in_memory = NativeRunner(load_native(weights), num_blocks=8)
        from_file = StreamingRunner(load_native(weights), expert_cache_bytes=1 << 16, num_blocks=8, num_threads=2)
    assert from_file.num_slots < 8
    for runner in (in_memory, from_file):
        runner.load_adapter("a", random_adapter(tiny_config("grok-2"), 1))
    shares = [share(prompt(in_memory, n), i, i - 1) for i, n in enumerate((20, 33))]
    assert np.array_equal(in_memory.forward(assemble(shares, 32)), from_file.forward(assemble(shares, 32)))


def test_a_pass_longer_than_its_scratch_memory_keeps_the_adapters_apart(tmp_path):
    model, native, config = opened(tmp_path, "long")
    adapters = [random_adapter(config, seed) for seed in (0, 1)]
    torch_runner = TorchRunner(model, num_blocks=64)
    for runner in (native, torch_runner):
        for name, adapter in zip("ab", adapters, strict=True):
            runner.load_adapter(name, adapter)
    shares = [
        Scheduled(prompt(native, n), 0, range(20 * i, 20 * i + 20), num_logits=2, adapter_id=i - 1)
        for i, n in enumerate((300, 400, 100))
    ]
    batch = assemble(shares, 32)
    assert_close(native.forward(batch), torch_runner.forward(batch))


def test_sequences_without_an_adapter_keep_every_bit(tmp_path):
    _, native, config = opened(tmp_path, "grok-2", 2)
    tokens = prompt(native, 40)
    before = native.forward(assemble([share(tokens, 0, -1)], 32)).copy()
    native.load_adapter("a", random_adapter(config))
    beside = native.forward(assemble([share(prompt(native, 30), 1, 0), share(tokens, 0, -1)], 32))
    assert np.array_equal(beside[30:], before)


def test_memory_for_adapters_is_taken_when_one_is_loaded(tmp_path):
    _, native, config = opened(tmp_path, "mixtral")
    before = native.scratch_bytes
    with pytest.raises(ConfigError):
        native.load_adapter("a", Adapter(parts={}))
    assert native.scratch_bytes == before
    native.load_adapter("a", random_adapter(config))
    assert native.scratch_bytes > before


def test_an_adapter_of_another_model_is_refused_before_it_takes_a_name(tmp_path):
    _, native, config = opened(tmp_path, "mixtral")
    with pytest.raises(ConfigError, match="no place for"):
        native.load_adapter("a", random_adapter(tiny_config("mixtral", hidden_size=32)))
    native.load_adapter("a", random_adapter(config))
    with pytest.raises(ConfigError, match="taken"):
        native.load_adapter("a", random_adapter(config))


def test_an_unloaded_adapter_is_gone_and_its_number_with_it(tmp_path):
    _, native, config = opened(tmp_path, "mixtral")
    native.load_adapter("a", random_adapter(config))
    number = native.adapter_id("a")
    native.unload_adapter("a")
    with pytest.raises(RequestError, match="'a' was asked for"):
        native.adapter_id("a")
    with pytest.raises(ValueError, match="not loaded"):
        native.forward(assemble([share([1], 0, number)], 32))
    native.load_adapter("a", random_adapter(config))
    assert native.adapter_id("a") != number


def test_requests_with_adapters_answer_as_alone(tmp_path):
    native = with_three_adapters(tmp_path, "mixtral")
    names, tokens = ("0", "1", None, "2", "0"), tuple(prompt(native, 40))
    sampling = SamplingParams(max_tokens=10, temperature=1.0, seed=3)
    requests = [
        Request(request_id=str(i), prompt_token_ids=tokens, adapter=name, sampling=sampling)
        for i, name in enumerate(names)
    ]
    together = [completion.token_ids for completion in Engine(native).generate(requests)]
    assert together == [Engine(native).generate([request])[0].token_ids for request in requests]
    assert together[0] == together[4]
    assert len(set(together)) == 4
