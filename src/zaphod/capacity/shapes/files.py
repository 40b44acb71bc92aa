"""What the headers of weights say: the model's shape, and each tensor's size; reads no weights.

Safetensors (also sharded, with an index), GGUF (also split), our packed form and the official Grok-1 files.
"""

from __future__ import annotations

import glob
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.capacity.shapes.huggingface import shape_of_hf
from zaphod.capacity.shapes.own import shape_of_config
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.compute.weights import Checkpoint, open_checkpoint
from zaphod.compute.weights.gguf import GGUFCheckpoint
from zaphod.compute.weights.gguf_header import GGUFFile
from zaphod.compute.weights.gguf_header import StoredTensor as HeaderTensor
from zaphod.core.errors import ConfigError

# Names of GGUF's architectures where they are not those of transformers without an underscore or a number.
_ARCHITECTURES: Mapping[str, str] = {
    "qwen3moe": "qwen3_moe",
    "qwen2moe": "qwen2_moe",
    "deepseek2": "deepseek_v3",
    "gpt-oss": "gpt_oss",
    "glm4moe": "glm4_moe",
    "gemma3": "gemma3_text",
    "llama4": "llama4_text",
    "command-r": "cohere",
    "gptneox": "gpt_neox",
    "minimax-m2": "minimax_m2",
}
_KEYS: Mapping[str, str] = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "max_position_embeddings": "context_length",
    "num_experts": "expert_count",
    "num_experts_per_tok": "expert_used_count",
    "moe_intermediate_size": "expert_feed_forward_length",
    "n_shared_experts": "expert_shared_count",
    "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
    "first_k_dense_replace": "leading_dense_block_count",
    "sliding_window": "attention.sliding_window",
    "q_lora_rank": "attention.q_lora_rank",
    "kv_lora_rank": "attention.kv_lora_rank",
    "v_head_dim": "attention.value_length_mla",
    "qk_rope_head_dim": "rope.dimension_count",
}
# Values and bytes of a block, of types whose values are not read here. Source: ggml-common.h.
_UNREAD_BLOCKS: Mapping[int, tuple[str, int, int]] = {
    9: ("q8_1", 32, 36),
    15: ("q8_k", 256, 292),
    16: ("iq2_xxs", 256, 66),
    17: ("iq2_xs", 256, 74),
    18: ("iq3_xxs", 256, 98),
    19: ("iq1_s", 256, 50),
    20: ("iq4_nl", 32, 18),
    21: ("iq3_s", 256, 110),
    22: ("iq2_s", 256, 82),
    23: ("iq4_xs", 256, 136),
    29: ("iq1_m", 256, 56),
    34: ("tq1_0", 256, 54),
    35: ("tq2_0", 256, 66),
    39: ("mxfp4", 32, 17),
}


@dataclass(frozen=True, kw_only=True)
class StoredTensor:
    """One tensor as its file holds it."""

    name: str
    shape: tuple[int, ...]
    format: str
    num_bytes: int

    @property
    def num_values(self) -> int:
        return math.prod(self.shape)


def stored_tensors(path: Path) -> tuple[StoredTensor, ...]:
    """Every tensor of a checkpoint, in file order, from headers alone.

    Raises:
        WeightsError: there are no weights, they are unsound, or cut into tensor-parallel slices.
    """
    with open_checkpoint(path) as checkpoint:
        if isinstance(checkpoint, GGUFCheckpoint):
            return _of_gguf(checkpoint)
        infos = [checkpoint.info(name) for name in checkpoint.names()]
        return tuple(
            StoredTensor(name=info.name, shape=tuple(info.shape), format=info.format.name, num_bytes=info.num_bytes)
            for info in infos
        )


def stored_bytes(tensors: Sequence[StoredTensor]) -> Mapping[str, int]:
    """Bytes of the tensors by their format."""
    totals: Counter[str] = Counter()
    for tensor in tensors:
        totals[tensor.format] += tensor.num_bytes
    return dict(totals)


def shape_of_files(path: Path) -> ModelShape:
    """The shape of the model whose weights lie at `path`.

    Raises:
        ConfigError: the files do not say what the model is made of.
        WeightsError: they are unsound (see `compute.weights`).
    """
    with open_checkpoint(path) as checkpoint:
        if isinstance(checkpoint, GGUFCheckpoint):
            return shape_of_gguf(checkpoint.metadata, checkpoint.names(), str(path))
        if checkpoint.file_format == "safetensors":
            raise ConfigError(
                f"{path} has no config.json beside it.",
                "How many heads and how many experts a token has is written there, and nowhere else.",
                "Put the model's original config.json into the folder.",
            )
        return _of_own(checkpoint, path)


