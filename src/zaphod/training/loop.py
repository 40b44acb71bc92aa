"""The training loop: batches in, a trained model and a log out; knows nothing of tasks or text.

The parts of a batch are computed side by side by threads that use one core each, because products over small experts do
not thread. Every step is a function of the seed and the step's number, so an interrupted run of
a set number of steps resumes exactly.
"""

from __future__ import annotations

import logging
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

from zaphod.compute.kernels import fused, reference
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.model.experts import Experts
from zaphod.model.recomputation import Recompute
from zaphod.model.transformer import Layer, Transformer
from zaphod.training.balance import BalanceConfig, balance_metrics
from zaphod.training.balance_alarm import BalanceAlarm
from zaphod.training.batches import Batch
from zaphod.training.checkpoint.folder import CheckpointFolder
from zaphod.training.domains import DomainPrior
from zaphod.training.optimiser import Optimiser
from zaphod.training.reports import StepReport, step_report
from zaphod.training.run_folder import RunFolder
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.spikes import SpikeConfig, SpikeWatch
from zaphod.training.step import Stepper

_LOG = logging.getLogger(__name__)

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
    recompute: Recompute = "none"
    """What the layers compute twice to save memory."""
    seed: int = 0
    """Of the noise on the routers."""
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
        prior: moves the choice of experts by each document's domain.
    """

    def __init__(
        self,
        model: Transformer,
        optimiser: Optimiser,
        stream: Stream,
        config: LoopConfig,
        folder: Path,
        observers: Sequence[Observer] = (),
        prior: DomainPrior | None = None,
    ) -> None:
        self.model, self.optimiser, self.stream, self.config = model, optimiser, stream, config
        self.deal, self.ranks, self.observers = optimiser.deal, optimiser.deal.ranks, list(observers)
        self.files = RunFolder(folder, self.ranks.rank == 0)
        self.checkpoints = CheckpointFolder(folder / "checkpoints", self.ranks)
        self.watch, self.alarm = SpikeWatch(config.spikes), BalanceAlarm(config.balance)
        self.stepper = Stepper(model, optimiser, config.balance, self.watch, prior, config.seed, config.num_threads)
        self.reports: list[StepReport] = []
        self.seconds = 0.0
        self._is_whole = True
        self._is_stopping = False
        for layer in model.layers:
            assert isinstance(layer, Layer)
            layer.recompute = config.recompute
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
        except BaseException:
            # All ranks save together, and the others cannot be told now.
            self._is_whole = self._is_whole and self.ranks.size == 1
            raise
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
        """Write a checkpoint, all ranks together; a crash while writing leaves the one before it."""
        rest = {
            "num_steps": self.optimiser.num_steps,
            "routers": {name: bias for name, bias in self.model.named_parameters() if name.endswith("selection_bias")},
            "watch": self.watch.state(),
            "alarm": self.alarm.state(),
            "random": torch.get_rng_state(),
            "seconds": self.seconds,
            "step": self.step,
            "config": asdict(self.config),
        }
        self.checkpoints.save(self.step, self._tensors(), rest)

    def untrained(self) -> dict[str, Tensor]:
        """The parameters that are not learnt, and that checkpoints therefore lack."""
        return {name: p.detach().float() for name, p in self.model.named_parameters() if not p.requires_grad}

    def _tensors(self) -> dict[str, Tensor]:
        """What this rank holds of masters and moments, each saying which part of the whole it is."""
        kinds = ("masters", "first_moments", "second_moments")
        return {
            f"{kind}.{name}": tensor
            for kind in kinds
            for name, tensor in self.deal.described(getattr(self.optimiser, kind)).items()
        }

    def _resume(self) -> None:
        rest = self.checkpoints.load(self._tensors())
        if rest is None:
            return
        self.optimiser.load_state({**self.optimiser.state(), "num_steps": rest["num_steps"]})
        self.deal.publish()
        self.watch.load_state(rest["watch"])
        self.alarm.load_state(rest["alarm"])
        torch.set_rng_state(rest["random"])
        with torch.no_grad():
            for name, bias in rest["routers"].items():
                self.model.get_parameter(name).copy_(bias)
        self.seconds = rest["seconds"]
        self.files.cut_log(rest["step"])
        self.ranks.barrier()
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
        """Threads that use one core each, the operations of training, and attention by plain matrix products.

        For documents this short the backward pass of flash attention is slower on CPUs, where own kernels do not serve.
        """
        threads_before = torch.get_num_threads()
        torch.set_num_threads(1)
        fused.keep_freed_memory()
        self.model.use(fused)
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
            self.model.use(reference)

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
        self._is_whole = False
        outcome = self.stepper(self.step, parts, rate_share, workers)
        self.seconds += float(self.ranks.maxima(torch.tensor(time.monotonic() - start_s, dtype=torch.float64)))
        self._report(
            step_report(
                step=self.step + 1,
                seconds=self.seconds,
                loss=outcome.loss,
                rate_share=rate_share,
                num_tokens=sum(len(part.token_ids_T) for part in parts),
                gradient_norm=outcome.gradient_norm,
                skipped=outcome.skipped,
                num_dropped=outcome.num_dropped,
                max_rows=outcome.max_rows,
                alarm=self.alarm.message(outcome.counts_LE),
                layers=[balance_metrics(counts_E) for counts_E in outcome.counts_LE],
            )
        )
        self._is_whole = True

    def _report(self, report: StepReport) -> None:
        if report.skipped is not None:
            _LOG.warning("step %d skipped: %s", report.step, report.skipped)
        if report.alarm is not None:
            _LOG.warning("step %d: %s", report.step, report.alarm)
        self.files.log(report.to_line())
        self.reports.append(report.without_loads())
        for observer in self.observers:
            observer(report)
