"""Plans for this machine beside what the engine then does: decode with 1 and 4 sequences, and prompts.

    python -m benchmarks.planner_local --threads 1

The models are the built-in one and a Grok-like one of 1.2 B parameters with random 8-bit weights; the planner's
constants were fitted on others. Before and after each sample bandwidth and peak are measured; a sample in which they
changed by more than a tenth is not counted, because then the machine changed while the engine ran.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.common import publish
from zaphod.capacity.estimate import Estimate
from zaphod.capacity.hardware import this_machine
from zaphod.capacity.local.machine import LocalMachine, largest_cache_bytes
from zaphod.capacity.local.timing import decode_step, prefill_time
from zaphod.capacity.local.work import LocalModel
from zaphod.capacity.measurement import peak_ops, read_bandwidth
from zaphod.capacity.parameters import count_parameters
from zaphod.cli.measured_runner import open_runner
from zaphod.core.configuration import Settings
from zaphod.core.units import format_bytes, format_count
from zaphod.engine.throughput import Workbench
from zaphod.study.benchmarks.opened import OpenedRunner
from zaphod.study.benchmarks.random_files import random_config, write_random_gguf

TARGET: Final = 0.2
_AGREE: Final = 0.1
_WINDOW_S: Final = 0.1
_FEWEST: Final = 5
_LARGEST_BUFFER: Final = 128_000_000
_CONTEXT: Final = 32
_PROMPT: Final = 480
_ENOUGH: Final = 12


@dataclass(frozen=True)
class Case:
    """What is timed: one pass over `batch` sequences, or the reading of a prompt."""

    name: str
    batch: int
    prompt: int = 0

    @property
    def num_tokens(self) -> int:
        return self.prompt or self.batch


@dataclass(frozen=True)
class Sample:
    """Seconds of one pass, and the machine around it."""

    measured_s: float
    """The fastest tenth of the passes: bandwidth and peak, too, are measured as the best of a few repetitions."""
    median_s: float
    predicted: Estimate


CASES: Final = (
    Case("decode, 1 sequence", 1),
    Case("decode, 4 sequences", 4),
    Case(f"prompt of {_PROMPT} tokens", 1, _PROMPT),
)


def run(opened: OpenedRunner, num_threads: int, budget_s: float) -> dict[str, tuple[list[Sample], int]]:
    """By case: the samples that count, and how many were taken."""
    model = LocalModel(config=opened.config, precision="int8")
    benches = {batch: Workbench(opened.runner, num_sequences=batch, length=_PROMPT + 32) for batch in (1, 4)}
    kept: dict[str, tuple[list[Sample], int]] = {case.name: ([], 0) for case in CASES}
    began = time.monotonic()
    while time.monotonic() - began < budget_s and any(len(samples) < _ENOUGH for samples, _ in kept.values()):
        for case in CASES:
            bench = benches[case.batch]
            if not case.prompt:
                bench.read(0, _CONTEXT)
            before = _probe(num_threads, model)
            passes = sorted(_timed(bench, case))
            after = _probe(num_threads, model)
            samples, taken = kept[case.name]
            if all(abs(one - other) <= _AGREE * one for one, other in zip(before, after, strict=True)):
                predicted = _predicted(_machine(num_threads, model, before, after), model, case)
                samples.append(Sample(passes[len(passes) // 10], statistics.median(passes), predicted))
            kept[case.name] = samples, taken + 1
    return kept


def _timed(bench: Workbench, case: Case) -> Iterator[float]:
    end, number = time.perf_counter() + _WINDOW_S, 0
    while number < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        if case.prompt:
            bench.read(0, case.prompt)
        else:
            bench.generate(_CONTEXT + number % 64, 1)
        yield time.perf_counter() - start
        number += 1


def _probe(num_threads: int, model: LocalModel) -> tuple[float, float]:
    size = int(min(model.weight_bytes, _LARGEST_BUFFER))
    peak = peak_ops("int8", num_threads)
    assert peak is not None, "the native kernels are there, or no runner would have been opened"
    return read_bandwidth(num_threads, size), peak


def _machine(
    num_threads: int, model: LocalModel, before: tuple[float, float], after: tuple[float, float]
) -> LocalMachine:
    (bandwidth, peak) = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    here = this_machine()
    return LocalMachine(
        name=here.cpu_model,
        num_threads=num_threads,
        bandwidths=((model.weight_bytes, bandwidth),),
        peak_ops={"int8": peak},
        cache_bytes=largest_cache_bytes(),
        memory_bytes=here.memory_bytes,
        available_bytes=here.available_memory_bytes,
    )


def _predicted(machine: LocalMachine, model: LocalModel, case: Case) -> Estimate:
    if case.prompt:
        return prefill_time(machine, model, prompt_tokens=case.prompt)
    return decode_step(machine, model, batch=case.batch, context=_CONTEXT + 32)


def _rows(name: str, threads: int, kept: dict[str, tuple[list[Sample], int]]) -> Iterator[dict[str, Any]]:
    for case in CASES:
        samples, taken = kept[case.name]
        row: dict[str, Any] = {"model": name, "threads": threads, "case": case.name, "samples": len(samples)}
        row["taken"] = taken
        if len(samples) >= _FEWEST:
            rates = [case.num_tokens / sample.measured_s for sample in samples]
            ratios = [sample.measured_s / sample.predicted.value for sample in samples]
            inside = [sample.predicted.low <= sample.measured_s <= sample.predicted.high for sample in samples]
            row |= {
                "measured_tokens_per_s": statistics.median(rates),
                "predicted_tokens_per_s": statistics.median(case.num_tokens / s.predicted.value for s in samples),
                "error": statistics.median(ratios) - 1,
                "error_of_medians": statistics.median(one.median_s / one.predicted.value for one in samples) - 1,
                "worst_error": max((ratio - 1 for ratio in ratios), key=abs),
                "inside": sum(inside) / len(inside),
            }
        yield row


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| model | threads | what | predicted, tokens/s | measured, tokens/s | error | of median passes "
        "| worst sample | in the interval | samples |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["model"], str(row["threads"]), row["case"]]
        if "error" in row:
            cells += [f"{row['predicted_tokens_per_s']:,.0f}", f"{row['measured_tokens_per_s']:,.0f}"]
            cells += [f"{row[key]:+.1%}" for key in ("error", "error_of_medians", "worst_error")] + [
                f"{row['inside']:.0%}"
            ]
        else:
            cells += ["too few samples while the machine stood still", "", "", "", "", ""]
        lines.append("| " + " | ".join([*cells, f"{row['samples']} of {row['taken']}"]) + " |")
    return "\n".join(lines)


def _verdict(rows: list[dict[str, Any]]) -> str:
    errors = [abs(row["error"]) for row in rows if "error" in row]
    if len(errors) < len(rows):
        return "Not everything could be measured."
    return (
        f"Largest error {max(errors):.1%}; the aim is {TARGET:.0%}: {'reached' if max(errors) <= TARGET else 'missed'}."
    )


def main() -> None:
    """Measure both models and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[this_machine().num_cores])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each model and number of threads")
    parser.add_argument("--large", type=Path, help="the 1.2 B model, if it was written before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = options.large or write_random_gguf(random_config("grok", "1.2B"), "q8_0", Path(folder) / "1.2B.gguf")
        rows: list[dict[str, Any]] = []
        for place in ("builtin", str(large)):
            for threads in options.threads:
                settings = Settings(model=place, threads=threads)
                opened = open_runner(settings, "native", num_tokens=8192, max_len=_PROMPT + 32)
                model = LocalModel(config=opened.config, precision="int8")
                size = f"{format_count(count_parameters(opened.config).total)}, {format_bytes(model.weight_bytes)}"
                name = f"built-in ({size})" if place == "builtin" else f"Grok-like, random ({size})"
                rows += _rows(name, threads, run(opened, threads, options.seconds))
    notes = (
        f"{_verdict(rows)} Errors are medians over samples of measured over predicted time, above 0 where the engine "
        f"was slower than planned. A sample is {_WINDOW_S:g} s of passes between two measurements of the machine; its "
        "fastest tenth counts, since others on the machine only make a pass slower, and beside it stands the median "
        "pass, with whatever else ran."
    )
    publish("planner_local", {"rows": rows}, f"{_table(rows)}\n\n{notes}")


if __name__ == "__main__":
    main()
