"""The training loop: batches in, a trained model and a log out; knows nothing of tasks or text.

The parts of a batch are computed side by side by threads that use one core each, because products over small experts do
not thread. Every step is a function of the seed and the step's number, so an interrupted run of
a set number of steps resumes exactly.

Legend: L sparse layers, E experts.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.model.experts import Experts
from zaphod.model.transformer import Transformer
from zaphod.training import passes
from zaphod.training.balance import BalanceConfig, balance_metrics, expert_counts
from zaphod.training.batches import Batch
from zaphod.training.optimiser import Optimiser
from zaphod.training.parallel.deal import Gradients
from zaphod.training.passes import Passed
from zaphod.training.reports import StepReport, step_report
from zaphod.training.run_folder import RunFolder
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.spikes import SpikeConfig, SpikeWatch

# See `reference.experts`. Enlarging oneDNN's cache of kernels instead would take gigabytes.
_ROW_MULTIPLE = 64


class Stream(Protocol):
    """Where batches come from."""

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        """The parts of steps `first`, `first` + 1 …; each step depends on the stream's seed and its number alone."""


Observer = Callable[[StepReport], None]
"""Told of every step (a terminal, TensorBoard)."""


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long to train, how the learning rate moves, how the experts are balanced, how often to save."""

    minutes: float | None = None
    """Time budget; the schedule follows the clock. Saved time of earlier runs counts."""
    num_steps: int | None = None
    """Number of steps; the schedule follows the steps, and a resumed run equals an uninterrupted one."""
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    spikes: SpikeConfig = field(default_factory=SpikeConfig)
    num_threads: int = 2
    """Parts computed side by side; should be the stream's number of parts."""
    checkpoint_minutes: float = 4.0

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.num_steps is None):
            raise ConfigError(
                f"minutes is {self.minutes} and num_steps is {self.num_steps}.",
                "Exactly one of them says when training ends.",
                "Set one of them.",
            )


