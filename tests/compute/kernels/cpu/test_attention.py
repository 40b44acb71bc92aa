"""Attention over a paged cache against float64 on what the cache holds, and bit for bit against itself."""

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from tests.compute.kernels.cpu.native import STORES, Kernels, bits, gamma, head_bytes, rounds

DTYPES: dict[str, Any] = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "int8": np.int8}
VARIANTS = {
    "plain": {},
    "cap": {"cap": 5.0},
    "temperature": {"temperature_length": 20},
    "window": {"window": 37},
    "all": {"cap": 30.0, "temperature_length": 50, "window": 100},
}


@dataclass
class Sequence:
    """Keys and values of one head in some blocks of a cache."""

    store: str
    head_dim: int
    block_size: int
    length: int
    cache: np.ndarray
    blocks: list[int]

    def write(self, cpu: Kernels, position: int, key: np.ndarray, value: np.ndarray) -> None:
        block = self.cache[self.blocks[position // self.block_size]]
        cpu.write_key_value(STORES[self.store], self.block_size, block, position % self.block_size, key, value)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys and values [length, head_dim] as the layout says they lie, float64."""
        pairs = [decoded(self.cache[b], self.store, self.head_dim, self.block_size) for b in self.blocks]
        keys, values = (np.concatenate(part)[: self.length].astype(np.float64) for part in zip(*pairs, strict=True))
        return keys, values

    def attend(self, cpu: Kernels, queries, positions, stops=None, *, cap=0.0, temperature_length=0, window=0):
        """Normalised outputs [queries, head_dim], float64."""
        outputs, sums, _ = self.state(cpu, queries, positions, stops, cap, temperature_length, window)
        with np.errstate(invalid="ignore", divide="ignore"):
            return outputs[:, : self.head_dim].astype(np.float64) / sums[:, None].astype(np.float64)

    def state(self, cpu: Kernels, queries, positions, stops=None, cap=0.0, temperature_length=0, window=0):
        return cpu.attend(
            STORES[self.store],
            self.block_size,
            self.cache,
            self.blocks,
            stops or [0, self.length],
            np.ascontiguousarray(queries, np.float32),
            [int(p) for p in positions],
            self.head_dim**-0.5,
            cap,
            temperature_length,
            window,
        )


def decoded(block: np.ndarray, store: str, head_dim: int, block_size: int) -> tuple[np.ndarray, np.ndarray]:
    dtype, padded = np.dtype(DTYPES[store]), -(-head_dim // 16) * 16
    num_keys, num_values = block_size * head_dim, block_size * padded
    numbers = block[: (num_keys + num_values) * dtype.itemsize].view(dtype)
    keys = numbers[:num_keys].reshape(-1, head_dim, 16).swapaxes(1, 2).reshape(block_size, head_dim)
    values = numbers[num_keys:].reshape(block_size, padded)[:, :head_dim]
    keys, values = keys.astype(np.float32), values.astype(np.float32)
    if store == "int8":
        scales = block[num_keys + num_values :][: 8 * block_size].view(np.float32).reshape(2, block_size, 1)
        return keys * scales[0].astype(np.float64), values * scales[1].astype(np.float64)
    return keys, values


def empty(rng, store, length, *, head_dim=None, block_size=None, unused=0) -> Sequence:
    """A sequence whose blocks lie anywhere; `unused` is every byte of the cache before it is written."""
    head_dim = head_dim or 2 * int(rng.integers(1, 70))
    block_size = block_size or int(rng.choice([16, 32, 64, 128]))
    num_blocks = -(-length // block_size)
    cache = np.full((num_blocks + 3, head_bytes(store, head_dim, block_size)), unused, np.uint8)
    return Sequence(store, head_dim, block_size, length, cache, rng.permutation(len(cache))[:num_blocks].tolist())


def filled(cpu: Kernels, rng, store, length, scale=1.0, **more) -> Sequence:
    s = empty(rng, store, length, **more)
    for position in range(length):
        key, value = (rng.standard_normal((2, s.head_dim)) * scale).astype(np.float32)
        s.write(cpu, position, key, value)
    return s


def queries_of(rng, s: Sequence, count: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.standard_normal((count, s.head_dim)).astype(np.float32), rng.integers(0, s.length, count)


def exact(s: Sequence, queries, positions, cap=0.0, temperature_length=0, window=0) -> tuple[np.ndarray, np.ndarray]:
    """Outputs, and how far rounding may lead: scores err by the roundings of a sum of products, weights by e^error."""
    keys, values = s.read()
    outputs, bounds = [], []
    for q, p in zip(queries.astype(np.float64), positions, strict=True):
        seen = slice(max(0, p + 1 - window) if window else 0, p + 1)
        scale = s.head_dim**-0.5
        scores, sizes = keys[seen] @ q * scale, np.abs(keys[seen]) @ np.abs(q) * scale
        error = gamma(s.head_dim + 6) * sizes
        if cap:
            scores = cap * np.tanh(scores / cap)
            error += 8 * gamma(1) * np.minimum(cap, np.abs(scores))
        if temperature_length and p > temperature_length:
            stretch = np.log(p) / np.log(temperature_length)
            scores, error = scores * stretch, error * stretch + gamma(6) * np.abs(scores * stretch)
        # e^x itself is right to 2 units; its argument, a difference of scores, is rounded again.
        worst = np.expm1(2 * error.max() + gamma(2) * 2 * np.abs(scores).max()) + gamma(8)
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        outputs.append(weights @ values[seen])
        bounds.append((weights @ np.abs(values[seen])) * (2 * worst + gamma(p + 30)) + 1e-37)
    return np.array(outputs), np.array(bounds)


@pytest.mark.parametrize("store", STORES)
def test_written_keys_and_values_are_the_nearest_that_the_cache_holds(cpu: Kernels, store):
    for rng in rounds(5):
        s = empty(rng, store, 40, unused=0xFF)
        keys, values = (rng.standard_normal((2, 40, s.head_dim)) * np.exp2(rng.integers(-9, 9, (2, 40, 1)))).astype(
            np.float32
        )
        for position in rng.permutation(40):
            s.write(cpu, int(position), keys[position], values[position])
        for ours, wanted in zip(s.read(), (keys, values), strict=True):
            if store == "int8":
                step = np.abs(wanted).max(1, keepdims=True) / 127
                assert (np.abs(ours - wanted) <= step * (0.5 + 127 * 2.0**-21)).all()
            else:
                np.testing.assert_array_equal(ours, wanted.astype(DTYPES[store]).astype(np.float64))


def test_numbers_beyond_float16_become_its_largest(cpu: Kernels):
    s = empty(np.random.default_rng(0), "f16", 1, head_dim=6)
    numbers = np.float32([1e6, -1e6, 65504, -65519.9, 65520, 7])
    s.write(cpu, 0, numbers, -numbers)
    keys, values = s.read()
    assert keys[0].tolist() == [65504, -65504, 65504, -65504, 65504, 7]
    assert values[0].tolist() == [-65504, 65504, -65504, 65504, -65504, -7]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_attention_is_exact_but_for_rounding(cpu: Kernels, store, variant):
    for rng in rounds(6):
        s = filled(cpu, rng, store, int(rng.integers(1, 300)))
        queries, positions = queries_of(rng, s, int(rng.integers(1, 12)))
        wanted, bound = exact(s, queries, positions, **VARIANTS[variant])
        error = np.abs(s.attend(cpu, queries, positions, **VARIANTS[variant]) - wanted)
        assert (error <= bound).all(), f"{(error / bound).max()} times the bound"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("scale", [1e-38, 1e-20, 30.0])
def test_keys_and_values_may_be_tiny_or_large(cpu: Kernels, store, scale):
    for rng in rounds(3):
        s = filled(cpu, rng, store, 70, scale)
        queries, positions = queries_of(rng, s, 5)
        wanted, bound = exact(s, queries, positions)
        assert (np.abs(s.attend(cpu, queries, positions) - wanted) <= bound + 1e-36).all()


def test_scores_far_apart_leave_the_best_key_alone(cpu: Kernels):
    for store in STORES:
        s = empty(np.random.default_rng(0), store, 130, head_dim=2)
        for position in range(130):
            s.write(cpu, position, np.float32([1e4 if position == 77 else -1e4, 0]), np.float32([position % 8, 1]))
        out = s.attend(cpu, np.float32([[1e4, 0]]), [129])
        np.testing.assert_allclose(out[0], s.read()[1][77], rtol=1e-6)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_row_has_the_same_bits_in_any_company(cpu: Kernels, store, variant):
    for rng in rounds(3):
        s = filled(cpu, rng, store, int(rng.integers(65, 250)))
        queries, positions = queries_of(rng, s, 19)
        options = VARIANTS[variant]
        alone = [s.state(cpu, queries[r : r + 1], positions[r : r + 1], **options) for r in range(19)]
        for count in (2, 3, 5, 8, 11, 19):
            rows = rng.permutation(19)[:count]
            together = s.state(cpu, queries[rows], positions[rows], **options)
            for part in range(3):
                assert bits(together[part]) == bits(np.concatenate([alone[r][part] for r in rows]))


@pytest.mark.parametrize("store", STORES)
def test_keys_may_be_attended_to_in_several_calls(cpu: Kernels, store):
    for rng in rounds(3):
        s = filled(cpu, rng, store, int(rng.integers(129, 250)))
        queries, positions = queries_of(rng, s, 5)
        positions[:] = np.maximum(positions, 128)
        whole = s.state(cpu, queries, positions)
        for stops in ([0, 64, s.length], [0, 64, 128, s.length], [0, 128, s.length]):
            assert [bits(x) for x in s.state(cpu, queries, positions, stops)] == [bits(x) for x in whole]


@pytest.mark.parametrize("store", STORES)
def test_keys_after_a_query_change_nothing(cpu: Kernels, store):
    for rng in rounds(3):
        s = filled(cpu, rng, store, 200)
        queries = rng.standard_normal((3, s.head_dim)).astype(np.float32)
        for position in (0, 1, 15, 16, 63, 64, 100):
            rows = [position] * 3
            short = s.state(cpu, queries, rows, [0, position + 1])
            assert [bits(x) for x in s.state(cpu, queries, rows)] == [bits(x) for x in short]


@pytest.mark.parametrize("store", STORES)
def test_what_lies_in_unused_places_changes_nothing(cpu: Kernels, store):
    """Bytes of 0xFF are NaN in every kind of cache, in its scales too."""
    for seed in range(4):
        clean, dirty = (filled(cpu, np.random.default_rng(seed), store, 75 + seed, unused=u) for u in (0, 0xFF))
        queries, positions = queries_of(np.random.default_rng(seed), clean, 9)
        for options in VARIANTS.values():
            ours = dirty.state(cpu, queries, positions, **options)
            assert [bits(x) for x in ours] == [bits(x) for x in clean.state(cpu, queries, positions, **options)]
            assert np.isfinite(ours[0]).all()


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["key", "value"])
def test_a_later_token_that_is_not_finite_leaves_earlier_rows_alone(cpu: Kernels, store, bad, where):
    rng = np.random.default_rng(0)
    s = filled(cpu, rng, store, 90, head_dim=32)
    queries, positions = rng.standard_normal((8, 32)).astype(np.float32), np.arange(82, 90)
    good = s.attend(cpu, queries, positions)
    key, value = rng.standard_normal((2, 32)).astype(np.float32)
    (key if where == "key" else value)[5] = bad
    s.write(cpu, 83, key, value)
    assert bits(s.attend(cpu, queries, positions)[:1]) == bits(good[:1])


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("where", ["key", "value"])
def test_a_key_outside_the_window_may_be_anything(cpu: Kernels, store, where):
    rng = np.random.default_rng(0)
    s = filled(cpu, rng, store, 90, head_dim=32)
    queries = rng.standard_normal((3, 32)).astype(np.float32)
    good = s.attend(cpu, queries, [89] * 3, window=10)
    key, value = rng.standard_normal((2, 32)).astype(np.float32)
    (key if where == "key" else value)[5] = np.nan
    s.write(cpu, 70, key, value)
    assert bits(s.attend(cpu, queries, [89] * 3, window=10)) == bits(good)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("where", ["key", "value"])
def test_a_nan_that_is_seen_shows(cpu: Kernels, store, where):
    """Wherever it lies among the 64 keys of a step, and whatever follows."""
    rng = np.random.default_rng(0)
    s = filled(cpu, rng, store, 150, head_dim=16)
    queries = rng.standard_normal((3, 16)).astype(np.float32)
    lost = []
    for place in range(150):
        good, bad = np.full(16, 0.5, np.float32), np.full(16, np.nan, np.float32)
        s.write(cpu, place, bad if where == "key" else good, bad if where == "value" else good)
        if not np.isnan(s.attend(cpu, queries, [149, max(place, 140), place])).all():
            lost.append(place)
        s.write(cpu, place, good, good)
    assert not lost
