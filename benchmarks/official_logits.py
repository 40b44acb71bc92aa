"""How far our logits lie from those of xAI's own code, on the tiny checkpoint of the test data.

python -m benchmarks.official_logits --fixture ../shared/fixtures/grok1-official
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import publish
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def our_logits(fixture: Path, dtype: torch.dtype, tokens: np.ndarray) -> np.ndarray:
    """[N, T, V] of the PyTorch path."""
    with open_model(fixture) as weights:
        model = load_transformer(weights, dtype)
    with torch.no_grad():
        return model.forward_sequences(torch.from_numpy(tokens).long()).numpy()


def main() -> None:
    """Compare both precisions with the official float32 logits, and the official bfloat16 ones too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixture", type=Path, required=True)
    fixture = parser.parse_args().fixture
    exact = np.load(fixture / "logits_f32.npz")
    candidates = {f"ours, {name}": our_logits(fixture, dtype, exact["tokens"]) for name, dtype in _DTYPES.items()}
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
