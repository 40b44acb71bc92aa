"""What our engine's time consists of beside reading and multiplying, fitted; knows no machine and no model.

Fitted on seven models of random weights, none of which plans are checked on (`benchmarks/planner_local.py`): Grok-like
ones of 8, 44 and 300 M parameters and Qwen3-MoE-like ones of 14, 65 and 300 M in 8 bits, and 300 M in bfloat16; one
thread of an AMD EPYC (Zen 5), 1 to 16 sequences, prompts of 32 to 480 tokens. Bandwidth and peak were measured before
and after each sample. The fit is the one of least relative error: 8.5 % on average, 14 % for 80 of 100. What it costs
that threads wait for each other was read off two models with two threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class EngineConstants:
    """Shares are of the time that the measured bandwidth or peak would give."""

    memory_share: float
    """Of weights that are read from memory: kernels prefetch a little better than the measurement does."""
    cache_share: float
    """Of weights that stay in the caches, where the measurement's own instructions bound it, not the cache."""
    kv_share: float
    """Of keys and values."""
    compute_share: float
    """Of the multiplications."""
    visit_s_per_input: float
    """For each expert that a token visits, of each number of the layer's width, on one thread."""
    visit_s_per_hidden: float
    """The same, of each number of the expert's hidden layer."""
    meeting_s_per_layer: float
    """Threads wait for each other about eight times a layer; nothing where there is one thread."""
    relative_error: float
    """Factor that held 80 of 100 samples, in models that the fit has not seen."""


NATIVE: Final = EngineConstants(
    memory_share=0.92,
    cache_share=0.44,
    kv_share=1.1,
    compute_share=0.98,
    visit_s_per_input=4.0e-9,
    visit_s_per_hidden=1.8e-9,
    meeting_s_per_layer=6.5e-6,
    relative_error=0.2,
)
