"""NF4 with double quantisation against bitsandbytes itself."""

import bitsandbytes.functional as bnb
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.compute.quant import NF4, EncodedTensor, format_named, measure
from zaphod.compute.quant.nf4 import LEVELS, absmax_levels
from zaphod.core.errors import ConfigError, WeightsError

SHAPES = [(64, 64), (128, 192), (33, 10), (5, 13), (512, 300)]


def weights(shape, seed=0):
    return (np.random.default_rng(seed).standard_normal(shape) * 0.02).astype(np.float32)


def theirs(values):
    return bnb.quantize_4bit(torch.from_numpy(values), blocksize=64, compress_statistics=True, quant_type="nf4")


def test_the_tables_are_those_of_bitsandbytes():
    assert np.array_equal(LEVELS, bnb.get_4bit_type("nf4", device="cpu").numpy())
    assert np.array_equal(absmax_levels(), bnb.create_dynamic_map().numpy())


@pytest.mark.parametrize("shape", SHAPES)
def test_codes_are_those_of_bitsandbytes(shape):
    packed, _ = theirs(weights(shape))
    assert np.array_equal(NF4().encode(weights(shape))["weight"], packed.numpy().reshape(-1))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_bitsandbytes_wrote_is_read_bit_by_bit(shape):
    packed, state = theirs(weights(shape))
    parts = {
        "weight": packed.numpy().reshape(-1),
        "absmax": state.absmax.numpy(),
        "absmax_scales": state.state2.absmax.numpy(),
        "absmax_mean": state.offset.numpy().reshape(1),
    }
    assert np.array_equal(NF4().decode(parts, shape), bnb.dequantize_4bit(packed, state).numpy().reshape(shape))


@pytest.mark.parametrize("seed", range(4))
def test_every_value_is_that_of_bitsandbytes_but_where_an_absmax_lies_between_two_codes(seed):
    values = np.rint(weights((512, 256), seed) * 4096) / np.float32(4096)  # so that the mean of absmax is exact
    packed, state = theirs(values)
    parts = NF4().encode(values)
    apart = parts["absmax"].astype(int) - state.absmax.numpy()
    assert np.abs(apart).max() <= 1
    assert np.mean(apart != 0) < 0.005  # their kernel for CPUs takes the second nearest where both are about as near
    same = np.repeat(apart == 0, 64).reshape(values.shape)
    got, want = NF4().decode(parts, values.shape), bnb.dequantize_4bit(packed, state).numpy()
    assert np.array_equal(got[same], want[same])


def test_a_stack_is_its_matrices_one_by_one():
    values = weights((3, 32, 48))
    parts = NF4().encode(values)
    stack = EncodedTensor(values.shape, NF4(), parts)
    for expert in range(3):
        alone = NF4().encode(values[expert])
        assert all(np.array_equal(stack[expert].parts[name], alone[name]) for name in alone)
    assert np.array_equal(stack[1].decode(), stack.decode()[1])


def test_a_weight_takes_4_127_bits():
    assert 8 * NF4().num_bytes((4096, 4096)) / 4096**2 == pytest.approx(4 + 8 / 64 + 32 / (64 * 256), abs=1e-5)
    error = measure(format_named("nf4"), weights((256, 1024)))
    assert 0.08 < error.relative_rms < 0.1


def test_parts_are_as_large_as_they_were_said_to_be():
    parts, specs = NF4().encode(weights((2, 5, 13))), NF4().part_specs((2, 5, 13))
    assert {name: (part.dtype, part.shape) for name, part in parts.items()} == {
        name: (spec.dtype, spec.shape) for name, spec in specs.items()
    }


def test_zeros_stay_zeros():
    assert not NF4().decode(NF4().encode(np.zeros((8, 64), np.float32)), (8, 64)).any()


def test_vectors_and_values_that_no_block_can_hold_are_refused():
    with pytest.raises(ConfigError, match="must be a matrix"):
        NF4().part_specs((64,))
    with pytest.raises(WeightsError, match="NaN"):
        NF4().encode(np.full((2, 64), np.nan, np.float32))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 70), st.floats(1e-6, 1e6), st.integers(0, 99))
def test_no_value_moves_farther_than_half_the_widest_step(rows, cols, size, seed):
    values = weights((rows, cols), seed) * np.float32(size)
    decoded = NF4().decode(NF4().encode(values), values.shape)
    # The widest gap between levels is 0.304; the absmax itself is off by up to a twentieth of their spread.
    assert np.abs(decoded - values).max() <= 0.27 * np.abs(values).max() + 1e-30
