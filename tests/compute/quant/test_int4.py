import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import EncodedTensor, Int4
from zaphod.compute.quant.int4 import encode_groups
from zaphod.core.errors import ConfigError, WeightsError

INT4 = Int4()
matrices = hnp.arrays(
    np.float32,
    st.sampled_from([(1, 32), (3, 64), (2, 2, 32)]),
    elements=st.floats(-60000, 60000, width=32),
)


def encoded(values):
    return EncodedTensor(values.shape, INT4, INT4.encode(values))


def largest_magnitude(values):
    groups = np.abs(values.reshape(-1, 32)).max(-1, keepdims=True)
    return np.broadcast_to(groups, (len(groups), 32)).reshape(values.shape)


@given(values=matrices)
def test_no_value_moves_by_more_than_three_tenths_of_the_largest(values):
    # The narrowest scale tried is a tenth of the largest magnitude; its codes reach 0.7 of that on the far side.
    error = np.abs(encoded(values).decode() - values)
    assert (error <= 0.301 * largest_magnitude(values) + 8 * 2.0**-24).all()


@given(values=matrices)
def test_num_bytes_and_part_specs_are_those_of_the_parts(values):
    tensor = encoded(values)
    specs = INT4.part_specs(values.shape)
    assert tensor.num_bytes == INT4.num_bytes(values.shape) == values.size * 4.5 / 8
    assert {name: (part.dtype, part.shape) for name, part in tensor.parts.items()} == {
        name: (spec.dtype, spec.shape) for name, spec in specs.items()
    }


def test_the_first_of_two_values_sits_in_the_low_half_of_a_byte():
    weight = np.full((1, 16), 0x88, np.uint8)
    weight[0, 0] = 0xF0
    decoded = INT4.decode({"weight": weight, "scales": np.array([[0.5]], np.float16)}, (1, 32))
    np.testing.assert_array_equal(decoded[0], [-4, 3.5] + [0] * 30)


def test_values_on_the_grid_come_back_exactly():
    values = np.resize(np.arange(-8, 8, dtype=np.float32), (2, 64)) * np.float32(0.25)
    np.testing.assert_array_equal(encoded(values).decode(), values)


def test_searching_for_a_scale_is_no_worse_than_the_plain_one():
    values = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    groups = values.reshape(-1, 32)
    extreme = np.take_along_axis(groups, np.abs(groups).argmax(-1)[:, None], axis=-1)
    scales = (extreme / -8).astype(np.float16).astype(np.float32)
    plain = np.clip(np.rint(groups / scales), -8, 7) * scales
    searched = encoded(values).decode().reshape(-1, 32)
    assert (((searched - groups) ** 2).sum(-1) <= ((plain - groups) ** 2).sum(-1) * (1 + 1e-6)).all()


def test_zeros_stay_zeros():
    assert not encoded(np.zeros((2, 64), np.float32)).decode().any()


def test_values_too_small_for_a_scale_become_zeros():
    assert not encoded(np.full((1, 32), 1e-40, np.float32)).decode().any()


def test_a_scale_beyond_float16_is_refused():
    with pytest.raises(WeightsError, match="float16"):
        INT4.encode(np.full((1, 32), 1e6, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    values = np.zeros((1, 32), np.float32)
    values[0, 3] = bad
    with pytest.raises(WeightsError, match="1 of 32 values"):
        INT4.encode(values)


@pytest.mark.parametrize("shape", [(32,), (4, 48)])
def test_a_shape_that_does_not_suit_is_refused(shape):
    with pytest.raises(ConfigError, match=r"multiple of 32(.|\n)*int8-channel"):
        INT4.part_specs(shape)


def test_a_tensor_of_packed_groups_cannot_be_transposed():
    with pytest.raises(ConfigError, match="int4 cannot be transposed"):
        encoded(np.zeros((2, 32), np.float32)).transposed()


def test_one_expert_of_a_stack_decodes_by_itself():
    values = np.random.default_rng(1).standard_normal((3, 4, 32)).astype(np.float32)
    stack = encoded(values)
    np.testing.assert_array_equal(stack[1].decode(), stack.decode()[1])


@pytest.fixture
def encode_natively():
    if not dispatch.native_is_available():
        pytest.skip("the kernels are not compiled")

    def encode(groups):
        packed, scales = np.zeros((len(groups), 16), np.uint8), np.zeros(len(groups), np.float16)
        if not dispatch.native().encode_int4(groups.reshape(-1), packed.reshape(-1), scales.view(np.uint16)):
            return None
        return packed, scales

    return encode


def assert_same_bits(groups, encode_natively):
    want, found = encode_groups(groups), encode_natively(groups)
    assert np.array_equal(found[0], want[0])
    assert np.array_equal(found[1].view(np.uint16), want[1].view(np.uint16))


@pytest.mark.parametrize("size", [1e-9, 3e-7, 1e-5, 0.02, 1.0, 300.0, 50000.0])
def test_the_compiled_encoder_gives_the_bits_of_the_definition(size, encode_natively):
    rng = np.random.default_rng(3)
    for values in (rng.standard_normal((4000, 32), np.float32), rng.standard_t(2, (4000, 32)).clip(-9, 9)):
        assert_same_bits((values * size).astype(np.float32), encode_natively)


def test_the_compiled_encoder_gives_the_same_bits_for_equal_values_and_halves(encode_natively):
    rng = np.random.default_rng(4)
    # Few different values: ties for the largest magnitude, codes exactly between two whole numbers, equal errors.
    assert_same_bits(rng.integers(-4, 5, (5000, 32)).astype(np.float32) / 4, encode_natively)
    assert_same_bits(rng.integers(-16, 17, (5000, 32)).astype(np.float32) * np.float32(0.1), encode_natively)
    assert_same_bits(rng.choice(np.array([0.0, -0.0, 1e-40, -3e-8], np.float32), (500, 32)), encode_natively)


@given(values=hnp.arrays(np.float32, (4, 32), elements=st.floats(-400000, 400000, width=32)))
def test_the_compiled_encoder_gives_the_same_bits_for_any_values(values):
    if dispatch.native_is_available():
        packed, scales = np.zeros((4, 16), np.uint8), np.zeros(4, np.float16)
        assert dispatch.native().encode_int4(values.reshape(-1), packed.reshape(-1), scales.view(np.uint16))
        want = encode_groups(values)
        assert np.array_equal(packed, want[0])
        assert np.array_equal(scales.view(np.uint16), want[1].view(np.uint16))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_the_compiled_encoder_refuses_what_the_definition_refuses(bad, encode_natively):
    groups = np.zeros((3, 32), np.float32)
    groups[1, 31] = bad
    assert encode_natively(groups) is None


def test_the_compiled_encoder_refuses_arrays_that_do_not_go_together(encode_natively):
    with pytest.raises(ValueError, match="32 values"):
        dispatch.native().encode_int4(np.zeros(64, np.float32), np.zeros(16, np.uint8), np.zeros(2, np.uint16))
