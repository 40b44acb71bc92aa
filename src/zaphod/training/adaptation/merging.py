"""Changes put into weights: into files piece by piece, or into a network and back; knows no training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from zaphod.compute.quant import BFLOAT16, FLOAT32, NF4, EncodedTensor, QuantFormat
from zaphod.compute.quant.plain import Plain
from zaphod.compute.quant.tensor import FloatArray
from zaphod.compute.quant.tiled import untiled_form
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import is_kept_exact
from zaphod.model.transformer import Transformer
from zaphod.training.adaptation.changes import Changes, Update


class ChangedWeights(ModelWeights):
    """A checkpoint seen with changes in its weights; `conversion.convert` writes it as any other.

    A changed weight keeps the number format of the file where that is plain; from a quantised one it becomes bfloat16,
    since its old codes cannot hold it.

    Args:
        weights: the model that was adapted.
        changes: what was learnt.
        through_nf4: updates go on top of what NF4 makes of the weights, as a `qlora` run saw them, instead of on top of
            the weights as they are.

    Raises:
        MissingTensorError: a change does not fit the model.
    """

    def __init__(self, weights: ModelWeights, changes: Changes, *, through_nf4: bool = False) -> None:
        super().__init__(weights.checkpoint, weights.config)
        changes.require_fit(weights.config)
        self._changes, self._through_nf4 = changes, through_nf4

    @property
    def changes(self) -> str:
        return f"{self._changes.digest()} {self._through_nf4}"

    def format(self, name: str) -> QuantFormat:
        stored = super().format(name)
        if name not in self._changes.names and not self._is_rounded(name):
            return stored
        numbers = untiled_form(stored)
        if isinstance(numbers, Plain):
            return numbers
        return FLOAT32 if is_kept_exact(name, self.shape(name)) else BFLOAT16

    def piece(self, name: str, index: int) -> EncodedTensor:
        piece = super().piece(name, index)
        if name not in self._changes.names and not self._is_rounded(name):
            return piece
        values = piece.decode()
        if self._is_rounded(name):
            values = NF4().decode(NF4().encode(values), values.shape)
        values = changed(values, self._changes, name, index if len(self.shape(name)) == 3 else None)
        number_format = self.format(name)
        return EncodedTensor(piece.shape, number_format, number_format.encode(values))

    def _is_rounded(self, name: str) -> bool:
        return self._through_nf4 and (name.endswith("_proj.weight") or ".experts." in name)


def changed(values: FloatArray, changes: Changes, name: str, expert: int | None = None) -> FloatArray:
    """A weight, or one expert of a stack, with its change in it.

    Args:
        values: [O, I], or any shape where the weight was trained whole.
        changes: what was learnt.
        name: the weight's canonical name.
        expert: which matrix of a stack `values` is.
    """
    if name in changes.whole:
        whole = changes.whole[name]
        return whole if expert is None else whole[expert]
    update = changes.updates.get(name)
    return values if update is None else _updated(values, update, expert)


def _updated(values: FloatArray, update: Update, expert: int | None) -> FloatArray:
    a, b, lengths = (
        part if part is None or expert is None else part[expert] for part in (update.a, update.b, update.lengths)
    )
    assert a is not None
    assert b is not None
    merged = values + b @ a
    if lengths is None:
        return merged
    norms: FloatArray = np.linalg.norm(merged, axis=-1).clip(1e-12)
    return merged * (lengths / norms)[:, None]


@contextmanager
def merged(network: Transformer, changes: Changes) -> Iterator[Transformer]:
    """The network with the changes in its weights; afterwards its weights are what they were, bit by bit.

    Raises:
        MissingTensorError: a change does not fit the network.
    """
    changes.require_fit(network.config)
    originals = {name: network.get_parameter(name).detach().clone() for name in changes.names}
    try:
        _put(network, {name: _changed_whole(original, changes, name) for name, original in originals.items()})
        yield network
    finally:
        _put(network, originals)


def _changed_whole(original: torch.Tensor, changes: Changes, name: str) -> torch.Tensor:
    values = original.float().numpy()
    if values.ndim < 3:
        return torch.from_numpy(np.asarray(changed(values, changes, name)))
    return torch.from_numpy(np.stack([changed(values[e], changes, name, e) for e in range(len(values))]))


@torch.no_grad()
def _put(network: Transformer, tensors: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        network.get_parameter(name).copy_(tensor)
