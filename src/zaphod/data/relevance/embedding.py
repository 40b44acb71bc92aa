"""Texts as vectors: latent semantic analysis of a corpus, or a sentence-transformers model; knows no topic.

The corpus' own embedder counts hashed words and pairs of words, weighs them by how rare they are (tf-idf) and keeps the
directions in which the corpus varies most (a truncated singular value decomposition, by random projection with power
iterations: Halko, Martinsson and Tropp, 2011). It knows of meaning what stands together in the corpus, and no more.

Legend: N texts, V buckets of terms, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from zaphod.core.errors import ConfigError, MissingExtraError
from zaphod.data.relevance.word_hashes import term_buckets

Floats = npt.NDArray[np.float32]

_POWER_ITERATIONS = 4
_OVERSAMPLING = 16


class Embedder(Protocol):
    """Texts to vectors of length 1, or 0 for texts that say nothing."""

    def embed(self, texts: Sequence[str]) -> Floats: ...


class LatentSemantics:
    """The corpus' own embedder. Made by `learn`, or from its arrays.

    Args:
        rarity_V: weight of each bucket.
        directions_VD: orthonormal columns.
    """

    def __init__(self, rarity_V: Floats, directions_VD: Floats) -> None:
        self.rarity_V, self.directions_VD = rarity_V, directions_VD

    @classmethod
    def learn(
        cls, texts: Iterable[str], *, num_dimensions: int = 128, num_buckets: int = 1 << 16, seed: int = 0
    ) -> LatentSemantics:
        """Learn rarity and directions from texts.

        Raises:
            ConfigError: there are fewer texts than dimensions.
        """
        counted = [term_buckets(text, num_buckets) for text in texts]
        if len(counted) < num_dimensions:
            raise ConfigError(
                f"{len(counted)} texts cannot give {num_dimensions} directions.",
                "An embedder is learnt from at least as many texts as it has dimensions.",
                "Give more texts, or lower the number of dimensions.",
            )
        document_counts_V = np.zeros(num_buckets)
        for buckets, _ in counted:
            document_counts_V[buckets] += 1
        # Terms of a single text say nothing of others.
        rarity_V = np.log((1 + len(counted)) / (1 + document_counts_V)) + 1
        rarity_V = np.where(document_counts_V >= 2, rarity_V, 0.0).astype(np.float32)
        directions_VD = _principal_directions(_weighted(counted, rarity_V), num_dimensions, seed)
        return cls(rarity_V, directions_VD)

    def embed(self, texts: Sequence[str]) -> Floats:
        vectors_ND = np.zeros((len(texts), self.directions_VD.shape[1]), np.float32)
        for row, text in enumerate(texts):
            buckets, counts = term_buckets(text, len(self.rarity_V))
            weights = (1 + np.log(counts)) * self.rarity_V[buckets]
            vectors_ND[row] = weights.astype(np.float32) @ self.directions_VD[buckets]
        return _normalised(vectors_ND)


class SentenceTransformer:
    """A sentence-transformers model that lies in a folder; nothing is fetched.

    Raises:
        ConfigError: the folder holds no model.
        MissingExtraError: the library is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise ConfigError(
                f"{folder} holds no sentence-transformers model.",
                "Such a folder has modules.json or config.json and weights.",
                "Name the folder of a model that you have.",
            )
        try:
            from sentence_transformers import SentenceTransformer as Library
        except ImportError as error:
            raise MissingExtraError("sentence-transformers", "embeddings") from error
        self._library: Any = Library(str(folder), device="cpu", local_files_only=True)

    def embed(self, texts: Sequence[str]) -> Floats:
        vectors_ND = self._library.encode(list(texts), show_progress_bar=False, convert_to_numpy=True)
        return _normalised(np.asarray(vectors_ND, np.float32))


def _weighted(counted: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], rarity_V: Floats) -> torch.Tensor:
    """Rows of tf-idf weights of length 1, sparse."""
    rows = np.repeat(np.arange(len(counted)), [len(buckets) for buckets, _ in counted])
    columns = np.concatenate([buckets for buckets, _ in counted])
    values = []
    for buckets, counts in counted:
        weights = (1 + np.log(counts)) * rarity_V[buckets]
        values.append(weights / max(float(np.linalg.norm(weights)), 1e-12))
    places = torch.from_numpy(np.stack([rows, columns]))
    weights_NV = torch.from_numpy(np.concatenate(values).astype(np.float32))
    return torch.sparse_coo_tensor(places, weights_NV, (len(counted), len(rarity_V)), check_invariants=True).coalesce()


def _principal_directions(rows_NV: torch.Tensor, num_dimensions: int, seed: int) -> Floats:
    generator = torch.Generator().manual_seed(seed)
    width = min(num_dimensions + _OVERSAMPLING, rows_NV.shape[0])
    columns_VN = rows_NV.t().coalesce()
    basis_VD = torch.randn(rows_NV.shape[1], width, generator=generator)
    for _ in range(_POWER_ITERATIONS):
        basis_VD = torch.linalg.qr(columns_VN @ torch.linalg.qr(rows_NV @ basis_VD).Q).Q
    _, _, mixing = torch.linalg.svd(rows_NV @ basis_VD, full_matrices=False)
    directions: Floats = (basis_VD @ mixing.mT)[:, :num_dimensions].numpy()
    return directions


def _normalised(vectors_ND: Floats) -> Floats:
    norms_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    result: Floats = np.where(norms_N1 > 1e-9, vectors_ND / np.maximum(norms_N1, 1e-9), 0.0).astype(np.float32)
    return result
