import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zaphod.compute.quant import BFLOAT16, FLOAT16, FLOAT32, GGML_FORMATS, GGML_TYPES, EncodedTensor
from zaphod.core.errors import ConfigError, WeightsError

WRITABLE = [GGML_FORMATS["q4_0"], GGML_FORMATS["q8_0"]]
READ_ONLY = [each for each in GGML_FORMATS.values() if each not in WRITABLE]

# Where the float16 fields of a block begin, in bytes.
FLOAT16_FIELDS = {
    "q4_0": [0],
    "q4_1": [0, 2],
    "q5_0": [0],
    "q5_1": [0, 2],
    "q8_0": [0],
    "q2_k": [80, 82],
    "q3_k": [108],
    "q4_k": [0, 2],
    "q5_k": [0, 2],
    "q6_k": [208],
}

EACH = pytest.mark.parametrize("number_format", GGML_FORMATS.values(), ids=str)
EACH_WRITABLE = pytest.mark.parametrize("number_format", WRITABLE, ids=str)


def theirs(number_format):
    return gguf.GGMLQuantizationType[number_format.name.upper()]


def random_blocks(number_format, lead, blocks_per_row=2, seed=0, widest=65504):
    """Random bytes [*lead, row bytes] whose float16 fields are finite, of every size, denormal ones included."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (*lead, blocks_per_row, number_format.block_bytes), np.uint8)
    for start in FLOAT16_FIELDS[number_format.name]:
        scales = rng.integers(0, 1 << 16, (*lead, blocks_per_row), np.uint16).view(np.float16)
        scales = np.where(np.abs(scales) <= widest, scales, np.float16(0.01))
        blocks[..., start : start + 2] = scales[..., None].view(np.uint8)
    return blocks.reshape(*lead, -1)


def tensor_of(number_format, blocks):
    row = blocks.shape[-1] // number_format.block_bytes * number_format.block_size
    return EncodedTensor((*blocks.shape[:-1], row), number_format, {"blocks": blocks})


def encoded(number_format, values):
    return EncodedTensor(values.shape, number_format, number_format.encode(values))


@EACH
def test_types_and_sizes_are_those_of_gguf(number_format):
    assert number_format.ggml_type == theirs(number_format).value
    sizes = gguf.constants.GGML_QUANT_SIZES[theirs(number_format)]
    assert (number_format.block_size, number_format.block_bytes) == sizes


def test_every_type_number_leads_to_its_format():
    plain = {0: FLOAT32, 1: FLOAT16, 30: BFLOAT16}
    assert dict(GGML_TYPES) == plain | {each.ggml_type: each for each in GGML_FORMATS.values()}
    assert [gguf.GGMLQuantizationType(number).name for number in plain] == ["F32", "F16", "BF16"]


@EACH
@given(seed=st.integers(0, 2**32 - 1))
def test_random_blocks_decode_as_in_gguf(number_format, seed):
    blocks = random_blocks(number_format, (3, 2), seed=seed)
    np.testing.assert_array_equal(tensor_of(number_format, blocks).decode(), dequantize(blocks, theirs(number_format)))


@EACH
def test_more_values_than_are_decoded_at_once_decode_as_in_gguf(number_format):
    blocks = random_blocks(number_format, (3,), blocks_per_row=300_000 // number_format.block_size)
    np.testing.assert_array_equal(tensor_of(number_format, blocks).decode(), dequantize(blocks, theirs(number_format)))


@EACH
def test_mapped_stacks_decode_whole_and_by_the_piece(number_format, tmp_path):
    blocks = random_blocks(number_format, (4, 3))
    blocks.tofile(tmp_path / "blocks")
    stack = tensor_of(number_format, np.memmap(tmp_path / "blocks", np.uint8, "r", shape=blocks.shape))
    whole = stack.decode()
    assert isinstance(stack[2].parts["blocks"], np.memmap)
    np.testing.assert_array_equal(stack[2].decode(), whole[2])
    np.testing.assert_array_equal(stack[2][1].decode(), whole[2, 1])


@EACH
def test_part_specs_are_the_bytes_of_the_blocks(number_format):
    blocks = random_blocks(number_format, (4, 3))
    tensor = tensor_of(number_format, blocks)
    (spec,) = number_format.part_specs(tensor.shape).values()
    assert (spec.dtype, spec.shape) == (blocks.dtype, blocks.shape)
    assert number_format.num_bytes(tensor.shape) == tensor.num_bytes == blocks.nbytes


@EACH
def test_a_row_that_is_not_whole_blocks_is_refused(number_format):
    for shape in [(4, number_format.block_size + 16), (number_format.block_size - 1,), ()]:
        with pytest.raises(ConfigError, match=rf"multiple of {number_format.block_size}\.\nUse bfloat16"):
            number_format.part_specs(shape)


@EACH
def test_zero_blocks_are_zeros(number_format):
    blocks = np.zeros((2, number_format.block_bytes), np.uint8)
    assert not tensor_of(number_format, blocks).decode().any()


@EACH
def test_an_empty_tensor_has_no_values(number_format):
    assert tensor_of(number_format, np.zeros((3, 0), np.uint8)).decode().shape == (3, 0)


@pytest.mark.parametrize("number_format", READ_ONLY, ids=str)
def test_a_format_that_is_only_read_names_those_that_are_written(number_format):
    assert not number_format.can_encode
    with pytest.raises(ConfigError, match="q4_0 and q8_0"):
        number_format.encode(np.zeros((1, 256), np.float32))


# Below 1e-36 the reciprocal of a scale may overflow, and `gguf` warns and writes codes of no meaning.
weights = st.just(0.0) | st.floats(-500000, 500000, width=32).filter(lambda value: value == 0 or abs(value) > 1e-36)


@EACH_WRITABLE
@given(values=hnp.arrays(np.float32, st.sampled_from([(32,), (3, 64), (2, 2, 32)]), elements=weights))
def test_values_are_encoded_bit_for_bit_as_in_gguf(number_format, values):
    np.testing.assert_array_equal(number_format.encode(values)["blocks"], quantize(values, theirs(number_format)))


@EACH_WRITABLE
@pytest.mark.parametrize("magnitude", [1e-30, 1e-6, 0.02, 1, 60000])
def test_ordinary_weights_are_encoded_bit_for_bit_as_in_gguf(number_format, magnitude):
    values = np.random.default_rng(2).standard_normal((64, 8192)).astype(np.float32) * np.float32(magnitude)
    np.testing.assert_array_equal(number_format.encode(values)["blocks"], quantize(values, theirs(number_format)))


@EACH_WRITABLE
def test_halves_and_ties_are_rounded_as_in_gguf(number_format):
    values = np.resize(np.arange(-127, 128, dtype=np.float32) / 2, (255, 32))
    values[:, 0] = 127
    np.testing.assert_array_equal(number_format.encode(values)["blocks"], quantize(values, theirs(number_format)))


@EACH_WRITABLE
@given(values=hnp.arrays(np.float32, (2, 64), elements=st.floats(-(2.0**-120), 2.0**-120, width=32)))
def test_values_too_small_for_a_scale_become_zeros(number_format, values):
    assert not encoded(number_format, values).decode().any()


@EACH_WRITABLE
def test_a_scale_beyond_float16_is_refused(number_format):
    with pytest.raises(WeightsError, match=rf"{number_format.name}.*float16"):
        number_format.encode(np.full((1, 32), 1e8, np.float32))


@EACH_WRITABLE
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(number_format, bad):
    values = np.zeros((2, 32), np.float32)
    values[0, 31] = bad
    with pytest.raises(WeightsError, match="1 of 64 values"):
        number_format.encode(values)


@EACH_WRITABLE
def test_values_of_an_unsuitable_shape_are_refused(number_format):
    with pytest.raises(ConfigError, match="multiple of 32"):
        number_format.encode(np.zeros((32, 16), np.float32))


@EACH
def test_blocks_cannot_be_transposed(number_format):
    with pytest.raises(ConfigError, match=f"{number_format.name} cannot be transposed"):
        tensor_of(number_format, random_blocks(number_format, (4,))).transposed()
