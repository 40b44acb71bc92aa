"""What the replies of a load say, under vLLM's names where vLLM has one; knows no server and prints nothing."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run
from zaphod.study.benchmarks.serving.prompts import Shape
from zaphod.study.benchmarks.serving.reply import Reply

PERCENTILES = (90.0, 95.0, 99.0)
METRICS = ("ttft", "tpot", "itl", "e2el")
TPOT_DEFINITION = "(e2el - ttft) / (output tokens - 1), of requests with at least 2 output tokens"
SCHEDULED = "the scheduled instant"
_BACKENDS = {"completions": "openai", "chat": "openai-chat"}
_MAX_EXAMPLES = 5


def summarise(
    run: Run, load: Load, shape: Shape, target: Target, goals: Goals, percentiles: Sequence[float] = PERCENTILES
) -> dict[str, Any]:
    """Everything but the single requests, fit for JSON: vLLM's keys first, then ours.

    Latencies, tokens and throughput are of requests that were answered whole. A figure that nothing was measured for
    is None. Milliseconds end in `_ms`.
    """
    good = [reply for reply in run.replies if reply.failure is None]
    return (
        _about(load, target)
        | figures(good, run.duration_s, goals, percentiles)
        | {"failed": len(run.replies) - len(good)}
        | _ours(run, load, shape, good)
    )


def figures(
    good: Sequence[Reply], duration_s: float, goals: Goals, percentiles: Sequence[float] = PERCENTILES
) -> dict[str, Any]:
    """vLLM's figures of requests that were answered."""
    input_tokens, output_tokens = sum(each.prompt_tokens for each in good), sum(each.num_tokens for each in good)
    kept = sum(goals.are_kept_by(each) for each in good)
    result: dict[str, Any] = {
        "duration": duration_s,
        "completed": len(good),
        "total_input_tokens": input_tokens,
        "total_output_tokens": output_tokens,
        "request_throughput": _rate(len(good), duration_s),
        "request_goodput": _rate(kept, duration_s) if goals.are_set else None,
        "output_throughput": _rate(output_tokens, duration_s),
        "total_token_throughput": _rate(input_tokens + output_tokens, duration_s),
        "max_output_tokens_per_s": _busiest_second(good),
        "max_concurrent_requests": _most_at_a_time(good),
    }
    for name, values_s in _latencies(good).items():
        result |= _statistics(name, values_s, percentiles)
    return result


def details(run: Run) -> dict[str, Any]:
    """vLLM's lists with an entry for each request, in the order in which they were sent; 0 where it failed."""
    replies = sorted(run.replies, key=lambda reply: reply.index)
    first_s = min((reply.due_s for reply in replies), default=0.0)
    good = {reply.index for reply in replies if reply.failure is None}
    return {
        "input_lens": [reply.prompt_tokens for reply in replies],
        "output_lens": [reply.num_tokens if reply.index in good else 0 for reply in replies],
        "ttfts": [reply.ttft_s if reply.index in good else 0.0 for reply in replies],
        "itls": [reply.itls_s if reply.index in good else [] for reply in replies],
        "latencies": [reply.e2el_s if reply.index in good else 0.0 for reply in replies],
        "start_times": [reply.due_s - first_s for reply in replies],
        "queue_times": [reply.lag_s for reply in replies],
        "errors": ["" if reply.failure is None else reply.failure.message for reply in replies],
    }


def _about(load: Load, target: Target) -> dict[str, Any]:
    backend, rate = _BACKENDS[target.endpoint], load.arrivals.request_rate
    return {
        "date": datetime.datetime.now().strftime("%Y%m%d-%H%M%S"),
        "endpoint_type": backend,
        "backend": backend,
        "label": None,
        "model_id": target.model,
        "tokenizer_id": None,
        "num_prompts": load.num_offered,
        "request_rate": rate if math.isfinite(rate) else "inf",
        "burstiness": load.arrivals.burstiness if math.isfinite(load.arrivals.burstiness) else "inf",
        "max_concurrency": load.arrivals.max_concurrency,
    }


