"""How far one program's next-token distributions are from exact ones; knows arrays of logits, not who made them.

Legend: P prompts, T tokens of each, V vocabulary.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def divergences(exact_PTV: FloatArray, other_PTV: FloatArray) -> npt.NDArray[np.float64]:
    """Kullback-Leibler divergence, in nats, of the other from the exact distribution at every position, [P · T]."""
    exact, other = (array.reshape(-1, array.shape[-1]) for array in (exact_PTV, other_PTV))
    return np.array([_divergence(row, theirs) for row, theirs in zip(exact, other, strict=True)])


def probe_prompts(vocab_size: int, *, num_random: int = 2, length: int = 96, seed: int = 0) -> list[list[int]]:
    """Prompts of equal length: random tokens, one pattern that repeats, and ascending numbers."""
    rng = np.random.default_rng(seed)
    random = rng.integers(0, vocab_size, (num_random, length)).tolist()
    pattern = rng.integers(0, vocab_size, 8).tolist()
    ascending = [(index * 7 + 3) % vocab_size for index in range(length)]
    return [*random, (pattern * length)[:length], ascending]


def _divergence(exact_V: FloatArray, other_V: FloatArray) -> float:
    exact, other = _log_softmax(exact_V), _log_softmax(other_V)
    return float(np.sum(np.exp(exact) * (exact - other)))


def _log_softmax(logits_V: FloatArray) -> npt.NDArray[np.float64]:
    shifted = logits_V.astype(np.float64) - float(logits_V.max())
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return result
