"""Matrices in the order in which the compiled kernels read them; knows bytes, and needs neither kernels nor PyTorch.

`compute/kernels/cpu/layout.h` defines the order: tiles of 16 rows, and in a tile groups of columns that hold the same
columns of all 16 rows side by side. A tiled format stores the numbers of another, its base: codes and scales keep their
bits and only change their places. Legend: T tiles, G groups of a tile, R rows, C columns, N blocks of 32 columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from zaphod.compute.quant import ggml_blocks
from zaphod.compute.quant.ggml import GGMLFormat
from zaphod.compute.quant.int4 import Int4
from zaphod.compute.quant.int8 import Int8
from zaphod.compute.quant.plain import Plain
from zaphod.compute.quant.tensor import Array, EncodedTensor, FloatArray, PartSpec, QuantFormat, Shape
from zaphod.core.errors import ConfigError

SUFFIX = "-tiles"
TILE_ROWS = 16
BLOCK = 32
"""Columns that share a scale."""

KERNEL_FORMATS = ("float32", "bfloat16", "int8", "int4")
"""What the kernels compute with, by their number for it."""

_GROUP_COLUMNS = (1, 2, 64, 64)
_Q8 = np.dtype([("scales", "<u2", (2, TILE_ROWS)), ("codes", "<u4", (16, TILE_ROWS))])
_Q4 = np.dtype([("scales", "<u2", (2, TILE_ROWS)), ("codes", "<u4", (8, TILE_ROWS))])
_WORD = np.dtype(("<u4", (TILE_ROWS,)))
_GROUPS = (_WORD, _WORD, _Q8, _Q4)
_ONE = np.float16(1)
_VALUES_AT_ONCE = 1 << 19


class Tiled(QuantFormat):
    """The numbers of `base` in the kernels' order.

    Parts: `tiles` uint8 [..., bytes of one matrix], so that each matrix of a stack is one run of bytes; and where
    float16 alone could not hold the scales, `row_scales` float32 [..., rows filled up to whole tiles].

    Raises:
        ConfigError: the kernels have no place for such numbers.
    """

    def __init__(self, base: QuantFormat) -> None:
        kernel_format = _kernel_format(base)
        if kernel_format is None:
            raise ConfigError(
                f"There are no tiles of {base.name}.",
                f"The kernels compute with {', '.join(KERNEL_FORMATS)}.",
                "Keep it as it is, or convert to one of these.",
            )
        self.base = base
        self.name = base.name + SUFFIX
        self.kernel_format = kernel_format
        """Index into `KERNEL_FORMATS`."""
        self.has_row_scales = isinstance(base, Int8) and (base.block_size is None or base.scale_dtype != np.float16)

    def part_specs(self, shape: Shape) -> Mapping[str, PartSpec]:
        if len(shape) < 2:
            raise ConfigError(
                f"A tensor of shape {shape} cannot be stored as {self.name}.",
                "It must be a matrix.",
                f"Use {self.base.name} for this tensor.",
            )
        self.base.part_specs(shape)
        num_tiles = -(-shape[-2] // TILE_ROWS)
        specs = {
            "tiles": PartSpec(dtype=np.dtype(np.uint8), shape=(*shape[:-2], num_tiles * self._tile_bytes(shape[-1])))
        }
        if self.has_row_scales:
            specs["row_scales"] = PartSpec(dtype=np.dtype(np.float32), shape=(*shape[:-2], num_tiles * TILE_ROWS))
        return specs

    def encode(self, values: FloatArray) -> Mapping[str, Array]:
        parts = empty_parts(self, values.shape)
        for index in np.ndindex(values.shape[:-2]):
            for rows in row_slices(values.shape[-2:]):
                self.fill(_entry(parts, index), rows, self.base.encode(values[index][rows]))
        return parts

    def decode(self, parts: Mapping[str, Array], shape: Shape) -> FloatArray:
        values = np.empty(shape, np.float32)
        for index in np.ndindex(shape[:-2]):
            for rows in row_slices(shape[-2:]):
                piece = self.base_rows(_entry(parts, index), shape[-1], rows)
                values[index][rows] = self.base.decode(piece, (rows.stop - rows.start, shape[-1]))
        return values

    def fill(self, parts: Mapping[str, Array], rows: slice, base_parts: Mapping[str, Array]) -> None:
        """Store some rows of one matrix.

        Args:
            parts: the whole matrix's, to be written into.
            rows: which rows; they begin at a whole tile, and end at one or at the matrix's end.
            base_parts: the rows as the base stores them.
        """
        arrays = {name: np.asarray(part) for name, part in base_parts.items()}
        num_cols = self._num_cols(arrays)
        groups_TG = self._groups(parts, num_cols, rows)
        if isinstance(self.base, Plain):
            _tile_words(arrays["values"], groups_TG)
            return
        codes_RC, scales_RN, row_scales = self._codes(arrays)
        _tile_codes(codes_RC, scales_RN, groups_TG)
        if row_scales is not None:
            parts["row_scales"][_whole_tiles(rows)] = row_scales

    def base_rows(self, parts: Mapping[str, Array], num_cols: int, rows: slice) -> dict[str, Array]:
        """Some rows of one matrix as the base stores them; they begin at a whole tile."""
        num_rows = rows.stop - rows.start
        groups_TG = self._groups(parts, num_cols, rows)
        if isinstance(self.base, Plain):
            return {"values": _untile_words(groups_TG, self.base.dtype)[:num_rows, :num_cols]}
        codes_RC, scales_RN = _untile_codes(groups_TG)
        codes_RC, scales_RN = codes_RC[:num_rows, :num_cols], scales_RN[:num_rows, : -(-num_cols // BLOCK)]
        row_scales = parts["row_scales"][rows] if self.has_row_scales else None
        return _base_parts(self.base, codes_RC, scales_RN, row_scales)

    def rounds(self, base_parts: Mapping[str, Array]) -> bool:
        """Whether scales of these rows lose bits, because they differ more than float16 can span."""
        if not (self.has_row_scales and isinstance(self.base, Int8) and self.base.block_size):
            return False
        scales_RS = np.asarray(base_parts["scales"]).astype(np.float32)
        relative, row_scales = split_scales(self.base, scales_RS)
        assert relative is not None
        return not np.array_equal(relative.astype(np.float32) * row_scales[:, None], scales_RS)

    def _tile_bytes(self, num_cols: int) -> int:
        return -(-num_cols // _GROUP_COLUMNS[self.kernel_format]) * _GROUPS[self.kernel_format].itemsize

    def _groups(self, parts: Mapping[str, Array], num_cols: int, rows: slice) -> Array:
        """The tiles of some rows, [T, G] groups (or words [T, G, 16]), as a view."""
        tile_bytes = self._tile_bytes(num_cols)
        tiles = _whole_tiles(rows)
        own = parts["tiles"][tiles.start // TILE_ROWS * tile_bytes : tiles.stop // TILE_ROWS * tile_bytes]
        dtype = _GROUPS[self.kernel_format]
        if dtype is _WORD:
            return np.asarray(own).view(dtype.base).reshape(-1, tile_bytes // dtype.itemsize, TILE_ROWS)
        return np.asarray(own).view(dtype).reshape(-1, tile_bytes // dtype.itemsize)

    def _num_cols(self, parts: Mapping[str, Array]) -> int:
        if isinstance(self.base, Plain):
            return int(parts["values"].shape[-1])
        if isinstance(self.base, GGMLFormat):
            return int(parts["blocks"].shape[-1]) // self.base.block_bytes * BLOCK
        return int(parts["weight"].shape[-1]) * (2 if isinstance(self.base, Int4) else 1)

    def _codes(self, parts: Mapping[str, Array]) -> tuple[Array, Array, FloatArray | None]:
        """Unsigned codes [R, C], float16 scales [R, N] and, where there are some, scales of rows of whole tiles."""
        if not isinstance(self.base, Int8):
            return *_unsigned_codes(self.base, parts), None
        codes_RC = np.ascontiguousarray(parts["weight"]).view(np.uint8) ^ np.uint8(0x80)
        num_rows, num_cols = codes_RC.shape
        if not self.has_row_scales:
            return codes_RC, _repeated(self.base, parts["scales"], num_cols), None
        relative, row_scales = split_scales(self.base, np.asarray(parts["scales"]).astype(np.float32))
        filled = np.zeros(_up(num_rows, TILE_ROWS), np.float32)
        filled[:num_rows] = row_scales
        if relative is None:
            return codes_RC, np.broadcast_to(_ONE, (num_rows, -(-num_cols // BLOCK))), filled
        return codes_RC, _repeated(self.base, relative, num_cols), filled


def tiled_form(base: QuantFormat, shape: Shape) -> QuantFormat:
    """The tiled form of a matrix's format; the format itself where there is none, or for what is no matrix."""
    if len(shape) < 2 or shape[-2] < 2 or _kernel_format(base) is None:
        return base
    return Tiled(base)


