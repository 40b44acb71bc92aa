"""Numbers in another format, row by row."""

import numpy as np
import pytest

from zaphod.compute.quant import EncodedTensor, format_named
from zaphod.core.errors import ConfigError, WeightsError
from zaphod.model.files import recoding
from zaphod.model.files.recoding import ErrorSum, recode


def tensor(values, name="float32") -> EncodedTensor:
    values = np.asarray(values, np.float32)
    number_format = format_named(name)
    return EncodedTensor(values.shape, number_format, number_format.encode(values))


VALUES = np.random.default_rng(0).standard_normal((37, 64), np.float32)


def test_a_tensor_of_the_wanted_format_is_handed_through():
    before = tensor(VALUES, "int4")
    assert recode(before, format_named("int4"), ErrorSum()) is before


@pytest.mark.parametrize("name", ["bfloat16", "int8", "int8-channel", "int4", "q8_0", "q4_0"])
def test_rows_recoded_a_few_at_a_time_are_those_recoded_at_once(name, monkeypatch):
    monkeypatch.setattr(recoding, "_VALUES_AT_ONCE", 300)
    error = ErrorSum()
    after = recode(tensor(VALUES), format_named(name), error)
    whole = format_named(name).encode(VALUES)
    assert all(np.array_equal(after.parts[part], whole[part]) for part in whole)
    difference = after.decode() - VALUES
    assert error.relative_rms == pytest.approx(np.sqrt((difference**2).sum() / (VALUES**2).sum()), rel=1e-5)


def test_widening_loses_nothing():
    error = ErrorSum()
    after = recode(tensor(VALUES, "q4_0"), format_named("float32"), error)
    np.testing.assert_array_equal(after.decode(), tensor(VALUES, "q4_0").decode())
    assert error.relative_rms == 0


def test_vectors_are_recoded_too():
    assert recode(tensor(VALUES[0], "bfloat16"), format_named("float32"), ErrorSum()).shape == (64,)


def test_zeros_have_no_error():
    error = ErrorSum()
    recode(tensor(np.zeros((2, 32))), format_named("int8"), error)
    assert error.relative_rms == 0


def test_values_that_a_format_cannot_hold_are_refused():
    with pytest.raises(WeightsError, match="NaN or infinite"):
        recode(tensor([[np.nan] * 32]), format_named("int8"), ErrorSum())


def test_a_shape_that_does_not_suit_the_format_is_refused():
    with pytest.raises(ConfigError, match="multiple of 32"):
        recode(tensor(np.ones((2, 30))), format_named("int4"), ErrorSum())
