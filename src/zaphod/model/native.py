"""From a checkpoint's tensors to what the compiled network reads; knows stored formats and tiles, not PyTorch.

Matrices become tiles (`compute/kernels/cpu/layout.h`) in one allocation; numbers keep their format where the kernels
have it. What a packed file holds as tiles is used where the file is mapped: nothing of it is read or copied here.
Legend: R rows of a matrix, C columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import ml_dtypes
import numpy as np

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import EncodedTensor, PartSpec, QuantFormat
from zaphod.compute.quant.int8 import Int8
from zaphod.compute.quant.tensor import Array, FloatArray, Shape
from zaphod.compute.quant.tiled import KERNEL_FORMATS, TILE_ROWS, Tiled, split_scales, untiled_form
from zaphod.compute.weights.mapped import map_array
from zaphod.compute.weights.packed import FilePlace, PackedCheckpoint
from zaphod.core.errors import CorruptFileError
from zaphod.model.config import ModelConfig
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import is_kept_exact, parameter_shapes

Precision = Literal["auto", "float32", "bfloat16"]

# The numbers that `layout.h` and `ops.h` give them.
_F32, _BF16, _Q8, _Q4 = range(4)
_SOURCES = {"float32": 0, "float16": 1, "bfloat16": 2, "q4_0": 3, "q8_0": 4, "int4": 5, "int8": 6}
_ROW_SCALED = 7
_ALIGNMENT = 64
_ACTIVATIONS = {"gelu_tanh": 0, "gelu_erf": 1, "silu": 2}

FORMAT_NAMES = KERNEL_FORMATS
"""What the kernels compute with, by their number for it."""


@dataclass(frozen=True, kw_only=True)
class NativeWeights:
    """Everything `_cpu.Network` reads."""

    config: ModelConfig
    matrices: Mapping[str, Any]
    """`_cpu.Matrix` by canonical name; an expert of a stack has its number after the name."""
    vectors: Mapping[str, FloatArray]
    num_bytes: int
    """All matrices', mapped and copied."""
    mapped_bytes: int
    """Tiles used where the file is mapped."""
    formats: Mapping[str, int]
    """Bytes of matrices by the format they are computed in."""
    files: Mapping[str, FilePlace]
    """Where the tiles of mapped matrices lie, by the names of `matrices`; each is one run of bytes."""

    @property
    def copied_bytes(self) -> int:
        """Tiles in memory of their own."""
        return self.num_bytes - self.mapped_bytes


class _Place(NamedTuple):
    """One matrix of the network: which piece of which tensor, and where its tiles are, or go."""

    name: str
    tensor: str
    piece: int
    shape: Shape
    format: int
    offset: int
    """In the allocation; of mapped ones in the file."""
    num_bytes: int
    file: Path | None = None
    """The file of mapped ones."""


