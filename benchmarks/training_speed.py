"""Training steps on CPUs: ours, transformers' Mixtral and our dense network of as many active parameters, interleaved.

    python -m benchmarks.training_speed            # six rounds, about half an hour on two idle cores
    python -m benchmarks.training_speed --short    # two rounds of small batches, for a loaded machine

Every arm of every round is a process of its own (`benchmarks.training_arms`), so that its peak memory is its own. The
range of n paired ratios is an interval of their median with confidence 1 - 2^(1-n), whatever their distribution. Times
on the clock are compared only where threads waited for a processor during less than a tenth of their time; processor
seconds only between arms of one thread, because idle OpenMP threads spin.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.common import publish
from benchmarks.training_arms import CONFIG, DENSE
from zaphod.model.config import ModelConfig

_MOST_WAITING = 0.1
_PARTED = 1e-3
"""Difference of two losses that is more than rounding."""

# Freed memory stays with the process, as the trainer asks the C library to do for itself.
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_TOP_PAD_": str(64 << 20)}


@dataclass(frozen=True)
class Arm:
    """What is run, with how many threads, and how it is called in the table."""

    label: str
    name: str
    threads: int
    environment: tuple[tuple[str, str], ...] = ()

    def run(self, options: list[str]) -> dict[str, Any]:
        """Its result, in a process of its own."""
        command = [
            sys.executable,
            "-m",
            "benchmarks.training_arms",
            self.name,
            "--threads",
            str(self.threads),
            *options,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.threads), **dict(self.environment)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(f"{self.label}: {done.stderr}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


_WARMUP = 8
"""Steps that are not counted: until about then a process still asks the system for memory, and waits for its pages."""

ARMS = (
    Arm("ours", "ours", 2),
    Arm("ours, 1 thread", "ours", 1),
    Arm("transformers, eager", "transformers", 2),
    Arm("transformers, eager, kept memory", "transformers", 2, tuple(KEPT.items())),
    Arm("transformers, grouped_mm", "transformers-grouped", 2),
    Arm("transformers, grouped_mm, kept memory", "transformers-grouped", 2, tuple(KEPT.items())),
    Arm("transformers, eager, kept memory, 1 thread", "transformers", 1, tuple(KEPT.items())),
    Arm("transformers, grouped_mm, kept memory, 1 thread", "transformers-grouped", 1, tuple(KEPT.items())),
    Arm("dense, ours", "dense", 2),
    Arm("dense, ours, 1 thread", "dense", 1),
)
GEMMS = (Arm("", "gemm", 1), Arm("", "gemm", 2))


@dataclass(frozen=True)
class Measured:
    """The steps of one arm in one round that came after warming up."""

    tokens_per_s: float
    tokens_per_cpu_s: float
    waiting: float
    """Share of the threads' time in which no processor was free."""
    peak_bytes: int

    @staticmethod
    def of(result: dict[str, Any], warmup: int, tokens: int) -> Measured:
        steps = result["steps"][warmup:]
        wall, cpu, waited = (sum(step[key] for step in steps) for key in ("wall_s", "cpu_s", "waited_s"))
        tokens *= len(steps)
        return Measured(tokens / wall, tokens / cpu, waited / (waited + cpu), result["peak_bytes"])


def active_parameters(config: ModelConfig) -> int:
    """Those that a token is multiplied with: attention, router, its experts and the head; not the embedding."""
    hidden, heads, kv = config.hidden_size, config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    attention = 2 * hidden * heads + 2 * hidden * kv
    if config.moe is None:
        block = 3 * hidden * config.dense_size
    else:
        router = config.moe.router
        block = hidden * router.num_experts + 3 * hidden * config.moe.expert_size * router.top_k
    return config.num_layers * (attention + block) + config.vocab_size * hidden


def flops_per_token(config: ModelConfig, length: int, causal: bool) -> float:
    """6 N_active + 12 L d T, the latter halved where only what a token sees is counted."""
    attention = 12 * config.num_layers * config.num_heads * config.head_dim * length
    return 6 * active_parameters(config) + attention / (2 if causal else 1)


