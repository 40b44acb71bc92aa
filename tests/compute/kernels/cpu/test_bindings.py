"""Sizes that do not fit are refused before anything is read: a wrong index would read elsewhere in memory."""

import numpy as np
import pytest
from tests.compute.kernels.cpu.native import FORMATS, SOURCES, STORES, Kernels, head_bytes

from zaphod.compute.kernels import dispatch

pytestmark = pytest.mark.skipif(dispatch.why_not() is not None, reason=f"native kernels: {dispatch.why_not()}")


def tiles(rows: int, cols: int, format_: str = "f32") -> np.ndarray:
    return np.zeros(dispatch.native().tiles_bytes(FORMATS[format_], rows, cols), np.uint8)


def numbers(count: int) -> np.ndarray:
    return np.zeros(count, np.uint8)


def test_a_matrix_needs_tiles_of_its_size():
    native = dispatch.native()
    assert native.Matrix(FORMATS["f32"], 17, 5, tiles(17, 5)).num_bytes == 2 * 5 * 64
    with pytest.raises(ValueError, match="another size"):
        native.Matrix(FORMATS["f32"], 17, 6, tiles(17, 5))
    with pytest.raises(ValueError, match="unknown format"):
        native.Matrix(4, 17, 5, tiles(17, 5))
    with pytest.raises(ValueError, match="one scale a row"):
        native.Matrix(FORMATS["q8"], 17, 5, tiles(17, 5, "q8"), np.ones(17, np.float32))


def test_a_product_needs_the_columns_of_its_matrix():
    native = dispatch.native()
    w = native.Matrix(FORMATS["f32"], 3, 5, tiles(3, 5))
    assert native.matmul(w, np.ones((2, 5), np.float32)).shape == (2, 3)
    with pytest.raises(ValueError, match="columns"):
        native.matmul(w, np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match="abacus"):
        native.matmul(w, np.ones((2, 5), np.float32), isa="abacus")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_product_of_several_threads_is_the_same(threads):
    native, rng = dispatch.native(), np.random.default_rng(0)
    values, x = rng.standard_normal((75, 40)).astype(np.float32), rng.standard_normal((7, 40)).astype(np.float32)
    packed = tiles(75, 40)
    native.pack_into(FORMATS["f32"], SOURCES["f32"], values.reshape(-1).view(np.uint8), None, 75, 40, packed)
    w = native.Matrix(FORMATS["f32"], 75, 40, packed)
    np.testing.assert_array_equal(native.matmul(w, x, threads=threads), native.matmul(w, x))


@pytest.mark.parametrize(
    ("format_", "source", "size", "scales", "cols", "message"),
    [
        ("q8", "q4_0", 18, None, 32, "cannot be packed"),
        ("f32", "q8_0", 34, None, 32, "cannot be packed"),
        ("q8", "f32", 128, None, 32, "cannot be packed"),
        ("q4", "q4_0", 18, None, 33, "multiple of 32"),
        ("q4", "q4_0", 17, None, 32, "another size"),
        ("q4", "int4", 16, None, 32, "float16 scale"),
        ("q8", "int8", 32, 1, 32, "float16 scale"),
        ("q8", "int8_row", 32, 2, 32, "float16 scale"),
        ("f32", "f32", 127, None, 32, "another size"),
    ],
)
def test_numbers_that_do_not_fit_their_matrix_are_not_packed(format_, source, size, scales, cols, message):
    with pytest.raises(ValueError, match=message):
        dispatch.native().pack_into(
            FORMATS[format_],
            SOURCES[source],
            numbers(size),
            None if scales is None else numbers(scales),
            1,
            cols,
            tiles(1, cols, format_),
        )


def test_packing_needs_room():
    with pytest.raises(ValueError, match="tiles have another size"):
        dispatch.native().pack_into(FORMATS["f32"], SOURCES["f32"], numbers(40), None, 1, 10, numbers(639))


def test_an_instruction_set_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="abacus"):
        dispatch.native().choose("abacus")


def test_a_cache_needs_blocks_of_16_and_heads_of_even_size():
    assert head_bytes("f16", 10, 16) == -(-(16 * 10 * 2 + 16 * 16 * 2) // 64) * 64
    with pytest.raises(ValueError, match="multiple of 16"):
        head_bytes("f16", 10, 24)
    with pytest.raises(ValueError, match="even"):
        head_bytes("f16", 11, 16)


def test_attention_reads_only_blocks_that_exist(cpu: Kernels):
    cache, query = np.zeros((2, head_bytes("f32", 4, 16)), np.uint8), np.zeros((1, 4), np.float32)
    with pytest.raises(ValueError, match="no such block"):
        cpu.attend(STORES["f32"], 16, cache, [0, 2], [0, 20], query, [3], 1.0, 0.0, 0, 0)
    with pytest.raises(ValueError, match="too few blocks"):
        cpu.attend(STORES["f32"], 16, cache, [0, 1], [0, 33], query, [3], 1.0, 0.0, 0, 0)