def load_native(
    weights: ModelWeights,
    *,
    precision: Precision = "auto",
    num_threads: int = 1,
    in_place: bool = True,
    huge_pages: bool = True,
    track: Callable[[list[str]], Iterable[str]] = iter,
) -> NativeWeights:
    """Read every tensor into tiles, several at one time.

    Args:
        weights: canonical view of an opened checkpoint.
        precision: `auto` keeps formats that the kernels have and rounds what they do not have to bfloat16;
            `bfloat16` narrows float32 too; `float32` widens everything.
        num_threads: how many matrices are packed at one time.
        in_place: whether tiles of a packed file are used where it is mapped, instead of being copied.
        huge_pages: whether copied tiles are asked to lie in huge pages.
        track: wraps the list of tensors, for a progress bar.

    Raises:
        MissingTensorError, CorruptFileError: from reading the checkpoint.
    """
    shapes = parameter_shapes(weights.config)
    places = _plan(weights, shapes, precision, in_place)
    total = sum(place.num_bytes for place in places)
    copied = sum(place.num_bytes for place in places if place.file is None)
    tiles = dispatch.native().allocate(copied, huge_pages)
    by_tensor: dict[str, list[_Place]] = {}
    for place in places:
        by_tensor.setdefault(place.tensor, []).append(place)
    matrices: dict[str, Any] = {}
    vectors: dict[str, FloatArray] = {}
    maps: dict[Path, Array] = {}
    with ThreadPoolExecutor(num_threads) as pool:
        for name in track(list(shapes)):
            if name not in by_tensor:
                vectors[name] = np.ascontiguousarray(weights.piece(name, 0).decode().reshape(-1), np.float32)
            elif by_tensor[name][0].file is not None:
                matrices |= _mapped(weights, by_tensor[name], maps)
            else:
                made = pool.map(
                    lambda place: _pack(weights.piece(place.tensor, place.piece), place, tiles), by_tensor[name]
                )
                matrices |= dict(made)
    formats: dict[str, int] = {}
    for place in places:
        kind = FORMAT_NAMES[place.format]
        formats[kind] = formats.get(kind, 0) + place.num_bytes
    return NativeWeights(
        config=weights.config,
        matrices=matrices,
        vectors=vectors,
        num_bytes=total,
        mapped_bytes=total - copied,
        formats=formats,
        files={place.name: FilePlace(place.file, place.offset, place.num_bytes) for place in places if place.file},
    )


def native_bytes(weights: ModelWeights, precision: Precision = "auto") -> int:
    """What `load_native` needs for the matrices, mapped or copied, known before anything is read."""
    return sum(place.num_bytes for place in _plan(weights, parameter_shapes(weights.config), precision))


class MatrixSize(NamedTuple):
    """One matrix of the network as it is computed."""

    format: str
    """One of `FORMAT_NAMES`."""
    num_bytes: int
    is_in_file: bool
    """Whether the file holds its tiles, to be mapped or read."""


def matrix_sizes(weights: ModelWeights, precision: Precision = "auto") -> dict[str, MatrixSize]:
    """The same, matrix by matrix, by the names that `NativeWeights.matrices` has."""
    places = _plan(weights, parameter_shapes(weights.config), precision)
    return {
        place.name: MatrixSize(FORMAT_NAMES[place.format], place.num_bytes, place.file is not None) for place in places
    }


def network_options(config: ModelConfig) -> dict[str, Any]:
    """The switches of `_cpu.Network`; 0 stands for None."""
    router = None if config.moe is None else config.moe.router
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_layers": config.num_layers,
        "num_heads": config.num_heads,
        "num_kv_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "epsilon": config.rms_norm_epsilon,
        "activation": _ACTIVATIONS[config.activation],
        "attention_scale": config.softmax_scale,
        "attention_softcap": config.attention_softcap or 0.0,
        "attention_temperature_length": config.attention_temperature_length or 0,
        "sliding_window": config.sliding_window or 0,
        "norm_heads": config.qk_norm == "per_head",
        "rope_magnitude": rope_magnitude(config),
        "embedding_multiplier": config.embedding_multiplier,
        "residual_multiplier": config.residual_multiplier,
        "output_multiplier": config.output_multiplier,
        "final_softcap": config.final_softcap or 0.0,
        "residual_dense": config.residual_dense,
        "num_experts": router.num_experts if router else 0,
        "top_k": router.top_k if router else 0,
        "sigmoid": bool(router and router.score == "sigmoid"),
        "softmax_after_top_k": bool(router and router.softmax_after_top_k),
        "renormalise": bool(router and router.renormalise),
        "router_scale": router.scale if router else 1.0,
        "router_softcap": (router.logit_softcap or 0.0) if router else 0.0,
        "num_groups": router.num_groups if router else 1,
        "num_groups_kept": router.num_groups_kept if router else 1,
        "group_score_max": bool(router and router.group_score == "max"),
    }


