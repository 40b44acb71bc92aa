"""Training by one process and by two: speed, bytes sent, memory and equal losses, all arms taking turns.

python -m benchmarks.training_scaling [--short] [--rounds N] [--steps N]

Arms: one process with one thread (what speed-up is counted from), one process with two threads, and two processes of
one thread each whose model is dealt as copies (DP2), sharded (FSDP2), or with its experts dealt (EP2). Every arm
computes the same batches from the same first weights. Bytes are what the processes wrote to files and sockets, as the
kernel counts them; they write little else than to each other.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks.common import publish
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.batches import Batch
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.parallel.config import ParallelConfig
from zaphod.training.parallel.dealt import DealtModel
from zaphod.training.parallel.process_ranks import process_ranks
from zaphod.training.pretraining_stream import PackedRows, TokenArrays

_WARM_STEPS = 2
_WANTED_SPEED_UP = 1.7
_WANTED_LOSS_GAP = 5e-3
_TOLERATED_STRANGERS = 0.1
"""Share of the cores used that other programs may take before speeds are not judged."""


@dataclass(frozen=True)
class Arm:
    """One way to compute the same steps."""

    name: str
    processes: int
    threads: int
    parallel: ParallelConfig = field(default_factory=ParallelConfig)


ARMS = (
    Arm("1 process x 1 thread", 1, 1),
    Arm("1 process x 2 threads", 1, 2),
    Arm("DP2: copies, masters dealt", 2, 1),
    Arm("FSDP2: parameters sharded", 2, 1, ParallelConfig(parameters="sharded")),
    Arm("EP2: experts dealt", 2, 1, ParallelConfig(expert_ranks=2)),
)


@dataclass(frozen=True)
class Shape:
    """Model and batch."""

    num_layers: int
    rows_per_part: int
    row_length: int

    @property
    def tokens(self) -> int:
        return 2 * self.rows_per_part * self.row_length

    def model(self) -> ModelConfig:
        return ModelConfig(
            family="zaphod",
            vocab_size=4096,
            hidden_size=256,
            num_layers=self.num_layers,
            num_heads=4,
            num_kv_heads=4,
            head_dim=64,
            context_length=self.row_length,
            moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=512),
            tie_embeddings=True,
        )


FULL, SHORT = Shape(6, 16, 256), Shape(2, 2, 128)


class CommandedStream:
    """Batches that come when asked for, and figures of the steps that were made of them."""

    def __init__(self, stream: PackedRows, pipe: Connection, reports: list[Any]) -> None:
        self._stream, self._pipe, self._reports = stream, pipe, reports

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        source = self._stream.batches(first)
        while num_steps := self._pipe.recv():
            steps = [next(source) for _ in range(num_steps)]
            done, written = len(self._reports), _written_bytes()
            start_s, cpu_s = time.perf_counter(), time.process_time()
            yield from steps
            self._pipe.send(
                {
                    "wall_s": time.perf_counter() - start_s,
                    "cpu_s": time.process_time() - cpu_s,
                    "sent_bytes": _written_bytes() - written,
                    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                    "losses": [report.loss for report in self._reports[done:]],
                    "max_rows": max(report.max_rows for report in self._reports[done:]),
                }
            )


class Running:
    """An arm whose processes wait for commands."""

    def __init__(self, arm: Arm, shape: Shape, folder: Path) -> None:
        self.arm = arm
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        context = multiprocessing.get_context("spawn")
        for rank in range(arm.processes):
            ours, theirs = context.Pipe()
            arguments = (arm, shape, rank, theirs, folder / arm.name.split(":")[0])
            self._processes.append(context.Process(target=_serve, args=arguments, daemon=True))
            self._processes[-1].start()
            theirs.close()
            self._pipes.append(ours)

    def steps(self, count: int) -> list[dict[str, Any]]:
        """Take so many steps; figures of each rank."""
        for pipe in self._pipes:
            pipe.send(count)
        return [pipe.recv() for pipe in self._pipes]

    def stop(self) -> None:
        """Let the processes end."""
        for pipe in self._pipes:
            pipe.send(0)
        for process in self._processes:
            process.join()


def _serve(arm: Arm, shape: Shape, rank: int, pipe: Connection, folder: Path) -> None:
    torch.set_num_threads(1)
    if arm.processes == 1:
        _train(arm, shape, pipe, folder, None)
        return
    store = folder.with_suffix(".port")
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(arm.processes), MASTER_ADDR="127.0.0.1")
    os.environ.update(MASTER_PORT=_shared_port(store, rank), OMP_NUM_THREADS="1", TORCHELASTIC_USE_AGENT_STORE="True")
    with process_ranks(arm.parallel) as ranks:
        _train(arm, shape, pipe, folder, ranks)


_STORES: list[torch.distributed.TCPStore] = []


def _shared_port(file: Path, rank: int) -> str:
    """The first rank keeps the store; the others read its port."""
    if rank == 0:
        _STORES.append(torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False))
        unfinished = file.with_suffix(".partial")
        unfinished.write_text(str(_STORES[0].port))
        unfinished.replace(file)
    while not file.exists():
        time.sleep(0.05)
    return file.read_text()


def _train(arm: Arm, shape: Shape, pipe: Connection, folder: Path, ranks: Any) -> None:
    model = in_half_precision(_first_model(shape))
    assert isinstance(model, Transformer)
    deal = None if ranks is None else DealtModel(model, ranks)
    reports: list[Any] = []
    stream = PackedRows(
        _documents(), row_length=shape.row_length, rows_per_part=shape.rows_per_part, num_parts=2, seed=0
    )
    config = LoopConfig(num_steps=10**6, num_threads=arm.threads, checkpoint_minutes=1e9)
    optimiser = Optimiser(model, OptimiserConfig(), deal)
    commanded = CommandedStream(stream, pipe, reports)
    Trainer(model, optimiser, commanded, config, folder, [reports.append]).run()


def _first_model(shape: Shape) -> Transformer:
    model = Transformer(shape.model())
    initialise(model, shape.num_layers, seed=0)
    return model


def _documents() -> TokenArrays:
    """Words of a language with Zipf's frequencies in which each word decides about its successors."""
    rng = np.random.default_rng(0)
    successors = rng.zipf(1.3, (4096, 8)) % 4096
    arrays = []
    for _ in range(256):
        choices, token = rng.integers(0, 8, 1024), int(rng.integers(0, 4096))
        ids = [token := int(successors[token, choice]) for choice in choices]
        arrays.append(np.array(ids, np.uint16))
    return TokenArrays(arrays, np.full(256, 4096, np.int64), np.zeros(256, np.int64))


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def measure(shape: Shape, rounds: int, steps: int) -> dict[str, list[dict[str, Any]]]:
    """For each arm, a row of figures a round."""
    rows: dict[str, list[dict[str, Any]]] = {arm.name: [] for arm in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        running = [Running(arm, shape, Path(folder)) for arm in ARMS]
        for arm in running:
            rows[arm.arm.name].append({"losses": arm.steps(_WARM_STEPS)[0]["losses"]})
        for number in range(rounds):
            for arm in running if number % 2 == 0 else reversed(running):
                rows[arm.arm.name].append(_round(arm, steps))
        for arm in running:
            arm.stop()
    return rows


def _round(running: Running, steps: int) -> dict[str, Any]:
    before = psutil.cpu_times()
    ranks = running.steps(steps)
    after = psutil.cpu_times()
    wall_s, cpu_s = max(rank["wall_s"] for rank in ranks), sum(rank["cpu_s"] for rank in ranks)
    busy_s = sum(after[:3]) - sum(before[:3])
    return {
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "strangers": max(0.0, busy_s - cpu_s) / (wall_s * os.cpu_count()) if os.cpu_count() else 0.0,
        "sent_bytes": [rank["sent_bytes"] / steps for rank in ranks],
        "peak_bytes": [rank["peak_bytes"] for rank in ranks],
        "losses": ranks[0]["losses"],
        "max_rows": ranks[0]["max_rows"],
    }


def summary(rows: dict[str, list[dict[str, Any]]], shape: Shape, steps: int) -> list[dict[str, Any]]:
    """One row an arm."""
    base = rows[ARMS[0].name]
    base_losses = [loss for row in base for loss in row["losses"]]
    out = []
    for arm in ARMS:
        measured = rows[arm.name][1:]
        losses = [loss for row in rows[arm.name] for loss in row["losses"]]
        speed_ups = [one["wall_s"] / row["wall_s"] for one, row in zip(base[1:], measured, strict=True)]
        out.append(
            {
                "arm": arm.name,
                "tokens_per_s": median(shape.tokens * steps / row["wall_s"] for row in measured),
                "speed_up": median(speed_ups),
                "speed_up_range": [min(speed_ups), max(speed_ups)],
                "tokens_per_cpu_s": median(shape.tokens * steps / row["cpu_s"] for row in measured),
                "sent_mb_per_step": [
                    median(row["sent_bytes"][rank] for row in measured) / 1e6 for rank in range(arm.processes)
                ],
                "peak_mb": [max(row["peak_bytes"][rank] for row in measured) / 1e6 for rank in range(arm.processes)],
                "max_loss_gap": max(abs(a - b) for a, b in zip(losses, base_losses, strict=True)),
                "max_rows": max(row["max_rows"] for row in measured),
                "strangers": max(row["strangers"] for row in measured),
            }
        )
    return out


def _of_ranks(rows: list[dict[str, Any]], key: str) -> list[tuple[float, ...]]:
    """For each rank, its figure of every round."""
    return list(zip(*(row[key] for row in rows), strict=True))


def table(arms: list[dict[str, Any]]) -> str:
    """For people."""
    lines = [
        "| arm | tokens/s | speed-up (min to max) | tokens per CPU-second | MB sent a step, each rank "
        "| peak MB, each rank | largest loss gap | other programs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for arm in arms:
        low, high = arm["speed_up_range"]
        sent = " / ".join(f"{mb:.1f}" for mb in arm["sent_mb_per_step"])
        peak = " / ".join(f"{mb:.0f}" for mb in arm["peak_mb"])
        lines.append(
            f"| {arm['arm']} | {arm['tokens_per_s']:,.0f} | {arm['speed_up']:.2f} ({low:.2f} to {high:.2f}) "
            f"| {arm['tokens_per_cpu_s']:,.0f} | {sent} | {peak} | {arm['max_loss_gap']:.1e} | {arm['strangers']:.0%} |"
        )
    return "\n".join(lines)


def verdict(arms: list[dict[str, Any]], num_steps: int) -> list[str]:
    """What the figures say, and whether they may say it."""
    two = [arm for arm in arms if "2:" in arm["arm"]]
    best = max(two, key=lambda arm: arm["speed_up"])
    gap = max(arm["max_loss_gap"] for arm in arms)
    lines = [
        f"Losses over {num_steps} steps in bfloat16: largest gap {gap:.1e}, wanted {_WANTED_LOSS_GAP:.0e} or less: "
        + ("reached." if gap <= _WANTED_LOSS_GAP else "NOT reached.")
    ]
    strangers = max(arm["strangers"] for arm in arms)
    if strangers > _TOLERATED_STRANGERS:
        lines.append(f"Speeds are not judged: other programs took up to {strangers:.0%} of the cores.")
    else:
        reached = "reached" if best["speed_up"] >= _WANTED_SPEED_UP else "NOT reached"
        lines.append(
            f"Two processes, best: {best['speed_up']:.2f} x one ({best['arm']}), wanted {_WANTED_SPEED_UP}: {reached}."
        )
    return lines


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small model, two rounds: whether all of it works")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--steps", type=int)
    options = parser.parse_args()
    shape = SHORT if options.short else FULL
    rounds, steps = options.rounds or (2 if options.short else 6), options.steps or (2 if options.short else 8)
    rows = measure(shape, rounds, steps)
    arms = summary(rows, shape, steps)
    num_steps = _WARM_STEPS + rounds * steps
    head = (
        f"{shape.num_layers} layers of width 256, 8 experts of 512, top-2, vocabulary 4096, bfloat16; "
        f"{shape.tokens} tokens a step; {rounds} rounds of {steps} steps after {_WARM_STEPS}."
    )
    text = "\n\n".join([head, table(arms), *verdict(arms, num_steps)])
    result = {"rounds": rounds, "steps_per_round": steps, "tokens_per_step": shape.tokens, "arms": arms, "raw": rows}
    publish("training_scaling_short" if options.short else "training_scaling", result, text)


if __name__ == "__main__":
    main()
