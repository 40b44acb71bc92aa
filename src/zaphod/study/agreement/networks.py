"""Logits of the compiled network against the PyTorch one, with the same stored weights; knows no single kernel.

PyTorch computes in float32, the definition. The compiled network computes twice: all in float32, where nothing but the
order of sums differs, and as it is served, where weights keep their format and activations are rounded. Legend: T
tokens, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zaphod.capacity.parameters import weight_bytes
from zaphod.core.limits import available_memory_bytes
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.native_runner import BLOCK_SIZE, NativeRunner
from zaphod.model.files.weights import ModelWeights
from zaphod.model.native import NativeWeights, Precision, load_native
from zaphod.study.benchmarks.divergence import FloatArray, divergences, probe_prompts

PROMPT_TOKENS = 96

# In float32 only the order of sums differs: of the largest logit, and in nats. A router that hesitates between two
# experts may choose the other one; one position in fifty may therefore differ.
_EXACT_SHARE = 1e-3
_EXACT_POSITIONS = 0.98
# Activations of 8 bits cost about a thousandth of a nat in trained models. Where they cost more the network may be one
# that any rounding changes (random weights are): then PyTorch in bfloat16 tells what is usual. Codes of 8 bits are off
# by about 3.5 times as much as bfloat16, so they diverge 12 times as far.
_SERVED_DIVERGENCE = 0.02
_CODES_OVER_BFLOAT16 = 12
# The definition takes four bytes a parameter, and the compiled float32 network as many.
_NETWORK_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class LogitCheck:
    """The compiled network beside the definition on the same tokens."""

    part: str
    """`layer 3`, or `whole network`."""
    computed_in: str
    """`float32`, or `as served`."""
    num_tokens: int
    max_difference: float
    median_difference: float
    largest_logit: float
    mean_divergence: float
    """Kullback-Leibler, in nats."""
    bfloat16_divergence: float | None
    """That of PyTorch in bfloat16; None where it was not asked for."""
    same_top_share: float
    """Positions with the same likeliest token."""
    near_share: float
    """Positions whose logits all lie within a thousandth of the largest one."""
    native_s: float
    """Seconds for one prompt."""
    torch_s: float

    @property
    def is_ok(self) -> bool:
        if not np.isfinite(self.max_difference):
            return False
        if self.computed_in == "float32":
            return self.near_share >= _EXACT_POSITIONS
        usual = _CODES_OVER_BFLOAT16 * (self.bfloat16_divergence or 0.0)
        return self.mean_divergence <= max(_SERVED_DIVERGENCE, usual)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A part that was not computed, and why."""

    part: str
    needed_bytes: int
    """Memory that PyTorch would have needed."""


def check_part(
    weights: ModelWeights, served: NativeWeights, *, part: str, num_threads: int, done: Callable[[], None]
) -> list[LogitCheck]:
    """A network (see `ModelWeights.one_layer`) both ways.

    Args:
        weights: where PyTorch, and the compiled network in float32, read from.
        served: the same weights as they are served.
        part: what to call it.
        num_threads: of both.
        done: called after each of three networks.
    """
    length = min(PROMPT_TOKENS, weights.config.context_length)
    prompts = probe_prompts(weights.config.vocab_size, length=length)
    want, torch_s = _torch_logits(weights, prompts, num_threads, "float32")
    done()
    checks = []
    precisions: dict[str, Precision] = {"float32": "float32", "as served": "auto"}
    for label, precision in precisions.items():
        loaded = served if precision == "auto" else load_native(weights, precision=precision, num_threads=num_threads)
        got, native_s = _native_logits(loaded, prompts, num_threads, is_exact=precision == "float32")
        check = _compare(want, got, part, label, native_s, torch_s)
        if precision == "auto" and check.mean_divergence > _SERVED_DIVERGENCE:
            rounded, _ = _torch_logits(weights, prompts, num_threads, "bfloat16")
            check = dataclasses.replace(check, bfloat16_divergence=_mean_divergence(want, rounded))
        checks.append(check)
        del loaded
        done()
    return checks


def torch_bytes(weights: ModelWeights) -> int:
    """Memory for the definition in float32, or for the compiled network in float32: one at a time."""
    return int(weight_bytes(weights.config, "float32"))


def fits(needed_bytes: int, *, is_whole: bool) -> bool:
    """Whether that much may be taken: of a whole network only a part of what is free, because it takes long too."""
    share = _NETWORK_SHARE if is_whole else 0.9
    return needed_bytes <= share * available_memory_bytes()


def _torch_logits(
    weights: ModelWeights, prompts: Sequence[Sequence[int]], num_threads: int, dtype: str
) -> tuple[list[FloatArray], float]:
    """Logits [T, V] of each prompt, and seconds of the fastest."""
    import torch

    from zaphod.model.loading import DTYPES, load_transformer

    torch.set_num_threads(num_threads)
    model = load_transformer(weights, DTYPES[dtype])

    def compute(prompt: Sequence[int]) -> FloatArray:
        with torch.inference_mode():
            logits: FloatArray = model.forward_sequences(torch.tensor([prompt]))[0].numpy()
        return logits

    return _timed(compute, prompts)


def _native_logits(
    loaded: NativeWeights, prompts: Sequence[Sequence[int]], num_threads: int, *, is_exact: bool
) -> tuple[list[FloatArray], float]:
    length = len(prompts[0])
    cache_dtype: Literal["float32", "float16"] = "float32" if is_exact else "float16"
    runner = NativeRunner(loaded, num_threads=num_threads, max_len=length, cache_dtype=cache_dtype)
    blocks = range(-(-length // BLOCK_SIZE))

    def compute(prompt: Sequence[int]) -> FloatArray:
        return runner.forward(assemble([Scheduled(prompt, 0, blocks, num_logits=len(prompt))], BLOCK_SIZE)).copy()

    return _timed(compute, prompts)


def _timed(
    compute: Callable[[Sequence[int]], FloatArray], prompts: Sequence[Sequence[int]]
) -> tuple[list[FloatArray], float]:
    results, durations_s = [], []
    for prompt in prompts:
        start_s = time.perf_counter()
        results.append(compute(prompt))
        durations_s.append(time.perf_counter() - start_s)
    return results, min(durations_s)


def _compare(
    want: Sequence[FloatArray], got: Sequence[FloatArray], part: str, label: str, native_s: float, torch_s: float
) -> LogitCheck:
    largest = max(float(np.abs(logits_TV).max()) for logits_TV in want)
    worst_T, medians, same = [], [], []
    for exact_TV, other_TV in zip(want, got, strict=True):
        difference_TV = np.abs(exact_TV - other_TV)
        worst_T.append(difference_TV.max(axis=1))
        medians.append(float(np.median(difference_TV)))
        same.append(exact_TV.argmax(axis=1) == other_TV.argmax(axis=1))
    worst = np.concatenate(worst_T)
    return LogitCheck(
        part=part,
        computed_in=label,
        num_tokens=len(worst),
        max_difference=float(worst.max()),
        median_difference=float(np.median(medians)),
        largest_logit=largest,
        mean_divergence=_mean_divergence(want, got),
        bfloat16_divergence=None,
        same_top_share=float(np.concatenate(same).mean()),
        near_share=float((worst <= _EXACT_SHARE * largest).mean()),
        native_s=native_s,
        torch_s=torch_s,
    )


def _mean_divergence(exact: Sequence[FloatArray], other: Sequence[FloatArray]) -> float:
    return float(np.mean([divergences(one, two).mean() for one, two in zip(exact, other, strict=True)]))
