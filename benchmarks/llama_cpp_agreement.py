"""Our GGUF files in llama.cpp: does it open them, and do its logits equal ours, family by family?

llama.cpp computes Grok with its own variant of the maths, so ours is asked for that variant (`--compat llama.cpp`), and
the distance to the release's maths is printed beside it. Weights are random.

    python -m benchmarks.llama_cpp_agreement --python VENV/bin/python   # an interpreter with llama-cpp-python
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from tests.support.tiny_models import tiny_config
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from benchmarks.common import publish
from benchmarks.random_model import write_random_packed
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import ModelConfig
from zaphod.model.families import FAMILIES
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import ModelWeights, open_model
from zaphod.model.loading import load_transformer

FAMILIES_IN_GGUF = [family.name for family in FAMILIES.values() if family.gguf_architecture]
NUM_TOKENS = 48

# Runs under the other interpreter: model file, tokens, output file.
_THEIRS = """
import sys, numpy, llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=64, n_threads=1, logits_all=True, verbose=False)
tokens = [int(token) for token in sys.argv[2].split(",")]
model.eval(tokens)
numpy.save(sys.argv[3], numpy.array(model.scores[: len(tokens)]))
print(llama_cpp.__version__)
"""


def config_of(family: str) -> ModelConfig:
    """Two layers, wide enough for llama.cpp's kernels, with the family's switches."""
    config = tiny_config(family, hidden_size=128, num_heads=8, num_kv_heads=4, head_dim=32, vocab_size=320)
    assert config.moe is not None
    wide = dataclasses.replace(config.moe, expert_size=64)
    return dataclasses.replace(config, moe=wide, dense_size=96 if config.dense_size else 0)


def write_vocabulary(folder: Path) -> dict[str, Path]:
    """The 256 bytes and an end token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={symbol: number for number, symbol in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    file = folder / "tokenizer.json"
    tokenizer.save(str(file))
    return {file.name: file}


def our_logits(weights: ModelWeights, config: ModelConfig, tokens: list[int]) -> np.ndarray:
    """[T, V] of the PyTorch path in float32."""
    model = load_transformer(weights.with_config(config), torch.float32)
    with torch.no_grad():
        return model.forward_sequences(torch.tensor([tokens]))[0].numpy()


def compare(family: str, scratch: Path, python: str) -> dict[str, object]:
    """Differences of one family; all of them in units of the logits' root mean square."""
    file = scratch / f"{family}.gguf"
    packed = write_random_packed(config_of(family), scratch / family, 1, write_vocabulary(scratch))
    with open_model(packed) as weights:
        convert(weights, "gguf", file, "float32")
    tokens = np.random.default_rng(2).integers(3, 256, NUM_TOKENS).tolist()
    saved = scratch / f"{family}.npy"
    command = [python, "-c", _THEIRS, str(file), ",".join(map(str, tokens)), str(saved)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"family": family, "error": done.stderr.strip().splitlines()[-1]}
    theirs = np.load(saved)
    with open_model(file) as weights:
        release = our_logits(weights, weights.config, tokens)
        variant = our_logits(weights, as_llama_cpp(weights.config), tokens)
    return {
        "family": family,
        "llama_cpp_python": done.stdout.strip(),
        "same_maths": _distance(variant, theirs),
        "release": _distance(release, theirs),
        "same_best_token": float((variant.argmax(-1) == theirs.argmax(-1)).mean()),
    }


def _distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.sqrt(((ours - theirs) ** 2).mean() / (ours**2).mean()))


def main() -> None:
    """Compare every family that GGUF has, print, publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has llama-cpp-python")
    python = parser.parse_args().python
    with tempfile.TemporaryDirectory() as scratch:
        rows = [compare(family, Path(scratch), python) for family in FAMILIES_IN_GGUF]
    publish("llama_cpp_agreement", {"rows": rows}, table(rows))


def table(rows: list[dict[str, object]]) -> str:
    """One row a family."""
    lines = [
        f"Random weights in float32 GGUF, {NUM_TOKENS} tokens.",
        "Distances are root mean squares of the difference, over that of the logits.",
        "",
        "| family | same variant of the maths | the release's maths | same best token |",
        "|---|---|---|---|",
    ]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['family']} | not opened: {row['error']} | | |")
        else:
            lines.append(
                f"| {row['family']} | {row['same_maths']:.1e} | {row['release']:.1e} | {row['same_best_token']:.0%} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
