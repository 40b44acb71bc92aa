"""Transforms of encoded tensors, against what they mean."""

import ml_dtypes
import numpy as np
import pytest
from tests.support.tiny_models import tiny_config

from zaphod.compute.quant import EncodedTensor, Int8, format_named
from zaphod.core.errors import ConfigError
from zaphod.model.files.names import Transform
from zaphod.model.files.transforms import join_rows, join_slices, row_major, their_shape, to_ours, to_theirs

CONFIG = tiny_config("mixtral", num_heads=4, num_kv_heads=2, head_dim=8)
RNG = np.random.default_rng(0)


def encoded(shape, name="float32") -> EncodedTensor:
    number_format = format_named(name)
    return EncodedTensor(shape, number_format, number_format.encode(RNG.standard_normal(shape, np.float32)))


def rotate_half(x, angle):
    first, second = np.split(x, 2)
    return np.concatenate(
        [first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)]
    )


def rotate_neighbours(x, angle):
    first, second = x[0::2], x[1::2]
    turned = np.stack([first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)])
    return turned.T.ravel()


def test_interleaved_rows_score_alike_under_the_other_rope():
    weight, x = encoded((32, 64)), RNG.standard_normal(64)
    theirs = to_theirs(Transform.INTERLEAVE_QUERIES, weight, CONFIG).decode()
    angles = RNG.uniform(0, 3, (2, 4))
    for head in range(4):
        rows = slice(8 * head, 8 * head + 8)
        q, k = (rotate_half(weight.decode()[rows] @ x, angle) for angle in angles)
        q_theirs, k_theirs = (rotate_neighbours(theirs[rows] @ x, angle) for angle in angles)
        assert q @ k == pytest.approx(q_theirs @ k_theirs, rel=1e-5)


@pytest.mark.parametrize("name", ["float32", "bfloat16", "int8", "int8-channel", "int4", "q8_0", "q4_0"])
@pytest.mark.parametrize("transform", [Transform.INTERLEAVE_QUERIES, Transform.INTERLEAVE_KEYS, Transform.COPY])
def test_reading_undoes_writing_in_every_format(transform, name):
    before = encoded((32, 64), name)
    after = to_ours(transform, to_theirs(transform, before, CONFIG), CONFIG)
    assert all(np.array_equal(after.parts[part], before.parts[part]) for part in before.parts)


@pytest.mark.parametrize("name", ["float32", "int8", "int4", "q8_0"])
def test_halves_join_again(name):
    fused = encoded((6, 64), name)
    halves = [to_ours(half, fused, CONFIG) for half in (Transform.FIRST_HALF, Transform.SECOND_HALF)]
    np.testing.assert_array_equal(halves[0].decode(), fused.decode()[:3])
    joined = join_rows([to_theirs(Transform.FIRST_HALF, half, CONFIG) for half in halves])
    assert joined.shape == (6, 64)
    np.testing.assert_array_equal(joined.decode(), fused.decode())


def test_the_official_layout_is_transposed_without_touching_a_value():
    number_format = Int8(16, "bfloat16", input_axis=-2)
    stored = EncodedTensor((64, 6), number_format, number_format.encode(RNG.standard_normal((64, 6), np.float32)))
    ours = to_ours(Transform.TRANSPOSE, stored, CONFIG)
    assert ours.format.name == "int8:block=16,scales=bfloat16,axis=-1"
    assert ours.parts["scales"].dtype == ml_dtypes.bfloat16
    assert np.shares_memory(ours.parts["weight"], stored.parts["weight"])
    np.testing.assert_array_equal(ours.decode(), stored.decode().T)
    np.testing.assert_array_equal(to_theirs(Transform.TRANSPOSE, ours, CONFIG).decode(), stored.decode())


@pytest.mark.parametrize("dtype", ["int8", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(24, 16), (16, 7), (3, 8), (1, 8)])
def test_a_transposed_matrix_is_laid_out_row_by_row(shape, dtype):
    stored = RNG.integers(-100, 100, shape).astype(dtype)
    part = row_major(EncodedTensor(shape[::-1], format_named("float32"), {"values": stored.T})).parts["values"]
    assert part.flags.c_contiguous
    assert part.dtype == stored.dtype
    np.testing.assert_array_equal(part, stored.T)


def test_rows_that_lie_in_a_file_stay_there(tmp_path):
    np.arange(64, dtype=np.int8).tofile(tmp_path / "data")
    mapped = np.memmap(tmp_path / "data", np.int8, "r", 3, (6, 8))
    tensor = EncodedTensor((6, 8), format_named("float32"), {"values": mapped})
    assert np.shares_memory(row_major(tensor).parts["values"], mapped)
    np.testing.assert_array_equal(
        row_major(EncodedTensor((8, 6), tensor.format, {"values": mapped.T})).parts["values"], mapped.T
    )


def test_tensor_parallel_slices_join_along_their_axis():
    slices = [encoded((3, 4)), encoded((3, 4))]
    assert join_slices(slices, 1).shape == (3, 8)
    np.testing.assert_array_equal(join_slices(slices, 0).decode()[3:], slices[1].decode())
    assert join_slices(slices[:1], 0) is slices[0]


def test_shapes_of_their_tensors():
    assert their_shape(Transform.TRANSPOSE, (4, 3, 2)) == (4, 2, 3)
    assert their_shape(Transform.FIRST_HALF, (4, 3, 2)) == (4, 6, 2)
    assert their_shape(Transform.INTERLEAVE_KEYS, (3, 2)) == (3, 2)


def test_packed_blocks_cannot_be_transposed():
    with pytest.raises(ConfigError, match="q8_0"):
        to_ours(Transform.TRANSPOSE, encoded((4, 32), "q8_0"), CONFIG)


def test_rows_of_an_input_major_tensor_cannot_be_reordered():
    number_format = Int8(16, "bfloat16", input_axis=-2)
    stored = EncodedTensor((32, 32), number_format, number_format.encode(RNG.standard_normal((32, 32), np.float32)))
    with pytest.raises(ConfigError, match="row by row"):
        to_ours(Transform.INTERLEAVE_KEYS, stored, CONFIG)
