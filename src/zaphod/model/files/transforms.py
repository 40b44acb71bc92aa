"""Carries out the transforms of `names` on tensors in their stored form; knows rows and columns, not models.

Legend of shapes: [..., out, in], as everywhere; `...` is empty or the expert axis. A row (one output) is whole in every
format, which is why rows can be cut, joined and put in another order without decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zaphod.compute.quant.tensor import Array, EncodedTensor, Shape
from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig
from zaphod.model.files.names import Transform

_HALVES = (Transform.FIRST_HALF, Transform.SECOND_HALF)


def their_shape(transform: Transform, shape: Shape) -> Shape:
    """The shape of their tensor, given that of ours."""
    if transform is Transform.TRANSPOSE:
        return (*shape[:-2], shape[-1], shape[-2])
    if transform in _HALVES:
        return (*shape[:-2], 2 * shape[-2], shape[-1])
    return shape


def to_ours(transform: Transform, theirs: EncodedTensor, config: ModelConfig) -> EncodedTensor:
    """Our tensor from theirs. Raises `ConfigError` where its format does not allow it (packed blocks, transposed)."""
    if transform is Transform.TRANSPOSE:
        return theirs.transposed()
    if transform in _HALVES:
        half = theirs.shape[-2] // 2
        rows = slice(0, half) if transform is Transform.FIRST_HALF else slice(half, None)
        return _with_rows(theirs, lambda part: part[..., rows, :], half)
    if transform is Transform.COPY:
        return theirs
    rows_of_ours = np.arange(theirs.shape[-2]).reshape(_num_heads(transform, config), -1, 2).swapaxes(1, 2).ravel()
    return _with_rows(theirs, lambda part: part[..., rows_of_ours, :], theirs.shape[-2])


def to_theirs(transform: Transform, ours: EncodedTensor, config: ModelConfig) -> EncodedTensor:
    """Their tensor from ours; halves are joined by `join_rows` and pass through."""
    if transform is Transform.TRANSPOSE:
        return ours.transposed()
    if transform is Transform.COPY or transform in _HALVES:
        return ours
    rows_of_theirs = np.arange(ours.shape[-2]).reshape(_num_heads(transform, config), 2, -1).swapaxes(1, 2).ravel()
    return _with_rows(ours, lambda part: part[..., rows_of_theirs, :], ours.shape[-2])


def join_rows(tensors: Sequence[EncodedTensor]) -> EncodedTensor:
    """Tensors of one format joined along the output axis."""
    return _joined(tensors, axis=-2)


def join_slices(slices: Sequence[EncodedTensor], axis: int) -> EncodedTensor:
    """Tensor-parallel slices (plain numbers) joined along an axis. A single slice is returned as it is."""
    return slices[0] if len(slices) == 1 else _joined(slices, axis)


def row_major(tensor: EncodedTensor) -> EncodedTensor:
    """The tensor with each part laid out row by row; parts that are views of transposed ones are copied."""
    parts = {name: _row_major(part) if part.ndim == 2 else part for name, part in tensor.parts.items()}
    return EncodedTensor(tensor.shape, tensor.format, parts)


def _row_major(part: Array) -> Array:
    """A matrix laid out row by row.

    NumPy copies a transposed byte matrix byte by byte, at 50 MB/s. Moving eight bytes of a column at a time, and then
    the bytes within eight rows, is eight times as fast.
    """
    columns = part.T
    row_bytes = columns.shape[1] * columns.itemsize
    if part.flags.c_contiguous or not columns.flags.c_contiguous or columns.itemsize >= 8 or row_bytes % 8:
        return np.ascontiguousarray(part)
    per_word = 8 // columns.itemsize
    words = np.ascontiguousarray(columns.view(np.uint64).T)
    rows = words.view(part.dtype).reshape(len(words), -1, per_word).swapaxes(1, 2)
    return np.ascontiguousarray(rows.reshape(part.shape))


def _joined(tensors: Sequence[EncodedTensor], axis: int) -> EncodedTensor:
    first = tensors[0]
    parts = {name: np.concatenate([tensor.parts[name] for tensor in tensors], axis) for name in first.parts}
    shape = list(first.shape)
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    return EncodedTensor(tuple(shape), first.format, parts)


def _with_rows(tensor: EncodedTensor, choose: Callable[[Array], Array], num_rows: int) -> EncodedTensor:
    if any(part.shape[-2] != tensor.shape[-2] for part in tensor.parts.values()):
        raise ConfigError(
            f"A tensor stored as {tensor.format.name} cannot be cut or reordered by output rows.",
            "Its scales are not stored row by row.",
            "Convert it to bfloat16 first.",
        )
    shape = (*tensor.shape[:-2], num_rows, tensor.shape[-1])
    return EncodedTensor(shape, tensor.format, {name: choose(part) for name, part in tensor.parts.items()})


def _num_heads(transform: Transform, config: ModelConfig) -> int:
    return config.num_heads if transform is Transform.INTERLEAVE_QUERIES else config.num_kv_heads
