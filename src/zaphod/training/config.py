"""All settings of a training run, as one TOML file has them; knows no tensors and starts nothing.

Each section is the configuration of the part that reads it. `model` is a preset, or every field of `ModelConfig`, or a
preset with some fields changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from zaphod.core.errors import ConfigError
from zaphod.data.mixture import MixtureConfig
from zaphod.model.config import ModelConfig
from zaphod.model.families import preset
from zaphod.model.recomputation import Recompute
from zaphod.training.balance import BalanceConfig
from zaphod.training.config_file import build, read_toml
from zaphod.training.domains import DomainsConfig
from zaphod.training.optimiser import OptimiserConfig
from zaphod.training.parallel.config import ParallelConfig
from zaphod.training.router_policy import RouterPolicy
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.spikes import SpikeConfig

TensorBoard = Literal["auto", "on", "off"]


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How long, and from which random numbers."""

    num_steps: int | None = None
    minutes: float | None = None
    """In place of num_steps: the schedule then follows the clock, and the run cannot be repeated bit by bit."""
    seed: int = 0
    threads: int = 2
    """Parts of a step computed side by side, one core each."""
    checkpoint_minutes: float = 4.0
    router: RouterPolicy = "train"
    """Whether the routers learn."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What is learnt from, and how it is cut."""

    shards: str | None = None
    """Folder that `zaphod data` wrote."""
    texts: tuple[str, ...] = ()
    """In place of shards: text files, or folders of them; each file is one document, encoded when the run begins."""
    tokenizer: str = "train"
    """Folder or file of a tokenizer, or `bytes`; `train` learns one from `texts`, of the size of the vocabulary."""
    row_length: int = 512
    """Tokens of a row; rows are filled up with documents laid end to end."""
    rows_per_part: int = 16
    parts: int = 2
    """Of a step. A step has parts x rows_per_part x row_length tokens, however many processes compute them."""
    validation_share: float = 0.01
    """Of the documents, kept from training."""
    validation_rows: int = 64

    def __post_init__(self) -> None:
        if (self.shards is None) == (not self.texts):
            raise ConfigError(
                f"data.shards is {self.shards!r} and data.texts is {list(self.texts)}.",
                "A run learns from one of them.",
                "Set data.shards to a folder that `zaphod data` wrote, or data.texts to a list of files.",
            )
        for name in ("row_length", "rows_per_part", "parts"):
            if getattr(self, name) < 1:
                raise ConfigError(f"data.{name} is {getattr(self, name)}.", "It is at least 1.", "Mend it.")
        if not 0 <= self.validation_share < 1:
            raise ConfigError(
                f"data.validation_share is {self.validation_share}.", "It is a share in [0, 1).", "Use 0.01."
            )


@dataclass(frozen=True, kw_only=True)
class PrecisionConfig:
    """What is computed in which format."""

    compute: Literal["bfloat16", "float32"] = "bfloat16"
    """Of the matrices; norms and routers compute in float32 always, and masters are float32 always."""


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """What is computed twice to save memory."""

    recompute: Recompute = "none"
    """Activations that are thrown away and computed again: those of the feed-forward blocks (`experts`) or of whole
    layers (`layer`). Which experts were chosen is kept, so both passes take the same way."""


@dataclass(frozen=True, kw_only=True)
class LoggingConfig:
    """What is shown; RUN/log.jsonl has every step in any case."""

    every_steps: int = 10
    """Steps between two lines on the terminal."""
    validate_every_steps: int = 0
    """Steps between two validations; 0 for one at the end."""
    tensorboard: TensorBoard = "auto"
    """`auto` writes its events if it is installed."""
    measures_peak: bool = True
    """Measure at the end what the machine can do, for the share of it that was used (about a second)."""


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """What is written when training is done."""

    weights: str = "bfloat16"
    """Number format of the matrices in RUN/model; `zaphod convert` makes safetensors and GGUF of it."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A whole run."""

    model: ModelConfig
    data: DataConfig
    run: RunConfig
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    spikes: SpikeConfig = field(default_factory=SpikeConfig)
    domains: DomainsConfig = field(default_factory=DomainsConfig)
    mixture: MixtureConfig | None = None
    """How the sources of `data.shards` are mixed; all documents equally often by default."""
    precision: PrecisionConfig = field(default_factory=PrecisionConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    parallel: ParallelConfig = field(default_factory=ParallelConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)
    export: ExportConfig = field(default_factory=ExportConfig)

    def __post_init__(self) -> None:
        if (self.run.minutes is None) == (self.run.num_steps is None):
            raise ConfigError(
                f"run.minutes is {self.run.minutes} and run.num_steps is {self.run.num_steps}.",
                "Exactly one of them says when training ends.",
                "Set one of them.",
            )
        if self.mixture is not None and self.data.shards is None:
            raise ConfigError(
                "A [mixture] is set for data.texts.", "A mixture is one of sources in shards.", "Set data.shards."
            )
        moe = self.model.moe
        if self.domains.experts and moe is None:
            raise ConfigError("domains.experts is set for a dense model.", "Domains have experts.", "Set [model.moe].")
        if self.balance.moves_bias and (moe is None or not moe.router.selection_bias):
            raise ConfigError(
                f"balance.method is {self.balance.method!r}, and the model's routers have no selection bias.",
                "This method balances by moving that bias.",
                "Set selection_bias = true under [model.moe.router]; score = 'sigmoid' suits it best.",
            )


def read_config(file: Path) -> TrainingConfig:
    """The run that a TOML file describes. Raises `ConfigError` for anything that is unknown, missing or impossible."""
    return config_from(read_toml(file))


def config_from(tables: Mapping[str, Any]) -> TrainingConfig:
    """The run that plain data describe; see `read_config`."""
    sections = dict(tables)
    if "model" in sections:
        sections["model"] = model_from(sections["model"])
    return build(TrainingConfig, sections)


def model_from(table: object) -> ModelConfig:
    """A model's shape: every field, or `preset` and what is to be different."""
    if not isinstance(table, Mapping) or "preset" not in table:
        named = {"family": "zaphod", **table} if isinstance(table, Mapping) else table
        return build(ModelConfig, named, "model")
    changes = {key: value for key, value in table.items() if key != "preset"}
    return build(ModelConfig, _merged(preset(str(table["preset"])).config.to_dict(), changes), "model")


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
