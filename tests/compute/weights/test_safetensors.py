import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from zaphod.compute.weights.safetensors import SafetensorsCheckpoint
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError, UnsafeFileError, WeightsError

A = torch.arange(6, dtype=torch.float32).reshape(2, 3)
B = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
C = torch.arange(4, dtype=torch.int64)


def write_index(folder, weight_map):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.fixture
def sharded(tmp_path):
    save_file({"a": A}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": B, "c": C}, tmp_path / "model-00002-of-00002.safetensors")
    return tmp_path


def test_a_single_file_reads_equal(tmp_path):
    save_file({"a": A, "b": B, "c": C}, tmp_path / "x.safetensors")
    with SafetensorsCheckpoint(tmp_path / "x.safetensors") as checkpoint:
        assert sorted(checkpoint.names()) == ["a", "b", "c"]
        np.testing.assert_array_equal(checkpoint.tensor("a").decode(), A.numpy())
        np.testing.assert_array_equal(checkpoint.tensor("b").decode(), B.float().numpy())
        np.testing.assert_array_equal(checkpoint.tensor("c").decode(), C.float().numpy())


def test_information_comes_from_the_header(sharded):
    info = SafetensorsCheckpoint(sharded).info("b")
    assert (info.shape, info.format.name, info.num_bytes) == ((2,), "bfloat16", 4)
    assert SafetensorsCheckpoint(sharded).info("c").format.name == "int64"


@pytest.mark.parametrize("with_index", [False, True])
def test_a_folder_of_shards_reads_whole(sharded, with_index):
    if with_index:
        last = "model-00002-of-00002.safetensors"
        write_index(sharded, {"a": "model-00001-of-00002.safetensors", "b": last, "c": last})
    checkpoint = SafetensorsCheckpoint(sharded)
    assert sorted(checkpoint.names()) == ["a", "b", "c"]
    np.testing.assert_array_equal(checkpoint.tensor("a").decode(), A.numpy())


def test_files_that_the_index_does_not_list_are_left_alone(sharded):
    write_index(sharded, {"a": "model-00001-of-00002.safetensors"})
    assert SafetensorsCheckpoint(sharded).names() == ["a"]


def test_the_index_file_itself_can_be_given(sharded):
    write_index(sharded, {"a": "model-00001-of-00002.safetensors"})
    assert SafetensorsCheckpoint(sharded / "model.safetensors.index.json").names() == ["a"]


def test_a_missing_shard_is_named(sharded):
    (sharded / "model-00001-of-00002.safetensors").unlink()
    with pytest.raises(MissingTensorError, match="model-00001-of-00002"):
        SafetensorsCheckpoint(sharded)


def test_a_missing_shard_of_an_index_is_named(sharded):
    write_index(sharded, {"a": "model-00001-of-00002.safetensors", "d": "model-00009-of-00009.safetensors"})
    with pytest.raises(MissingTensorError, match="model-00009-of-00009"):
        SafetensorsCheckpoint(sharded)


def test_an_index_that_is_wrong_about_a_tensor_is_refused(sharded):
    write_index(sharded, {"a": "model-00002-of-00002.safetensors"})
    with pytest.raises(MissingTensorError, match="'a' is in model-00002"):
        SafetensorsCheckpoint(sharded)


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "", "..", "a\\b", 7, None])
def test_an_index_that_points_outside_its_folder_is_refused(sharded, file):
    write_index(sharded, {"a": file})
    with pytest.raises(CorruptFileError, match="weight_map"):
        SafetensorsCheckpoint(sharded)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": []}', '{"weight_map": {}, "weight_map": {}}'])
def test_an_unsound_index_is_refused(sharded, content):
    (sharded / "model.safetensors.index.json").write_text(content)
    with pytest.raises(CorruptFileError, match="index"):
        SafetensorsCheckpoint(sharded)


def test_a_name_in_two_files_is_refused_with_both_files(tmp_path):
    save_file({"a": A}, tmp_path / "one.safetensors")
    save_file({"a": A}, tmp_path / "two.safetensors")
    with pytest.raises(MissingTensorError, match=r"one\.safetensors.*two\.safetensors"):
        SafetensorsCheckpoint(tmp_path)


def test_an_unknown_name_is_refused(sharded):
    checkpoint = SafetensorsCheckpoint(sharded)
    for ask in (checkpoint.info, checkpoint.tensor, checkpoint.shards):
        with pytest.raises(MissingTensorError, match="'nothing'"):
            ask("nothing")


def test_pickled_weights_are_refused_clearly(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnsafeFileError, match=r"pytorch_model\.bin.*run code"):
        SafetensorsCheckpoint(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"no \.safetensors"):
        SafetensorsCheckpoint(tmp_path)


def test_config_and_tokenizer_files_lie_beside(sharded):
    (sharded / "config.json").write_text('{"model_type": "x"}')
    for name in ("tokenizer.json", "grok.tok.json", "chat_template.jinja", "README.md"):
        (sharded / name).write_text("{}")
    checkpoint = SafetensorsCheckpoint(sharded)
    assert checkpoint.metadata == {"model_type": "x"}
    assert sorted(checkpoint.tokenizer_files) == ["chat_template.jinja", "grok.tok.json", "tokenizer.json"]


def test_an_unreadable_config_is_refused(sharded):
    (sharded / "config.json").write_text("{")
    with pytest.raises(CorruptFileError, match=r"config\.json"):
        assert SafetensorsCheckpoint(sharded).metadata


def test_no_config_means_no_metadata(sharded):
    assert SafetensorsCheckpoint(sharded).metadata == {}


def test_nothing_is_written_in_a_format_that_only_others_use(sharded):
    stored = SafetensorsCheckpoint(sharded).tensor("c")
    with pytest.raises(ConfigError, match="int64"):
        stored.format.encode(stored.decode())


def test_float8_values_are_widened_exactly(tmp_path):
    values = torch.tensor([0.5, -448.0, 1.125]).to(torch.float8_e4m3fn)
    save_file({"a": values}, tmp_path / "model.safetensors")
    np.testing.assert_array_equal(SafetensorsCheckpoint(tmp_path).tensor("a").decode(), values.float().numpy())
