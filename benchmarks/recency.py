"""Time-sliced text, drawn with recency weights and evenly: bits per byte on the newest slice.

The texts are the entries of Debian changelogs under /usr/share/doc with the dates that stand in them. The newest tenth
is never learnt from. Both arms have the same model, first weights, number of tokens, shards and seed; one draws by
`1 / (1 + 0.5 age)` with the beginning of the newest tenth as reference, the other evenly. Arms alternate.

    python -m benchmarks.recency [--steps 300] [--seeds 5]
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import publish
from zaphod.data.build_config import BuildConfig, Component
from zaphod.data.mixture import MixtureConfig, plan_mixture
from zaphod.data.pipeline import Build
from zaphod.data.recency import YEAR_S, RecencyConfig
from zaphod.data.shards import ShardSet
from zaphod.data.sources.changelogs import releases
from zaphod.data.tokenizer_training import TokenizerTraining, save_tokenizer, train_tokenizer
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.pretraining_stream import PackedRows, Selection, ShardSelection
from zaphod.training.schedule import ScheduleConfig
from zaphod.training.validation import Validator

ROW_LENGTH, ROWS_PER_PART, NUM_PARTS = 128, 8, 2
VOCAB_SIZE = 2048
NEWEST_SHARE = 0.1
MIN_ENTRY_CHARACTERS = 40


def model_config() -> ModelConfig:
    """A small mixture of experts."""
    return ModelConfig(
        family="zaphod",
        vocab_size=VOCAB_SIZE,
        hidden_size=128,
        num_layers=3,
        num_heads=4,
        num_kv_heads=2,
        head_dim=32,
        context_length=ROW_LENGTH,
        moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2, renormalise=True), expert_size=192),
        qk_norm="per_head",
        tie_embeddings=True,
    )


def write_entries(file: Path) -> int:
    """Every dated entry of every changelog, equal ones once; returns their number."""
    seen: dict[tuple[str, str], dict[str, object]] = {}
    for log in sorted(Path("/usr/share/doc").glob("*/changelog*.gz")):
        text = gzip.decompress(log.read_bytes()).decode("utf-8", "replace")
        for entry in releases(text):
            if len(entry.text) >= MIN_ENTRY_CHARACTERS:
                head = f"{entry.package} ({entry.version})\n"
                row = {"id": f"{entry.package}/{entry.version}", "text": head + entry.text}
                seen[entry.package, entry.text] = row | {"timestamp_s": entry.timestamp_s}
    file.write_text("\n".join(map(json.dumps, seen.values())))
    return len(seen)


def build_shards(folder: Path) -> ShardSet:
    """Entries, a vocabulary learnt from them, shards."""
    entries = folder / "entries.jsonl"
    write_entries(entries)
    texts = [json.loads(line)["text"] for line in entries.read_text().splitlines()]
    training = TokenizerTraining(vocab_size=VOCAB_SIZE)
    save_tokenizer(train_tokenizer(texts, training), training, folder / "tokenizer")
    source = Component(kind="json-lines", settings={"name": "changelogs", "path": str(entries)})
    config = BuildConfig(sources=(source,), tokenizer=str(folder / "tokenizer"), allow_unknown_licences=True)
    Build(config, folder / "shards").run()
    return ShardSet.open(folder / "shards")


def run_arm(shards: ShardSet, recent: bool, seed: int, steps: int, folder: Path) -> dict[str, float]:
    """Train one arm and look at the newest slice."""
    times = shards.timestamps_s
    cut_s = float(np.quantile(times, 1 - NEWEST_SHARE))
    older = ShardSelection(shards, np.flatnonzero(times < cut_s))
    newest = Selection(shards, np.flatnonzero(times >= cut_s))
    mixture = MixtureConfig(recency=RecencyConfig(reference_s=cut_s) if recent else None, max_epochs=8)
    num_tokens = steps * NUM_PARTS * ROWS_PER_PART * ROW_LENGTH
    plan = plan_mixture(older, mixture, num_tokens + ROW_LENGTH + 1, seed)
    stream = PackedRows(
        older,
        row_length=ROW_LENGTH,
        rows_per_part=ROWS_PER_PART,
        num_parts=NUM_PARTS,
        seed=seed,
        order=lambda epoch: plan.documents,
    )
    model = Transformer(model_config())
    initialise(model, model_config().num_layers, seed)
    in_half_precision(model)
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=6e-3))
    config = LoopConfig(num_steps=steps, schedule=ScheduleConfig(warmup_steps=20), seed=seed, num_threads=NUM_PARTS)
    Trainer(model, optimiser, stream, config, folder).run()
    looked = Validator(newest, ROW_LENGTH, 512)(model)
    drawn_ages = (cut_s - older.timestamps_s[plan.documents]) / YEAR_S
    return {
        "bits_per_byte": looked.bits_per_byte,
        "mean_age_years": float(drawn_ages.mean()),
        "different_documents": len(np.unique(plan.documents)),
        "num_draws": len(plan),
    }


def table(runs: dict[str, list[dict[str, float]]], shards: ShardSet, steps: int) -> str:
    """Both arms, and the difference seed by seed."""
    lines = ["| arm | bits per byte on the newest tenth, mean (min to max) | mean age drawn | different documents |"]
    lines.append("|---|---|---|---|")
    for arm, results in runs.items():
        values = [result["bits_per_byte"] for result in results]
        age = statistics.mean(result["mean_age_years"] for result in results)
        different = statistics.mean(result["different_documents"] for result in results)
        spread = f"{statistics.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
        lines.append(f"| {arm} | {spread} | {age:.1f} years | {different:,.0f} |")
    even, recent = ([r["bits_per_byte"] for r in runs[arm]] for arm in ("even", "recency"))
    gains = [1 - b / a for a, b in zip(even, recent, strict=True)]
    deviation = statistics.stdev(gains) if len(gains) > 1 else float("nan")
    tokens = steps * NUM_PARTS * ROWS_PER_PART * ROW_LENGTH
    lines += [
        "",
        f"Recency saves {statistics.mean(gains):.2%} of the bits, seed by seed {min(gains):.2%} to {max(gains):.2%} "
        f"(standard deviation {deviation:.2%}, n={len(gains)}). "
        f"{len(shards):,} entries of {shards.num_tokens:,} tokens; {steps} steps of "
        f"{NUM_PARTS * ROWS_PER_PART * ROW_LENGTH:,}, {tokens:,} tokens a run.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Train both arms for each seed, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.manual_seed(0)
    runs: dict[str, list[dict[str, float]]] = {"even": [], "recency": []}
    with tempfile.TemporaryDirectory() as scratch:
        shards = build_shards(Path(scratch))
        for seed in range(options.seeds):
            for arm in ("even", "recency") if seed % 2 == 0 else ("recency", "even"):
                folder = Path(scratch) / f"{arm}-{seed}"
                runs[arm].append(run_arm(shards, arm == "recency", seed, options.steps, folder))
                print(f"seed {seed}, {arm}: {runs[arm][-1]}", file=sys.stderr, flush=True)
        publish("recency", {"runs": runs, "steps": options.steps}, table(runs, shards, options.steps))


if __name__ == "__main__":
    main()
