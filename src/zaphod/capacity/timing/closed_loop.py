"""A fixed number of requests in flight, each replaced when it ends (F12); knows no arrivals and no fleets.

Prompts are read in steps that they share with decoding (chunked prefill), so that each prompt delays all streams by
what it adds to a step. Little's law ties the number in flight to rate and time. First-token times hold a share of the
first burst, when all requests come at once, because benchmarks measure it; for their tails simulate the scheduler.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.estimate import Estimate, within
from zaphod.capacity.memory.inference import max_sequences
from zaphod.capacity.replica import Replica
from zaphod.capacity.timing.decode import parts_of
from zaphod.capacity.timing.engines import Calibration
from zaphod.capacity.timing.prefill import num_prompt_steps, prefill_seconds
from zaphod.capacity.timing.step import StepModel, StepParts, Work
from zaphod.capacity.timing.uncertainty import decode_error, throughput_error, ttft_error
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What a replica gives with so many requests in flight."""

    ttft_s: Estimate
    """Mean."""
    ttft_p95_s: Estimate
    """If waiting has an exponential tail: 3 times its mean. Simulate the scheduler for more."""
    itl_s: Estimate
    """Mean gap of a stream, other requests' prompts included: TPOT, (end - first token) / (n - 1)."""
    output_tokens_per_s: Estimate
    """Of the whole replica."""
    e2e_s: Estimate
    running: float
    """Streams being decoded, on average."""
    step_s: Estimate
    """Of a step that reads no prompt: the median gap where most steps read none."""
    parts: StepParts
    """Of such a step."""
    prompt_share: float
    """Of the time, added by reading prompts."""
    requests_per_s: Estimate


def closed_loop(
    replica: Replica,
    *,
    concurrency: float,
    prompt_tokens: float,
    output_tokens: float,
    cached_share: float = 0.0,
    max_running: int | None = None,
    calibration: Calibration | None = None,
) -> Loop:
    """Mean figures of the steady state.

    Args:
        replica: what serves.
        concurrency: requests in flight.
        prompt_tokens: mean length of prompts.
        output_tokens: mean length of answers.
        cached_share: of prompts, found in the prefix cache.
        max_running: sequences decoded at once; from memory unless given, and never more than the engine's own limit.
        calibration: instead of `engines.toml`.

    Raises:
        ConfigError: a count below 1.
        CapacityError: not one sequence fits.
    """
    if concurrency < 1 or prompt_tokens < 1 or output_tokens < 1 or not 0 <= cached_share < 1:
        raise ConfigError(
            f"{concurrency} requests of {prompt_tokens} + {output_tokens} tokens, cached share {cached_share}.",
            "Counts are 1 or more, the share is in [0, 1).",
            "Change them.",
        )
    model = StepModel(replica, calibration)
    if max_running is None:
        max_running = max_sequences(replica, math.ceil(prompt_tokens + output_tokens))
    in_service = min(concurrency, max_running, model.constants.max_sequences * replica.layout.data)
    state = _steady(model, in_service, prompt_tokens, output_tokens, cached_share * prompt_tokens)
    basis = f"F12: {model.constants.fitted_on}"
    rate = within(state.rate, throughput_error(model), "req/s", basis)
    waiting_s = max(0.0, concurrency - in_service) / state.rate
    gap = within(state.gap_s, decode_error(model, state.running), "s", basis)
    first_s = state.ttft_s + waiting_s
    return Loop(
        ttft_s=within(first_s, ttft_error(model), "s", basis),
        ttft_p95_s=within(first_s + 2 * (state.queue_s + waiting_s), ttft_error(model), "s", basis),
        itl_s=gap,
        output_tokens_per_s=rate.scaled(output_tokens, "tok/s"),
        e2e_s=within(first_s + (output_tokens - 1) * state.gap_s, decode_error(model, state.running), "s", basis),
        running=state.running,
        step_s=within(state.parts.seconds, decode_error(model, state.running), "s", basis),
        parts=state.parts,
        prompt_share=state.prompt_share,
        requests_per_s=rate,
    )


@dataclass(frozen=True, kw_only=True)
class _State:
    rate: float
    gap_s: float
    ttft_s: float
    queue_s: float
    running: float
    parts: StepParts
    prompt_share: float


def _steady(model: StepModel, in_service: float, prompt: float, output: float, cached: float) -> _State:
    """Little's law: in service = rate * (time to the first token + gaps); the right side grows with the rate."""
    context = prompt + output / 2
    running = in_service
    for _ in range(4):
        parts = parts_of(model, batch=max(1.0, running), context=context)
        added_s, own_s = _prompt_seconds(model, max(1.0, running), context, prompt, cached, parts)
        low, high = 0.0, 1 / added_s
        for _ in range(40):
            rate = (low + high) / 2
            gap_s, queue_s, ttft_s = _times(model, rate, in_service, parts.seconds, added_s, own_s)
            if rate * (ttft_s + (output - 1) * gap_s) < in_service:
                low = rate
            else:
                high = rate
        running = min(in_service, max(1.0, rate * (output - 1) * gap_s))
    return _State(
        rate=rate,
        gap_s=gap_s,
        ttft_s=ttft_s,
        queue_s=queue_s,
        running=running,
        parts=parts,
        prompt_share=min(1.0, rate * added_s),
    )


def _prompt_seconds(
    model: StepModel, running: float, context: float, prompt: float, cached: float, parts: StepParts
) -> tuple[float, float]:
    """(what each prompt adds to the steps of all, how long its own reading takes)."""
    layout = model.replica.layout
    beside = Work(sequences=running / layout.pipeline, context=context)
    num_steps = num_prompt_steps(model, prompt - cached)
    own_s = prefill_seconds(model, prompt_tokens=prompt, cached_tokens=cached, beside=beside)
    # While one group of data parallelism reads a prompt, the others can read theirs.
    together = min(layout.data, max(1, int(running)))
    all_s = prefill_seconds(model, prompt_tokens=prompt, cached_tokens=cached, batch=together, beside=beside)
    stages = layout.pipeline
    whole = (all_s * stages / (num_steps + stages - 1) - parts.seconds) * num_steps
    return max(1e-9, whole / together / stages), own_s


def _times(
    model: StepModel, rate: float, in_service: float, step_s: float, added_s: float, own_s: float
) -> tuple[float, float, float]:
    """(mean gap, mean wait for other prompts, mean time to the first token) at a rate of requests."""
    busy = min(rate * added_s, 1 - 1e-9)
    others_s = (in_service - 1) * added_s
    queue_s = min(others_s, added_s * busy / (2 * (1 - busy)) + model.calibration.burst * others_s / 2)
    alone = in_service < 2
    # Half of the step that runs, and half of the next, which schedulers that plan ahead have planned already.
    wait_s = 0.0 if alone else step_s
    gap_s = step_s if alone else step_s / (1 - busy)
    return gap_s, queue_s, model.constants.request_s + wait_s + queue_s + own_s
