"""How far our logits lie from those of xAI's own code, on the tiny checkpoint of the test data.

python -m benchmarks.official_logits --fixture ../shared/fixtures/grok1-official
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import publish
from zaphod.compute.kernels import dispatch
from zaphod.engine.batch import Scheduled, assemble
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.native import Precision

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_PRECISIONS: tuple[Precision, ...] = ("float32", "auto", "bfloat16")


def our_logits(fixture: Path, dtype: torch.dtype, tokens: np.ndarray) -> np.ndarray:
    """[N, T, V] of the PyTorch path."""
    with open_model(fixture) as weights:
        model = load_transformer(weights, dtype)
    with torch.no_grad():
        return model.forward_sequences(torch.from_numpy(tokens).long()).numpy()


def our_native_logits(fixture: Path, precision: Precision, tokens: np.ndarray) -> np.ndarray:
    """[N, T, V] of the native kernels; `auto` keeps the file's int8 weights."""
    from zaphod.engine.native_runner import NativeRunner
    from zaphod.model.native import load_native

    with open_model(fixture) as weights:
        cache_dtype = "float32" if precision == "float32" else "float16"
        runner = NativeRunner(
            load_native(weights, precision=precision), max_len=tokens.shape[1], cache_dtype=cache_dtype
        )
    blocks = range(runner.num_blocks)
    batches = [assemble([Scheduled(row, 0, blocks, num_logits=len(row))], runner.block_size) for row in tokens.tolist()]
    return np.stack([runner.forward(batch).copy() for batch in batches])


def main() -> None:
    """Compare all precisions of both runners with the official float32 logits, and the official bfloat16 ones too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixture", type=Path, required=True)
    fixture = parser.parse_args().fixture
    exact = np.load(fixture / "logits_f32.npz")
    candidates = {f"PyTorch, {name}": our_logits(fixture, dtype, exact["tokens"]) for name, dtype in _DTYPES.items()}
    if dispatch.native_is_available():
        isa = dispatch.instruction_set()
        for kind in _PRECISIONS:
            name = "weights as stored" if kind == "auto" else kind
            candidates[f"native ({isa}), {name}"] = our_native_logits(fixture, kind, exact["tokens"])
    candidates["xAI's, bfloat16"] = np.load(fixture / "logits_bf16.npz")["logits"].astype(np.float32)
    rows = []
    for name, logits in candidates.items():
        difference = np.abs(logits - exact["logits"])
        rows.append({"logits": name, "max": float(difference.max()), "median": float(np.median(difference))})
    lines = ["Differences from xAI's float32 logits.", "", "| logits | largest | median |", "|---|---|---|"]
    lines += [f"| {row['logits']} | {row['max']:.1e} | {row['median']:.1e} |" for row in rows]
    publish("official_logits", {"rows": rows}, "\n".join(lines))


if __name__ == "__main__":
    main()
