"""The PyTorch path against transformers on the same files: load time, peak memory, prefill and decode speed.

Each measurement is a fresh process; ours and theirs alternate, and the ratio is taken pair by pair.

    python -m benchmarks.torch_runner [--pairs 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import publish, run_measured, spread
from benchmarks.random_model import mixtral_like, write_random

PROMPT, GENERATE = 512, 64
FIGURES = ("load_s", "peak_bytes", "prefill_tokens_per_s", "decode_tokens_per_s")


def measure_ours(folder: Path) -> dict[str, float]:
    """Load, one prompt, then one token at a time through the engine's runner."""
    import torch

    from zaphod.engine.batch import Scheduled, assemble
    from zaphod.engine.torch_runner import TorchRunner
    from zaphod.model.files.weights import open_model
    from zaphod.model.loading import load_transformer

    torch.set_num_threads(2)
    start = time.perf_counter()
    with open_model(folder) as weights:
        model = load_transformer(weights, torch.bfloat16)
    loaded = time.perf_counter()
    runner = TorchRunner(model, max_len=PROMPT + GENERATE)

    def step(token_ids: list[int], num_seen: int) -> int:
        batch = assemble([Scheduled(token_ids, num_seen, range(runner.num_blocks))], runner.block_size)
        return int(runner.forward(batch)[0].argmax())

    return {"load_s": loaded - start} | _time_generation(step)


def measure_theirs(folder: Path) -> dict[str, float]:
    """The same with transformers: its grouped expert kernel, SDPA, its own cache."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(2)
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.set_experts_implementation("grouped_mm")
    loaded = time.perf_counter()
    cache = None

    def step(token_ids: list[int], num_seen: int) -> int:
        nonlocal cache
        with torch.no_grad():
            out = model(torch.tensor([token_ids]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        return int(out.logits[0, -1].argmax())

    return {"load_s": loaded - start} | _time_generation(step)


def _time_generation(step: Callable[[list[int], int], int]) -> dict[str, float]:
    """Speed of `step(new token ids, tokens already seen) -> next token`, prompt first, then one token at a time."""
    prompt = list(range(100, 100 + PROMPT))
    start = time.perf_counter()
    token = step(prompt, 0)
    prefilled = time.perf_counter()
    for position in range(PROMPT, PROMPT + GENERATE):
        token = step([token], position)
    return {
        "prefill_tokens_per_s": PROMPT / (prefilled - start),
        "decode_tokens_per_s": GENERATE / (time.perf_counter() - prefilled),
    }


def measure(who: str, folder: Path) -> dict[str, float]:
    """One fresh process."""
    done, peak_bytes = run_measured([sys.executable, "-m", __spec__.name, "--worker", who, "--model", str(folder)])
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1]) | {"peak_bytes": peak_bytes}


def main() -> None:
    """Compare, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--worker", choices=["ours", "transformers"])
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps((measure_ours if options.worker == "ours" else measure_theirs)(options.model)))
        return
    config = mixtral_like(hidden=1024, layers=8, expert_size=2048)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_random(config, Path(scratch) / "model")
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "transformers": []}
        for pair in range(options.pairs):
            for who in ("ours", "transformers") if pair % 2 == 0 else ("transformers", "ours"):
                runs[who].append(measure(who, folder))
                print(f"pair {pair + 1} of {options.pairs}: {who} {runs[who][-1]}", file=sys.stderr)
    publish("torch_runner", {"runs": runs}, table(runs))


def table(runs: dict[str, list[dict[str, float]]]) -> str:
    """Medians with extremes, and the median of the pairwise ratios."""
    lines = [
        "Mixtral layout, 8 layers, hidden 1024, 8 experts of 2048, bfloat16; prompt 512, 64 generated, batch 1.",
        "",
    ]
    lines += ["| figure | ours (min to max) | transformers | ours / theirs, pair by pair |", "|---|---|---|---|"]
    for figure in FIGURES:
        ours, theirs = ([run[figure] for run in runs[who]] for who in ("ours", "transformers"))
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        scale = 1e-6 if figure == "peak_bytes" else 1.0
        cells = [_cell(spread([value * scale for value in values])) for values in (ours, theirs)]
        name = "peak resident memory, MB" if figure == "peak_bytes" else figure
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {ratio} |")
    return "\n".join(lines)


def _cell(values: dict[str, float]) -> str:
    return f"{values['median']:.1f} ({values['min']:.1f} to {values['max']:.1f})"


if __name__ == "__main__":
    main()
