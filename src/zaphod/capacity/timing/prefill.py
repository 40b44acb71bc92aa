"""How long prompts take to read (F9); knows no queues and no decoding."""

from __future__ import annotations

import math

from zaphod.capacity.estimate import Estimate, within
from zaphod.capacity.replica import Replica
from zaphod.capacity.timing.engines import Calibration
from zaphod.capacity.timing.step import StepModel, Work
from zaphod.capacity.timing.uncertainty import prefill_error
from zaphod.core.errors import ConfigError


def prefill_time(
    replica: Replica,
    *,
    prompt_tokens: int,
    batch: int = 1,
    cached_tokens: int = 0,
    calibration: Calibration | None = None,
) -> Estimate:
    """Seconds from the first kernel to the last of `batch` prompts that are read together, nothing else running.

    Args:
        replica: what reads them, at most `max_batched_tokens` a step and group of data parallelism.
        prompt_tokens: length of each.
        batch: number of prompts.
        cached_tokens: of each prompt, found in the prefix cache.
        calibration: instead of `engines.toml`.

    Raises:
        ConfigError: no prompt, no token, or nothing left to read.
    """
    model = StepModel(replica, calibration)
    seconds = prefill_seconds(model, prompt_tokens=prompt_tokens, batch=batch, cached_tokens=cached_tokens)
    return within(seconds, prefill_error(model), "s", f"F9: {model.constants.fitted_on}")


def prefill_seconds(
    model: StepModel,
    *,
    prompt_tokens: float,
    batch: int = 1,
    cached_tokens: float = 0,
    beside: Work | None = None,
) -> float:
    """Seconds of all steps that it takes, with `beside` being decoded in each of them."""
    new = prompt_tokens - cached_tokens
    if batch < 1 or prompt_tokens < 1 or cached_tokens < 0 or new <= 0:
        raise ConfigError(
            f"{batch} prompts of {prompt_tokens} tokens, {cached_tokens} of them cached.",
            "At least one prompt with at least one token that is not cached is read.",
            "Change the lengths.",
        )
    replica = model.replica
    groups = min(batch, replica.layout.data)
    num_steps = num_prompt_steps(model, new, batch)
    work = Work(
        sequences=beside.sequences if beside else 0.0,
        context=beside.context if beside else 0.0,
        prompt_tokens=batch * new / num_steps,
        prompt_seen=cached_tokens + new / 2,
        prompts=max(groups, math.ceil(batch / num_steps)),
    )
    stages = replica.layout.pipeline
    return model.step(work).seconds * (num_steps + stages - 1) / stages


def num_prompt_steps(model: StepModel, new_tokens: float, batch: int = 1) -> int:
    """Steps that so many prompts are read in."""
    groups = min(batch, model.replica.layout.data)
    return max(1, math.ceil(batch * new_tokens / (model.replica.max_batched_tokens * groups)))
