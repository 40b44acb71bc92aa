import json

import ml_dtypes
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from zaphod.compute.quant import BFLOAT16, FLOAT32, Int8
from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights import PlannedTensor
from zaphod.compute.weights.safetensors import SafetensorsCheckpoint
from zaphod.compute.weights.safetensors_writer import SafetensorsWriter
from zaphod.core.errors import ConfigError, WeightsError

VALUES = {
    "odd": np.arange(3).astype(ml_dtypes.bfloat16),
    "experts": np.arange(24, dtype=np.float32).reshape(4, 2, 3),
    "last": np.full((5, 2), 0.5).astype(ml_dtypes.bfloat16),
}
FORMATS = {"odd": BFLOAT16, "experts": FLOAT32, "last": BFLOAT16}
PLAN = [PlannedTensor(name, values.shape, FORMATS[name]) for name, values in VALUES.items()]


def encoded(name):
    return EncodedTensor(VALUES[name].shape, FORMATS[name], {"values": VALUES[name]})


def writer(folder, max_shard_bytes=10**6, **options):
    return SafetensorsWriter(folder, PLAN, {"model_type": "x"}, {}, max_shard_bytes, **options)


def write_all(target, names=VALUES):
    for name in names:
        if not target.is_written(name):
            whole = encoded(name)
            target.write(name, [whole[i] for i in range(4)] if name == "experts" else [whole])
    return target


@pytest.mark.parametrize("max_shard_bytes", [10**6, 100, 1])
def test_the_official_library_reads_what_was_written(tmp_path, max_shard_bytes):
    files = write_all(writer(tmp_path, max_shard_bytes)).finish()
    loaded = {}
    for path in files:
        if path.suffix == ".safetensors":
            loaded |= load_file(path)
    assert loaded.keys() == VALUES.keys()
    for name, values in VALUES.items():
        assert loaded[name].dtype == (torch.float32 if name == "experts" else torch.bfloat16)
        np.testing.assert_array_equal(loaded[name].float().numpy(), values.astype(np.float32))


def test_our_reader_reads_what_was_written(tmp_path):
    write_all(writer(tmp_path, 100)).finish()
    checkpoint = SafetensorsCheckpoint(tmp_path)
    assert set(checkpoint.names()) == VALUES.keys()
    assert checkpoint.metadata == {"model_type": "x"}
    np.testing.assert_array_equal(checkpoint.tensor("experts").decode(), VALUES["experts"])


def test_a_single_shard_has_no_index(tmp_path):
    files = write_all(writer(tmp_path)).finish()
    assert [path.name for path in files] == ["model.safetensors", "config.json"]
    with safe_open(files[0], framework="pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_several_shards_have_an_index_in_the_usual_form(tmp_path):
    write_all(writer(tmp_path, 110)).finish()
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_size": 6 + 96 + 20}
    assert index["weight_map"]["odd"] == "model-00001-of-00002.safetensors"
    assert index["weight_map"]["last"] == "model-00002-of-00002.safetensors"


def test_tokenizer_files_are_copied(tmp_path):
    (tmp_path / "source.json").write_text("{}")
    out = tmp_path / "out"
    target = SafetensorsWriter(out, PLAN, {}, {"tokenizer.json": tmp_path / "source.json"})
    assert (out / "tokenizer.json") in write_all(target).finish()
    assert (out / "tokenizer.json").read_text() == "{}"


def test_an_interrupted_conversion_gives_the_same_bytes(tmp_path):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    write_all(writer(whole, 100)).finish()
    write_all(writer(resumed, 100), ["odd", "last"])
    second = writer(resumed, 100)
    assert [second.is_written(name) for name in VALUES] == [True, False, True]
    write_all(second).finish()
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == {p.name: p.read_bytes() for p in resumed.iterdir()}


def test_nothing_has_a_final_name_before_the_end(tmp_path):
    target = write_all(writer(tmp_path, 100), ["odd", "experts"])
    with pytest.raises(WeightsError, match="last"):
        target.finish()
    assert all(".partial" in path.name for path in tmp_path.iterdir())


def test_another_source_is_not_mixed_in(tmp_path):
    write_all(writer(tmp_path, source="one"), ["odd"])
    assert not writer(tmp_path, source="two").is_written("odd")


def test_a_quantised_format_is_refused(tmp_path):
    plan = [PlannedTensor("w", (4, 64), Int8(block_size=None, scale_dtype="float32"))]
    with pytest.raises(ConfigError, match="w is planned as int8"):
        SafetensorsWriter(tmp_path, plan, {}, {})


@pytest.mark.parametrize("name", ["other.safetensors", "model.safetensors.index.json", "x.gguf"])
def test_a_folder_with_other_weights_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=name):
        writer(tmp_path)


def test_writing_again_replaces_the_old_model(tmp_path):
    for _ in range(2):
        write_all(writer(tmp_path, 100)).finish()
    assert set(SafetensorsCheckpoint(tmp_path).names()) == VALUES.keys()