def _ours(run: Run, load: Load, shape: Shape, good: Sequence[Reply]) -> dict[str, Any]:
    failures = [reply.failure for reply in run.replies if reply.failure is not None]
    refused = [failure for failure in failures if failure.kind == "429"]
    lags_ms = [reply.lag_s * 1e3 for reply in run.replies]
    return {
        "num_sent": len(run.replies) + run.num_unfinished,
        "num_unfinished": run.num_unfinished,
        "was_stopped": run.was_stopped,
        "failures": dict(Counter(failure.kind for failure in failures)),
        "failure_examples": list(dict.fromkeys(failure.message for failure in failures))[:_MAX_EXAMPLES],
        "refused_with_retry_after": sum(failure.retry_after is not None for failure in refused),
        "arrival_process": load.arrivals.describe(),
        "latency_is_counted_from": SCHEDULED if load.arrivals.is_open else "the instant of sending",
        "send_lag_p99_ms": _percentile(lags_ms, 99),
        "send_lag_max_ms": max(lags_ms, default=None),
        "lengths": shape.describe() | _measured_lengths(good),
        "cache_state": shape.cache_state(),
        "cached_input_tokens": sum(reply.cached_tokens for reply in good),
        "token_counts_from": dict(Counter(reply.count_source for reply in good)),
        "tpot_definition": TPOT_DEFINITION,
        "seed": load.seed,
        "num_warmups": load.num_warmups,
        "client_cpu_share": run.client_cpu_s / run.duration_s if run.duration_s else None,
    }


def _measured_lengths(good: Sequence[Reply]) -> dict[str, object]:
    inputs, outputs = [reply.prompt_tokens for reply in good], [reply.num_tokens for reply in good]
    return {"measured_input": _spread(inputs), "measured_output": _spread(outputs)}


def _latencies(good: Sequence[Reply]) -> Mapping[str, list[float]]:
    return {
        "ttft": [reply.ttft_s for reply in good],
        "tpot": [reply.tpot_s for reply in good if reply.tpot_s is not None],
        "itl": [gap_s for reply in good for gap_s in reply.itls_s],
        "e2el": [reply.e2el_s for reply in good],
    }


def _statistics(name: str, values_s: Sequence[float], percentiles: Sequence[float]) -> dict[str, float | None]:
    values_ms = np.asarray(values_s) * 1e3
    some = len(values_ms) > 0
    result = {
        f"mean_{name}_ms": float(values_ms.mean()) if some else None,
        f"median_{name}_ms": float(np.median(values_ms)) if some else None,
        f"std_{name}_ms": float(values_ms.std()) if some else None,
    }
    return result | {f"p{share:g}_{name}_ms": _percentile(values_ms, share) for share in percentiles}


def _percentile(values: Sequence[float] | np.ndarray, share: float) -> float | None:
    return float(np.percentile(np.asarray(values), share)) if len(values) else None


def _spread(counts: Sequence[int]) -> dict[str, float] | None:
    return {"min": min(counts), "median": float(np.median(counts)), "max": max(counts)} if counts else None


def _rate(amount: float, duration_s: float) -> float:
    return amount / duration_s if duration_s else 0.0


def _busiest_second(good: Sequence[Reply]) -> float:
    """Most chunks with tokens in one of the seconds after the first request was sent."""
    times_s = [time_s for reply in good for time_s in reply.token_times_s]
    if not times_s:
        return 0.0
    first_s = min(reply.sent_s for reply in good)
    return float(np.bincount((np.asarray(times_s) - first_s).astype(np.int64)).max())


def _most_at_a_time(good: Sequence[Reply]) -> int:
    """Requests on their way together, each from its sending to its last token."""
    # NOTE: where one ends at the instant at which another begins, the end comes first: -1 sorts before 1.
    changes = sorted([(reply.sent_s, 1) for reply in good] + [(reply.token_times_s[-1], -1) for reply in good])
    return int(np.cumsum([step for _, step in changes]).max()) if changes else 0
