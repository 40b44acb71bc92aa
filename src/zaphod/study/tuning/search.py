"""The search for the fastest settings of the native runner, one setting after the other; knows what each may be.

A run reads a prompt and makes some tokens; its speed is the geometric mean of both, so that neither is bought with the
other. Threads are decided first, then the size of chunks with these threads, then huge pages.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.core.progress import SILENT, Progress
from zaphod.engine.native_runner import NativeRunner
from zaphod.engine.throughput import Workbench
from zaphod.engine.tuning import Margin, Tuning
from zaphod.model.files.weights import ModelWeights
from zaphod.model.native import NativeWeights, load_native
from zaphod.study.tuning.trials import Measure, Trial, compare, num_rounds_of

CHUNK_SIZES = (16 * 1024, 32 * 1024, 64 * 1024, 128 * 1024, 256 * 1024)

_PROMPT_TOKENS = 128
_NEW_TOKENS = 16
# Where there are more cores than this, not every number of threads is tried.
_ALL_THREADS_UP_TO = 8


@dataclass(frozen=True, kw_only=True)
class Found:
    """One setting that was tried."""

    setting: str
    """A field of `engine.tuning.Tuning`."""
    trial: Trial[Any]


def search(
    weights: ModelWeights,
    *,
    num_cores: int,
    num_rounds: int = 5,
    with_huge_pages: bool = True,
    progress: Progress = SILENT,
) -> tuple[Tuning, list[Found]]:
    """Try everything that the runner offers.

    Args:
        weights: the model that is run.
        num_cores: the most threads, and how many there are by default.
        num_rounds: see `trials.compare`.
        with_huge_pages: also try weights in small pages, which takes memory for them twice.
        progress: who is told how far it is.
    """
    tuning, found = Tuning(threads=num_cores), []
    loaded = _load(weights, num_cores, progress)

    def decide(setting: str, choices: Sequence[Any], from_weights: Mapping[Any, NativeWeights]) -> None:
        nonlocal tuning
        default = getattr(tuning, setting)
        measures = {
            choice: _measure(from_weights.get(choice, loaded), dataclasses.replace(tuning, **{setting: choice}))
            for choice in choices
        }
        trial = _told(setting, default, measures, num_rounds, progress)
        found.append(Found(setting=setting, trial=trial))
        tuning = _with(tuning, setting, trial)

    decide("threads", thread_counts(num_cores), {})
    decide("chunk_bytes", CHUNK_SIZES, {})
    if with_huge_pages:
        small_pages = _load(weights, num_cores, progress, huge_pages=False)
        decide("huge_pages", (True, False), {False: small_pages})
    return tuning, found


def thread_counts(num_cores: int) -> list[int]:
    """Every number up to eight; beyond, powers of two, halves and three quarters of the cores, and all of them."""
    if num_cores <= _ALL_THREADS_UP_TO:
        return list(range(1, num_cores + 1))
    powers = [2**exponent for exponent in range(num_cores.bit_length())]
    return sorted({count for count in (*powers, num_cores // 2, num_cores * 3 // 4, num_cores) if count <= num_cores})


def _load(weights: ModelWeights, num_threads: int, progress: Progress, *, huge_pages: bool = True) -> NativeWeights:
    with progress.step("loading", len(weights.names()), "tensors") as advance:

        def track(names: list[str]) -> Any:
            for name in names:
                yield name
                advance(1)

        return load_native(weights, num_threads=num_threads, huge_pages=huge_pages, in_place=False, track=track)


def _told(
    setting: str, default: Any, measures: Mapping[Any, Measure], num_rounds: int, progress: Progress
) -> Trial[Any]:
    steps = num_rounds_of(len(measures), num_rounds)
    with progress.step(f"trying {setting}", steps, "rounds") as advance:
        return compare(default, measures, num_rounds=num_rounds, done=lambda: advance(1))


def _with(tuning: Tuning, setting: str, trial: Trial[Any]) -> Tuning:
    if trial.kept == trial.default:
        return tuning
    margins = {**tuning.margins, setting: Margin(gain=trial.gain, noise=trial.noise)}
    return dataclasses.replace(tuning, **{setting: trial.kept}, margins=margins)


def _measure(loaded: NativeWeights, tuning: Tuning) -> Measure:
    """A run of a runner with these settings; the first one warms it up."""
    prompt = min(_PROMPT_TOKENS, loaded.config.context_length // 2)
    new = min(_NEW_TOKENS, loaded.config.context_length - prompt)
    runner = NativeRunner(loaded, num_threads=tuning.threads, chunk_bytes=tuning.chunk_bytes, max_len=prompt + new)
    bench = Workbench(runner, num_sequences=1, length=prompt + new)

    def run() -> float:
        reading = prompt / _seconds(lambda: bench.read(0, prompt))
        making = new / _seconds(lambda: bench.generate(prompt, new))
        return float((reading * making) ** 0.5)

    run()
    return run


def _seconds(work: Callable[[], None]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
