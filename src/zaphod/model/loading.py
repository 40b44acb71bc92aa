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
        loaded[name] = load_tensor(weights, name, dtype if is_matrix(name) else torch.float32)
    model.load_state_dict(loaded, assign=True)
    return model.requires_grad_(False).eval()


def load_tensor(weights: ModelWeights, name: str, dtype: torch.dtype) -> Tensor:
    """One tensor by its canonical name."""
    return _filled(weights.shape(name), dtype, weights.pieces(name))


def is_matrix(name: str) -> bool:
    """Whether the tensor may be in half precision: not a norm, a bias or a router."""
    return not (name.endswith(("norm.weight", ".bias")) or ".router." in name)


def _filled(shape: tuple[int, ...], dtype: torch.dtype, pieces: Iterator[EncodedTensor]) -> Tensor:
    """A tensor filled piece by piece, so that only one piece exists twice."""
    out = torch.empty(shape, dtype=dtype)
    for index, piece in enumerate(pieces):
        (out if piece.shape == shape else out[index]).copy_(_to_torch(piece))
    return out


def _to_torch(piece: EncodedTensor) -> Tensor:
    """The piece's values as a tensor; bfloat16 passes through unconverted."""
    values = piece.parts.get("values")
    if values is None:
        return torch.from_numpy(piece.decode())
    if values.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(np.array(values).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(values))
