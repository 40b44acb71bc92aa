"""How much of the machine a training run uses; knows counts of operations and one product of matrices.

Legend: N_active parameters in products that a token takes part in, L layers, T tokens of a row.
"""

from __future__ import annotations

import time

import torch

from zaphod.capacity.parameters import count_parameters
from zaphod.model.config import ModelConfig

_SIZE, _REPETITIONS = 2048, 5


def flops_per_token(config: ModelConfig, row_length: int, *, halves_causal: bool = True) -> float:
    """6 · N_active + 12 · L · (heads · head size) · T_eff, forward and backward (PaLM, arXiv 2204.02311, appendix B).

    Args:
        config: the model; its embedding is looked up, not multiplied, and a tied one counts once, as the head.
        row_length: T; a window bounds it.
        halves_causal: count the half of the scores that a causal model needs; some count all.
    """
    counts = count_parameters(config)
    looked_up = 0 if config.tie_embeddings else config.vocab_size * config.hidden_size
    seen = min(row_length, config.sliding_window or row_length) * (0.5 if halves_causal else 1.0)
    scores = 12 * config.num_layers * config.num_heads * config.head_dim * seen
    return 6 * (counts.active - looked_up) + scores


def peak_flops_per_s(dtype: torch.dtype, num_threads: int) -> float:
    """The best of a few products of 2048 x 2048 matrices, with so many threads: what MFU is measured against."""
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        a, b = torch.randn(_SIZE, _SIZE).to(dtype), torch.randn(_SIZE, _SIZE).to(dtype)
        torch.nn.functional.linear(a, b)
        return max(2 * _SIZE**3 / _seconds(a, b) for _ in range(_REPETITIONS))
    finally:
        torch.set_num_threads(before)


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    start_s = time.perf_counter()
    torch.nn.functional.linear(a, b)
    return time.perf_counter() - start_s
