"""From the settings of a run to everything that runs; knows which part goes where, and computes nothing.

The trained model is written to RUN/model; RUN/run.json keeps the settings and where the data came from.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from zaphod import __version__
from zaphod.capacity.hardware import this_machine
from zaphod.capacity.parameters import count_parameters
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.units import format_count
from zaphod.model.transformer import Transformer
from zaphod.training.checkpoint.consolidation import CheckpointMasters
from zaphod.training.config import TrainingConfig
from zaphod.training.domains import DomainPrior
from zaphod.training.export import export_packed
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Observer, Trainer
from zaphod.training.optimiser import Optimiser, in_half_precision
from zaphod.training.parallel.dealt import DealtModel
from zaphod.training.parallel.process_ranks import process_ranks
from zaphod.training.pretraining_stream import PackedRows
from zaphod.training.router_policy import apply_router_policy
from zaphod.training.texts import Corpus, mixed_order, open_corpus
from zaphod.training.validation import Validation, Validator


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run ready to begin, or to go on where it stopped."""

    config: TrainingConfig
    trainer: Trainer
    corpus: Corpus
    validator: Validator | None
    """None if no document is held out."""
    prior: DomainPrior | None

    def header(self) -> list[tuple[str, str]]:
        """What a person should know before it begins, as name and value."""
        config, counts = self.config, count_parameters(self.config.model)
        data, balance = config.data, config.balance
        tokens = data.parts * data.rows_per_part * data.row_length
        end = f"{config.run.num_steps} steps" if config.run.num_steps is not None else f"{config.run.minutes:g} minutes"
        return [
            ("model", f"{format_count(counts.total)} parameters, {format_count(counts.active)} active"),
            (
                "data",
                f"{format_count(self.corpus.training.lengths.sum())} tokens, {format_count(tokens)} a step, {end}",
            ),
            ("optimiser", f"{config.optimiser.rule}, rate {config.optimiser.learning_rate:g}, {config.schedule.kind}"),
            ("router", config.run.router if config.model.moe is not None else "none (dense model)"),
            ("balance", describe_balance(config)),
            ("precision", f"{config.precision.compute}, moments {config.optimiser.state_format}"),
            ("recompute", config.memory.recompute),
            ("alarm", f"MaxVio above {balance.alarm_violation:g} over {balance.alarm_steps} steps"),
            ("begins at", f"step {self.trainer.step}"),
        ]

    def validate(self) -> Validation | None:
        """How the held-out documents are predicted now."""
        return None if self.validator is None else self.validator(self.trainer.model)

    def export(self) -> Path:
        """Write the model of the newest checkpoint; returns its folder. One process writes, all wait."""
        folder, ranks = self.trainer.folder / "model", self.trainer.ranks
        if ranks.rank == 0:
            checkpoint = self.trainer.checkpoints.newest()
            assert checkpoint is not None
            masters = CheckpointMasters(checkpoint, self.trainer.untrained())
            place, unfinished = self.corpus.tokenizer_place, folder.with_name("model.partial")
            shutil.rmtree(unfinished, ignore_errors=True)
            tokenizer = None if place == "bytes" else Path(place)
            export_packed(masters, self.config.model, tokenizer, unfinished, self.config.export.weights)
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.replace(folder)
        ranks.barrier()
        return folder


def describe_balance(config: TrainingConfig) -> str:
    """The balance settings that act, in a few words."""
    balance = config.balance
    if config.model.moe is None:
        return "none (dense model)"
    knob = {"aux": f" {balance.weight:g}", "bias": f" {balance.bias_rate:g} a step"}.get(balance.method, "")
    words = [f"{balance.method}{knob}", f"z-loss {balance.z_weight:g}"]
    if balance.noise_std:
        words.append(f"noise {balance.noise_std:g}")
    if balance.capacity_factor is not None:
        words.append(f"capacity {balance.capacity_factor:g}")
    if config.domains.experts:
        groups = ", ".join(f"{count} {domain}" for domain, count in config.domains.experts.items())
        words.append(f"experts of domains: {groups}, prior {config.domains.prior:g}")
    return "; ".join(words)


