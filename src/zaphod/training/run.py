"""A run from its settings to a trained model on disk: train, look at held-out text, export, report; no mathematics."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from zaphod.core.progress import SILENT, Progress
from zaphod.core.units import format_duration
from zaphod.training.assembly import Run, assemble
from zaphod.training.config import TrainingConfig
from zaphod.training.events import Events, is_installed
from zaphod.training.lines import step_line
from zaphod.training.loop import Observer
from zaphod.training.report import write_report
from zaphod.training.reports import StepReport
from zaphod.training.throughput import flops_per_token, peak_flops_per_s
from zaphod.training.validation import Validation

Say = Callable[[str], None]
"""Shows one line to a person."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run came to."""

    folder: Path
    model: Path
    num_steps: int
    num_skipped: int
    seconds: float
    num_tokens: int
    loss: float
    """Of the last step, in nats a token."""
    validation: Validation | None

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        values: dict[str, Any] = {
            "model": str(self.model),
            "steps": self.num_steps,
            "skipped": self.num_skipped,
            "seconds": self.seconds,
            "tokens": self.num_tokens,
            "tokens_per_s": self.num_tokens / max(self.seconds, 1e-9),
            "loss": self.loss,
            "validation": None if self.validation is None else validation_line(self.num_steps, self.validation),
        }
        return values


def train(config: TrainingConfig, folder: Path, progress: Progress = SILENT, say: Say | None = None) -> RunResult:
    """Train to the end, or go on with what `folder` holds.

    Args:
        config: the run.
        folder: for everything that it writes.
        progress: told of steps, of reading and of encoding.
        say: shows the header and a line every few steps.

    Raises:
        KeyboardInterrupt: the run was stopped; the same call goes on with it.
    """
    with assemble(config, folder, progress=progress) as run:
        tell: Say = (lambda line: None) if say is None or run.trainer.ranks.rank else say
        for name, value in run.header():
            tell(f"{name:11}{value}")
        with _observed(run, tell):
            try:
                run.trainer.run(progress, on_checkpoint=lambda trainer: _report(run))
            finally:
                _report(run)
        validation = _validated(run, run.trainer.step)
        _report(run, _facts(run))
        return _finished(run, validation)


def validation_line(step: int, validation: Validation) -> dict[str, Any]:
    """One look at the held-out documents, as a line of RUN/validation.jsonl."""
    return {
        "step": step,
        "loss": validation.loss,
        "bits_per_byte": validation.bits_per_byte,
        "num_tokens": validation.num_tokens,
        "max_violation": validation.max_violation,
        "num_dead": validation.num_dead,
        "information": validation.information,
    }


@contextmanager
def _observed(run: Run, tell: Say) -> Iterator[None]:
    """Terminal, validation now and then."""
    logging = run.config.logging
    last = [time.monotonic(), 0.0]

    def on_step(report: StepReport) -> None:
        last[1] += report.num_tokens
        if report.step % logging.every_steps == 0 or report.skipped is not None or report.alarm is not None:
            now_s = time.monotonic()
            tell(step_line(report, last[1] / max(now_s - last[0], 1e-9)))
            last[:] = [now_s, 0.0]
        if logging.validate_every_steps and report.step % logging.validate_every_steps == 0:
            validation = _validated(run, report.step)
            if validation is not None:
                tell(f"step {report.step}  held out: loss {validation.loss:.4f}")

    observers: list[Observer] = [on_step]
    events = _events(run)
    if events is not None:
        observers.append(events)
    run.trainer.observers += observers
    try:
        yield
    finally:
        for observer in observers:
            run.trainer.observers.remove(observer)
        if events is not None:
            events.close()


def _events(run: Run) -> Events | None:
    wanted = run.config.logging.tensorboard
    if run.trainer.ranks.rank or wanted == "off" or (wanted == "auto" and not is_installed()):
        return None
    return Events(run.trainer.folder / "tensorboard", run.trainer.step)


def _report(run: Run, facts: Sequence[tuple[str, str]] = ()) -> None:
    if run.trainer.ranks.rank == 0 and run.trainer.reports:
        write_report(run.trainer.folder, [*run.header()[:-1], *facts])  # where it begins is of no interest now


def _facts(run: Run) -> list[tuple[str, str]]:
    """What a finished run shows besides: how much of the machine it used."""
    config, trainer = run.config, run.trainer
    if not config.logging.measures_peak:
        return []
    num_threads = config.run.threads * trainer.ranks.size
    dtype = torch.bfloat16 if config.precision.compute == "bfloat16" else torch.float32
    peak = peak_flops_per_s(dtype, min(num_threads, torch.get_num_threads()))
    tokens_per_s = sum(report.num_tokens for report in trainer.reports) / max(trainer.seconds, 1e-9)
    halved, full = (
        flops_per_token(config.model, config.data.row_length, halves_causal=halves) * tokens_per_s / peak
        for halves in (True, False)
    )
    return [
        ("MFU", f"{halved:.1%} ({full:.1%} if all scores of causal attention are counted)"),
        ("peak", f"{peak / 1e9:,.0f} GFLOP/s in {config.precision.compute}, measured when the run ended"),
    ]


def _validated(run: Run, step: int) -> Validation | None:
    validation = run.validate()
    if validation is not None and run.trainer.ranks.rank == 0:
        file = run.trainer.folder / "validation.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] < step]
        text = "".join(line + "\n" for line in [*kept, json.dumps(validation_line(step, validation))])
        file.write_text(text, encoding="utf-8")
    return validation


def _finished(run: Run, validation: Validation | None) -> RunResult:
    trainer = run.trainer
    return RunResult(
        folder=trainer.folder,
        model=run.export(),
        num_steps=trainer.step,
        num_skipped=sum(report.skipped is not None for report in trainer.reports),
        seconds=trainer.seconds,
        num_tokens=sum(report.num_tokens for report in trainer.reports),
        loss=trainer.reports[-1].loss,
        validation=validation,
    )


def result_lines(result: RunResult) -> list[str]:
    """For people, when all is done."""
    speed = result.num_tokens / max(result.seconds, 1e-9)
    lines = [
        f"{result.num_steps} steps ({result.num_skipped} skipped) in {format_duration(result.seconds)}, "
        f"{speed:,.0f} tokens/s, last loss {result.loss:.4f}"
    ]
    if result.validation is not None:
        validation = result.validation
        lines.append(
            f"held out: loss {validation.loss:.4f}, {validation.bits_per_byte:.4f} bits a byte, "
            f"MaxVio {validation.max_violation:.2f}, dead experts {validation.num_dead}"
        )
    return [*lines, f"report: {result.folder / 'report.html'}", f"model: {result.model}"]
