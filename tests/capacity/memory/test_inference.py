"""Device memory of serving against closed forms, and refusals that say what would do."""

import dataclasses

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.inference import (
    device_weight_bytes,
    kv_bytes_per_token,
    kv_capacity,
    max_sequences,
    memory_use,
    require_sequence,
)
from zaphod.capacity.memory.precisions import PRECISIONS, precision, weight_bytes
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.known import find_shape, known_shapes
from zaphod.core.errors import CapacityError, ConfigError

KIB = 1024


def replica(model, device="h100", *, engine="vllm", kind="bf16", kv="bf16", **degrees):
    return Replica(
        shape=find_shape(model),
        accelerator=accelerator(device),
        layout=Layout(**degrees),
        precision=kind,
        kv_precision=kv,
        engine=engine,
    )


@pytest.mark.parametrize(
    ("model", "kind", "num_bytes"),
    [
        ("grok-1", "bf16", 256 * KIB),
        ("grok-1", "fp8", 128 * KIB),
        ("deepseek-v3", "bf16", 70_272),  # 68.6 KiB, arXiv 2405.04434 (9/2 of the latent's width is 4.5 of 512)
        ("llama-3.1-70b", "bf16", 320 * KIB),
        ("llama-2-7b", "bf16", 512 * KIB),
    ],
)
def test_a_token_takes_the_published_bytes_of_cache(model, kind, num_bytes):
    assert kv_bytes_per_token(find_shape(model), kind) == num_bytes


def test_grouped_queries_save_the_share_of_the_missing_heads():
    shape = find_shape("grok-1")
    layers = tuple(
        dataclasses.replace(layer, attention=dataclasses.replace(layer.attention, num_kv_heads=48))
        for layer in shape.layers
    )
    full = dataclasses.replace(shape, layers=layers)
    assert 1 - kv_bytes_per_token(shape, "bf16") / kv_bytes_per_token(full, "bf16") == pytest.approx(1 - 8 / 48)


@pytest.mark.parametrize("model", known_shapes())
@pytest.mark.parametrize("name", ["bf16", "fp8", "int4", "mxfp4"])
def test_one_device_holds_exactly_the_file(model, name):
    shape = find_shape(model)
    assert device_weight_bytes(shape, Layout(), precision(name)) == pytest.approx(weight_bytes(shape, name), rel=1e-9)


def test_mixtures_of_block_formats_fill_a_device_as_they_fill_a_file():
    shape = find_shape("llama-3-70b")
    held = device_weight_bytes(shape, Layout(), precision("q4_k_m"))
    assert held == pytest.approx(weight_bytes(shape, "q4_k_m"), rel=1e-9)


def test_more_devices_never_hold_more_each():
    shape = find_shape("mixtral-8x7b")
    held = [device_weight_bytes(shape, Layout(tensor=tensor), precision("bf16")) for tensor in (1, 2, 4, 8)]
    assert held == sorted(held, reverse=True)
    assert held[3] == pytest.approx(held[0] / 8, rel=0.01)


def test_key_value_heads_are_copied_where_there_are_more_devices():
    # Qwen3-235B has 4 key/value heads: 8 devices hold one each, so the cache is no smaller than on 4.
    four = memory_use(replica("qwen3-235b-a22b", "b200", kind="fp8", tensor=4))
    eight = memory_use(replica("qwen3-235b-a22b", "b200", kind="fp8", tensor=8))
    assert eight.kv_tokens / eight.kv_cache == pytest.approx(four.kv_tokens / four.kv_cache, rel=1e-3)


def test_latents_are_on_every_tensor_parallel_device():
    one = replica("deepseek-v3", "h200", kind="fp8", tensor=8, expert=8)
    parallel = dataclasses.replace(one, layout=Layout(data=8, expert=8))
    assert memory_use(parallel).kv_tokens > 4 * memory_use(one).kv_tokens


def test_windows_bound_what_a_long_sequence_takes():
    # Gemma 3: 52 of 62 layers keep 1,024 tokens.
    fits = max_sequences(replica("gemma-3-27b"), 65536)
    full = dataclasses.replace(
        find_shape("gemma-3-27b"),
        layers=tuple(
            dataclasses.replace(layer, attention=dataclasses.replace(layer.attention, window=None))
            for layer in find_shape("gemma-3-27b").layers
        ),
    )
    without = max_sequences(dataclasses.replace(replica("gemma-3-27b"), shape=full), 65536)
    ratio = (10 * 65536 + 52 * 1024) / (62 * 65536)
    assert without == pytest.approx(fits * ratio, abs=1)