class Comparison:
    """All rounds."""

    def __init__(self, rounds: int, warmup: int, steps: int, sequences: int, length: int) -> None:
        self.rounds, self.warmup, self.steps, self.sequences, self.length = rounds, warmup, steps, sequences, length
        self.measured: dict[str, list[Measured]] = {arm.label: [] for arm in ARMS}
        self.peaks: dict[int, list[float]] = {gemm.threads: [] for gemm in GEMMS}
        self.losses: dict[str, list[float]] = {}

    def run(self) -> None:
        options = ["--steps", str(self.warmup + self.steps), *self._shape(self.sequences, self.length)]
        for number in range(self.rounds):
            for gemm in GEMMS:
                self.peaks[gemm.threads].append(gemm.run([])["flops"])
            # Every round begins with another arm, so that a drift of the machine favours none.
            for arm in (*ARMS[number % len(ARMS) :], *ARMS[: number % len(ARMS)]):
                result = arm.run(options)
                one = Measured.of(result, self.warmup, self.sequences * self.length)
                self.measured[arm.label].append(one)
                print(f"round {number + 1}, {arm.label}: {one.tokens_per_s:,.0f} tokens/s", file=sys.stderr, flush=True)

    def parity(self, steps: int) -> None:
        """Losses from the same weights and batches, in both kinds of numbers; transformers' other path is the floor."""
        for kind, more in (("bfloat16", []), ("float32", ["--float32"])):
            options = ["--steps", str(steps), *self._shape(4, 128), *more]
            for label in ("ours", "transformers", "transformers-grouped"):
                self.losses[f"{label} {kind}"] = [step["loss"] for step in Arm(label, label, 1).run(options)["steps"]]

    @staticmethod
    def _shape(sequences: int, length: int) -> list[str]:
        return ["--sequences", str(sequences), "--length", str(length)]

    def rows(self) -> list[str]:
        lines = [
            "| arm | tokens/s | tokens/CPU-s | MFU (causal / full) | waiting | peak MB |",
            "|---|---|---|---|---|---|",
        ]
        for arm in ARMS:
            all_of_it = self.measured[arm.label]
            config = DENSE if arm.name == "dense" else CONFIG
            rate, peak = statistics.median(m.tokens_per_s for m in all_of_it), max(self.peaks[arm.threads])
            mfu = " / ".join(f"{flops_per_token(config, self.length, c) * rate / peak:.1%}" for c in (True, False))
            cells = (
                arm.label,
                _range([m.tokens_per_s for m in all_of_it]),
                _range([m.tokens_per_cpu_s for m in all_of_it]),
                mfu,
                f"{max(m.waiting for m in all_of_it):.0%}",
                f"{max(m.peak_bytes for m in all_of_it) / 1e6:,.0f}",
            )
            lines.append("| " + " | ".join(cells) + " |")
        return lines

    def ratios(self) -> dict[str, str]:
        """Ours to the best transformers path, MoE to dense: on the clock with two threads, by processor with one."""
        two = [arm.label for arm in ARMS if arm.name.startswith("transformers") and arm.threads == 2]
        one = [arm.label for arm in ARMS if arm.name.startswith("transformers") and arm.threads == 1]
        best_two = max(two, key=lambda label: statistics.median(m.tokens_per_s for m in self.measured[label]))
        best_one = max(one, key=lambda label: statistics.median(m.tokens_per_cpu_s for m in self.measured[label]))
        return {
            f"ours / {best_two}, tokens/s": self._on_the_clock("ours", best_two),
            f"ours / {best_one}, tokens/CPU-s": self._by_processor("ours, 1 thread", best_one),
            "MoE / dense, tokens/s": self._on_the_clock("ours", "dense, ours"),
            "MoE / dense, 1 thread, tokens/CPU-s": self._by_processor("ours, 1 thread", "dense, ours, 1 thread"),
            "2 threads / 1 thread, ours, tokens/s": self._on_the_clock("ours", "ours, 1 thread"),
        }

    def _on_the_clock(self, ours: str, other: str) -> str:
        waiting = max(m.waiting for label in (ours, other) for m in self.measured[label])
        if waiting > _MOST_WAITING:
            return f"not compared: threads waited for a processor during {waiting:.0%} of their time"
        pairs = zip(self.measured[ours], self.measured[other], strict=True)
        return self._interval([a.tokens_per_s / b.tokens_per_s for a, b in pairs])

    def _by_processor(self, ours: str, other: str) -> str:
        pairs = zip(self.measured[ours], self.measured[other], strict=True)
        return self._interval([a.tokens_per_cpu_s / b.tokens_per_cpu_s for a, b in pairs])

    @staticmethod
    def _interval(ratios: list[float]) -> str:
        confidence = 1 - 2 ** (1 - len(ratios))
        return f"{statistics.median(ratios):.2f} ({confidence:.0%} interval {min(ratios):.2f} to {max(ratios):.2f})"

    def differences(self) -> list[str]:
        """How far losses are from those of transformers' eager path: ours, and its own grouped path's."""
        lines = []
        for kind in ("bfloat16", "float32"):
            theirs = self.losses[f"transformers {kind}"]
            for label in ("ours", "transformers-grouped"):
                steps = [abs(a - b) for a, b in zip(self.losses[f"{label} {kind}"], theirs, strict=True)]
                first = next((n for n, step in enumerate(steps) if step > _PARTED), len(steps))
                lines.append(
                    f"{label}, {kind}: mean {statistics.mean(steps):.1e}, largest {max(steps):.1e}, "
                    f"{first} steps before the first above {_PARTED:g}"
                )
        return lines

    def table(self) -> str:
        peaks = ", ".join(f"{n} thread(s) {max(all_) / 1e9:,.0f} GFLOP/s" for n, all_ in self.peaks.items())
        shape = f"{self.sequences} sequences of {self.length} tokens, {self.rounds} rounds of {self.steps} steps after "
        losses = self.losses["ours bfloat16"]
        return "\n".join(
            (
                f"{shape}{self.warmup}; median (smallest to largest). bfloat16 product: {peaks}.",
                f"Active parameters: {active_parameters(CONFIG):,}, dense {active_parameters(DENSE):,}.\n",
                *self.rows(),
                "",
                *(f"- {name}: {ratio}" for name, ratio in self.ratios().items()),
                f"- difference of the loss from transformers' eager path over {len(losses)} steps of 512 tokens "
                f"({losses[0]:.2f} to {losses[-1]:.2f} nats):",
                *(f"  - {line}" for line in self.differences()),
            )
        )


def _range(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def main() -> None:
    """Run all rounds and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two rounds of small batches; nothing is kept")
    parser.add_argument("--rounds", type=int, default=6)
    chosen = parser.parse_args()
    if chosen.short:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that wait for each other on a loaded machine must not spin
    comparison = Comparison(2, 1, 2, 8, 256) if chosen.short else Comparison(chosen.rounds, _WARMUP, 4, 32, 256)
    comparison.run()
    comparison.parity(5 if chosen.short else 50)
    if chosen.short:
        print(comparison.table())
        return
    result = {
        "measured": {label: [vars(m) for m in all_of_it] for label, all_of_it in comparison.measured.items()},
        "gemm_flops": {str(threads): values for threads, values in comparison.peaks.items()},
        "ratios": comparison.ratios(),
        "losses": comparison.losses,
    }
    publish("training_speed", result, comparison.table())


if __name__ == "__main__":
    main()