def untiled_form(number_format: QuantFormat) -> QuantFormat:
    """The format of the numbers, whatever their order."""
    return number_format.base if isinstance(number_format, Tiled) else number_format


def untiled(tensor: EncodedTensor) -> EncodedTensor:
    """The same numbers row by row, in the base format; itself where it is not tiled."""
    if not isinstance(tensor.format, Tiled):
        return tensor
    parts = empty_parts(tensor.format.base, tensor.shape)
    for index in np.ndindex(tensor.shape[:-2]):
        for rows in row_slices(tensor.shape[-2:]):
            piece = tensor.format.base_rows(_entry(tensor.parts, index), tensor.shape[-1], rows)
            for name, part in piece.items():
                parts[name][index][rows] = part
    return EncodedTensor(tensor.shape, tensor.format.base, parts)


def empty_parts(number_format: QuantFormat, shape: Shape) -> dict[str, Array]:
    """Arrays for the parts of a tensor, to be filled."""
    return {name: np.empty(spec.shape, spec.dtype) for name, spec in number_format.part_specs(shape).items()}


def row_slices(shape: Shape, values_at_once: int = _VALUES_AT_ONCE) -> Iterator[slice]:
    """The rows of a matrix in pieces that stay in the processor's cache; each begins at a whole tile."""
    num_rows, row_size = shape[0], prod(shape[1:])
    step = _up(max(1, values_at_once // max(row_size, 1)), TILE_ROWS)
    return (slice(start, min(start + step, num_rows)) for start in range(0, num_rows, step))


def split_scales(stored: Int8, scales_RS: FloatArray) -> tuple[Array | None, FloatArray]:
    """Scales [R, S] as float16 scales [R, S] times a float32 scale for each row, which takes the size out of them.

    The first is None where a row has one scale alone. A row's own is a power of two otherwise, which changes no bit.
    """
    if stored.block_size is None:
        return None, scales_RS[:, 0]
    largest_R = np.abs(scales_RS).max(axis=1)
    is_usual = np.isfinite(largest_R) & (largest_R > 0)
    row_scales = np.ldexp(np.float32(1), np.where(is_usual, np.frexp(largest_R)[1] - 1, 0)).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return (scales_RS / row_scales[:, None]).astype(np.float16), row_scales


def _kernel_format(base: QuantFormat) -> int | None:
    """The kernels' number for what holds these numbers bit by bit; None where nothing does."""
    if isinstance(base, Int8):
        suits = base.block_size is None or (base.block_size % BLOCK == 0 and base.scale_dtype != np.float32)
        return KERNEL_FORMATS.index("int8") if base.input_axis == -1 and suits else None
    names = {"q8_0": "int8", "q4_0": "int4", "int4": "int4", "float32": "float32", "bfloat16": "bfloat16"}
    return KERNEL_FORMATS.index(names[base.name]) if base.name in names else None


def _tile_codes(codes_RC: Array, scales_RN: Array, groups_TG: Array) -> None:
    num_tiles, num_groups = groups_TG.shape
    num_rows, num_cols = num_tiles * TILE_ROWS, num_groups * 64
    is_q4 = groups_TG.dtype == _Q4
    scales = _filled(scales_RN.view(np.uint16), (num_rows, 2 * num_groups), 0)
    groups_TG["scales"] = scales.reshape(num_tiles, TILE_ROWS, num_groups, 2).transpose(0, 2, 3, 1)
    codes = _filled(codes_RC, (num_rows, num_cols), 8 if is_q4 else 0x80)
    if is_q4:
        halves = codes.reshape(num_rows, num_groups, 2, BLOCK)
        codes = halves[:, :, 0] | (halves[:, :, 1] << 4)
    words = codes.reshape(num_rows, -1).view("<u4").reshape(num_tiles, TILE_ROWS, num_groups, -1)
    groups_TG["codes"] = words.transpose(0, 2, 3, 1)


def _untile_codes(groups_TG: Array) -> tuple[Array, Array]:
    """Unsigned codes and float16 scales of whole tiles and groups."""
    num_rows, num_groups = len(groups_TG) * TILE_ROWS, groups_TG.shape[1]
    scales = np.ascontiguousarray(groups_TG["scales"].transpose(0, 3, 1, 2)).reshape(num_rows, -1).view(np.float16)
    words = np.ascontiguousarray(groups_TG["codes"].transpose(0, 3, 1, 2))
    codes = words.view(np.uint8).reshape(num_rows, num_groups, -1)
    if groups_TG.dtype == _Q4:
        codes = np.concatenate((codes & 15, codes >> 4), axis=-1)
    return codes.reshape(num_rows, -1), scales


def _tile_words(values_RC: Array, words_TGR: Array) -> None:
    """Float32 numbers, or pairs of bfloat16 ones."""
    num_tiles, num_groups, _ = words_TGR.shape
    unsigned = np.ascontiguousarray(values_RC).view(f"<u{values_RC.dtype.itemsize}")
    filled = _filled(unsigned, (num_tiles * TILE_ROWS, num_groups * 4 // unsigned.itemsize), 0)
    words_TGR[...] = filled.view("<u4").reshape(num_tiles, TILE_ROWS, num_groups).transpose(0, 2, 1)


def _untile_words(words_TGR: Array, dtype: np.dtype[np.generic]) -> Array:
    num_tiles, num_groups, _ = words_TGR.shape
    words = np.ascontiguousarray(words_TGR.transpose(0, 2, 1)).reshape(num_tiles * TILE_ROWS, num_groups)
    values: Array = words.view(dtype)
    return values


def _unsigned_codes(base: QuantFormat, parts: Mapping[str, Array]) -> tuple[Array, Array]:
    """Codes [R, C] as the tiles hold them, one to a byte, and float16 scales [R, N]."""
    if base.name == "q8_0":
        blocks_RN = np.ascontiguousarray(parts["blocks"]).view(ggml_blocks.Q8_0)
        codes = blocks_RN["codes"].view(np.uint8) ^ np.uint8(0x80)
        return codes.reshape(len(codes), -1), np.ascontiguousarray(blocks_RN["d"])
    if base.name == "q4_0":
        blocks_RN = np.ascontiguousarray(parts["blocks"]).view(ggml_blocks.Q4_0)
        codes = np.concatenate((blocks_RN["codes"] & 15, blocks_RN["codes"] >> 4), axis=-1)
        return codes.reshape(len(codes), -1), np.ascontiguousarray(blocks_RN["d"])
    packed = parts["weight"]
    codes = np.stack((packed & 15, packed >> 4), axis=-1)
    return codes.reshape(len(codes), -1), np.ascontiguousarray(parts["scales"])


def _base_parts(base: QuantFormat, codes_RC: Array, scales_RN: Array, row_scales: Array | None) -> dict[str, Array]:
    """The inverse of `Tiled._codes`."""
    if isinstance(base, Int8):
        weight = (codes_RC ^ np.uint8(0x80)).view(np.int8)
        return {"weight": weight, "scales": _stored_scales(base, scales_RN, row_scales)}
    blocks = codes_RC.reshape(*scales_RN.shape, BLOCK)
    if base.name == "int4":
        pairs = codes_RC.reshape(len(codes_RC), -1, 2)
        return {"weight": pairs[..., 0] | (pairs[..., 1] << 4), "scales": scales_RN}
    stored = np.empty(scales_RN.shape, ggml_blocks.Q8_0 if base.name == "q8_0" else ggml_blocks.Q4_0)
    stored["d"] = scales_RN
    if base.name == "q8_0":
        stored["codes"] = (blocks ^ np.uint8(0x80)).view(np.int8)
    else:
        stored["codes"] = blocks[..., :16] | (blocks[..., 16:] << 4)
    return {"blocks": stored.view(np.uint8).reshape(len(stored), -1)}


def _stored_scales(base: Int8, scales_RN: Array, row_scales: Array | None) -> Array:
    """Scales as the base keeps them, from those of the tiles."""
    if base.block_size is None:
        assert row_scales is not None
        return np.asarray(row_scales)[:, None].astype(base.scale_dtype)
    scales = scales_RN[:, :: base.block_size // BLOCK]
    if row_scales is None:
        return scales
    stored: Array = (scales.astype(np.float32) * np.asarray(row_scales)[:, None]).astype(base.scale_dtype)
    return stored


def _repeated(base: Int8, scales_RS: Array, num_cols: int) -> Array:
    """One float16 scale for 32 columns."""
    assert base.block_size is not None
    return np.ascontiguousarray(np.repeat(scales_RS, base.block_size // BLOCK, axis=1)[:, : num_cols // BLOCK])


def _filled(array: Array, shape: Shape, value: int) -> Array:
    """The array, contiguous, with rows and columns added up to `shape`."""
    if array.shape == shape:
        return np.ascontiguousarray(array)
    filled = np.full(shape, value, array.dtype)
    filled[: array.shape[0], : array.shape[1]] = array
    return filled


def _entry(parts: Mapping[str, Array], index: tuple[int, ...]) -> dict[str, Array]:
    return {name: part[index] for name, part in parts.items()}


def _whole_tiles(rows: slice) -> slice:
    assert rows.start % TILE_ROWS == 0
    return slice(rows.start, _up(rows.stop, TILE_ROWS))


def _up(count: int, step: int) -> int:
    return -(-count // step) * step
