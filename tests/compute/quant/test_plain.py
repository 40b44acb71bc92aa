import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zaphod.compute.quant import BFLOAT16, FLOAT16, FLOAT32, EncodedTensor
from zaphod.core.errors import WeightsError

TORCH_DTYPES = {FLOAT32: torch.float32, FLOAT16: torch.float16, BFLOAT16: torch.bfloat16}
FORMATS = pytest.mark.parametrize("number_format", TORCH_DTYPES, ids=str)

moderate = hnp.arrays(np.float32, hnp.array_shapes(max_side=6), elements=st.floats(-60000, 60000, width=32))


@FORMATS
@given(values=moderate)
def test_values_are_rounded_as_pytorch_rounds_them(number_format, values):
    decoded = number_format.decode(number_format.encode(values), values.shape)
    expected = torch.from_numpy(values).to(TORCH_DTYPES[number_format]).float().numpy()
    np.testing.assert_array_equal(decoded, expected)
    assert decoded.dtype == np.float32


@FORMATS
def test_num_bytes_are_those_of_the_parts(number_format):
    values = np.ones((3, 5), np.float32)
    tensor = EncodedTensor(values.shape, number_format, number_format.encode(values))
    assert tensor.num_bytes == number_format.num_bytes(values.shape) == 15 * TORCH_DTYPES[number_format].itemsize


@FORMATS
def test_nan_and_infinity_are_kept(number_format):
    values = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    np.testing.assert_array_equal(number_format.decode(number_format.encode(values), values.shape), values)


def test_a_finite_value_is_never_stored_as_infinity():
    with pytest.raises(WeightsError, match=r"70000.*float16"):
        FLOAT16.encode(np.array([1, -70000], np.float32))
    with pytest.raises(WeightsError, match="bfloat16"):
        BFLOAT16.encode(np.array([np.finfo(np.float32).max], np.float32))


@FORMATS
def test_a_transposed_tensor_shares_its_memory(number_format):
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    tensor = EncodedTensor(values.shape, number_format, number_format.encode(values))
    turned = tensor.transposed()
    assert turned.shape == (2, 4, 3)
    assert np.shares_memory(turned.parts["values"], tensor.parts["values"])
    np.testing.assert_array_equal(turned.decode(), values.swapaxes(1, 2))


def test_one_entry_of_the_leading_axis_is_a_tensor():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = EncodedTensor(values.shape, FLOAT32, FLOAT32.encode(values))
    assert tensor[1].shape == (3,)
    np.testing.assert_array_equal(tensor[1].decode(), values[1])
    with pytest.raises(IndexError, match="no leading axis"):
        tensor[1][0]
