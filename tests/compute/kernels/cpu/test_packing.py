"""Tiles hold exactly what `zaphod.compute.quant` decodes from the stored numbers."""

import ml_dtypes
import numpy as np
import pytest
from tests.compute.kernels.cpu.native import (
    FORMATS,
    PAIRS,
    SOURCES,
    Kernels,
    bits,
    from_parts,
    pack,
    random_tiles,
    rounds,
    stored,
)


def unpacked(cpu: Kernels, w):
    return np.stack([cpu.unpack_row(*w.arguments, row) for row in range(w.stored.rows)])


@pytest.mark.parametrize(("source", "format_"), PAIRS)
def test_unpacked_rows_are_the_decoded_numbers(cpu: Kernels, source, format_):
    for rng in rounds(6):
        w = random_tiles(cpu, rng, source, format_)
        np.testing.assert_array_equal(unpacked(cpu, w), w.values.astype(np.float32))


@pytest.mark.parametrize(("source", "format_"), PAIRS)
def test_tiles_are_the_same_on_every_instruction_set(cpu: Kernels, source, format_):
    for rng in rounds(3):
        w = random_tiles(cpu, rng, source, format_)
        assert bits(w.bytes) == bits(pack(Kernels("scalar"), format_, w.stored).bytes)


@pytest.mark.parametrize(("source", "format_"), PAIRS)
def test_tiles_packed_one_by_one_are_the_same(cpu: Kernels, source, format_):
    for rng in rounds(3):
        w = random_tiles(cpu, rng, source, format_)
        s = w.stored
        parts = [
            cpu.pack(FORMATS[format_], SOURCES[source], s.numbers, s.scales, s.rows, s.cols, tile, tile + 1)
            for tile in range(w.num_tiles)
        ]
        assert bits(np.concatenate(parts)) == bits(w.bytes)


def test_every_float16_is_widened_exactly(cpu: Kernels):
    values = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(256, 256)
    w = pack(cpu, "f32", from_parts("f16", (256, 256), {"values": values}))
    np.testing.assert_array_equal(unpacked(cpu, w), values.astype(np.float32))


def test_every_bfloat16_keeps_its_bits(cpu: Kernels):
    values = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16).reshape(256, 256)
    w = pack(cpu, "bf16", from_parts("bf16", (256, 256), {"values": values}))
    assert bits(unpacked(cpu, w)) == bits(values.astype(np.float32))


def test_float32_is_rounded_to_the_nearest_bfloat16(cpu: Kernels):
    for rng in rounds(4):
        values = rng.integers(0, 2**32, (37, 41), dtype=np.uint32).view(np.float32)
        values[np.isnan(values)] = np.nan
        with np.errstate(over="ignore"):
            wanted = values.astype(ml_dtypes.bfloat16).astype(np.float32)
        np.testing.assert_array_equal(
            unpacked(cpu, pack(cpu, "bf16", from_parts("f32", (37, 41), {"values": values}))), wanted
        )


@pytest.mark.parametrize(("source", "bytes_"), [("q4_0", 18), ("q8_0", 34)])
def test_every_code_of_ggml_blocks_is_read(cpu: Kernels, source, bytes_):
    for rng in rounds(3):
        blocks = rng.integers(0, 256, (20, 3, bytes_)).astype(np.uint8)
        blocks[..., :2] = rng.standard_normal((20, 3, 1)).astype(np.float16).view(np.uint8)
        w = pack(cpu, source[:2], from_parts(source, (20, 96), {"blocks": blocks.reshape(20, -1)}))
        np.testing.assert_array_equal(unpacked(cpu, w), w.stored.values)


def test_every_code_of_bytes_and_nibbles_is_read(cpu: Kernels):
    for rng in rounds(3):
        scales = rng.standard_normal((19, 3)).astype(np.float16)
        for source, format_, width, dtype in (("int8", "q8", 96, np.int8), ("int4", "q4", 48, np.uint8)):
            weight = rng.integers(0, 256, (19, width)).astype(np.uint8).view(dtype)
            w = pack(cpu, format_, from_parts(source, (19, 96), {"weight": weight, "scales": scales}))
            np.testing.assert_array_equal(unpacked(cpu, w), w.stored.values)


@pytest.mark.parametrize("cols", [1, 31, 33, 63, 65])
def test_rows_with_one_scale_may_have_any_width(cpu: Kernels, cols):
    rng = np.random.default_rng(cols)
    w = pack(cpu, "q8", stored("int8_row", rng.standard_normal((21, cols)).astype(np.float32)))
    np.testing.assert_array_equal(unpacked(cpu, w), w.stored.values)
