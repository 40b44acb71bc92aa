"""From a checkpoint's tensors to a PyTorch model in memory; knows both, and nothing of prompts or requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

from zaphod.compute.quant import EncodedTensor
from zaphod.model.files.weights import ModelWeights
from zaphod.model.transformer import Transformer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load_transformer(
    weights: ModelWeights, dtype: torch.dtype, track: Callable[[list[str]], Iterable[str]] = iter
) -> Transformer:
    """Read every tensor into a new `Transformer`, one piece (one expert) at a time.

    Args:
        weights: canonical view of an opened checkpoint.
        dtype: of the matrices; norms, router and biases stay in float32.
        track: wraps the list of names, for a progress bar.

    Raises:
        MissingTensorError, CorruptFileError: from reading the checkpoint.
    """
    with torch.device("meta"):
        model = Transformer(weights.config)
    parameters = dict(model.named_parameters())
    loaded: dict[str, Tensor] = {}
    for name in track(list(parameters)):
        target = dtype if _is_matrix(name) else torch.float32
        loaded[name] = _filled(parameters[name].shape, target, weights.pieces(name))
    model.load_state_dict(loaded, assign=True)
    return model.requires_grad_(False).eval()


def _is_matrix(name: str) -> bool:
    return not (name.endswith(("norm.weight", ".bias")) or ".router." in name)


def _filled(shape: torch.Size, dtype: torch.dtype, pieces: Iterator[EncodedTensor]) -> Tensor:
    """A tensor filled piece by piece, so that only one piece exists twice."""
    out = torch.empty(shape, dtype=dtype)
    for index, piece in enumerate(pieces):
        (out if piece.shape == tuple(shape) else out[index]).copy_(_to_torch(piece))
    return out


def _to_torch(piece: EncodedTensor) -> Tensor:
    """The piece's values as a tensor; bfloat16 passes through unconverted."""
    values = piece.parts.get("values")
    if values is None:
        return torch.from_numpy(piece.decode())
    if values.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(np.array(values).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(values))