def rope_frequencies(config: ModelConfig) -> FloatArray:
    """Radians per position of each rotated pair, [head_dim / 2]; see `reference.yarn_frequencies`."""
    pairs = np.arange(config.head_dim // 2, dtype=np.float32)
    plain = (config.rope_theta ** -(2 * pairs / np.float32(config.head_dim))).astype(np.float32)
    yarn = config.yarn
    if yarn is None:
        return plain

    def pair_that_turns(num_rotations: float) -> float:
        turns = math.log(yarn.original_context_length / (num_rotations * 2 * math.pi))
        return config.head_dim * turns / (2 * math.log(config.rope_theta))

    low = max(0, math.floor(pair_that_turns(yarn.beta_fast)))
    high = min(config.head_dim - 1, math.ceil(pair_that_turns(yarn.beta_slow)))
    stretched_share = ((pairs - low) / np.float32(max(high - low, 0.001))).clip(0, 1)
    frequencies: FloatArray = plain / np.float32(yarn.factor) * stretched_share + plain * (1 - stretched_share)
    return frequencies.astype(np.float32)


def rope_magnitude(config: ModelConfig) -> float:
    """What cos and sin are multiplied by."""
    yarn = config.yarn
    if yarn is None:
        return 1.0
    return 0.1 * math.log(yarn.factor) + 1 if yarn.attention_factor is None else yarn.attention_factor


def _plan(
    weights: ModelWeights, shapes: Mapping[str, Shape], precision: Precision, in_place: bool = True
) -> list[_Place]:
    kernels = dispatch.native()
    places: list[_Place] = []
    offset = 0
    for tensor, shape in shapes.items():
        if len(shape) == 1 or shape[0] == 1:
            continue
        stored = _format(weights, tensor)
        number = _F32 if is_kept_exact(tensor, shape) else _computed_as(stored, precision)
        matrix = shape[-2:]
        num_bytes = kernels.tiles_bytes(number, *matrix)
        stack = _tiles_in_file(weights, tensor, stored, number) if in_place else None
        for piece in range(weights.num_pieces(tensor)):
            name = f"{tensor}.{piece}" if len(shape) == 3 else tensor
            if stack is not None:
                at = stack.offset + piece * num_bytes
                places.append(_Place(name, tensor, piece, matrix, number, at, num_bytes, stack.path))
                continue
            places.append(_Place(name, tensor, piece, matrix, number, offset, num_bytes))
            offset += num_bytes
    return places


def _format(weights: ModelWeights, tensor: str) -> QuantFormat:
    """How a tensor is stored; of packed ones nothing is mapped to know that."""
    if isinstance(weights.checkpoint, PackedCheckpoint):
        return weights.checkpoint.info(weights.stored_names(tensor)[0]).format
    return weights.format(tensor)


def _tiles_in_file(weights: ModelWeights, tensor: str, stored: QuantFormat, number: int) -> FilePlace | None:
    """Where the file has the tensor as the kernels want it; None where it has not."""
    if not isinstance(weights.checkpoint, PackedCheckpoint) or not isinstance(stored, Tiled):
        return None
    place = weights.checkpoint.places(weights.stored_names(tensor)[0])["tiles"]
    # Other programs that write such files may not align what lies in them.
    return place if stored.kernel_format == number and place.offset % _ALIGNMENT == 0 else None


def _computed_as(stored: QuantFormat, precision: Precision) -> int:
    """The kernels' format for numbers stored so."""
    stored = untiled_form(stored)
    if precision == "float32":
        return _F32
    if stored.name in ("q4_0", "int4"):
        return _Q4
    if stored.name == "q8_0" or _has_row_blocks(stored):
        return _Q8
    return _F32 if precision == "auto" and stored.name in ("float32", "float16") else _BF16


def _has_row_blocks(stored: QuantFormat) -> bool:
    """Whether these are signed bytes whose scales fit the kernels' blocks of 32 columns."""
    return isinstance(stored, Int8) and stored.input_axis == -1 and (stored.block_size or 32) % 32 == 0


def _mapped(weights: ModelWeights, places: list[_Place], maps: dict[Path, Array]) -> dict[str, Any]:
    """The matrices of one tensor over the file's own bytes, which stay mapped as long as one of them lives.

    A file is mapped once: experts by the thousand would each need a map of their own.
    """
    [path] = {place.file for place in places}
    assert path is not None
    if path not in maps:
        num_bytes = path.stat().st_size
        maps[path] = np.asarray(map_array(path, 0, PartSpec(dtype=np.dtype(np.uint8), shape=(num_bytes,))))
    if places[-1].offset + places[-1].num_bytes > len(maps[path]):
        raise CorruptFileError(f"{path} became shorter since it was opened.", remedy="Convert the model again.")
    row_scales = _row_scales(weights, places)
    make = dispatch.native().Matrix
    return {
        place.name: make(place.format, *place.shape, maps[path][place.offset :][: place.num_bytes], scales)
        for place, scales in zip(places, row_scales, strict=True)
    }


def _row_scales(weights: ModelWeights, places: list[_Place]) -> list[FloatArray | None]:
    """A copy for each matrix, aligned wherever they lie in the file; None where the format has none."""
    stored = _format(weights, places[0].tensor)
    if not isinstance(stored, Tiled) or not stored.has_row_scales:
        return [None] * len(places)
    [name] = weights.stored_names(places[0].tensor)
    scales = np.array(weights.checkpoint.tensor(name).parts["row_scales"], np.float32)
    return list(scales.reshape(len(places), -1))


def _pack(piece: EncodedTensor, place: _Place, tiles: Array) -> tuple[str, Any]:
    kernels = dispatch.native()
    own = tiles[place.offset : place.offset + place.num_bytes]
    if isinstance(piece.format, Tiled) and piece.format.kernel_format == place.format:
        own[:] = piece.parts["tiles"]
        stored_scales = piece.parts.get("row_scales")
        copied = None if stored_scales is None else np.array(stored_scales, np.float32)
        return place.name, kernels.Matrix(place.format, *place.shape, own, copied)
    numbers, source, scales, row_scales = _source(piece, place)
    kernels.pack_into(
        place.format, source, _bytes(numbers), None if scales is None else _bytes(scales), *place.shape, own
    )
    return place.name, kernels.Matrix(place.format, *place.shape, own, row_scales)


def _source(piece: EncodedTensor, place: _Place) -> tuple[Array, int, Array | None, FloatArray | None]:
    """Stored numbers, their kind, scales of blocks, and scales of rows where there are some."""
    name, parts = piece.format.name, piece.parts
    if place.format in (_F32, _BF16):
        if name in ("float32", "float16", "bfloat16"):
            return parts["values"], _SOURCES[name], None, None
        return piece.decode(), _SOURCES["float32"], None, None
    if name in ("q4_0", "q8_0"):
        return parts["blocks"], _SOURCES[name], None, None
    if name in ("int4", "int8"):
        return parts["weight"], _SOURCES[name], parts["scales"], None
    assert isinstance(piece.format, Int8)
    return _row_scaled(piece.format, parts, place.shape)


def _row_scaled(stored: Int8, parts: Mapping[str, Array], shape: Shape) -> tuple[Array, int, Array | None, FloatArray]:
    """Codes with scales that float16 alone could not hold: a scale for each row takes the size out of them."""
    rows, cols = shape
    relative, own = split_scales(stored, np.asarray(parts["scales"]).astype(np.float32).reshape(rows, -1))
    row_scales = np.zeros(-(-rows // TILE_ROWS) * TILE_ROWS, np.float32)
    row_scales[:rows] = own
    if relative is None or stored.block_size is None:
        return parts["weight"], _ROW_SCALED, None, row_scales
    blocks = np.repeat(relative, stored.block_size // 32, axis=1)[:, : cols // 32]
    return parts["weight"], _SOURCES["int8"], blocks, row_scales


def _bytes(array: Array) -> Array:
    contiguous = np.ascontiguousarray(array)
    if contiguous.dtype == ml_dtypes.bfloat16:
        contiguous = contiguous.view(np.uint16)
    return contiguous.reshape(-1).view(np.uint8)
