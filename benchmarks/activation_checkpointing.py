"""What recomputing activations saves in memory and costs in time, and that gradients stay the same to the bit.

    python -m benchmarks.activation_checkpointing            the shape of docs/training.md, five rounds (some minutes)
    python -m benchmarks.activation_checkpointing --short    a small shape, two rounds; nothing is kept

Each way runs in a process of its own, one after the other in every round, because peak memory only ever grows. Shown is
the peak while a step's gradients are computed less what the process had before (weights and text, no optimiser).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import time

import torch

from benchmarks.common import publish
from zaphod.compute.kernels import fused
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.experts import Experts
from zaphod.model.recomputation import Recompute
from zaphod.model.transformer import Layer, Transformer
from zaphod.training import passes
from zaphod.training.balance import BalanceConfig, expert_counts
from zaphod.training.batches import Batch, Group
from zaphod.training.initialise import initialise
from zaphod.training.optimiser import in_half_precision

_WAYS: tuple[Recompute, ...] = ("none", "experts", "layer")


def shape(is_short: bool) -> tuple[ModelConfig, int, int]:
    """Model, rows and their length."""
    width, layers, vocab, rows, length = (256, 4, 1024, 8, 256) if is_short else (256, 6, 4096, 32, 256)
    config = ModelConfig(
        family="zaphod",
        vocab_size=vocab,
        hidden_size=width,
        num_layers=layers,
        num_heads=width // 64,
        num_kv_heads=width // 64,
        head_dim=64,
        context_length=length,
        moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=2 * width),
        tie_embeddings=True,
    )
    return config, rows, length


def measure(way: Recompute, is_short: bool) -> None:
    """In a process of its own: a warm-up, then one pass forward and back under the clock; prints JSON."""
    torch.set_num_threads(1)
    config, rows, length = shape(is_short)
    model = Transformer(config)
    initialise(model, config.num_layers, seed=0)
    in_half_precision(model)
    model.use(fused)
    for module in model.modules():
        if isinstance(module, Layer):
            module.recompute = way
        elif isinstance(module, Experts):
            module.row_multiple = 64  # as the trainer does; or oneDNN compiles a kernel for every expert's rows
    step(model, batch(config, 1, 16))  # what is allocated once (kernels, buffers) is no activation
    before_bytes = _peak_bytes()
    start_s, cpu_s = time.perf_counter(), time.process_time()
    gradients = step(model, batch(config, rows, length))
    digest = hashlib.sha256(b"".join(g.float().numpy().tobytes() for g in gradients)).hexdigest()
    seconds, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_s
    print(json.dumps({"bytes": _peak_bytes() - before_bytes, "s": seconds, "cpu_s": cpu_s, "digest": digest}))


def batch(config: ModelConfig, rows: int, length: int) -> Batch:
    """Random tokens: what they are changes neither memory nor time."""
    ids = torch.randint(config.vocab_size, (rows * length,), generator=torch.Generator().manual_seed(0))
    positions, every = torch.arange(length).repeat(rows), torch.arange(rows * length)
    return Batch(ids, positions, every, ids.roll(-1), (Group(rows, length),))


def step(model: Transformer, part: Batch) -> tuple[torch.Tensor, ...]:
    """Gradients of the whole loss, the router's included."""
    passed = passes.forward(model, part)
    counts_LE = torch.stack([expert_counts(routing) for routing in passed.routing])
    loss = passes.loss_share(passed, len(part.rows_R), counts_LE, BalanceConfig())
    return torch.autograd.grad(loss, list(model.parameters()))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Run every way in every round, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="a small shape, two rounds; nothing is kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way is not None:
        measure(asked.way, asked.short)
        return
    found: dict[str, list[dict[str, float]]] = {way: [] for way in _WAYS}
    for _ in range(2 if asked.short else asked.rounds):
        for way in _WAYS:
            command = [sys.executable, "-m", "benchmarks.activation_checkpointing", "--way", way]
            command += ["--short"] if asked.short else []
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[way].append(json.loads(done.stdout.splitlines()[-1]))
    text = table(found, asked.short)
    if asked.short:
        print(text)
    else:
        publish("activation_checkpointing", {"found": found}, text)


def table(found: dict[str, list[dict[str, float]]], is_short: bool) -> str:
    """Medians with their range, and what they are against computing once."""
    config, rows, length = shape(is_short)
    digests = {one["digest"] for results in found.values() for one in results}
    lines = [
        f"Width {config.hidden_size}, {config.num_layers} layers, 8 experts top-2, {rows} rows of {length} tokens "
        f"in one part, bfloat16, one thread, {len(found['none'])} rounds. Median (least to most).",
        "",
        "| computed twice | activations, MB | of once | CPU seconds | of once | wall seconds |",
        "|---|---|---|---|---|---|",
    ]
    once = {key: statistics.median(one[key] for one in found["none"]) for key in ("bytes", "cpu_s")}
    for way, results in found.items():
        megabytes, cpu = [one["bytes"] / 1e6 for one in results], [one["cpu_s"] for one in results]
        memory_share = statistics.median(megabytes) * 1e6 / once["bytes"]
        time_share = statistics.median(cpu) / once["cpu_s"]
        walls = _range([one["s"] for one in results], 2)
        lines.append(
            f"| {way} | {_range(megabytes, 0)} | {memory_share:.0%} | {_range(cpu, 2)} | {time_share:.2f} | {walls} |"
        )
    same = "equal to the bit" if len(digests) == 1 else f"NOT equal: {len(digests)} different ones"
    return "\n".join([*lines, "", f"Gradients of all runs: {same}."])


def _range(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
