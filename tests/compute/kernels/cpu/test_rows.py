"""Norms, sums, rotary embedding and caps of single rows against float64."""

import numpy as np
import pytest
import torch
from tests.compute.kernels.cpu.native import ACTIVATIONS, UNIT, Kernels, gamma, rounds

from zaphod.compute.kernels import reference

SIZES = (1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 100, 1000)


def row(rng: np.random.Generator, n: int, scale: float = 1.0) -> np.ndarray:
    return (rng.standard_normal(n) * scale).astype(np.float32)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1e-3, 1.0, 1e3, 1e17])
def test_rms_norm_is_exact_but_for_rounding(cpu: Kernels, n, scale):
    for rng in rounds(3):
        x, weight = row(rng, n, scale), row(rng, n)
        x64 = x.astype(np.float64)
        exact = x64 / np.sqrt((x64**2).mean() + np.float32(1e-5)) * weight
        # Squares are added up in 64 sums; a denormal square is off by 2^-149, which is nothing beside 1e-5.
        bound = gamma(n // 64 + 18) * np.abs(exact) + 2.0**-148
        assert (np.abs(cpu.rms_norm(x, weight, 1e-5) - exact) <= bound).all()


def test_rms_norm_overflows_where_the_reference_does(cpu: Kernels):
    x, weight = np.full(70, 1e30, np.float32), np.ones(70, np.float32)
    wanted = reference.rms_norm(torch.from_numpy(x), torch.from_numpy(weight), 1e-5)
    np.testing.assert_array_equal(cpu.rms_norm(x, weight, 1e-5), wanted.numpy())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_norm_of_what_is_not_finite_is_not_finite(cpu: Kernels, bad):
    for n in SIZES:
        x = np.ones(n, np.float32)
        x[n // 2] = bad
        assert np.isnan(cpu.rms_norm(x, np.ones(n, np.float32), 1e-5)[n // 2])


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("scale", [1e-38, 1.0, 1e30])
def test_scaled_rows_are_added(cpu: Kernels, n, scale):
    for rng in rounds(3):
        x, y, factor = row(rng, n, scale), row(rng, n, scale), np.float32(rng.standard_normal())
        term = np.float64(factor) * y
        bound = 2 * UNIT * (np.abs(x) + 2 * np.abs(term)) + 2.0**-149
        assert (np.abs(cpu.add_scaled(x, y, factor) - (x + term)) <= bound).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("n", SIZES)
def test_a_gate_multiplies_what_comes_up(cpu: Kernels, name, n):
    for rng in rounds(3):
        gate, up = row(rng, n, 3.0), row(rng, n)
        alone = cpu.gate(ACTIVATIONS[name], gate, np.ones(n, np.float32))
        np.testing.assert_array_equal(cpu.gate(ACTIVATIONS[name], gate, up), alone * up)
        wanted = reference.activate(torch.from_numpy(gate).double(), name).numpy()
        assert (np.abs(alone - wanted) <= 40 * UNIT * np.maximum(np.abs(gate), 1e-30)).all()


@pytest.mark.parametrize("half", [1, 4, 8, 15, 16, 17, 32, 33, 64, 100])
def test_rotation_turns_pairs_that_lie_half_a_head_apart(cpu: Kernels, half):
    for rng in rounds(3):
        x, angle = row(rng, 2 * half), rng.uniform(-100, 100, half)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        exact = np.concatenate(
            (
                x[:half] * np.float64(cos) - x[half:] * np.float64(sin),
                x[half:] * np.float64(cos) + x[:half] * np.float64(sin),
            )
        )
        size = np.abs(x[:half]) + np.abs(x[half:])
        assert (np.abs(cpu.rotate(x, cos, sin) - exact) <= 2 * UNIT * np.tile(size, 2)).all()


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("cap", [0.5, 30.0, 1e4])
def test_caps_are_those_of_the_definition(cpu: Kernels, n, cap):
    for rng in rounds(3):
        x = row(rng, n, cap)
        exact = cap * np.tanh(1.7 * x.astype(np.float64) / cap)
        # The argument is off by 3 roundings, which never grow; tanh by 3 units, the product by 1.
        bound = 10 * UNIT * np.abs(exact) + 3 * UNIT * np.abs(1.7 * x)
        assert (np.abs(cpu.scale_and_cap(x, 1.7, cap) - exact) <= bound).all()


def test_without_a_cap_numbers_are_only_scaled(cpu: Kernels):
    for n in SIZES:
        x = row(np.random.default_rng(n), n, 1e30)
        np.testing.assert_array_equal(cpu.scale_and_cap(x, 0.25, 0.0), x * np.float32(0.25))


def test_a_number_that_is_not_finite_leaves_its_neighbours_alone(cpu: Kernels):
    rng = np.random.default_rng(0)
    for n in (17, 40):
        x, y = row(rng, n), row(rng, n)
        operations = {
            "add": lambda x, y=y: cpu.add_scaled(x, y, 2.0),
            "cap": lambda x: cpu.scale_and_cap(x, 2.0, 3.0),
            **{name: (lambda x, y=y, k=k: cpu.gate(k, x, y)) for name, k in ACTIVATIONS.items()},
        }
        for operation in operations.values():
            good, x_bad = operation(x), x.copy()
            x_bad[n // 2] = np.nan
            ours = operation(x_bad)
            assert np.flatnonzero(np.isnan(ours)).tolist() == [n // 2]
            np.testing.assert_array_equal(np.delete(ours, n // 2), np.delete(good, n // 2))
