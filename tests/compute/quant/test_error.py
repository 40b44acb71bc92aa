import math

import numpy as np
import pytest

from zaphod.compute.quant import BFLOAT16, FLOAT32, GGML_FORMATS, Int4, Int8, format_named, measure
from zaphod.core.errors import ConfigError, WeightsError


@pytest.fixture
def gaussian():
    return np.random.default_rng(0).standard_normal((64, 1024)).astype(np.float32)


def test_a_format_that_keeps_everything_has_no_error(gaussian):
    error = measure(FLOAT32, gaussian)
    assert (error.relative_rms, error.max_abs, error.snr_db, error.bits_per_weight) == (0, 0, math.inf, 32)


def test_the_error_is_that_of_a_known_difference():
    # 1 + 2^-9 falls back to 1 in bfloat16; 3 stays.
    error = measure(BFLOAT16, np.array([1 + 2**-9, 3], np.float32))
    assert error.max_abs == 2**-9
    assert error.relative_rms == pytest.approx(2**-9 / math.hypot(1 + 2**-9, 3))
    assert error.snr_db == pytest.approx(-20 * math.log10(error.relative_rms))


@pytest.mark.parametrize(
    ("name", "bits"),
    [("bfloat16", 16), ("int8", 8.5), ("int8-channel", 8 + 32 / 1024), ("q8_0", 8.5), ("int4", 4.5), ("q4_0", 4.5)],
)
def test_bits_include_scales(gaussian, name, bits):
    assert measure(format_named(name), gaussian).bits_per_weight == bits


def test_more_bits_mean_less_error(gaussian):
    formats = [BFLOAT16, Int8(32), Int8(None, "float32"), Int4(), GGML_FORMATS["q4_0"]]
    errors = [measure(each, gaussian).relative_rms for each in formats]
    assert errors == sorted(errors)


def test_zeros_have_no_error():
    error = measure(Int8(32), np.zeros((2, 32), np.float32))
    assert (error.relative_rms, error.snr_db) == (0, math.inf)


def test_an_error_needs_a_value():
    with pytest.raises(ConfigError, match="no values"):
        measure(FLOAT32, np.zeros((0, 4), np.float32))


def test_what_a_format_refuses_is_refused():
    with pytest.raises(ConfigError, match="does not write"):
        measure(GGML_FORMATS["q4_k"], np.zeros((1, 256), np.float32))
    with pytest.raises(WeightsError, match="NaN"):
        measure(Int8(32), np.full((1, 32), np.nan, np.float32))
