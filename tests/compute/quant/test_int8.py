import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zaphod.compute.quant import EncodedTensor, Int8
from zaphod.core.errors import ConfigError, WeightsError

formats = st.builds(
    Int8,
    st.sampled_from([None, 1, 4, 8]),
    st.sampled_from(["float32", "float16", "bfloat16"]),
    st.sampled_from([-1, -2]),
)
shapes = st.sampled_from([(8, 8), (3, 16, 8), (2, 2, 8, 16), (1, 8)])
EVERY_MAGNITUDE = st.floats(-60000, 60000, width=32)


def encoded(number_format, values):
    return EncodedTensor(values.shape, number_format, number_format.encode(values))


def scale_of_each(tensor):
    """The scale of every value, in the tensor's shape."""
    axis = tensor.format.input_axis
    scales = tensor.parts["scales"].astype(np.float64)
    return np.repeat(scales, tensor.shape[axis] // scales.shape[axis], axis=axis)


def draw_values(data, number_format, elements):
    suitable = shapes.filter(lambda shape: shape[number_format.input_axis] % (number_format.block_size or 1) == 0)
    return data.draw(hnp.arrays(np.float32, suitable, elements=elements))


@given(number_format=formats, data=st.data())
def test_no_value_moves_by_more_than_half_a_scale(number_format, data):
    values = draw_values(data, number_format, EVERY_MAGNITUDE)
    tensor = encoded(number_format, values)
    error = np.abs(tensor.decode().astype(np.float64) - values)
    half_scale = scale_of_each(tensor) / 2
    rounding = 2e-7 * np.abs(values)
    assert (error <= half_scale + rounding).all()


@given(number_format=formats, data=st.data())
def test_encoding_what_was_decoded_changes_nothing(number_format, data):
    values = draw_values(data, number_format, st.floats(-100, 100, width=32))
    once = encoded(number_format, values).decode()
    twice = encoded(number_format, once).decode()
    np.testing.assert_allclose(twice, once, rtol=0.01, atol=1e-6)


@given(number_format=formats, data=st.data())
def test_num_bytes_and_part_specs_are_those_of_the_parts(number_format, data):
    tensor = encoded(number_format, draw_values(data, number_format, EVERY_MAGNITUDE))
    specs = number_format.part_specs(tensor.shape)
    assert tensor.num_bytes == number_format.num_bytes(tensor.shape)
    assert {name: (part.dtype, part.shape) for name, part in tensor.parts.items()} == {
        name: (spec.dtype, spec.shape) for name, spec in specs.items()
    }


@given(number_format=formats, data=st.data())
def test_a_transposed_tensor_has_the_same_numbers_and_memory(number_format, data):
    tensor = encoded(number_format, draw_values(data, number_format, EVERY_MAGNITUDE))
    turned = tensor.transposed()
    np.testing.assert_array_equal(turned.decode(), tensor.decode().swapaxes(-1, -2))
    assert np.shares_memory(turned.parts["weight"], tensor.parts["weight"])
    assert turned.transposed().format.name == number_format.name


def test_values_are_weights_times_scales():
    parts = {"weight": np.array([[1, -2, 3, 127]], np.int8), "scales": np.array([[0.5, 2]], np.float16)}
    np.testing.assert_array_equal(Int8(2).decode(parts, (1, 4)), [[0.5, -1, 6, 254]])


def test_blocks_run_down_the_columns_of_official_files():
    parts = {"weight": np.array([[1], [2], [3], [4]], np.int8), "scales": np.array([[10], [100]], np.float32)}
    official = Int8(2, "float32", input_axis=-2)
    np.testing.assert_array_equal(official.decode(parts, (4, 1)), [[10], [20], [300], [400]])


def test_zeros_stay_zeros():
    tensor = encoded(Int8(32), np.zeros((2, 64), np.float32))
    assert not tensor.decode().any()


@pytest.mark.parametrize("scale_dtype", ["float32", "float16", "bfloat16"])
def test_the_smallest_values_do_not_clip(scale_dtype):
    values = np.float32(1e-5) * np.linspace(-1, 1, 32, dtype=np.float32)[None]
    tensor = encoded(Int8(32, scale_dtype), values)
    assert (np.abs(tensor.decode() - values) <= scale_of_each(tensor) / 2 + 1e-12).all()


def test_denormal_values_survive_a_float32_scale_within_half_a_step():
    values = np.array([[190, -64, 1, 0]], np.float32) * np.float32(2**-149)
    tensor = encoded(Int8(None, "float32"), values)
    assert (np.abs(tensor.decode().astype(np.float64) - values) <= scale_of_each(tensor) / 2).all()


def test_a_scale_beyond_its_dtype_is_refused():
    values = np.full((1, 32), 1e7, np.float32)
    with pytest.raises(WeightsError, match=r"78740.*float16"):
        Int8(32).encode(values)
    np.testing.assert_allclose(encoded(Int8(32, "bfloat16"), values).decode(), values, rtol=0.01)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    values = np.zeros((2, 32), np.float32)
    values[1, 3] = bad
    with pytest.raises(WeightsError, match=r"1 of 64 values.*\n.*int8"):
        Int8(32).encode(values)


@pytest.mark.parametrize("number_format", [Int8(None, "float32"), Int8(32), Int8(None, "float32", -2)], ids=str)
def test_an_axis_of_no_inputs_has_no_values(number_format):
    values = np.zeros((0, 3) if number_format.input_axis == -2 else (3, 0), np.float32)
    tensor = encoded(number_format, values)
    assert tensor.decode().shape == values.shape
    assert tensor.num_bytes == number_format.num_bytes(values.shape)


def test_an_input_axis_that_cannot_be_cut_is_refused():
    with pytest.raises(ConfigError, match=r"33 .*blocks of 32(.|\n)*int8-channel"):
        Int8(32).part_specs((4, 33))


def test_a_vector_is_refused():
    with pytest.raises(ConfigError, match="must be a matrix"):
        Int8(32).part_specs((32,))


@pytest.mark.parametrize("block_size", [0, -32])
def test_a_block_holds_at_least_one_input(block_size):
    with pytest.raises(ConfigError, match="at least one input"):
        Int8(block_size)
