"""Rows made ready for a product: rounded to int8 or bfloat16 as their definition says, whatever they hold."""

import ml_dtypes
import numpy as np
import pytest
from tests.compute.kernels.cpu.native import KINDS, UNIT, Kernels, bits, int8_row, rounds


def blocks_of(x):
    filled = np.zeros(-(-len(x) // 64) * 64, np.float32)
    filled[: len(x)] = x
    return filled.reshape(-1, 32).astype(np.float64)


@pytest.mark.parametrize("cols", [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 200])
def test_int8_codes_are_the_nearest_to_the_numbers(cpu: Kernels, cols):
    for rng in rounds(5):
        x = (rng.standard_normal(cols) * np.exp2(rng.integers(-20, 20, cols))).astype(np.float32)
        codes, scales = int8_row(cpu, x)
        d = scales.astype(np.float64)[:, None]
        np.testing.assert_allclose(scales, np.abs(blocks_of(x)).max(1) / 127, rtol=2 * UNIT)
        # Half a step, and what three roundings make of a number of at most 127 steps.
        error = np.abs(codes.reshape(-1, 32) * d - blocks_of(x))
        assert (error <= d * (0.5 + 127 * 4 * UNIT)).all()
        assert (codes[cols:] == 0).all()


def test_every_code_is_reached_and_none_is_below_minus_127(cpu: Kernels):
    wanted = np.arange(-127, 128, dtype=np.float32)
    for block in np.concatenate((wanted, [0])).reshape(-1, 16):
        x = np.concatenate((block, np.zeros(15), [127])).astype(np.float32)
        codes, scales = int8_row(cpu, x)
        assert codes[:32].tolist() == x.tolist()
        assert scales[0] == 1


@pytest.mark.parametrize("scale", [1e-38, 1e-36, 1.2e-36, 1e-30, 1e-10, 1e10, 1e30, 3e38])
def test_scales_from_the_smallest_to_the_largest_numbers(cpu: Kernels, scale):
    x = (np.linspace(-1, 1, 75) * scale).astype(np.float32)
    codes, scales = int8_row(cpu, x)
    d = scales.astype(np.float64)[:, None]
    # Blocks of at most 1e-36 are zero; denormal scales have steps of 2^-149.
    bound = np.maximum(d * (0.5 + 127 * 4 * UNIT) + 127 * 2.0**-149, np.where(d == 0, 1.001e-36, 0))
    assert (np.abs(codes.reshape(-1, 32) * d - blocks_of(x)) <= bound).all()


def test_one_huge_number_silences_its_own_block_only(cpu: Kernels):
    x = np.full(96, 1e-3, np.float32)
    x[40] = 1e30
    codes, scales = int8_row(cpu, x)
    assert codes[:32].tolist() == [127] * 32
    assert codes[32:64].tolist() == [0] * 8 + [127] + [0] * 23
    assert codes[64:96].tolist() == [127] * 32
    np.testing.assert_allclose(scales, np.float32([1e-3 / 127, 1e30 / 127, 1e-3 / 127, 0]), rtol=1e-6)


def test_a_row_of_zeros_is_zero(cpu: Kernels):
    codes, scales = int8_row(cpu, np.zeros(70, np.float32))
    assert not codes.any()
    assert not scales.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_block_with_a_number_that_no_code_holds_is_nan(cpu: Kernels, bad):
    for place in range(70):
        x = np.linspace(-1, 1, 70, dtype=np.float32)
        x[place] = bad
        codes, scales = int8_row(cpu, x)
        assert np.isnan(scales).tolist() == [b == place // 32 for b in range(4)]
        assert not codes[place // 32 * 32 :][:32].any()


def test_start_values_take_back_what_the_product_adds_to_weights(cpu: Kernels):
    """Whatever an instruction set sums, a weight of 0 gives 0: see the layout of int8 rows."""
    for rng in rounds(3):
        x = rng.standard_normal(100).astype(np.float32)
        row = cpu.prepare(KINDS["int8"], x)
        totals = row[:128].view(np.int8).reshape(4, 32).sum(1, dtype=np.int64)
        start_q4, start_q8 = row[144:].view(np.int32).reshape(2, 4)
        assert all(q4 in (-8 * t, -128 * t) for q4, t in zip(start_q4, totals, strict=True))
        assert start_q8.tolist() in ((-128 * totals).tolist(), [0] * 4)


@pytest.mark.parametrize("cols", [1, 31, 32, 33, 64, 100])
def test_bfloat16_rows_are_rounded_to_nearest_even(cpu: Kernels, cols):
    for rng in rounds(5):
        x = rng.integers(0, 2**32, cols, dtype=np.uint32).view(np.float32)
        x = np.where(np.isnan(x), np.float32(1), x)
        row = cpu.prepare(KINDS["bf16"], x).view(ml_dtypes.bfloat16)
        with np.errstate(over="ignore"):
            assert bits(row[:cols]) == bits(x.astype(ml_dtypes.bfloat16))
        assert not row[cols:].any()


@pytest.mark.parametrize("kind", ["f32", "bf16"])
def test_plain_rows_keep_what_is_not_finite(cpu: Kernels, kind):
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 1.5], np.float32)
    dtype = np.float32 if kind == "f32" else ml_dtypes.bfloat16
    np.testing.assert_array_equal(cpu.prepare(KINDS[kind], x).view(dtype)[:5].astype(np.float32), x)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_prepared_in_parts_is_the_same_row(cpu: Kernels, kind):
    rng = np.random.default_rng(0)
    for cols in range(1, 140):
        x = rng.standard_normal(cols).astype(np.float32)
        assert bits(cpu.prepare(KINDS[kind], x)) == bits(cpu.prepare_blocks(KINDS[kind], x))
