"""What the ranks of a test do: train a tiny model, alone or dealt, and tell what came out."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceConfig
from zaphod.training.batches import BatchStream, Document
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.parallel.config import ParallelConfig
from zaphod.training.parallel.deal import Deal
from zaphod.training.parallel.dealt import DealtModel
from zaphod.training.parallel.process_ranks import ProcessRanks
from zaphod.training.schedule import ScheduleConfig

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=32,
    hidden_size=32,
    num_layers=2,
    num_heads=2,
    num_kv_heads=1,
    head_dim=16,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2, renormalise=True), expert_size=32, shared_expert_size=16),
    qk_norm="per_head",
    tie_embeddings=True,
)


class Job(NamedTuple):
    """A short training."""

    parameters: str = "copied"
    expert_ranks: int = 1
    half: bool = False
    rule: str = "adamw"
    num_steps: int = 4
    num_parts: int = 4
    folder: str | None = None
    num_experts: int = 4
    recompute: str = "none"
    balance: str = "aux"


class Outcome(NamedTuple):
    """What a rank saw."""

    losses: list[float]
    loads: list[list[list[float]]]
    max_rows: int
    held: dict[str, tuple[int, ...]]
    values: dict[str, torch.Tensor]
    logits: torch.Tensor | None


def doubled(seed: int, count: int) -> list[Document]:
    """Documents of many lengths whose answer is the question said again."""
    rng = random.Random(seed % 5)
    words = [rng.choices(range(4, 32), k=rng.randrange(2, 6)) for _ in range(4)]
    return [Document([1, *word, 2], [*word, 3]) for word in words * (count // 4 + 1)][:count]


def tiny_model(job: Job) -> Transformer:
    assert CONFIG.moe is not None
    router = replace(CONFIG.moe.router, num_experts=job.num_experts, selection_bias=job.balance != "aux")
    model = Transformer(replace(CONFIG, moe=replace(CONFIG.moe, router=router)))
    initialise(model, CONFIG.num_layers, seed=0)
    if job.half:
        in_half_precision(model)
    return model


def ranks_of(job: Job) -> ProcessRanks:
    config = ParallelConfig(parameters=job.parameters, expert_ranks=job.expert_ranks)  # type: ignore[arg-type]
    return ProcessRanks(config, torch.device("cpu"))


def train_dealt(job: Job) -> Outcome:
    """As a rank among others."""
    model = tiny_model(job)
    return _train(model, job, DealtModel(model, ranks_of(job)))


def train_alone(job: Job) -> Outcome:
    """The same in one process."""
    return _train(tiny_model(job), job, None)


def trainer_for(model: Transformer, job: Job, deal: Deal | None) -> Trainer:
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=3e-3, rule=job.rule), deal)  # type: ignore[arg-type]
    config = LoopConfig(
        num_steps=job.num_steps,
        num_threads=1,
        schedule=ScheduleConfig(warmup_steps=2, decay_from=0.9),
        balance=BalanceConfig(method=job.balance, weight=0.1),  # type: ignore[arg-type]
        recompute=job.recompute,  # type: ignore[arg-type]
    )
    folder = Path(tempfile.mkdtemp() if job.folder is None else job.folder)
    return Trainer(model, optimiser, BatchStream(doubled, 64, job.num_parts, seed=0), config, folder)


def _train(model: Transformer, job: Job, deal: Deal | None) -> Outcome:
    trainer = trainer_for(model, job, deal)
    loads: list[Any] = []
    trainer.observers = [*trainer.observers, lambda report: loads.append([list(layer) for layer in report.loads_LE])]
    reports = trainer.run()
    held = {name: value.clone() for name, value in trainer.optimiser.masters.items()}
    shapes = {name: tuple(value.shape) for name, value in held.items()}
    return Outcome([r.loss for r in reports], loads, reports[-1].max_rows, shapes, held, _logits(model))


def _logits(model: Transformer) -> torch.Tensor:
    with torch.no_grad():
        return model.forward_sequences(torch.arange(1, 25).view(2, 12)).float()


def save_model(model_folder: str, run_folder: str, job: Job) -> None:
    """As a rank: write a checkpoint of a model on disk, before any step."""
    with open_model(Path(model_folder)) as weights:
        model = load_transformer(weights, torch.float32).requires_grad_(True)
    optimiser = Optimiser(model, OptimiserConfig(rule="adamw"), DealtModel(model, ranks_of(job)))
    stream = BatchStream(doubled, 64, job.num_parts, seed=0)
    Trainer(model, optimiser, stream, LoopConfig(num_steps=1, num_threads=1), Path(run_folder)).save()


def train_skewed(job: Job, capacity_factor: float | None) -> tuple[int, int]:
    """As a rank: every token chooses experts 0 and 1; the busiest rank's rows and the step's assignments."""
    assert CONFIG.moe is not None
    router = replace(CONFIG.moe.router, selection_bias=True)
    model = Transformer(replace(CONFIG, moe=replace(CONFIG.moe, router=router)))
    initialise(model, CONFIG.num_layers, seed=0)
    for name, parameter in model.named_parameters():
        if name.endswith("selection_bias"):
            parameter.data = torch.tensor([9.0, 9.0, 0.0, 0.0])
    optimiser = Optimiser(model, OptimiserConfig(), DealtModel(model, ranks_of(job)))
    balance = BalanceConfig(method="none", capacity_factor=capacity_factor)
    config = LoopConfig(num_steps=1, num_threads=1, balance=balance)
    stream = BatchStream(doubled, 64, job.num_parts, seed=0)
    [report] = Trainer(model, optimiser, stream, config, Path(tempfile.mkdtemp())).run()
    return report.max_rows, report.num_tokens * CONFIG.moe.router.top_k * CONFIG.num_layers
