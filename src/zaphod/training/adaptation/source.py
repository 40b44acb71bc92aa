"""Where the weights of a model to be adapted come from: a network in memory, or files, read one piece at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from zaphod.compute.quant import NF4
from zaphod.compute.quant.tensor import Array
from zaphod.model.files.weights import ModelWeights
from zaphod.model.loading import load_tensor
from zaphod.model.transformer import Transformer
from zaphod.training.adaptation.frozen import FrozenWeight, NF4Weight, PlainWeight


class WeightSource(Protocol):
    """Weights by canonical name."""

    def plain(self, name: str, dtype: torch.dtype) -> Tensor:
        """The tensor in `dtype`."""

    def packed(self, name: str, dtype: torch.dtype) -> FrozenWeight:
        """The tensor in NF4; no more than one matrix of it exists in another form at a time."""


class FromNetwork:
    """The weights of a network that is in memory already."""

    def __init__(self, model: Transformer) -> None:
        self._tensors = dict(model.named_parameters())

    def plain(self, name: str, dtype: torch.dtype) -> Tensor:
        return self._tensors[name].detach().to(dtype, copy=True)

    def packed(self, name: str, dtype: torch.dtype) -> FrozenWeight:
        tensor = self._tensors[name].detach()
        matrices = [tensor] if tensor.ndim == 2 else list(tensor)
        parts = [NF4().encode(matrix.float().numpy()) for matrix in matrices]
        return NF4Weight(_stacked(parts), tuple(tensor.shape), dtype)


class FromFiles:
    """The weights of an opened checkpoint."""

    def __init__(self, weights: ModelWeights) -> None:
        self._weights = weights

    def plain(self, name: str, dtype: torch.dtype) -> Tensor:
        return load_tensor(self._weights, name, dtype)

    def packed(self, name: str, dtype: torch.dtype) -> FrozenWeight:
        parts = [
            piece.parts if piece.format.name == NF4.name else NF4().encode(piece.decode())
            for piece in self._weights.pieces(name)
        ]
        return NF4Weight(_stacked(parts), self._weights.shape(name), dtype)


def frozen_weight(source: WeightSource, name: str, dtype: torch.dtype, *, packed: bool) -> FrozenWeight:
    """The weight as it will multiply."""
    return source.packed(name, dtype) if packed else PlainWeight(source.plain(name, dtype))


def _stacked(parts: list[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.stack([piece[name] for piece in parts]) for name in parts[0]}
