"""A summary as lines that people read; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zaphod.core.units import format_duration
from zaphod.study.benchmarks.serving.summary import METRICS, PERCENTILES, SCHEDULED

TITLES = {
    "ttft": "time to first token (TTFT)",
    "tpot": "time per output token after the first (TPOT)",
    "itl": "gap between chunks (ITL)",
    "e2el": "whole request (E2EL)",
}
_BUSY_CLIENT = 0.8
_LATE_MS = 50.0


def pairs(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was measured, name by name."""
    completed, lengths = result["completed"], result["lengths"]
    rows = [
        ("arrivals", result["arrival_process"]),
        ("prompts", f"{lengths['input']}; seed {result['seed']}"),
        ("answers", str(lengths["output"])),
        ("prefix cache", result["cache_state"] + _cached(result)),
        ("requests", f"{completed} answered, {result['failed']} failed{_failures(result)}{_unfinished(result)}"),
        ("time", format_duration(result["duration"])),
        ("tokens", f"{result['total_input_tokens']} in, {result['total_output_tokens']} out"),
        ("throughput", f"{result['output_throughput']:.2f} output tokens/s, {_more_rates(result)}"),
    ]
    if result["request_goodput"] is not None:
        rows.append(("goodput", f"{result['request_goodput']:.3f} requests/s that kept every goal"))
    share = result["client_cpu_share"]
    return [*rows, ("client", "not measured" if share is None else f"{share:.1%} of one core{_lag(result)}")]


def header(percentiles: Sequence[float] = PERCENTILES) -> tuple[str, ...]:
    """Of `rows`."""
    return ("milliseconds", "mean", "median", "std", *(f"p{share:g}" for share in percentiles))


def rows(result: Mapping[str, Any], percentiles: Sequence[float] = PERCENTILES) -> list[tuple[str, ...]]:
    """A line for each latency."""
    columns = ("mean", "median", "std", *(f"p{share:g}" for share in percentiles))
    return [(TITLES[name], *(_ms(result[f"{column}_{name}_ms"]) for column in columns)) for name in METRICS]


def warnings(result: Mapping[str, Any]) -> list[str]:
    """What makes the figures doubtful."""
    found = []
    if (result["client_cpu_share"] or 0) > _BUSY_CLIENT:
        found.append("The client was busy nearly all the time: latencies may be its own.")
    if (result["send_lag_p99_ms"] or 0) > _LATE_MS:
        found.append("Requests left the client late; latencies are counted from when they were due.")
    if set(result["token_counts_from"]) - {"usage"}:
        found.append("The server sends no usage in streams: input tokens are as calibrated before.")
    if result["token_counts_from"].get("chunks"):
        found.append("Output tokens were not counted by the server: one was counted for each chunk.")
    if result["failed"]:
        found += [f"failed: {message}" for message in result["failure_examples"]]
    return found


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _failures(result: Mapping[str, Any]) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(result["failures"].items()))
    return f" ({kinds})" if kinds else ""


def _unfinished(result: Mapping[str, Any]) -> str:
    return f", {result['num_unfinished']} cut off when it was stopped" if result["num_unfinished"] else ""


def _cached(result: Mapping[str, Any]) -> str:
    cached = result["cached_input_tokens"]
    return f"; the server found {cached} input tokens in it" if cached else ""


def _more_rates(result: Mapping[str, Any]) -> str:
    return f"{result['total_token_throughput']:.2f} of both kinds, {result['request_throughput']:.3f} requests/s"


def _lag(result: Mapping[str, Any]) -> str:
    lag_ms = result["send_lag_p99_ms"]
    is_open = result["latency_is_counted_from"] == SCHEDULED
    return f", requests left at most {lag_ms:.1f} ms late (p99)" if is_open and lag_ms is not None else ""
