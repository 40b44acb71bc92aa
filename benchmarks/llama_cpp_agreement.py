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
from typing import NamedTuple

import numpy as np
import torch
from tests.support.tiny_models import tiny_config
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from benchmarks.common import publish
from benchmarks.random_model import write_random_packed
from zaphod.compute.weights import PlannedTensor, open_checkpoint
from zaphod.compute.weights.gguf_writer import GGUFWriter
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import ModelConfig
from zaphod.model.families import FAMILIES
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import ModelWeights, open_model
from zaphod.model.loading import load_transformer

NUM_TOKENS = 48

# Runs under the other interpreter: model file, tokens, output file.
_THEIRS = """
import sys, numpy, llama_cpp
# The bindings set YaRN options of their own; -1 leaves them to the file.
yarn = dict.fromkeys(("yarn_ext_factor", "yarn_attn_factor", "yarn_beta_fast", "yarn_beta_slow"), -1.0)
model = llama_cpp.Llama(sys.argv[1], n_ctx=64, n_threads=1, logits_all=True, verbose=False, **yarn)
tokens = [int(token) for token in sys.argv[2].split(",")]
model.eval(tokens)
numpy.save(sys.argv[3], numpy.array(model.scores[: len(tokens)]))
print(llama_cpp.__version__)
"""


# What llama.cpp's own converter writes for Grok-2. Ours leaves them out: the theta already contains the extension.
_YARN_KEYS = {
    "grok.rope.scaling.type": "yarn",
    "grok.rope.scaling.factor": 16.0,
    "grok.rope.scaling.original_context_length": 8192,
    "grok.rope.scaling.yarn_ext_factor": 1.0,
    "grok.rope.scaling.yarn_attn_factor": 1.0,
    "grok.rope.scaling.yarn_beta_fast": 8.0,
    "grok.rope.scaling.yarn_beta_slow": 1.0,
}
_TOKEN_TYPES = "tokenizer.ggml.token_type"


class Case(NamedTuple):
    """A family, and whether the file carries YaRN keys that ours would not."""

    family: str
    with_yarn_keys: bool = False

    @property
    def title(self) -> str:
        return self.family + (", with the YaRN keys of llama.cpp's converter" if self.with_yarn_keys else "")


CASES = [Case(family.name) for family in FAMILIES.values() if family.gguf_architecture] + [Case("grok-2", True)]


def config_of(family: str) -> ModelConfig:
    """Two layers, wide enough for llama.cpp's kernels, with the family's switches."""
    num_kv_heads = 8 if family == "olmoe" else 4  # llama.cpp knows OLMoE with as many key heads as query heads
    config = tiny_config(family, hidden_size=128, num_heads=8, num_kv_heads=num_kv_heads, head_dim=16, vocab_size=320)
    assert config.moe is not None
    wide = dataclasses.replace(config.moe, expert_size=64)
    return dataclasses.replace(config, moe=wide, dense_size=96 if config.dense_size else 0)


def write_vocabulary(folder: Path) -> dict[str, Path]:
    """The 256 bytes, one pair of letters and an end token."""
    symbols = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "th"]
    vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("t", "h")]))
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


def write_gguf(case: Case, folder: Path) -> Path:
    """A random model of the case's family as GGUF."""
    packed = write_random_packed(config_of(case.family), folder / "packed", 1, write_vocabulary(folder))
    with open_model(packed) as weights:
        convert(weights, "gguf", folder / "ours.gguf", "float32")
    if not case.with_yarn_keys:
        return folder / "ours.gguf"
    with open_checkpoint(folder / "ours.gguf") as ours:
        infos = [ours.info(name) for name in ours.names()]
        metadata = dict(ours.metadata) | _YARN_KEYS
        metadata[_TOKEN_TYPES] = np.array(metadata[_TOKEN_TYPES], np.int32)
        plan = [PlannedTensor(info.name, info.shape, info.format) for info in infos]
        writer = GGUFWriter(folder / "yarn.gguf", plan, metadata)
        for info in infos:
            writer.write(info.name, [ours.tensor(info.name)])
        return writer.finish()[0]


def their_variant(case: Case, config: ModelConfig) -> ModelConfig:
    """The maths that llama.cpp applies to the file: it takes YaRN from the keys alone."""
    variant = as_llama_cpp(config)
    return variant if case.with_yarn_keys or case.family != "grok-2" else dataclasses.replace(variant, yarn=None)


def compare(case: Case, folder: Path, python: str) -> dict[str, object]:
    """Differences of one case; all of them in units of the logits' root mean square."""
    folder.mkdir()
    file = write_gguf(case, folder)
    tokens = np.random.default_rng(2).integers(3, 256, NUM_TOKENS).tolist()
    saved = folder / "theirs.npy"
    command = [python, "-c", _THEIRS, str(file), ",".join(map(str, tokens)), str(saved)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"case": case.title, "error": done.stderr.strip().splitlines()[-1]}
    theirs = np.load(saved)
    with open_model(file) as weights:
        release = our_logits(weights, weights.config, tokens)
        variant = our_logits(weights, their_variant(case, weights.config), tokens)
    return {
        "case": case.title,
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
        rows = [compare(case, Path(scratch) / str(number), python) for number, case in enumerate(CASES)]
    publish("llama_cpp_agreement", {"rows": rows}, table(rows))


def table(rows: list[dict[str, object]]) -> str:
    """One row a family."""
    lines = [
        f"Random weights in float32 GGUF, {NUM_TOKENS} tokens.",
        "Distances are root mean squares of the difference, over that of the logits.",
        "",
        "| file | same variant of the maths | the release's maths | same best token |",
        "|---|---|---|---|",
    ]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['case']} | not opened: {row['error']} | | |")
        else:
            lines.append(
                f"| {row['case']} | {row['same_maths']:.1e} | {row['release']:.1e} | {row['same_best_token']:.0%} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
