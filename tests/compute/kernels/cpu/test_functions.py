"""exp, tanh, erf and the activations against SciPy in float64 over their whole range, in units in the last place."""

import numpy as np
import pytest
import scipy.special
from tests.compute.kernels.cpu.native import ACTIVATIONS, STORES, UNIT, Kernels, head_bytes

SMALLEST_NORMAL = 2.0**-126
# Both signs, from the smallest numbers to the largest, and densely where something happens.
SIZES = np.concatenate((np.geomspace(1e-38, 3e38, 4001), np.linspace(0, 100, 20001)))
EVERYWHERE = np.concatenate((SIZES, -SIZES)).astype(np.float32)


def units_in_the_last_place(ours: np.ndarray, exact: np.ndarray) -> np.ndarray:
    spacing = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return np.abs(ours - exact) / spacing


def exponentials(cpu: Kernels, x: np.ndarray) -> np.ndarray:
    """e^x for x <= 0, as attention computes it: the output of key j is its weight, key 0 has score 0 and weight 1."""
    head, out = np.zeros(head_bytes("f32", 64, 64), np.uint8), []
    identity = np.eye(64, dtype=np.float32)
    for part in np.pad(x, (0, -len(x) % 63)).reshape(-1, 63):
        for j in range(64):
            key = np.zeros(64, np.float32)
            key[0] = 0 if j == 0 else part[j - 1]
            cpu.write_key_value(STORES["f32"], 64, head, j, key, identity[j])
        outputs, _, _ = cpu.attend(STORES["f32"], 64, head[None, :], [0], [0, 64], identity[:1], [63], 1.0, 0.0, 0, 0)
        assert outputs[0, 0] == 1
        out.append(outputs[0, 1:])
    return np.concatenate(out)[: len(x)]


def test_exp_is_right_to_two_units_in_the_last_place(cpu: Kernels):
    x = np.concatenate((-np.geomspace(1e-30, 87.336, 3000), -np.linspace(0, 87.336, 3000))).astype(np.float32)
    assert units_in_the_last_place(exponentials(cpu, x), np.exp(x.astype(np.float64))).max() <= 2


def test_exp_is_zero_where_the_result_would_be_denormal(cpu: Kernels):
    x = np.float32([-87.33655, -87.4, -100, -104, -1e4, -1e30, -3e38])
    assert not exponentials(cpu, x).any()


def tanh(cpu: Kernels, x: np.ndarray) -> np.ndarray:
    return cpu.scale_and_cap(x, 1.0, 1.0)


def test_tanh_is_right_to_three_units_in_the_last_place(cpu: Kernels):
    exact = np.tanh(EVERYWHERE.astype(np.float64))
    assert units_in_the_last_place(tanh(cpu, EVERYWHERE), exact).max() <= 3


def test_tanh_of_what_is_not_finite(cpu: Kernels):
    x = np.float32([np.inf, -np.inf, np.nan, 0, -0.0])
    np.testing.assert_array_equal(tanh(cpu, x), np.float32([1, -1, np.nan, 0, -0.0]))


def activated(cpu: Kernels, name: str, x: np.ndarray) -> np.ndarray:
    return cpu.gate(ACTIVATIONS[name], x, np.ones_like(x))


def saturation(x: np.ndarray) -> np.ndarray:
    """Where e^-x would overflow, it stays at its largest value: x / 2^126.99 is left of what is almost 0."""
    return np.abs(x) * 2 * SMALLEST_NORMAL


def test_silu_is_right_to_four_units_in_the_last_place(cpu: Kernels):
    x = EVERYWHERE.astype(np.float64)
    exact = x * scipy.special.expit(x)
    assert (np.abs(activated(cpu, "silu", EVERYWHERE) - exact) <= 8 * UNIT * np.abs(exact) + saturation(x)).all()


def test_gelu_by_tanh_is_right_but_for_the_rounding_of_its_argument(cpu: Kernels):
    """x / (1 + e^-2u): five roundings of u are magnified by |2u|, then come exp, sum and quotient."""
    x = EVERYWHERE.astype(np.float64)
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    exact = x * scipy.special.expit(2 * u)
    bound = (8 + 5 * np.abs(2 * u)) * UNIT * np.abs(exact) + saturation(x)
    assert (np.abs(activated(cpu, "gelu_tanh", EVERYWHERE) - exact) <= bound).all()


def test_gelu_by_erf_has_the_absolute_error_of_its_erf(cpu: Kernels):
    """The formula errs by 1.5e-7, and the roundings of a sum near 1 add to it; half of it is multiplied by x."""
    x = EVERYWHERE.astype(np.float64)
    exact = x * scipy.special.ndtr(x)
    bound = (1.5e-7 + 8 * UNIT) * np.abs(x) / 2 + 2 * UNIT * np.abs(exact)
    assert (np.abs(activated(cpu, "gelu_erf", EVERYWHERE) - exact) <= bound).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_nan_are_nan_and_of_infinity_infinite(cpu: Kernels, name):
    ours = activated(cpu, name, np.float32([np.nan, np.inf]))
    np.testing.assert_array_equal(ours, np.float32([np.nan, np.inf]))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_huge_negative_numbers_are_almost_zero(cpu: Kernels, name):
    x = np.float32([-90, -1e3, -1e10, -1e30])
    assert (np.abs(activated(cpu, name, x)) <= 1e-37 * np.abs(x)).all()