@contextmanager
def assemble(
    config: TrainingConfig, folder: Path, observers: Sequence[Observer] = (), progress: Progress = SILENT
) -> Iterator[Run]:
    """Build everything; a run that `folder` holds goes on.

    Raises:
        ConfigError: the settings do not fit each other, the data, or the run in the folder.
    """
    with ExitStack() as stack:
        ranks = stack.enter_context(process_ranks(config.parallel)) if "RANK" in os.environ else None
        if ranks is None or ranks.rank == 0:
            _require_same_settings(config, folder)
            corpus = open_corpus(config.data, config.model.vocab_size, folder, config.run.seed, progress)
            _keep_settings(config, corpus, folder)
        if ranks is not None:
            ranks.barrier()  # the first writes the tokenizer that the others read
            corpus = open_corpus(config.data, config.model.vocab_size, folder, config.run.seed)
        prior = _prior(config, corpus)
        model = Transformer(config.model)
        initialise(model, config.model.num_layers, config.run.seed)
        if config.precision.compute == "bfloat16":
            in_half_precision(model)
        apply_router_policy(model, config.run.router)
        optimiser = Optimiser(model, config.optimiser, None if ranks is None else DealtModel(model, ranks))
        # Ranks exchange rows within a part, so each computes one part after the other.
        loop_config = _loop_config(config, config.run.threads if ranks is None else 1)
        trainer = Trainer(model, optimiser, _stream(config, corpus), loop_config, folder, observers, prior)
        yield Run(config=config, trainer=trainer, corpus=corpus, validator=_validator(config, corpus), prior=prior)


def _loop_config(config: TrainingConfig, num_threads: int) -> LoopConfig:
    return LoopConfig(
        minutes=config.run.minutes,
        num_steps=config.run.num_steps,
        schedule=config.schedule,
        balance=config.balance,
        spikes=config.spikes,
        recompute=config.memory.recompute,
        seed=config.run.seed,
        num_threads=num_threads,
        checkpoint_minutes=config.run.checkpoint_minutes,
    )


def _stream(config: TrainingConfig, corpus: Corpus) -> PackedRows:
    data, order = config.data, None
    if config.mixture is not None:
        tokens_per_step = data.parts * data.rows_per_part * data.row_length
        num_tokens = (config.run.num_steps or 0) * tokens_per_step or int(corpus.training.lengths.sum())
        order = mixed_order(corpus.training, config.mixture, num_tokens, config.run.seed)
    return PackedRows(
        corpus.training,
        row_length=data.row_length,
        rows_per_part=data.rows_per_part,
        num_parts=data.parts,
        seed=config.run.seed,
        order=order,
    )


def _validator(config: TrainingConfig, corpus: Corpus) -> Validator | None:
    held_out = corpus.validation
    if held_out.lengths.sum() <= config.data.row_length:
        return None
    return Validator(held_out, config.data.row_length, config.data.validation_rows, corpus.domains)


def _prior(config: TrainingConfig, corpus: Corpus) -> DomainPrior | None:
    moe = config.model.moe
    if moe is None or not config.domains.experts:
        return None
    return DomainPrior(config.domains, corpus.domains, moe.router.num_experts)


def _require_same_settings(config: TrainingConfig, folder: Path) -> None:
    """A run goes on with the settings it began with, but for its length and what it shows."""
    file = folder / "run.json"
    if file.exists():
        before = _decisive(json.loads(file.read_text("utf-8"))["settings"])
        now = _decisive(plain(config))
        changed = sorted(key for key in now if now[key] != before.get(key))
        if changed:
            raise ConfigError(
                f"{folder} holds a run with other settings: {', '.join(changed)} differ.",
                "A run goes on with the settings it began with.",
                "Give the old settings, or another --out.",
            )
    folder.mkdir(parents=True, exist_ok=True)


def _keep_settings(config: TrainingConfig, corpus: Corpus, folder: Path) -> None:
    """Write RUN/run.json."""
    machine = this_machine()
    about = {
        "settings": plain(config),
        "machine": {"cpu": machine.cpu_model, "cores": machine.num_cores, "memory_bytes": machine.memory_bytes},
        "versions": {"zaphod": __version__, "torch": torch.__version__},
        "data": corpus.manifest,
    }
    (folder / "run.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def plain(config: TrainingConfig) -> dict[str, Any]:
    """The settings as JSON has them."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return settings


def _decisive(settings: dict[str, Any]) -> dict[str, Any]:
    """The sections that decide what is learnt, flat."""
    flat = {f"{section}.{key}": value for section, values in settings.items() for key, value in (values or {}).items()}
    free = (
        *("logging.", "export.", "parallel.", "data.validation_rows"),
        *("run.num_steps", "run.minutes", "run.threads", "run.checkpoint_minutes"),
    )
    return {key: value for key, value in flat.items() if not key.startswith(free)}
