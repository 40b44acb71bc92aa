"""A model file four times as large as the memory allowed: forecast against measured speed, and against plain mapping.

python -m benchmarks.larger_than_memory [PACKED_FOLDER]

Needs the right to make control groups. Every case is a process of its own under the limit, which plans, foretells and
then decodes; the order of the cases goes round. "Mapped" leaves it to the system which pages of the file are in memory.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.memory_group import memory_group

from benchmarks.common import publish
from zaphod.core.limits import usable_cores
from zaphod.core.units import format_bytes
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.study.benchmarks.random_files import random_config, write_random_gguf

CHILD = Path(__file__).parents[1] / "tests" / "support" / "limited_child.py"
ROUNDS, RUNS, TOKENS = 3, 3, 32
CASES: dict[str, dict[str, Any]] = {
    "all that is free for experts": {},
    "40 MB for experts": {"expert_cache_bytes": 40_000_000},
    "mapped": {"mapped": True},
}


def make(folder: Path) -> Path:
    """A packed model of 1.28 GB: 22 layers of 8 experts, 2 a token, in q8_0."""
    gguf = write_random_gguf(random_config("grok", "1.2B"), "q8_0", folder / "model.gguf")
    with open_model(gguf) as source:
        convert(source, "packed", folder / "packed")
    gguf.unlink()
    return folder / "packed"


def run(model: Path, limit_bytes: int, case: dict[str, Any]) -> dict[str, Any]:
    """What one process under the limit says, and what its group used."""
    options = {"context_tokens": 512, "tokens": TOKENS, "runs": RUNS, "threads": usable_cores()} | case
    with memory_group(limit_bytes) as group:
        done = group.run([sys.executable, str(CHILD), str(model), json.dumps(options)])
        if done.returncode:
            raise SystemExit(f"the child ended with {done.returncode}, kills {group.num_kills}:\n{done.stderr}")
        return json.loads(done.stdout) | {"kills": group.num_kills, "peak_bytes": group.peak_bytes}


def row(name: str, results: list[dict[str, Any]]) -> str:
    """A line of the table."""
    speeds = [speed for result in results for speed in result["speeds"]]
    measured = f"{median(speeds):.1f} ({min(speeds):.1f} to {max(speeds):.1f})"
    peak = format_bytes(max(result["peak_bytes"] for result in results))
    if "forecast" not in results[0] or name == "mapped":
        return f"| {name} | | | {measured} | | {peak} |"
    told = ", ".join(f"{result['forecast']:.1f}" for result in results)
    ratios = [median(result["speeds"]) / result["forecast"] for result in results]
    share = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"| {name} | {results[0]['slots']} | {told} | {measured} | {share} | {peak} |"


def main() -> None:
    """Measure every case, round by round."""
    with tempfile.TemporaryDirectory(dir=".") as scratch:
        model = Path(sys.argv[1]) if len(sys.argv) > 1 else make(Path(scratch))
        size_bytes = sum(file.stat().st_size for file in model.iterdir())
        limit_bytes = size_bytes // 4
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in CASES}
        for _ in range(ROUNDS):
            for name, case in CASES.items():
                results[name].append(run(model, limit_bytes, case))
    assert not any(result["kills"] for several in results.values() for result in several)
    lines = [
        f"A file of {format_bytes(size_bytes)} under a control group's limit of {format_bytes(limit_bytes)}; greedy "
        f"decode of {TOKENS} tokens by one sequence, {RUNS} runs in each of {ROUNDS} processes; no process was killed.",
        "",
        "| memory | experts in memory, of 176 | forecasts, tok/s | measured, tok/s | measured / forecast | peak |",
        "|---|---|---|---|---|---|",
        *[row(name, several) for name, several in results.items()],
    ]
    publish("larger_than_memory", {"limit_bytes": limit_bytes, "cases": results}, "\n".join(lines))


if __name__ == "__main__":
    main()
