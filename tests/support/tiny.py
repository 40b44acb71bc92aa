"""A tiny random model as files on a disk, with a tokenizer, for tests that begin with a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zaphod.compute.quant import FLOAT32, EncodedTensor
from zaphod.compute.weights.packed import PackedWriter
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.testing import tiny_model
from zaphod.training.tokenizer import save_tokenizer, train_tokenizer

VOCAB_SIZE = 260
"""The 256 bytes and four special tokens."""


def write_tiny(folder: Path, *, has_template: bool = True, seed: int = 0, **changes: Any) -> Path:
    """Write a packed model of `zaphod.testing.TINY_CONFIG` and a byte-level tokenizer into `folder`."""
    model = tiny_model(seed, vocab_size=VOCAB_SIZE, eos_token_ids=(3,), pad_token_id=0, **changes)
    values = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    tokenizer_files = {
        file.name: file
        for file in save_tokenizer(train_tokenizer(["a tiny model"], VOCAB_SIZE), folder.with_name("tokenizer"))
        if has_template or file.name != "chat_template.jinja"
    }
    plan = [PlannedTensor(name, array.shape, FLOAT32) for name, array in values.items()]
    writer = PackedWriter(folder, plan, model.config.to_dict(), tokenizer_files)
    for name, array in values.items():
        writer.write(name, [EncodedTensor(array.shape, FLOAT32, {"values": array})])
    writer.finish()
    return folder
