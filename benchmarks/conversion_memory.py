"""Peak memory of conversions, against the promise: at most twice the largest single tensor plus 300 MB.

python -m benchmarks.conversion_memory
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.official_grok1 import write_checkpoint

from benchmarks.common import publish, run_measured
from benchmarks.random_model import mixtral_like, write_random
from zaphod.core.units import format_bytes
from zaphod.model.families import preset
from zaphod.model.files.huggingface_export import config_to_huggingface
from zaphod.model.files.weights import open_model

ALLOWANCE = 300e6


def conversions(scratch: Path) -> list[tuple[str, Path, list[str]]]:
    """What is converted: a label, the source, and the arguments of `zaphod convert`."""
    small = write_random(mixtral_like(hidden=1024, layers=4, expert_size=2048), scratch / "small")
    large = write_random(mixtral_like(hidden=2048, layers=4, expert_size=4096), scratch / "large")
    official = write_official(scratch / "grok-1", num_layers=2, hidden=2048, inner=8192)
    cases = []
    for kind, source in (("safetensors", small), ("safetensors", large), ("official Grok-1", official)):
        size_bytes = sum(file.stat().st_size for file in source.rglob("*") if file.is_file())
        for target, quantization in (
            ("packed", "int4"),
            ("gguf", "q8_0"),
            ("safetensors", "bfloat16"),
            ("packed", None),
        ):
            arguments = ["--to", target] + (["--quantization", quantization] if quantization else [])
            label = f"{format_bytes(size_bytes)} {kind} to {target} {quantization or 'as stored'}"
            cases.append((label, source, arguments))
    return cases


def write_official(folder: Path, *, num_layers: int, hidden: int, inner: int) -> Path:
    """A random Grok-1 in xAI's own format, with the config that the release leaves out."""
    write_checkpoint(folder, num_layers=num_layers, hidden=hidden, inner=inner, experts=8)
    small = dataclasses.replace(
        preset("grok-1").config,
        vocab_size=32,
        hidden_size=hidden,
        num_layers=num_layers,
        num_heads=hidden // 4,
        num_kv_heads=1,
        head_dim=4,
    )
    assert small.moe is not None
    config = dataclasses.replace(small, moe=dataclasses.replace(small.moe, expert_size=inner))
    (folder / "config.json").write_text(json.dumps(config_to_huggingface(config)))
    return folder


def largest_tensor_bytes(folder: Path) -> int:
    """The largest single tensor of the model, a whole expert stack counting as one, as it is stored."""
    with open_model(folder) as weights:
        return max(weights.num_bytes(name) for name in weights.names())


def main() -> None:
    """Convert, compare with the promise, publish; exit 1 if it is broken."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for label, source, arguments in conversions(Path(scratch)):
            out = Path(scratch) / ("out.gguf" if "gguf" in arguments else "out")
            start = time.perf_counter()
            done, peak_bytes = run_measured(
                [sys.executable, "-m", "zaphod", "convert", str(source), *arguments, "--out", str(out)]
            )
            if done.returncode:
                raise SystemExit(done.stderr + done.stdout)
            allowed = 2 * largest_tensor_bytes(source) + ALLOWANCE
            row = {
                "case": label,
                "seconds": time.perf_counter() - start,
                "peak_bytes": peak_bytes,
                "allowed_bytes": allowed,
            }
            rows.append(row)
            print(row, file=sys.stderr)
            run_measured(["rm", "-rf", str(out)])
    publish("conversion_memory", {"rows": rows}, table(rows))
    if any(row["peak_bytes"] > row["allowed_bytes"] for row in rows):
        raise SystemExit("a conversion took more memory than promised")


def table(rows: list[dict[str, Any]]) -> str:
    """One row a conversion."""
    lines = ["| conversion | seconds | peak resident MB | allowed MB |", "|---|---|---|---|"]
    for row in rows:
        peak, allowed = row["peak_bytes"] / 1e6, row["allowed_bytes"] / 1e6
        lines.append(f"| {row['case']} | {row['seconds']:.1f} | {peak:.0f} | {allowed:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