class Trainer:
    """Trains a model whose initial weights are set; its checkpoint and log lie in `folder`.

    Args:
        model: as `optimiser.in_half_precision` leaves it, or float32 throughout.
        optimiser: made for this model; its `deal` says which processes train together.
        stream: the batches, the same for every process; each computes its share of a step's parts.
        config: see `LoopConfig`.
        folder: created if need be; a checkpoint found there is resumed.
        observers: told of every step.
    """

    def __init__(
        self,
        model: Transformer,
        optimiser: Optimiser,
        stream: Stream,
        config: LoopConfig,
        folder: Path,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.model, self.optimiser, self.stream, self.config = model, optimiser, stream, config
        self.deal, self.ranks, self.observers = optimiser.deal, optimiser.deal.ranks, observers
        self.files = RunFolder(folder, self.ranks.rank == 0)
        self.watch = SpikeWatch(config.spikes)
        self.reports: list[StepReport] = []
        self.seconds = 0.0
        self._is_whole = True
        self._is_stopping = False
        for module in model.modules():
            if isinstance(module, Experts) and module.gate.device.type == "cpu":
                module.row_multiple = _ROW_MULTIPLE
        self._resume()

    @property
    def folder(self) -> Path:
        return self.files.path

    @property
    def step(self) -> int:
        """Steps done, those included that were skipped as outliers."""
        return len(self.reports)

    def run(
        self, progress: Progress = SILENT, on_checkpoint: Callable[[Trainer], None] | None = None
    ) -> list[StepReport]:
        """Train to the end, saving now and then. Returns all reports, those of earlier runs included.

        Ctrl-C and SIGTERM end the run after the step at hand, which is saved; a second Ctrl-C ends it at once.

        Raises:
            KeyboardInterrupt: the run was stopped.
        """
        saved_at_s, is_stopped = self.seconds, False
        try:
            total, unit = self._total()
            with (
                self._stoppable(),
                self._workers() as workers,
                progress.step("training", total - self._done(), unit) as advance,
            ):
                for parts in self.stream.batches(self.step):
                    is_stopped = self.ranks.any(self._is_stopping)
                    if is_stopped or self.progress_share() >= 1:
                        break
                    done = self._done()
                    self._step(parts, workers)
                    advance(self._done() - done)
                    if self.seconds - saved_at_s > self.config.checkpoint_minutes * 60:
                        saved_at_s = self.seconds
                        self.save()
                        if on_checkpoint is not None:
                            on_checkpoint(self)
        finally:
            if self._is_whole:
                self.save()
        if is_stopped:
            raise KeyboardInterrupt
        return self.reports

    def progress_share(self) -> float:
        """0 at the beginning, 1 at the end."""
        return self._done() / self._total()[0]

    def rate_share(self) -> float:
        """The schedule's factor for the next step's learning rate."""
        return self.config.schedule.rate_share(self.step, self.progress_share())

    def save(self) -> None:
        """Write the checkpoint; a crash while writing leaves the old one."""
        self.files.save(self.state())

    def state(self) -> dict[str, object]:
        """All that a resumed run needs."""
        return {
            "optimiser": self.optimiser.state(),
            "routers": {name: bias for name, bias in self.model.named_parameters() if name.endswith("selection_bias")},
            "watch": self.watch.state(),
            "random": torch.get_rng_state(),
            "seconds": self.seconds,
            "step": self.step,
            "config": asdict(self.config),
        }

    def _resume(self) -> None:
        state = self.files.load()
        if state is None:
            return
        self.optimiser.load_state(state["optimiser"])
        self.watch.load_state(state["watch"])
        torch.set_rng_state(state["random"])
        with torch.no_grad():
            for name, bias in state["routers"].items():
                self.model.get_parameter(name).copy_(bias)
        self.seconds = state["seconds"]
        self.files.cut_log(state["step"])
        self.reports = [StepReport.from_line(line) for line in self.files.lines()]

    def _total(self) -> tuple[float, str]:
        if self.config.num_steps is not None:
            return self.config.num_steps, "steps"
        assert self.config.minutes is not None
        return self.config.minutes * 60, "seconds"

    def _done(self) -> float:
        return self.step if self.config.num_steps is not None else self.seconds

    @contextmanager
    def _workers(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that use one core each, and attention by plain matrix products.

        For documents this short the backward pass of flash attention is slower on CPUs.
        """
        threads_before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with (
                sdpa_kernel(SDPBackend.MATH),
                ThreadPoolExecutor(
                    self.config.num_threads, initializer=torch.set_num_threads, initargs=(1,)
                ) as workers,
            ):
                yield workers
        finally:
            torch.set_num_threads(threads_before)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Ctrl-C waits for the end of the step: half an update must never be saved."""
        self._is_stopping = False
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may say what signals do
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self._is_stopping:
                raise KeyboardInterrupt
            self._is_stopping = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _step(self, parts: list[Batch], workers: ThreadPoolExecutor) -> None:
        start_s, rate_share = time.monotonic(), self.rate_share()
        passed = list(workers.map(lambda part: passes.forward(self.model, part), self.ranks.share(parts)))
        counts_LE = self._counts(passed)
        num_targets = sum(len(part.rows_R) for part in parts)
        gradients = self._gradients(passed, num_targets, counts_LE, workers)
        loss, gradient_norm = self._loss_and_norm(passed, gradients, num_targets)
        skipped = self.watch.reason_to_skip(loss, gradient_norm)
        self._is_whole = False
        if skipped is None:
            self._update(gradients, gradient_norm, rate_share, workers)
        self.seconds += float(self.ranks.maxima(torch.tensor(time.monotonic() - start_s, dtype=torch.float64)))
        self._report(
            step_report(
                step=self.step + 1,
                seconds=self.seconds,
                loss=loss,
                rate_share=rate_share,
                num_tokens=sum(len(part.token_ids_T) for part in parts),
                gradient_norm=gradient_norm,
                skipped=skipped,
                max_rows=self.deal.max_rows(),
                layers=[balance_metrics(counts_E) for counts_E in counts_LE],
            )
        )
        self._is_whole = True

    def _counts(self, passed: Sequence[Passed]) -> Tensor:
        """Assignments per sparse layer and expert over all parts of all processes, [L, E]."""
        counts = [torch.stack([expert_counts(r, p.part.counted_T) for r in p.routing]) for p in passed if p.routing]
        return self.ranks.totals(torch.stack(counts).sum(0)) if counts else torch.zeros(0, 0)

    def _gradients(
        self, passed: Sequence[Passed], num_targets: int, counts_LE: Tensor, workers: ThreadPoolExecutor
    ) -> Gradients:
        """Of the whole step's loss, float32, of the parameters that this process holds."""
        balance = self.config.balance
        of_parts = list(
            workers.map(
                lambda part: self.deal.gradients(passes.loss_share(part, num_targets, counts_LE, balance)), passed
            )
        )
        if len(of_parts) == 1:
            return self.deal.reduced(of_parts[0])
        return self.deal.reduced(
            {name: torch.stack([part[name].float() for part in of_parts]).sum(0) for name in of_parts[0]}
        )

    def _loss_and_norm(self, passed: Sequence[Passed], gradients: Gradients, num_targets: int) -> tuple[float, float]:
        """Mean loss of a target and norm of the gradients, over all processes."""
        loss_sum = torch.stack([part.loss_sum.detach() for part in passed]).sum().double()
        squares = torch.stack([gradient.square().sum() for gradient in gradients.values()]).sum().double()
        loss_sum, squares = self.ranks.totals(torch.stack([loss_sum, squares]))
        return float(loss_sum) / num_targets, math.sqrt(squares) if squares >= 0 else math.nan

    def _update(
        self, gradients: Gradients, gradient_norm: float, rate_share: float, workers: ThreadPoolExecutor
    ) -> None:
        scale = self.optimiser.begin_step(gradient_norm)
        shares = self._shares_of_work()
        list(workers.map(lambda s: self.optimiser.update(s, gradients, scale=scale, rate_share=rate_share), shares))
        self.deal.publish()

    def _shares_of_work(self) -> list[list[str]]:
        """Parameter names dealt out by size, so that every thread updates about as many numbers."""
        sizes = {name: math.prod(self.deal.whole_shape(name)) for name in self.optimiser.masters}
        shares: list[list[str]] = [[] for _ in range(self.config.num_threads)]
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            min(shares, key=lambda share: sum(sizes[n] for n in share)).append(name)
        return shares

    def _report(self, report: StepReport) -> None:
        self.files.log(report.to_line())
        self.reports.append(report.without_loads())
        for observer in self.observers:
            observer(report)
