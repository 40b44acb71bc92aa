"""Predictors of serving: tokens of one user, gaps, first tokens, prompts, whole requests, throughput; knows no tables.

Cells that are empty are assumed, and the assumption stands in the estimate's basis.
"""

from __future__ import annotations

import dataclasses
import math
import re

from zaphod.capacity.estimate import Estimate, RefusedError
from zaphod.capacity.memory.inference import max_sequences
from zaphod.capacity.timing.closed_loop import Loop, closed_loop
from zaphod.capacity.timing.decode import decode_parts, decode_step
from zaphod.capacity.timing.engines import Calibration, Constants, calibration
from zaphod.capacity.timing.prefill import prefill_time
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.replicas import Assumed, noted, replica_of
from zaphod.core.errors import CapacityError

PROMPT_TOKENS = 350
"""Of a chat's first turn, where a row does not say: follows from throughput against gaps in the open rows."""
OUTPUT_TOKENS = 512
_MAX_TOKENS = 2e7
_MEAN_OVER_PEAK = 0.7
"""Of a fleet over a day (F13: 0.6 to 0.8)."""


def pure_step(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """The median gap: of a step that reads no prompt."""
    assumed = replica_of(point)
    prompt, output = _lengths(point)
    if point.batch is None:
        return noted(_loop(point, assumed, calibrated).step_s, assumed)
    step = decode_step(assumed.replica, batch=max(1, point.batch), context=prompt + output / 2, calibration=calibrated)
    return noted(step, assumed)


def mean_gap(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Time per output token, what other requests' prompts add included."""
    assumed = replica_of(point)
    loop = _loop(point, assumed, calibrated)
    if not _is_tail(point):
        return noted(loop.itl_s, assumed)
    # The longest gaps hold a step that reads a piece of a prompt.
    prompt, _ = _lengths(point)
    piece = prefill_time(assumed.replica, prompt_tokens=math.ceil(prompt), calibration=calibrated)
    return noted(_sum(loop.step_s, piece), assumed)


def tokens_per_s_per_user(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """One stream's rate."""
    alone = (point.batch or 1) <= 1
    gap = pure_step(dataclasses.replace(point, batch=1), calibrated) if alone else mean_gap(point, calibrated)
    return gap.inverse(1.0, "tok/s")


def first_token(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Mean (the median is less where a burst is part of the measurement), or the tail where the metric says so."""
    assumed = replica_of(point)
    loop = _loop(point, assumed, calibrated)
    return noted(loop.ttft_p95_s if _is_tail(point) else loop.ttft_s, assumed)


def prefill_seconds(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """All prompts of a batch, one after the other or together."""
    assumed = replica_of(point)
    prompt, _ = _lengths(point)
    time = prefill_time(
        assumed.replica, prompt_tokens=math.ceil(prompt), batch=max(1, point.batch or 1), calibration=calibrated
    )
    return noted(time, assumed)


def prefill_rate(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Tokens of prompts read in a second, with nothing else to do."""
    assumed = replica_of(point)
    prompt, _ = _lengths(point)
    # A saturated server always has enough prompts to fill its steps, on all of its groups.
    enough = max(point.batch or 1, math.ceil(assumed.replica.max_batched_tokens / prompt) * assumed.replica.layout.data)
    time = prefill_time(assumed.replica, prompt_tokens=math.ceil(prompt), batch=enough, calibration=calibrated)
    return _of_what(point, assumed, noted(time, assumed).inverse(prompt * enough, "tok/s"))


def whole_request(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """From sending to the last token: a batch that starts together (latency tests), or one of a stream of requests."""
    assumed = replica_of(point)
    if point.category not in ("e2e", "latency"):
        return noted(_loop(point, assumed, calibrated).e2e_s, assumed)
    prompt, output = _lengths(point)
    batch = max(1, point.batch or 1)
    step = decode_step(assumed.replica, batch=batch, context=prompt + output / 2, calibration=calibrated)
    reading = prefill_time(assumed.replica, prompt_tokens=math.ceil(prompt), batch=batch, calibration=calibrated)
    total = step.scaled(output, "s")
    return noted(_sum(total, reading), assumed)


def output_tokens(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Tokens a second of all streams; with no number of requests given, of as many as memory holds."""
    assumed = replica_of(point)
    return _of_what(point, assumed, noted(_loop(point, assumed, calibrated).output_tokens_per_s, assumed))


def all_tokens(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Prompts' and answers' tokens a second."""
    prompt, output = _lengths(point)
    return output_tokens(point, calibrated).scaled((prompt + output) / output, "tok/s")


def requests(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Requests a second."""
    assumed = replica_of(point)
    return noted(_loop(point, assumed, calibrated).requests_per_s, assumed)


def fleet_rate(point: Point, calibrated: Calibration | None = None) -> Estimate:
    """Tokens a second over a day of a deployment that is sized for its peak; prompts are read elsewhere."""
    assumed = replica_of(point)
    if "prefill" in point.metric or "input" in point.metric or "prompt" in point.metric:
        return prefill_rate(point, calibrated).scaled(_MEAN_OVER_PEAK, "tok/s", "a day's mean is 0.7 of its peak")
    prompt, output = _lengths(point)
    context = prompt + output / 2
    if point.isl is None:
        context = _context_in_notes(point) or context
    found = (calibrated or calibration()).constants_for(assumed.replica.engine, assumed.replica.accelerator)[0]
    batch = point.batch or _fitting(assumed, context, found) * _MEAN_OVER_PEAK
    step = decode_step(assumed.replica, batch=max(1.0, batch), context=context, calibration=calibrated)
    rate = noted(step, assumed).inverse(batch, "tok/s", "a day's mean load is 0.7 of what memory holds")
    return _of_what(point, assumed, rate)


def loop_of(point: Point, calibrated: Calibration | None = None) -> tuple[Assumed, Loop]:
    """The closed loop of a row, for predictors of power and energy."""
    assumed = replica_of(point)
    return assumed, _loop(point, assumed, calibrated)


def shares_of(point: Point, calibrated: Calibration | None = None) -> tuple[Assumed, float, float]:
    """The replica, and the shares of memory bandwidth and of bfloat16 peak that its decoding uses."""
    assumed = replica_of(point)
    prompt, output = _lengths(point)
    parts = decode_parts(
        assumed.replica, batch=max(1, point.batch or 1), context=prompt + output / 2, calibration=calibrated
    )
    accelerator = assumed.replica.accelerator
    memory = parts.touched_bytes / (parts.seconds * accelerator.bandwidth)
    return assumed, memory, parts.flops / (parts.seconds * accelerator.peak("bf16"))


def _loop(point: Point, assumed: Assumed, calibrated: Calibration | None) -> Loop:
    prompt, output = _lengths(point)
    found = (calibrated or calibration()).constants_for(assumed.replica.engine, assumed.replica.accelerator)[0]
    fitting = _fitting(assumed, prompt + output, found)
    concurrency = point.batch or fitting
    return closed_loop(
        assumed.replica,
        concurrency=max(1.0, concurrency),
        prompt_tokens=prompt,
        output_tokens=output,
        max_running=max(1, int(fitting)),
        calibration=calibrated,
    )


def _fitting(assumed: Assumed, context: float, constants: Constants) -> float:
    """Sequences that memory holds, at most the engine's limit. What was measured did fit: then at least one."""
    replica = assumed.replica
    limit = constants.max_sequences * replica.layout.data
    try:
        return float(min(limit, max(1, max_sequences(replica, math.ceil(context)))))
    except CapacityError:
        return float(limit)


def _lengths(point: Point) -> tuple[float, float]:
    """Tokens of prompt and answer."""
    prompt = point.isl if point.isl is not None else PROMPT_TOKENS
    output = point.osl or OUTPUT_TOKENS
    if prompt + output > _MAX_TOKENS:
        raise RefusedError(f"A request of {prompt + output:.3g} tokens was never measured.", "", "Give isl and osl.")
    return max(1.0, prompt), max(1.0, output)


def _of_what(point: Point, assumed: Assumed, rate: Estimate) -> Estimate:
    """Per device, per node or per user, where metric or unit say so."""
    text = f"{point.metric} {point.unit}".lower().replace("/", "_per_").replace("__", "_")
    replica = assumed.replica
    if re.search(r"per_(gpu|device|accelerator|chip)", text):
        return rate.scaled(1 / replica.num_devices, "tok/s")
    if re.search(r"per_node", text):
        return rate.scaled(replica.accelerator.devices_per_node / replica.num_devices, "tok/s")
    return rate


def _is_tail(point: Point) -> bool:
    return bool(re.search(r"p9\d|max|tail", point.metric))


def _sum(first: Estimate, second: Estimate) -> Estimate:
    """Of two times whose errors go together."""
    return Estimate(
        value=first.value + second.value,
        low=first.low + second.low,
        high=first.high + second.high,
        unit="s",
        basis=(*first.basis, *second.basis),
    )


def _context_in_notes(point: Point) -> float | None:
    found = re.search(r"(?:kv|context) length (?:of )?([0-9,]+)", point.notes.lower())
    return float(found[1].replace(",", "")) if found else None
