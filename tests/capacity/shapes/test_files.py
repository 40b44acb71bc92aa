"""Shapes and sizes from headers alone."""

import json

import numpy as np
import pytest
from gguf import GGUFWriter
from safetensors.numpy import save_file

from zaphod.capacity.shapes.files import shape_of_gguf, stored_bytes, stored_tensors
from zaphod.capacity.shapes.known import find_shape
from zaphod.capacity.shapes.reading import read_shape
from zaphod.core.errors import ConfigError, WeightsError
from zaphod.model.fetching.references import BUILTIN_FOLDER

# As llama.cpp writes them for Mixtral-8x7B, Llama-3.1-8B and Qwen3-30B-A3B.
LLAMA_8B = {
    "embedding_length": 4096,
    "block_count": 32,
    "attention.head_count": 32,
    "attention.head_count_kv": 8,
    "feed_forward_length": 14336,
    "context_length": 131072,
    "vocab_size": 128256,
}
QWEN = {
    "embedding_length": 2048,
    "block_count": 48,
    "attention.head_count": 32,
    "attention.head_count_kv": 4,
    "attention.key_length": 128,
    "feed_forward_length": 6144,
    "expert_feed_forward_length": 768,
    "expert_count": 128,
    "expert_used_count": 8,
    "context_length": 40960,
    "vocab_size": 151936,
}
DEEPSEEK = {
    "embedding_length": 7168,
    "block_count": 61,
    "attention.head_count": 128,
    "attention.head_count_kv": 1,
    "attention.q_lora_rank": 1536,
    "attention.kv_lora_rank": 512,
    "attention.key_length_mla": 192,
    "attention.value_length_mla": 128,
    "attention.key_length": 576,
    "rope.dimension_count": 64,
    "feed_forward_length": 18432,
    "expert_feed_forward_length": 2048,
    "expert_count": 256,
    "expert_used_count": 8,
    "expert_shared_count": 1,
    "leading_dense_block_count": 3,
    "context_length": 163840,
    "vocab_size": 129280,
}


def metadata(architecture, values):
    return {"general.architecture": architecture} | {f"{architecture}.{key}": value for key, value in values.items()}


def gguf_file(path, types):
    writer = GGUFWriter(str(path), "llama")
    for key, value in LLAMA_8B.items():
        writer.add_uint32(f"llama.{key}", value)
    for name, (shape, raw) in types.items():
        writer.add_tensor(name, np.zeros(shape, np.uint8 if raw else np.float32), raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("architecture", "values", "model"),
    [
        ("llama", LLAMA_8B, "llama-3.1-8b"),
        ("qwen3moe", QWEN, "qwen3-30b-a3b"),
        ("deepseek2", DEEPSEEK, "deepseek-v3"),
    ],
)
def test_gguf_metadata_describes_the_same_model(architecture, values, model):
    shape = shape_of_gguf(metadata(architecture, values), ["output.weight"], "file")
    known = find_shape(model)
    assert shape.total_parameters == known.total_parameters
    assert shape.active_parameters == known.active_parameters
    assert shape.kv_values_per_token() == known.kv_values_per_token()


def test_a_gguf_file_without_an_output_ties_its_embeddings():
    shape = shape_of_gguf(metadata("llama", LLAMA_8B), [], "file")
    assert shape.total_parameters == 8_030_261_248 - 128256 * 4096


def test_a_gguf_key_that_is_missing_is_named():
    values = {key: value for key, value in LLAMA_8B.items() if key != "block_count"}
    with pytest.raises(ConfigError, match="num_hidden_layers"):
        shape_of_gguf(metadata("llama", values), [], "file")


def test_tensors_of_a_gguf_file_have_their_stored_bytes_also_in_formats_that_are_not_read(tmp_path):
    from gguf import GGMLQuantizationType as Kind

    path = gguf_file(
        tmp_path / "m.gguf",
        {
            "output.weight": ((4, 64), None),
            "blk.0.ffn_down.weight": ((4, 2 * 18), Kind.IQ4_NL),
            "blk.0.ffn_up.weight": ((4, 17), Kind.MXFP4),
        },
    )
    tensors = {tensor.name: tensor for tensor in stored_tensors(path)}
    assert tensors["output.weight"].num_bytes == 4 * 64 * 4
    assert (tensors["blk.0.ffn_down.weight"].num_bytes, tensors["blk.0.ffn_down.weight"].num_values) == (144, 256)
    assert (tensors["blk.0.ffn_up.weight"].num_bytes, tensors["blk.0.ffn_up.weight"].num_values) == (68, 128)
    assert read_shape(str(path)).num_layers == 32


def test_a_sharded_safetensors_model_is_read_from_its_headers(tmp_path):
    parts = {"a.safetensors": {"x": np.zeros((3, 5), np.float16)}, "b.safetensors": {"y": np.zeros(7, np.float32)}}
    for name, tensors in parts.items():
        save_file(tensors, tmp_path / name)
    index = {"weight_map": {tensor: name for name, tensors in parts.items() for tensor in tensors}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    tensors = stored_tensors(tmp_path)
    assert sum(tensor.num_values for tensor in tensors) == 22
    assert stored_bytes(tensors) == {"float16": 30, "float32": 28}


def test_safetensors_without_a_config_are_refused_with_what_to_add(tmp_path):
    save_file({"x": np.zeros((3, 5), np.float16)}, tmp_path / "model.safetensors")
    with pytest.raises(ConfigError, match=r"no config\.json beside it"):
        read_shape(str(tmp_path / "model.safetensors"))


def test_safetensors_with_a_config_are_described_by_it(tmp_path):
    save_file({"x": np.zeros((3, 5), np.float16)}, tmp_path / "model.safetensors")
    config = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config |= {"intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 128}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert read_shape(str(tmp_path / "model.safetensors")) == read_shape(str(tmp_path / "config.json"))


def test_the_built_in_model_has_the_parameters_that_its_file_holds():
    tensors = stored_tensors(BUILTIN_FOLDER)
    assert read_shape("builtin").total_parameters == sum(tensor.num_values for tensor in tensors)
    assert read_shape(str(BUILTIN_FOLDER / "packed.safetensors")).total_parameters == 18_169_856


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(WeightsError):
        read_shape(str(tmp_path))
