"""What each way of balancing experts costs and gives at equal steps, beside a dense model of equal active size.

    python -m benchmarks.balance_methods            six arms, three seeds, 220 steps of 4,096 tokens (about an hour)
    python -m benchmarks.balance_methods --short    one seed, 60 steps: shows that it works, proves nothing

The arms of a seed see the same rows in the same order and are run one after the other, so that a change of the
machine's load falls on all. Losses do not depend on the load; seconds do, and are shown for orientation only.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common import publish
from benchmarks.installed_texts import SOURCE, docstring_texts
from zaphod.capacity.parameters import count_parameters
from zaphod.data.slices import open_tokenizer
from zaphod.data.tokenizer_training import TokenizerTraining, save_tokenizer, train_tokenizer
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceConfig
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, Rule, in_half_precision
from zaphod.training.pretraining_stream import PackedRows, Selection, TokenArrays, split
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.validation import Validator

_VOCAB_SIZE, _ROW_LENGTH, _ROWS_PER_PART, _NUM_PARTS = 4096, 256, 8, 2
_ROUTER = RouterConfig(num_experts=8, top_k=2, renormalise=True)
_DENSE = ModelConfig(
    family="zaphod",
    vocab_size=_VOCAB_SIZE,
    hidden_size=192,
    num_layers=4,
    num_heads=6,
    num_kv_heads=2,
    head_dim=32,
    context_length=_ROW_LENGTH,
    dense_size=512,
    qk_norm="per_head",
)
_SPARSE = dataclasses.replace(_DENSE, dense_size=0, moe=MoEConfig(router=_ROUTER, expert_size=256))


@dataclasses.dataclass(frozen=True)
class Arm:
    """One row of the table."""

    name: str
    model: ModelConfig
    balance: BalanceConfig


def _sparse(**router: Any) -> ModelConfig:
    return dataclasses.replace(_SPARSE, moe=MoEConfig(router=dataclasses.replace(_ROUTER, **router), expert_size=256))


_BIASED, _SIGMOID = {"selection_bias": True}, {"selection_bias": True, "score": "sigmoid"}
ARMS = {
    "dense": Arm("dense, equal active size", _DENSE, BalanceConfig(method="none")),
    "none": Arm("none (softmax)", _SPARSE, BalanceConfig(method="none", z_weight=0.0)),
    "aux": Arm("aux loss + z-loss (softmax), the default", _SPARSE, BalanceConfig()),
    "bias": Arm("bias by sign (sigmoid)", _sparse(**_SIGMOID), BalanceConfig(method="bias")),
    "quantile": Arm("quantile (sigmoid)", _sparse(**_SIGMOID), BalanceConfig(method="quantile")),
    "quantile-softmax": Arm("quantile (softmax)", _sparse(**_BIASED), BalanceConfig(method="quantile")),
}


def corpus(folder: Path) -> tuple[Selection, Selection]:
    """Training and held-out documents as token ids of a vocabulary learnt from them."""
    texts = docstring_texts()
    training = TokenizerTraining(vocab_size=_VOCAB_SIZE)
    save_tokenizer(train_tokenizer(texts, training), training, folder)
    tokenizer, _ = open_tokenizer(str(folder))
    arrays = [np.array([*tokenizer.encode(text), tokenizer.eos_token_ids[0]], np.uint16) for text in texts]
    sizes = np.array([len(text.encode()) for text in texts], np.int64)
    documents = TokenArrays(arrays, sizes, np.zeros(len(texts), np.int64))
    kept, held_out = split(len(texts), 0.03, seed=0)
    return Selection(documents, kept), Selection(documents, held_out)


def run(
    arm: Arm, seed: int, steps: int, rule: Rule, rate: float, training: Selection, validator: Validator
) -> dict[str, Any]:
    """Train one arm and look at the held-out text."""
    model = Transformer(arm.model)
    initialise(model, arm.model.num_layers, seed)
    in_half_precision(model)
    optimiser = Optimiser(model, OptimiserConfig(rule=rule, learning_rate=rate))
    stream = PackedRows(training, row_length=_ROW_LENGTH, rows_per_part=_ROWS_PER_PART, num_parts=_NUM_PARTS, seed=seed)
    config = LoopConfig(num_steps=steps, schedule=ScheduleConfig(warmup_steps=20), balance=arm.balance)
    with tempfile.TemporaryDirectory() as folder:
        start_s = time.monotonic()
        trainer = Trainer(model, optimiser, stream, config, Path(folder))
        reports = trainer.run()
        seconds = time.monotonic() - start_s
    validation = validator(model)
    return {
        "arm": arm.name,
        "seed": seed,
        "loss": validation.loss,
        "bits_per_byte": validation.bits_per_byte,
        "max_violation": validation.max_violation,
        "num_dead": validation.num_dead,
        "training_max_violation": statistics.mean(report.max_violation for report in reports[-50:]),
        "num_skipped": sum(report.skipped is not None for report in reports),
        "seconds": seconds,
    }


def table(results: list[dict[str, Any]], steps: int, rule: str) -> str:
    """Means over seeds with the range; the gap to the dense model is paired by seed."""
    dense = {r["seed"]: r["loss"] for r in results if r["arm"] == ARMS["dense"].name}
    names = list(dict.fromkeys(result["arm"] for result in results))
    sparse, dense_size = count_parameters(_SPARSE), count_parameters(_DENSE).total
    lines = [
        f"{steps} steps of {_ROW_LENGTH * _ROWS_PER_PART * _NUM_PARTS} tokens, {rule}, seeds "
        f"{sorted({result['seed'] for result in results})}; text: {SOURCE}.",
        f"Parameters: sparse {sparse.total / 1e6:.1f} M, {sparse.active / 1e6:.1f} M active; dense "
        f"{dense_size / 1e6:.1f} M. Mean (least to most) over seeds.",
        "",
        "| method | held-out loss | bits a byte | gap to dense | MaxVio held out | MaxVio last 50 steps | dead | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        mine = [result for result in results if result["arm"] == name]
        gaps = [result["loss"] - dense[result["seed"]] for result in mine if result["seed"] in dense]
        cells = [_cell([r["loss"] for r in mine], 3), _cell([r["bits_per_byte"] for r in mine], 3), _cell(gaps, 3)]
        cells += [_cell([r[key] for r in mine], 2) for key in ("max_violation", "training_max_violation")]
        is_sparse = name != ARMS["dense"].name
        cells = cells if is_sparse else [*cells[:2], "-", "-", "-"]
        dead = str(max(r["num_dead"] for r in mine)) if is_sparse else "-"
        lines.append(f"| {' | '.join([name, *cells, dead])} | {statistics.mean(r['seconds'] for r in mine):.0f} |")
    return "\n".join([*lines, "", verdict(results)])


def verdict(results: list[dict[str, Any]]) -> str:
    """Whether the default keeps the gate."""
    mine = [result for result in results if result["arm"] == ARMS["aux"].name]
    if not mine:
        return "The default was not run."
    worst, dead = max(r["max_violation"] for r in mine), max(r["num_dead"] for r in mine)
    is_kept = worst <= 0.3 and dead == 0
    return (
        f"Gate for the default (MaxVio held out <= 0.3 for every seed, no dead expert): {worst:.2f}, {dead} dead: "
        + ("kept." if is_kept else "NOT kept.")
    )


def _cell(values: list[float], digits: int) -> str:
    if not values:
        return "-"
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Parse, run every arm with every seed, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=220)
    parser.add_argument("--rule", default="muon", choices=["muon", "adamw"])
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--weight", type=float, default=BalanceConfig().weight, help="of the auxiliary loss")
    parser.add_argument("--short", action="store_true", help="one seed, 60 steps; nothing is kept")
    asked = parser.parse_args()
    seeds, steps = (1, 60) if asked.short else (asked.seeds, asked.steps)
    arms = {name: ARMS[name] for name in asked.arms}
    if "aux" in arms:
        balance = dataclasses.replace(ARMS["aux"].balance, weight=asked.weight)
        arms["aux"] = dataclasses.replace(ARMS["aux"], balance=balance)
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        training, held_out = corpus(Path(folder))
        validator = Validator(held_out, _ROW_LENGTH, 128)
        for seed in range(seeds):
            for arm in arms.values():
                results.append(run(arm, seed, steps, asked.rule, asked.rate, training, validator))
                print(results[-1], flush=True)
    text = table(results, steps, asked.rule)
    is_whole = not asked.short and set(arms) == set(ARMS) and seeds >= 3 and asked.weight == BalanceConfig().weight
    if is_whole:
        publish("balance_methods", {"steps": steps, "rule": asked.rule, "results": results}, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
