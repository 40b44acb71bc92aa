"""Products against float64, within the error that their definition allows, derived from the roundings they make."""

import ml_dtypes
import numpy as np
import pytest
from tests.compute.kernels.cpu.native import (
    PAIRS,
    Kernels,
    Tiles,
    bits,
    from_parts,
    gamma,
    int8_row,
    pack,
    product,
    random_tiles,
    rounds,
)

FLOAT = tuple(pair for pair in PAIRS if pair[1] in ("f32", "bf16"))
CODES = tuple(pair for pair in PAIRS if pair[1] in ("q8", "q4"))
# One way to each format is enough where the source makes no difference.
ONE_OF_EACH = (("f32", "f32"), ("bf16", "bf16"), ("int8", "q8"), ("int8_row", "q8"), ("int4", "q4"))
# x86's bfloat16 product takes denormal numbers for 0.
SMALLEST_NORMAL = 2.0**-126


def tokens(rng: np.random.Generator, cols: int) -> np.ndarray:
    return rng.standard_normal((int(rng.integers(1, 14)), cols)).astype(np.float32)


def float_bound(w: Tiles, x: np.ndarray) -> np.ndarray:
    """Sums of 64 columns (of 2 roundings each where the CPU has no fused product), then sums of these."""
    cols = w.stored.cols
    size = np.abs(x).astype(np.float64) @ np.abs(w.values).T
    flushed = cols * SMALLEST_NORMAL * (np.abs(x).max() + np.abs(w.values).max() + 1)
    return gamma(min(cols, 64) + cols // 64 + 4) * size + flushed


def with_codes(cpu: Kernels, x: np.ndarray) -> np.ndarray:
    """What int8 rows stand for, float64."""
    rows = [int8_row(cpu, row) for row in x]
    return np.stack([(c.reshape(-1, 32) * d.astype(np.float64)[:, None]).ravel()[: x.shape[1]] for c, d in rows])


def sum_bound(w: Tiles, x: np.ndarray) -> np.ndarray:
    """Sums within blocks are exact; then come scales, sums of blocks, row scales. Denormals have steps of 2^-149."""
    num_blocks = -(-w.stored.cols // 32) + 1
    size = np.abs(with_codes(Kernels("scalar"), x)) @ np.abs(w.values).T
    row_scale = 1.0 if w.stored.row_scales is None else float(w.stored.row_scales.max())
    return gamma(num_blocks + 4) * size + num_blocks * 2.0**-149 * 32 * 127 * 128 * max(row_scale, 1)


def code_bound(w: Tiles, x: np.ndarray) -> np.ndarray:
    """Activations are off by half a step of their block at most (and 4 roundings), by 1e-36 where all are tiny."""
    filled = np.zeros((len(x), -(-x.shape[1] // 32) * 32), np.float64)
    filled[:, : x.shape[1]] = np.abs(x)
    largest = filled.reshape(len(x), -1, 32).max(-1)
    steps = np.where(largest > 1e-36, largest / 127 * (0.5 + 127 * 2.0**-21), 1e-36)
    return np.repeat(steps, 32, axis=1)[:, : x.shape[1]] @ np.abs(w.values).T


def assert_within(ours: np.ndarray, exact: np.ndarray, bound: np.ndarray) -> None:
    assert ours.shape == exact.shape
    excess = np.abs(ours - exact) - bound
    assert (excess <= 0).all(), f"off by {excess.max()} more than allowed"


@pytest.mark.parametrize(("source", "format_"), FLOAT)
def test_float_products_are_exact_but_for_rounding(cpu: Kernels, source, format_):
    for rng in rounds(12):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols)
        seen = x.astype(ml_dtypes.bfloat16).astype(np.float32) if format_ == "bf16" else x
        assert_within(product(cpu, w, x), seen.astype(np.float64) @ w.values.T, float_bound(w, seen))


@pytest.mark.parametrize(("source", "format_"), CODES)
def test_products_of_codes_are_exact_but_for_the_sums_of_blocks(cpu: Kernels, source, format_):
    for rng in rounds(12):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols)
        assert_within(product(cpu, w, x), with_codes(cpu, x) @ w.values.T, sum_bound(w, x))


@pytest.mark.parametrize(("source", "format_"), CODES)
def test_rounding_activations_to_int8_costs_half_a_step_at_most(cpu: Kernels, source, format_):
    for rng in rounds(12):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols)
        assert_within(product(cpu, w, x), x.astype(np.float64) @ w.values.T, code_bound(w, x) + sum_bound(w, x))


@pytest.mark.parametrize("scale", [1e-38, 1e-36, 1e-30, 1e15, 1e30])
@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_activations_may_be_tiny_or_huge(cpu: Kernels, source, format_, scale):
    for rng in rounds(3):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols) * np.float32(scale)
        exact, ours = x.astype(np.float64) @ w.values.T, product(cpu, w, x)
        if format_ == "f32":
            assert_within(ours, exact, float_bound(w, x))
        elif format_ == "bf16":
            rounding = 2.0**-8 * np.abs(x).astype(np.float64) @ np.abs(w.values).T
            assert_within(ours, exact, float_bound(w, x) * 1.01 + rounding)
        else:
            assert_within(ours, exact, code_bound(w, x) + sum_bound(w, x))


@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_one_huge_activation_among_tiny_ones(cpu: Kernels, source, format_):
    for rng in rounds(3):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols) * np.float32(1e-6)
        x[:, rng.integers(w.stored.cols)] = 1e30
        seen = x.astype(ml_dtypes.bfloat16).astype(np.float32) if format_ == "bf16" else x
        bound = float_bound(w, seen) if format_ in ("f32", "bf16") else code_bound(w, x) + sum_bound(w, x)
        assert_within(product(cpu, w, x), seen.astype(np.float64) @ w.values.T, bound)