def shape_of_gguf(metadata: Mapping[str, Any], names: Sequence[str], where: str) -> ModelShape:
    """The shape that a GGUF file's metadata describes.

    Args:
        metadata: its key-value pairs.
        names: of its tensors; they tell whether the head is tied and where there are biases.
        where: the file, for messages.

    Raises:
        ConfigError: a key is missing, malformed or impossible.
    """
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise ConfigError(
            f"{where} says general.architecture = {architecture!r}.", "It must be a word.", "Fetch the file again."
        )
    own = {ours: metadata.get(f"{architecture}.{theirs}") for ours, theirs in _KEYS.items()}
    data = {key: _one(value) for key, value in own.items() if value is not None}
    data |= _vocabulary(metadata, architecture)
    data |= _blocks(metadata, architecture, data)
    if data.get("kv_lora_rank"):
        key_length = metadata.get(f"{architecture}.attention.key_length_mla")
        data["qk_nope_head_dim"] = key_length - data.get("qk_rope_head_dim", 0) if isinstance(key_length, int) else None
    known = set(names)
    data["tie_word_embeddings"] = "output.weight" not in known
    data["attention_bias"] = "blk.0.attn_q.bias" in known or "blk.0.attn_qkv.bias" in known
    data["attention_out_bias"] = "blk.0.attn_output.bias" in known
    data["use_qk_norm"] = "blk.0.attn_q_norm.weight" in known
    data["residual_moe"] = architecture == "grok" and "blk.0.ffn_up.weight" in known
    data["model_type"] = _model_type(architecture, bool(data.get("num_experts")))
    data["name"] = metadata.get("general.name")
    return shape_of_hf({key: value for key, value in data.items() if value is not None}, f"{where}, {architecture}")


def _of_gguf(checkpoint: GGUFCheckpoint) -> tuple[StoredTensor, ...]:
    """Also of types whose values are not read here: their blocks' sizes are known."""
    path = checkpoint.path
    parts = sorted(path.parent.glob(re.sub(r"-\d{5}-of-(\d{5}\.gguf)$", r"-[0-9]*-of-\1", glob.escape(path.name))))
    headers = {name: stored for part in parts for name, stored in GGUFFile(part).tensors.items()}
    return tuple(_stored(checkpoint, headers[name]) for name in checkpoint.names())


def _stored(checkpoint: GGUFCheckpoint, header: HeaderTensor) -> StoredTensor:
    if header.type_number not in _UNREAD_BLOCKS:
        info = checkpoint.info(header.name)
        return StoredTensor(name=info.name, shape=tuple(info.shape), format=info.format.name, num_bytes=info.num_bytes)
    format, values, num_bytes = _UNREAD_BLOCKS[header.type_number]
    size = math.prod(header.shape) // values * num_bytes
    return StoredTensor(name=header.name, shape=tuple(header.shape), format=format, num_bytes=size)


def _of_own(checkpoint: Checkpoint, path: Path) -> ModelShape:
    from zaphod.model.files.weights import read_config

    return shape_of_config(read_config(checkpoint), path.stem, str(path))


def _one(value: Any) -> Any:
    """Lists have an entry for each layer; layers that differ are counted like the widest."""
    if isinstance(value, list) and value and all(type(each) is int for each in value):
        return max(value)
    return value


def _vocabulary(metadata: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    size, tokens = metadata.get(f"{architecture}.vocab_size"), metadata.get("tokenizer.ggml.tokens")
    return {"vocab_size": size if size is not None else len(tokens) if isinstance(tokens, list) else None}


def _blocks(metadata: Mapping[str, Any], architecture: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The width of blocks; of experts, too, where nothing else gives it."""
    width = _one(metadata.get(f"{architecture}.feed_forward_length"))
    if architecture == "llama4":
        return {"intermediate_size_mlp": width, "intermediate_size": data.get("moe_intermediate_size", width)}
    return {"intermediate_size": width}


def _model_type(architecture: str, has_experts: bool) -> str:
    if architecture == "llama" and has_experts:
        return "mixtral"
    return _ARCHITECTURES.get(architecture, architecture)