def test_sequences_fill_the_cache():
    served = replica("llama-3.1-70b", tensor=4)
    use = memory_use(served)
    number = max_sequences(served, 1000)
    assert number * 1000 <= use.kv_tokens < (number + 1) * 1000


def test_context_parallelism_shares_each_sequence():
    alone, shared = replica("llama-3.1-70b", tensor=8), replica("llama-3.1-70b", tensor=8, context=2)
    assert max_sequences(shared, 100_000) == pytest.approx(2 * max_sequences(alone, 100_000), abs=1)


def test_a_stage_holds_its_layers_only():
    whole = device_weight_bytes(find_shape("llama-3.1-405b"), Layout(tensor=8), precision("bf16"))
    half = device_weight_bytes(find_shape("llama-3.1-405b"), Layout(tensor=8, pipeline=2), precision("bf16"))
    assert half == pytest.approx(whole / 2, rel=0.01)


def test_eight_h100_do_not_hold_grok_1_in_sixteen_bits():
    with pytest.raises(CapacityError, match="largest part is weights") as error:
        memory_use(replica("grok-1", tensor=8))
    assert "fp8 instead of bf16" in error.value.remedy
    assert "16 devices" in error.value.remedy
    assert memory_use(replica("grok-1", kind="fp8", tensor=8)).kv_tokens > 0


def test_the_changes_of_a_refusal_do_what_they_promise():
    with pytest.raises(CapacityError) as error:
        memory_use(replica("grok-1", kind="int8", tensor=4))
    assert "8 devices (TP8)" in error.value.remedy
    assert memory_use(replica("grok-1", kind="int8", tensor=8)).kv_tokens > 0


def test_activations_are_named_where_they_are_the_largest_part():
    greedy = dataclasses.replace(replica("llama-3-8b"), max_batched_tokens=1 << 20)
    with pytest.raises(CapacityError, match="largest part is activations") as error:
        memory_use(greedy)
    assert error.value.remedy.startswith("Cheapest first: fewer than 1048576 tokens")


def test_a_sequence_that_is_too_long_is_refused_with_the_longest_that_fits():
    served = replica("llama-3.1-70b", kind="fp8")
    with pytest.raises(CapacityError, match="One sequence of 131072 tokens") as error:
        require_sequence(served, 131_072)
    longest = int(error.value.remedy.split("at most ")[1].split()[0])
    assert max_sequences(served, longest) == 1
    assert max_sequences(served, longest + 1) == 0


@pytest.mark.parametrize(
    ("model", "degrees", "words"),
    [
        ("llama-3-8b", {"pipeline": 33}, "32 layers"),
        ("llama-3-8b", {"tensor": 64}, "32 query heads"),
        ("llama-3-8b", {"tensor": 8, "expert": 8}, "no experts"),
    ],
)
def test_a_layout_that_the_model_cannot_have_is_refused(model, degrees, words):
    with pytest.raises(ConfigError, match=words):
        memory_use(replica(model, **degrees))


def test_a_sequence_without_tokens_is_refused():
    with pytest.raises(ConfigError, match="0 tokens"):
        max_sequences(replica("llama-3-8b"), 0)


def test_an_engine_that_shares_what_is_free_keeps_more_for_its_cache():
    whole = memory_use(replica("llama-3.1-70b", tensor=4))
    free = memory_use(replica("llama-3.1-70b", tensor=4, engine="tensorrt-llm"))
    taken = whole.weights + whole.activations + whole.overhead
    assert free.kv_cache == pytest.approx(0.9 * (accelerator("h100").memory_bytes - taken))
    assert free.kv_cache > whole.kv_cache


def test_the_interval_of_a_capacity_holds_its_value():
    estimate = kv_capacity(replica("llama-3-8b"))
    assert estimate.low < estimate.value < estimate.high
    assert estimate.high / estimate.low < 1.1


def test_every_precision_can_be_served():
    for name in PRECISIONS:
        assert memory_use(replica("mixtral-8x7b", "b300", kind=name)).kv_tokens > 0