@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_tokens_of_zeros_and_weights_of_zeros_give_zero(cpu: Kernels, source, format_):
    rng = np.random.default_rng(0)
    w = random_tiles(cpu, rng, source, format_)
    assert not product(cpu, w, np.zeros((5, w.stored.cols))).any()
    nothing = random_tiles(cpu, rng, source, format_, scale=0.0)
    assert not product(cpu, nothing, tokens(rng, nothing.stored.cols)).any()


def extremes(rng: np.random.Generator, format_: str, pattern: str) -> Tiles:
    """Codes at the ends of their range in 64 columns, all scales 1."""
    low, high = (-128, 127) if format_ == "q8" else (-8, 7)
    rows = 16
    codes = {
        "lowest": np.full((rows, 64), low),
        "highest": np.full((rows, 64), high),
        "either": rng.choice([low, high], (rows, 64)),
    }[pattern]
    scales = np.ones((rows, 2), np.float16)
    if format_ == "q8":
        return pack(
            Kernels("scalar"), "q8", from_parts("int8", (rows, 64), {"weight": codes.astype(np.int8), "scales": scales})
        )
    stored_codes = (codes + 8).astype(np.uint8)
    packed = stored_codes[:, 0::2] | stored_codes[:, 1::2] << 4
    return pack(Kernels("scalar"), "q4", from_parts("int4", (rows, 64), {"weight": packed, "scales": scales}))


@pytest.mark.parametrize("format_", ["q8", "q4"])
@pytest.mark.parametrize("pattern", ["lowest", "highest", "either"])
@pytest.mark.parametrize("signs", ["plus", "minus", "either", "as the weight"])
def test_no_sum_of_codes_saturates(cpu: Kernels, format_, pattern, signs):
    """Activations of ±127 have a scale of 1: the result is a whole number below 2^24, and exact."""
    for rng in rounds(4):
        w = extremes(rng, format_, pattern)
        for row in range(16):
            choice = {
                "plus": np.ones(64),
                "minus": -np.ones(64),
                "either": rng.choice([-1, 1], 64),
                "as the weight": np.sign(w.values[row]),
            }[signs]
            x = 127 * choice[None, :]
            assert product(cpu, w, x).tolist() == (x @ w.values.T).tolist()


def test_every_code_of_a_byte_meets_every_activation(cpu: Kernels):
    x = np.zeros((255, 64), np.float32)
    x[:, 0], x[:, 1] = np.arange(-127, 128), 127
    weight = np.zeros((256, 64), np.int8)
    weight[:, 0] = np.arange(-128, 128)
    w = pack(cpu, "q8", from_parts("int8", (256, 64), {"weight": weight, "scales": np.ones((256, 2), np.float16)}))
    assert product(cpu, w, x).tolist() == np.outer(np.arange(-127, 128), np.arange(-128, 128)).tolist()


@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_a_token_alone_has_the_bits_it_has_among_others(cpu: Kernels, source, format_):
    for rng in rounds(3):
        w = random_tiles(cpu, rng, source, format_)
        x = rng.standard_normal((40, w.stored.cols)).astype(np.float32)
        alone = np.concatenate([product(cpu, w, row[None, :]) for row in x])
        for count in range(2, 41):
            assert bits(product(cpu, w, x[:count])) == bits(alone[:count])


@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_rows_may_be_named_in_any_order_and_twice(cpu: Kernels, source, format_):
    for rng in rounds(5):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols)
        ids = rng.integers(0, len(x), 17).astype(np.int32)
        assert bits(product(cpu, w, x, ids)) == bits(product(cpu, w, x)[ids])


@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_some_of_the_tiles_give_their_part_of_the_rows(cpu: Kernels, source, format_):
    for rng in rounds(5):
        w = random_tiles(cpu, rng, source, format_)
        x = tokens(rng, w.stored.cols)
        whole = cpu.matmul(*w.arguments, x, None, 0, w.num_tiles)
        for first in range(w.num_tiles):
            for last in range(first, w.num_tiles + 1):
                part = cpu.matmul(*w.arguments, x, None, first, last)
                assert bits(part) == bits(whole[:, 16 * first : 16 * last])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("source", "format_"), ONE_OF_EACH)
def test_only_the_token_that_is_not_finite_has_results_that_are_not(cpu: Kernels, source, format_, bad):
    for rng in rounds(5):
        w = random_tiles(cpu, rng, source, format_)
        x = rng.standard_normal((9, w.stored.cols)).astype(np.float32)
        good = product(cpu, w, x)
        token = int(rng.integers(9))
        x[token, rng.integers(w.stored.cols)] = bad
        ours = product(cpu, w, x)
        others = np.arange(9) != token
        assert bits(ours[others]) == bits(good[others])
        assert not np.isfinite(ours[token]).any()
