"""One adaptation from files to files: data, model, training, what was learnt; knows no command line.

A run's folder holds run.json (settings; another run is refused), coverage.json, log.jsonl and checkpoints/ of the loop,
and at the end learnt.safetensors (all that was learnt), adapter/ (for peft and the engine, where they can apply it),
or model/ after full training.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from zaphod.compute.weights.partial_file import write_whole
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.units import format_count
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import ModelWeights
from zaphod.model.loading import DTYPES
from zaphod.model.recomputation import Recompute
from zaphod.training.adaptation.changes import FILE_NAME, Changes, changes_from
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.conversations import read_examples
from zaphod.training.adaptation.coverage import Coverage, coverage
from zaphod.training.adaptation.encoding import Encoder, EncodingReport, Sample
from zaphod.training.adaptation.held_out import HeldOut, measure_held_out
from zaphod.training.adaptation.merging import ChangedWeights
from zaphod.training.adaptation.model import AdaptedModel, adapt, canonical_name
from zaphod.training.adaptation.packing import PackedStream
from zaphod.training.adaptation.peft_files import write_peft
from zaphod.training.adaptation.source import FromFiles
from zaphod.training.balance import BalanceConfig
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig
from zaphod.training.schedule import ScheduleConfig

DType = Literal["bfloat16", "float32"]
_LEARNING_RATES = {"lora": 5e-4, "qlora": 5e-4, "full": 5e-5}
_WARMUP_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """An adaptation and how long it learns."""

    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)
    data: Path
    held_out: Path | None = None
    num_steps: int | None = None
    """As many as meet every document `rounds` times unless given."""
    rounds: float = 1.0
    learning_rate: float | None = None
    """5e-4 for low-rank updates and 5e-5 for whole weights unless given."""
    tokens_per_part: int = 2048
    num_parts: int = 2
    """Parts of a step, computed side by side."""
    max_tokens: int | None = None
    """Of a document; the model's context unless given."""
    balance_weight: float | None = None
    """Of the experts' balance loss: 0.01 where the router learns, 0 where it is frozen, unless given."""
    z_weight: float | None = None
    """Of the routers' z-loss: 0.001 where the router learns, 0 where it is frozen, unless given."""
    recompute: Recompute = "none"
    """What layers compute twice to save memory; not with dropout, which would not be the same twice."""
    dtype: DType = "bfloat16"
    checkpoint_minutes: float = 4.0

    def __post_init__(self) -> None:
        if (self.num_steps is not None and self.num_steps < 1) or self.rounds <= 0:
            raise ConfigError(
                f"num_steps is {self.num_steps} and rounds is {self.rounds}.",
                "Training takes at least a step.",
                "Give --steps 1 or more, or --rounds above 0.",
            )
        if self.recompute != "none" and self.adaptation.dropout:
            raise ConfigError(
                f"recompute is {self.recompute} and dropout is {self.adaptation.dropout}.",
                "What is computed twice must be the same twice.",
                "Leave one of them out.",
            )

    @property
    def rate(self) -> float:
        """The peak learning rate."""
        return self.learning_rate or _LEARNING_RATES[self.adaptation.method]

    @property
    def balance(self) -> BalanceConfig:
        """What keeps the experts busy in this stage: nothing by default while the routers are frozen."""
        learns = self.adaptation.router != "freeze"
        weight = self.balance_weight if self.balance_weight is not None else 0.01 * learns
        z_weight = self.z_weight if self.z_weight is not None else 0.001 * learns
        return BalanceConfig(method="aux" if weight else "none", weight=weight, z_weight=z_weight)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came of a run."""

    coverage: Coverage
    encoding: EncodingReport
    num_steps: int
    seconds: float
    loss: float
    """Of the last step, in nats a learnt token."""
    held_out_before: HeldOut | None
    held_out_after: HeldOut | None
    files: Mapping[str, str]
    """What was written, by kind: learnt, adapter or model."""
    served: str
    """How the engine can use it, in words."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON."""
        measured = {"before": self.held_out_before, "after": self.held_out_after}
        plain = {f"held_out_{when}": None if it is None else it._asdict() for when, it in measured.items()}
        return asdict(self) | plain | {"coverage": self.coverage.to_dict()}


def run_adaptation(
    weights: ModelWeights,
    tokenizer: Tokenizer,
    run: RunConfig,
    folder: Path,
    base_name: str,
    progress: Progress = SILENT,
    tell: Callable[[AdaptedModel, Coverage, RunConfig, EncodingReport, int], None] | None = None,
) -> RunResult:
    """Adapt a model; run again with the same folder after an interruption.

    Args:
        weights: the model.
        tokenizer: its vocabulary, with its chat template for conversations.
        run: what is learnt from which data.
        folder: the run's.
        base_name: how the model is called in the files that are written.
        progress: told of layers read and steps done.
        tell: called with the run's header before the first step.

    Raises:
        ConfigError: data or settings are wrong, nothing would be learnt, or the folder belongs to another run.
    """
    _claim(folder, run, base_name)
    stop_ids = tuple(dict.fromkeys([*weights.config.eos_token_ids, *tokenizer.eos_token_ids]))
    max_tokens = min(run.max_tokens or weights.config.context_length, weights.config.context_length)
    encoder = Encoder(tokenizer, stop_ids, max_tokens)
    samples = encoder.encode_all(read_examples(run.data))
    unseen = Encoder(tokenizer, stop_ids, max_tokens).encode_all(read_examples(run.held_out)) if run.held_out else None
    model = adapt(
        weights.config, FromFiles(weights), run.adaptation, DTYPES[run.dtype], lambda names: _tracked(names, progress)
    )
    covered = coverage(model)
    _write_json(folder / "coverage.json", covered.to_dict())
    before = _measured(model, unseen, run)
    stream = PackedStream(samples, run.tokens_per_part, run.num_parts, run.adaptation.seed)
    num_steps = run.num_steps or max(1, math.ceil(run.rounds * stream.steps_per_round()))
    if tell is not None:
        tell(model, covered, run, encoder.report, num_steps)
    trainer = _trainer(model, stream, run, num_steps, folder)
    reports = trainer.run(progress)
    files, served = _write(weights, model, trainer, folder, base_name, progress)
    result = RunResult(
        coverage=covered,
        encoding=encoder.report,
        num_steps=trainer.step,
        seconds=trainer.seconds,
        loss=reports[-1].loss,
        held_out_before=before,
        held_out_after=_measured(model, unseen, run),
        files=files,
        served=served,
    )
    _write_json(folder / "result.json", result.to_dict())
    return result


