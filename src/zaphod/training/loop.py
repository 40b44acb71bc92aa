"""The training loop: batches in, a trained model and a loss curve out; knows nothing of tasks or text.

The parts of a batch are computed side by side by threads that use one core each, because products over small experts do
not thread. Every step is a function of the seed and the step's number, so an interrupted run of
a set number of steps resumes exactly.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.model.experts import Experts
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceMetrics, balance_metrics, router_loss
from zaphod.training.batches import Batch, BatchStream, GroupedSequences
from zaphod.training.curve import write_curve
from zaphod.training.optimiser import Optimiser

# See `reference.experts`. Enlarging oneDNN's cache of kernels instead would take gigabytes.
_ROW_MULTIPLE = 64


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How long to train, how the learning rate moves, how often to save."""

    minutes: float | None = None
    """Time budget; the schedule follows the clock. Saved time of earlier runs counts."""
    num_steps: int | None = None
    """Number of steps; the schedule follows the steps, and a resumed run equals an uninterrupted one."""
    warmup_steps: int = 50
    decay_from: float = 0.4
    """Share of the run after which the learning rate falls linearly to nothing."""
    balance_weight: float = 1e-2
    z_weight: float = 1e-3
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


class StepReport(NamedTuple):
    """What one step did."""

    step: int
    seconds: float
    """Training time so far, earlier runs included."""
    loss: float
    """Mean negative log-likelihood of an answer token, in nats."""
    rate_share: float
    num_tokens: int
    max_violation: float
    """The worst layer's."""
    num_dead: int
    """Over all layers."""


class _PartResult(NamedTuple):
    gradients: tuple[Tensor, ...]
    loss_sum: float
    balance: list[BalanceMetrics]


class Trainer:
    """Trains a model whose initial weights are set; its checkpoint and curve lie in `folder`.

    Args:
        model: as `optimiser.in_half_precision` leaves it, or float32 throughout.
        optimiser: made for this model.
        stream: the batches.
        config: see `LoopConfig`.
        folder: created if need be; a checkpoint found there is resumed.
    """

    def __init__(
        self, model: Transformer, optimiser: Optimiser, stream: BatchStream, config: LoopConfig, folder: Path
    ) -> None:
        self.model, self.optimiser, self.stream = model, optimiser, stream
        self.config, self.folder = config, folder
        self.reports: list[StepReport] = []
        self.seconds = 0.0
        for module in model.modules():
            if isinstance(module, Experts) and module.gate.device.type == "cpu":
                module.row_multiple = _ROW_MULTIPLE
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint_file.exists():
            self._resume()

    @property
    def checkpoint_file(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def step(self) -> int:
        """Steps done."""
        return self.optimiser.num_steps

    def run(
        self, progress: Progress = SILENT, on_checkpoint: Callable[[Trainer], None] | None = None
    ) -> list[StepReport]:
        """Train to the end, saving now and then and on Ctrl-C. Returns all reports, those of earlier runs included."""
        saved_at_s = self.seconds
        try:
            total, unit = self._total()
            with self._workers() as workers, progress.step("training", total - self._done(), unit) as advance:
                for parts in self.stream.batches(self.step):
                    if self.progress_share() >= 1:
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
            self.save()
        return self.reports

    def progress_share(self) -> float:
        """0 at the beginning, 1 at the end."""
        return self._done() / self._total()[0]

    def rate_share(self) -> float:
        """The schedule: a short rise, a plateau, a linear fall."""
        rise = min(1.0, (self.step + 1) / self.config.warmup_steps)
        fall = (1 - self.progress_share()) / (1 - self.config.decay_from)
        return min(rise, max(0.0, fall))

    def save(self) -> None:
        """Write checkpoint and curve; a crash while writing leaves the old checkpoint."""
        state = {
            "optimiser": self.optimiser.state(),
            "seconds": self.seconds,
            "reports": [tuple(report) for report in self.reports],
            "config": asdict(self.config),
        }
        unfinished = self.checkpoint_file.with_suffix(".partial")
        torch.save(state, unfinished)
        unfinished.replace(self.checkpoint_file)
        self._write_curve()

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self.checkpoint_file, weights_only=True)
        self.optimiser.load_state(state["optimiser"])
        self.seconds = state["seconds"]
        self.reports = [StepReport(*values) for values in state["reports"]]

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

    def _step(self, parts: list[Batch], workers: ThreadPoolExecutor) -> None:
        start_s = time.monotonic()
        rate_share = self.rate_share()
        num_targets = sum(len(part.rows_R) for part in parts)
        results = list(workers.map(lambda part: self._gradients(part, num_targets, len(parts)), parts))
        summed = zip(*(result.gradients for result in results), strict=True)
        gradients = {
            name: torch.stack([g.float() for g in same]).sum(0) if len(same) > 1 else same[0].float()
            for name, same in zip(self.optimiser.parameters, summed, strict=True)
        }
        scale = self.optimiser.begin_step(gradients)
        shares = self._shares_of_work()
        list(workers.map(lambda s: self.optimiser.update(s, gradients, scale=scale, rate_share=rate_share), shares))
        self.seconds += time.monotonic() - start_s
        balance = [metrics for result in results for metrics in result.balance]
        self.reports.append(
            StepReport(
                self.step,
                self.seconds,
                sum(result.loss_sum for result in results) / num_targets,
                rate_share,
                sum(len(part.token_ids_T) for part in parts),
                max((metrics.max_violation for metrics in balance), default=0.0),
                sum(metrics.num_dead for metrics in balance),
            )
        )

    def _gradients(self, part: Batch, num_targets: int, num_parts: int) -> _PartResult:
        routing: list[Routing] = []
        kept = GroupedSequences(part.groups)
        logits_RV = self.model(part.token_ids_T, part.positions_T, kept, rows_R=part.rows_R, routing=routing)
        loss_sum = F.cross_entropy(logits_RV, part.targets_R, reduction="sum")
        loss = loss_sum / num_targets
        if routing:
            loss = loss + router_loss(routing, self.config.balance_weight, self.config.z_weight) / num_parts
        gradients = torch.autograd.grad(loss, list(self.optimiser.parameters.values()))
        with torch.no_grad():
            return _PartResult(gradients, float(loss_sum), [balance_metrics(layer) for layer in routing])

    def _shares_of_work(self) -> list[list[str]]:
        """Parameter names dealt out by size, so that every thread updates about as many numbers."""
        sizes = {name: master.numel() for name, master in self.optimiser.masters.items()}
        shares: list[list[str]] = [[] for _ in range(self.config.num_threads)]
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            min(shares, key=lambda share: sum(sizes[n] for n in share)).append(name)
        return shares

    def _write_curve(self) -> None:
        with (self.folder / "curve.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(StepReport._fields)
            writer.writerows(self.reports)
        write_curve(self.folder / "curve.svg", [(report.seconds / 60, report.loss) for report in self.reports])
