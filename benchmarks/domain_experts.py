"""Whether experts with a prior for a domain come to know it: information, and what is lost when a group is taken out.

    python -m benchmarks.domain_experts            three seeds (some minutes)
    python -m benchmarks.domain_experts --short    one seed, fewer steps; nothing is kept

Documents are generated: three domains and a fourth without experts of its own, each a chain of words of its own between
words that all share. Experts are looked at on held-out documents whose domain nobody tells.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.common import publish
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training import passes
from zaphod.training.domains import DomainPrior, DomainsConfig
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig
from zaphod.training.pretraining_stream import PackedRows, Selection, TokenArrays, split
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.validation import Validator

_NAMES = ["stem", "legal", "medical", "other"]
_GROUPS = {"stem": 4, "legal": 2, "medical": 2}
_NUM_EXPERTS, _ROW_LENGTH = 10, 64
_WORDS, _SHARED = 48, 32
_CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=_SHARED + _WORDS,
    hidden_size=64,
    num_layers=2,
    num_heads=2,
    num_kv_heads=2,
    head_dim=32,
    context_length=_ROW_LENGTH,
    moe=MoEConfig(router=RouterConfig(num_experts=_NUM_EXPERTS, top_k=2, renormalise=True), expert_size=48),
    qk_norm="per_head",
)


def documents(seed: int) -> TokenArrays:
    """Chains over the same words, another one in each domain, so that the domain decides what a word means."""
    rng = np.random.default_rng(seed)
    chains = [rng.dirichlet(np.full(_WORDS, 0.05), _WORDS) for _ in _NAMES]
    arrays, domains = [], []
    for _ in range(2400):
        domain = int(rng.choice(len(_NAMES), p=[0.4, 0.2, 0.2, 0.2]))
        words = [int(rng.integers(_WORDS))]
        for _ in range(int(rng.integers(40, 120))):
            words.append(int(rng.choice(_WORDS, p=chains[domain][words[-1]])))
        ids = [_SHARED + word if rng.random() > 0.2 else int(rng.integers(_SHARED)) for word in words]
        arrays.append(np.array(ids, np.uint16))
        domains.append(domain)
    sizes = np.array([len(array) for array in arrays])
    return TokenArrays(arrays, sizes, np.array(domains))


def train(seed: int, steps: int, prior: DomainPrior | None, training: Selection) -> Transformer:
    """A model that was told each document's domain, or not."""
    model = Transformer(_CONFIG)
    initialise(model, _CONFIG.num_layers, seed)
    stream = PackedRows(training, row_length=_ROW_LENGTH, rows_per_part=16, num_parts=1, seed=seed)
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=5e-3))
    config = LoopConfig(num_steps=steps, schedule=ScheduleConfig(warmup_steps=10), num_threads=1, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        Trainer(model, optimiser, stream, config, Path(folder), prior=prior).run()
    return model.eval()


@torch.no_grad()
def losses_without(model: Transformer, held_out: Selection, group: str | None) -> list[float]:
    """Loss of each domain's tokens, nats, with the experts of a group taken out."""
    first, taken = 0, slice(0, 0)
    for name, count in _GROUPS.items():
        taken = slice(first, first + count) if name == group else taken
        first += count
    sums, counts = torch.zeros(len(_NAMES)), torch.zeros(len(_NAMES))
    rows = PackedRows(held_out, row_length=_ROW_LENGTH, rows_per_part=16, num_parts=1, seed=0)
    batches = rows.batches()
    for _ in range(rows.rows_per_epoch // 16):
        part = next(batches)[0]
        out_TE = torch.zeros(len(part.token_ids_T), _NUM_EXPERTS)
        out_TE[:, taken] = -1e9
        logits = model(part.token_ids_T, part.positions_T, _kept(part), offsets=lambda layer, out=out_TE: out)
        losses: Tensor = torch.nn.functional.cross_entropy(logits, part.targets_R, reduction="none")
        assert part.domain_ids_T is not None
        sums.index_add_(0, part.domain_ids_T, losses)
        counts.index_add_(0, part.domain_ids_T, torch.ones_like(losses))
    return (sums / counts).tolist()


def _kept(part: Any) -> Any:
    return passes.GroupedSequences(part.groups)


def run(seed: int, steps: int, prior_logits: float) -> dict[str, Any]:
    """Both models of one seed, looked at in the same way."""
    all_documents = documents(seed)
    kept, held = split(len(all_documents.arrays), 0.1, seed)
    training, held_out = Selection(all_documents, kept), Selection(all_documents, held)
    config = DomainsConfig(experts=_GROUPS, prior=prior_logits)
    prior = DomainPrior(config, _NAMES, _NUM_EXPERTS)
    validator = Validator(held_out, _ROW_LENGTH, 256, _NAMES)
    free, told = (train(seed, steps, one, training) for one in (None, prior))
    whole = losses_without(told, held_out, None)
    lost = {}
    for group in _GROUPS:
        without = losses_without(told, held_out, group)
        lost[group] = [loss / before - 1 for loss, before in zip(without, whole, strict=True)]
    views = {"free": validator(free), "told": validator(told), "told, with the prior": validator(told, prior)}
    return {
        "seed": seed,
        "views": {
            name: {"information": statistics.mean(view.information), "loss": view.loss, "violation": view.max_violation}
            for name, view in views.items()
        },
        "lost": lost,
    }


def table(results: list[dict[str, Any]], steps: int, prior_logits: float) -> str:
    """Information and loss of both, and what each group is worth to each domain."""
    seeds = [result["seed"] for result in results]
    lines = [
        f"{steps} steps of {16 * _ROW_LENGTH} tokens, {_NUM_EXPERTS} experts top-2, {_CONFIG.num_layers} layers, "
        f"groups {_GROUPS}, prior {prior_logits:g}, seeds {seeds}. Mean (least to most).",
        "",
        "| model | I(domain; expert), nats | held-out loss | MaxVio |",
        "|---|---|---|---|",
    ]
    for name in results[0]["views"]:
        mine = [result["views"][name] for result in results]
        cells = [_cell([one[key] for one in mine], 3) for key in ("information", "loss", "violation")]
        lines.append(f"| {' | '.join([name, *cells])} |")
    lines += ["", f"| group taken out | {' | '.join(f'loss of {name}' for name in _NAMES)} |", "|---" * 5 + "|"]
    for group in _GROUPS:
        cells = [_cell([100 * result["lost"][group][n] for result in results], 1) + " %" for n in range(len(_NAMES))]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    ratios = {
        view: [r["views"][view]["information"] / r["views"]["free"]["information"] for r in results]
        for view in ("told, with the prior", "told")
    }
    given, untold = ratios.values()
    is_kept = min(given) >= 3
    return "\n".join(
        [
            *lines,
            "",
            "Gate (experts know at least 3 times as much as those of the free model, for every seed): "
            f"{_cell(given, 1)} times where documents bear their domain: {'kept' if is_kept else 'NOT kept'}; "
            f"{_cell(untold, 1)} times where nobody tells.",
        ]
    )


def _cell(values: list[float], digits: int) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Parse, train both models for every seed, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--prior", type=float, default=DomainsConfig().prior)
    parser.add_argument("--short", action="store_true", help="one seed, 150 steps; nothing is kept")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seeds, steps = (1, 150) if asked.short else (asked.seeds, asked.steps)
    results = []
    for seed in range(seeds):
        results.append(run(seed, steps, asked.prior))
        print(results[-1], flush=True)
    text = table(results, steps, asked.prior)
    if asked.short or asked.prior != DomainsConfig().prior or seeds < 3:
        print(text)
    else:
        publish("domain_experts", {"steps": steps, "results": results}, text)


if __name__ == "__main__":
    main()
