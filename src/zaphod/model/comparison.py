"""How far the weights in one file are from those in another, measured on samples; knows no cause and no verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from zaphod.compute.quant.tensor import FloatArray
from zaphod.core.errors import MissingTensorError
from zaphod.core.progress import Progress
from zaphod.model.weights import ModelWeights

# Rows of a matrix whose differences are held at one time.
_CHUNK_ROWS = 1024


@dataclass(frozen=True)
class Difference:
    """Differences between two versions of some values; `+` joins two samples."""

    num_values: int
    signal: float
    """Sum of the squares of the original values."""
    noise: float
    """Sum of the squares of the differences."""
    max_abs: float
    """Largest magnitude of a difference."""

    def __add__(self, other: Difference) -> Difference:
        return Difference(
            self.num_values + other.num_values,
            self.signal + other.signal,
            self.noise + other.noise,
            max(self.max_abs, other.max_abs),
        )

    @property
    def relative_rms(self) -> float:
        """Root mean square of the differences over that of the original values; 0 where nothing differs."""
        return math.sqrt(self.noise / self.signal) if self.noise else 0.0

    @property
    def snr_db(self) -> float:
        """Signal-to-noise ratio; infinite where nothing differs."""
        return -20 * math.log10(self.relative_rms) if self.noise else math.inf


def compare_weights(
    original: ModelWeights, written: ModelWeights, progress: Progress
) -> Iterator[tuple[str, Difference]]:
    """Each parameter's name with the differences in its first piece: the first expert of a stack, any other whole.

    Raises:
        MissingTensorError: the two are not the same model.
    """
    if original.names() != written.names():
        raise MissingTensorError("The two files hold different parameters.", "They must be of one model.")
    with progress.step("comparing", len(original.names()), "tensors") as advance:
        for name in original.names():
            ours, theirs = next(original.pieces(name)).decode(), next(written.pieces(name)).decode()
            yield name, _difference(ours, theirs)
            advance(1)


def total(differences: Iterable[Difference]) -> Difference:
    """All samples as one."""
    return sum(differences, Difference(0, 0.0, 0.0, 0.0))


def _difference(ours: FloatArray, theirs: FloatArray) -> Difference:
    chunks = range(0, len(ours), _CHUNK_ROWS)
    return total(_of_chunk(ours[at : at + _CHUNK_ROWS], theirs[at : at + _CHUNK_ROWS]) for at in chunks)


def _of_chunk(ours: FloatArray, theirs: FloatArray) -> Difference:
    apart = theirs.astype(np.float64) - ours
    signal = float(np.square(ours, dtype=np.float64).sum())
    return Difference(ours.size, signal, float(np.square(apart).sum()), float(np.abs(apart).max(initial=0.0)))
