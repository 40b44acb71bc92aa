"""Numbers in another format, row by row."""

import numpy as np
import pytest

from zaphod.compute.quant import EncodedTensor, Int8, format_named
from zaphod.compute.quant.tiled import untiled
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


@pytest.mark.parametrize("name", ["float32", "bfloat16", "int8", "int8-channel", "int4", "q8_0", "q4_0"])
def test_tiles_hold_the_bits_of_the_rows_and_the_same_error_is_measured(name, monkeypatch):
    monkeypatch.setattr(recoding, "_VALUES_AT_ONCE", 300)
    plain_error, tiled_error = ErrorSum(), ErrorSum()
    plain = recode(tensor(VALUES), format_named(name), plain_error)
    tiles = recode(tensor(VALUES), format_named(f"{name}-tiles"), tiled_error)
    assert tiled_error.relative_rms == pytest.approx(plain_error.relative_rms)
    back = recode(tiles, format_named(name), ErrorSum())
    assert all(np.array_equal(back.parts[part], plain.parts[part]) for part in plain.parts)


def test_a_new_order_loses_nothing():
    error = ErrorSum()
    before = tensor(VALUES, "q4_0")
    after = recode(before, format_named("q4_0-tiles"), error)
    assert np.array_equal(untiled(after).parts["blocks"], before.parts["blocks"])
    assert recode(after, format_named("q4_0"), error).parts["blocks"].tobytes() == before.parts["blocks"].tobytes()
    assert error.relative_rms == 0


def test_scales_too_far_apart_for_tiles_are_rounded_and_the_loss_is_measured():
    stored = Int8(32, "bfloat16")
    values = VALUES.copy()
    values[3, :32] *= 1e-9
    error = ErrorSum()
    before = EncodedTensor(values.shape, stored, stored.encode(values))
    after = recode(before, format_named(f"{stored.name}-tiles"), error)
    difference = after.decode() - before.decode()
    assert np.flatnonzero(difference.any(axis=1)).tolist() == [3]
    assert 0 < error.relative_rms == pytest.approx(np.sqrt((difference**2).sum() / (values**2).sum()), rel=0.01)