def header(model: AdaptedModel, covered: Coverage, run: RunConfig, num_steps: int) -> list[tuple[str, str]]:
    """What a run says before its first step, as names and values."""
    adaptation, balance = run.adaptation, run.balance
    kinds = [
        name for name, is_so in (("rsLoRA", adaptation.is_rank_stabilised), ("DoRA", adaptation.is_decomposed)) if is_so
    ]
    rank = f", rank {adaptation.rank}, alpha {adaptation.alpha:g} (scale {adaptation.scale:g})"
    method = adaptation.method + (
        "" if adaptation.method == "full" else "".join([rank, *(f", {kind}" for kind in kinds)])
    )
    met = ", ".join(f"{target} {len(names)}" for target, names in model.targets.items()) or "every weight"
    weights = f"{format_count(covered.num_trainable)} of {format_count(covered.num_parameters)} parameters"
    experts = f"; {covered.expert_share:.0%} of the experts' weights" if model.network.config.moe else ""
    return [
        ("method", method),
        ("targets", f"{met}; {len(covered.left_out)} weights left out"),
        ("router", adaptation.router),
        ("balance", f"{balance.method}, weight {balance.weight:g}, z-loss {balance.z_weight:g}"),
        ("learns", f"{weights} ({covered.trainable_share:.2%}){experts}"),
        ("steps", f"{num_steps} of {run.num_parts} x {run.tokens_per_part} tokens, learning rate {run.rate:g}"),
    ]


def _trainer(model: AdaptedModel, stream: PackedStream, run: RunConfig, num_steps: int, folder: Path) -> Trainer:
    is_full = run.adaptation.method == "full"
    settings = OptimiserConfig(rule="adamw", learning_rate=run.rate, weight_decay=0.01 if is_full else 0.0)
    config = LoopConfig(
        num_steps=num_steps,
        schedule=ScheduleConfig(kind="cosine", warmup_steps=max(1, round(num_steps * _WARMUP_SHARE))),
        balance=run.balance,
        recompute=run.recompute,
        num_threads=run.num_parts,
        checkpoint_minutes=run.checkpoint_minutes,
        seed=run.adaptation.seed,
    )
    return Trainer(model.network, Optimiser(model.network, settings), stream, config, folder)


def _write(
    weights: ModelWeights, model: AdaptedModel, trainer: Trainer, folder: Path, base_name: str, progress: Progress
) -> tuple[dict[str, str], str]:
    masters = {canonical_name(name): tensor for name, tensor in trainer.optimiser.masters.items()}
    changes = changes_from(masters, model.config.scale)
    if model.config.method == "full":
        convert(ChangedWeights(weights, changes), "packed", folder / "model", progress=progress)
        return {"model": str(folder / "model")}, f"zaphod run {folder / 'model'}"
    files = {"learnt": str(changes.write(folder / FILE_NAME, model.config))}
    served = f"must be merged: zaphod adapt merge {folder} --out MERGED"
    if _is_servable(changes):
        write_peft(folder / "adapter", changes.adapter(), model.config, weights.config, base_name)
        files["adapter"] = str(folder / "adapter")
        served = f"zaphod run {base_name} --adapter {folder / 'adapter'}"
    return files, served


def _is_servable(changes: Changes) -> bool:
    """Whether the engine applies them unmerged."""
    return not (changes.whole or changes.is_decomposed or any(".router." in name for name in changes.updates))


def _measured(model: AdaptedModel, unseen: Sequence[Sample] | None, run: RunConfig) -> HeldOut | None:
    return None if unseen is None else measure_held_out(model.network, unseen, run.tokens_per_part)


def _claim(folder: Path, run: RunConfig, base_name: str) -> None:
    """Write down what the folder is for; refuse one that is for something else."""
    settings = _settings(run, base_name)
    file = folder / "run.json"
    if file.exists():
        before = json.loads(file.read_text("utf-8"))
        differing = [key for key in settings if before.get(key) != settings[key]]
        if differing:
            raise ConfigError(
                f"{folder} belongs to a run with another {', '.join(differing)}.",
                "A run is resumed with the settings it began with.",
                "Use them again, or choose another folder.",
            )
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(file, settings)


def _settings(run: RunConfig, base_name: str) -> dict[str, Any]:
    data = hashlib.sha256(run.data.read_bytes()).hexdigest()
    plain = asdict(run) | {"model": base_name, "data": str(run.data), "data_sha256": data}
    plain |= {"held_out": None if run.held_out is None else str(run.held_out), "balance": asdict(run.balance)}
    return json.loads(json.dumps(plain))  # type: ignore[no-any-return]  # lists as a reader will find them


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def _tracked(names: list[str], progress: Progress) -> Iterator[str]:
    with progress.step("reading", len(names), "layers") as advance:
        for name in names:
            yield name
            advance(1)
