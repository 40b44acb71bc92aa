"""Tiles: the numbers of their base, bit by bit, in the order that the compiled kernels read."""

import ml_dtypes
import numpy as np
import pytest

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import BFLOAT16, FLOAT16, FLOAT32, EncodedTensor, Int8, format_named
from zaphod.compute.quant.tiled import Tiled, tiled_form, untiled, untiled_form
from zaphod.core.errors import ConfigError

# The kernels' number for what the numbers are packed from (`ops.h`).
SOURCES = {"float32": 0, "bfloat16": 2, "q4_0": 3, "q8_0": 4, "int4": 5, "int8": 6, "int8-channel": 7}
WIDE = "int8:block=64,scales=bfloat16,axis=-1"
HALF = "int8:block=64,scales=float16,axis=-1"
ROW = "int8:block=all,scales=bfloat16,axis=-1"
SHAPES = [(2, 64), (16, 64), (17, 192), (40, 128), (3, 5, 64), (2, 33, 128)]


def random_parts(name, shape, seed=0):
    """Every code and scale that a format can hold, not only those that its encoder makes."""
    rng = np.random.default_rng(seed)
    parts = {}
    for part, spec in format_named(name).part_specs(shape).items():
        if spec.dtype.kind in "iu":
            parts[part] = rng.integers(0, 256, spec.shape).astype(np.uint8).view(spec.dtype)
        else:
            parts[part] = rng.standard_normal(spec.shape).astype(spec.dtype)
        if part == "blocks":
            # Bit 6 of a scale's second byte belongs to its exponent: without it the scale is finite.
            parts[part].reshape(-1, {"q4_0": 18, "q8_0": 34}[name])[:, 1] &= 0xBF
    return parts


def bits(array):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def tile(name, shape, parts) -> EncodedTensor:
    """A stack of matrices, tiled some rows at a time."""
    number_format = Tiled(format_named(name))
    tiles = {part: np.empty(spec.shape, spec.dtype) for part, spec in number_format.part_specs(shape).items()}
    for index in np.ndindex(shape[:-2]):
        for start in range(0, shape[-2], 16):
            rows = slice(start, min(start + 16, shape[-2]))
            number_format.fill(
                {part: array[index] for part, array in tiles.items()},
                rows,
                {part: array[index][rows] for part, array in parts.items()},
            )
    return EncodedTensor(shape, number_format, tiles)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [*SOURCES, WIDE, HALF, ROW])
def test_codes_and_scales_come_back_bit_by_bit(name, shape):
    parts = random_parts(name, shape)
    back = untiled(tile(name, shape, parts))
    assert back.format.name == name
    for part, array in parts.items():
        assert back.parts[part].dtype == array.dtype
        assert np.array_equal(bits(back.parts[part]), bits(array))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [*SOURCES, WIDE, HALF, ROW])
def test_encoding_and_decoding_are_those_of_the_base(name, shape):
    values = np.random.default_rng(1).standard_normal(shape, np.float32)
    base, number_format = format_named(name), Tiled(format_named(name))
    found = number_format.decode(number_format.encode(values), shape)
    assert np.array_equal(found, base.decode(base.encode(values), shape))
    assert number_format.num_bytes(shape) == sum(part.nbytes for part in number_format.encode(values).values())


@pytest.mark.skipif(not dispatch.native_is_available(), reason="the kernels are not compiled")
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 2])
@pytest.mark.parametrize("name", SOURCES)
def test_the_compiled_kernels_pack_the_same_bytes(name, shape):
    parts = random_parts(name, shape)
    numbers = next(parts[part] for part in ("values", "blocks", "weight") if part in parts)
    scales = bits(parts["scales"]) if name in ("int4", "int8") else None
    tiled = tile(name, shape, parts)
    kernel_format = tiled.format.kernel_format
    packed = np.zeros(dispatch.native().tiles_bytes(kernel_format, *shape), np.uint8)
    dispatch.native().pack_into(kernel_format, SOURCES[name], bits(numbers), scales, *shape, packed)
    assert np.array_equal(tiled.parts["tiles"], packed)


@pytest.mark.skipif(not dispatch.native_is_available(), reason="the kernels are not compiled")
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 2])
@pytest.mark.parametrize("name", [*SOURCES, WIDE, HALF, ROW])
def test_the_compiled_kernels_read_the_same_values(name, shape):
    tiled = tile(name, shape, random_parts(name, shape))
    matrix = dispatch.native().Matrix(
        tiled.format.kernel_format, *shape, tiled.parts["tiles"], tiled.parts.get("row_scales")
    )
    rows = np.stack([matrix.unpack_row(row) for row in range(shape[0])])
    np.testing.assert_allclose(rows, tiled.decode(), rtol=1e-6)


def test_one_expert_of_a_stack_is_one_run_of_bytes():
    shape = (3, 20, 64)
    tiled = tile("int4", shape, random_parts("int4", shape))
    assert tiled.parts["tiles"].shape == (3, 2 * 576)
    np.testing.assert_array_equal(tiled[1].decode(), tiled.decode()[1])


def test_odd_widths_are_filled_up():
    for name in ("float32", "bfloat16", "int8-channel"):
        values = np.random.default_rng(2).standard_normal((5, 33), np.float32)
        number_format = Tiled(format_named(name))
        encoded = format_named(name).encode(values)
        found = number_format.decode(number_format.encode(values), values.shape)
        np.testing.assert_array_equal(found, format_named(name).decode(encoded, values.shape))


def test_scales_far_apart_are_known_to_lose_bits():
    number_format = Tiled(format_named(WIDE))
    near = {"scales": np.array([[3.0, 0.125], [0, 0]], ml_dtypes.bfloat16)}
    far = {"scales": np.array([[1.0, 1e-30], [1, 1]], ml_dtypes.bfloat16)}
    assert not number_format.rounds(near)
    assert number_format.rounds(far)


@pytest.mark.parametrize("power", [-120, -30, 0, 30, 120])
def test_scales_that_float16_cannot_hold_are_kept_by_the_rows(power):
    parts = random_parts(WIDE, (18, 128))
    parts["scales"] = (parts["scales"].astype(np.float32) * np.float32(2.0**power)).astype(ml_dtypes.bfloat16)
    back = untiled(tile(WIDE, (18, 128), parts))
    assert np.array_equal(bits(back.parts["scales"]), bits(parts["scales"]))


@pytest.mark.parametrize("name", [*SOURCES, WIDE])
def test_a_name_leads_to_the_tiles(name):
    found = format_named(f"{name}-tiles")
    assert isinstance(found, Tiled)
    assert untiled_form(found).name == name


@pytest.mark.parametrize("name", ["float16", "q4_k", "int8:block=64,scales=float32,axis=-1", "int8-tiles"])
def test_what_the_kernels_cannot_hold_exactly_has_no_tiles(name):
    with pytest.raises(ConfigError):
        format_named(f"{name}-tiles")


def test_only_matrices_are_tiled():
    assert tiled_form(FLOAT32, (64,)) is FLOAT32
    assert tiled_form(FLOAT32, (1, 64)) is FLOAT32
    assert tiled_form(FLOAT16, (64, 64)) is FLOAT16
    assert tiled_form(Int8(48), (64, 96)).name == Int8(48).name
    assert tiled_form(BFLOAT16, (2, 64)).name == "bfloat16-tiles"
    with pytest.raises(ConfigError, match="must be a matrix"):
        Tiled(FLOAT32).part_specs((64,))
