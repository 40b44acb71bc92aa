import json
import os
import shutil

import numpy as np
import pytest
from tests.support.official_grok1 import LargeArray, QuantizedWeight8bit, dump, dump_sparse, write_checkpoint

from zaphod.compute.weights import Checkpoint
from zaphod.compute.weights.grok1 import OfficialGrok1
from zaphod.core.errors import CorruptFileError, MissingTensorError, UnsafeFileError, WeightsError


@pytest.fixture
def tiny(tmp_path):
    """A checkpoint of two layers, 26 files."""
    write_checkpoint(tmp_path)
    return tmp_path


def tensor_file(folder, index):
    return folder / "ckpt-0" / f"tensor{index:05d}_000"


def dequantised(value: QuantizedWeight8bit) -> np.ndarray:
    *lead, width_in, width_out = value.weight.shape
    blocks = value.scales.shape[-2]
    weight = value.weight.reshape(*lead, blocks, width_in // blocks, width_out).astype(np.float32)
    return (weight * value.scales.astype(np.float32)[..., :, None, :]).reshape(value.weight.shape)


def test_names_and_shapes_of_the_reference_data_are_found(official_grok1):
    checkpoint = OfficialGrok1(official_grok1)
    rows = json.loads((official_grok1 / "tensors.json").read_text())
    assert checkpoint.names() == [row[1].removeprefix("params/") for row in rows]
    assert [list(checkpoint.info(name).shape) for name in checkpoint.names()] == [row[2] for row in rows]
    for name, row in zip(checkpoint.names(), rows, strict=True):
        parts = checkpoint.tensor(name).parts
        assert [list(part.shape) for part in parts.values()] == row[2:]


def test_the_reference_data_has_no_problems(official_grok1):
    assert OfficialGrok1(official_grok1).integrity() == []


def test_config_and_tokenizer_beside_are_found(official_grok1):
    for path in (official_grok1, official_grok1 / "ckpt-0"):
        checkpoint = OfficialGrok1(path)
        assert checkpoint.metadata["num_hidden_layers"] == 11
        assert list(checkpoint.tokenizer_files) == ["tokenizer.model"]


def test_it_is_a_checkpoint(tiny):
    with OfficialGrok1(tiny) as checkpoint:
        assert isinstance(checkpoint, Checkpoint)
        assert (checkpoint.path, checkpoint.file_format, checkpoint.metadata) == (tiny, "grok-1", {})


def test_values_are_those_that_were_pickled(tmp_path):
    files = write_checkpoint(tmp_path)
    checkpoint = OfficialGrok1(tmp_path)
    for name, value in zip(checkpoint.names(), files.values(), strict=True):
        wanted = dequantised(value) if isinstance(value, QuantizedWeight8bit) else value
        np.testing.assert_array_equal(checkpoint.tensor(name).decode(), wanted)


@pytest.mark.parametrize(("matrix", "block"), [("linear", "all"), ("linear_1", "8"), ("linear_v", "all")])
def test_scales_belong_to_blocks_of_input_rows(tiny, matrix, block):
    info = OfficialGrok1(tiny).info(f"transformer/decoder_layer_0/moe/{matrix}/w")
    assert info.format.name == f"int8:block={block},scales=bfloat16,axis=-2"


def test_one_expert_is_a_slice_of_the_mapping(tmp_path):
    files = write_checkpoint(tmp_path)
    stack = OfficialGrok1(tmp_path).tensor("transformer/decoder_layer_1/moe/linear_1/w")
    expert = stack[1]
    assert isinstance(expert.parts["weight"], np.memmap)
    assert expert.parts["weight"].ctypes.data - stack.parts["weight"].ctypes.data == 16 * 8
    np.testing.assert_array_equal(expert.decode(), dequantised(files["tensor00015_000"])[1])


def test_one_expert_of_a_file_of_true_size_is_read_without_the_rest(tmp_path):
    write_checkpoint(tmp_path, num_layers=1)
    stack = QuantizedWeight8bit(LargeArray((8, 6144, 32768), np.int8), LargeArray((8, 1, 32768), "bfloat16"))
    dump_sparse(tensor_file(tmp_path, 2), stack)
    assert tensor_file(tmp_path, 2).stat().st_size == 1_611_137_347  # the published size
    before = resident_bytes()
    expert = OfficialGrok1(tmp_path).tensor("transformer/decoder_layer_0/moe/linear/w")[5]
    assert not expert.parts["weight"][100:200].any()
    assert expert.parts["weight"].nbytes == 201_326_592
    assert resident_bytes() - before < 150e6


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("index", [0, 1, 7, 24, 25])
def test_missing_files_are_named(tiny, index):
    tensor_file(tiny, index).unlink()
    with pytest.raises(MissingTensorError, match=f"tensor{index:05d}_000"):
        OfficialGrok1(tiny)


def test_a_whole_missing_layer_is_noticed_where_the_config_counts_layers(tiny):
    (tiny / "config.json").write_text('{"num_hidden_layers": 3}')
    with pytest.raises(MissingTensorError, match=r"tensor00026_000.* and 4 more"):
        OfficialGrok1(tiny)


def test_an_incomplete_release_does_not_pass_for_a_smaller_model(tiny):
    dump_sparse(tensor_file(tiny, 0), LargeArray((131072, 6144), np.float32))
    assert tensor_file(tiny, 0).stat().st_size == 3_221_225_637  # the published size
    with pytest.raises(MissingTensorError, match=r"tensor00026_000.* and 736 more"):
        OfficialGrok1(tiny)


def test_sizes_of_the_release_are_compared_with_the_published_ones(tiny):
    dump_sparse(tensor_file(tiny, 0), LargeArray((131072, 6144), np.float32))
    dump_sparse(tensor_file(tiny, 1), np.ones(6144, np.float32))
    for index in range(26, 770):
        tensor_file(tiny, index).touch()
    problems = {problem.file for problem in OfficialGrok1(tiny).integrity()}
    assert problems == {f"tensor{index:05d}_000" for index in range(2, 770)}


def test_surplus_files_are_refused_where_the_config_counts_layers(tiny):
    (tiny / "config.json").write_text('{"num_hidden_layers": 1}')
    with pytest.raises(MissingTensorError, match="tensor00025_000"):
        OfficialGrok1(tiny)


@pytest.mark.parametrize("layers", ["-1", "0", "1e3", "true", '"2"', "1000000000000"])
def test_a_senseless_number_of_layers_is_refused(tiny, layers):
    (tiny / "config.json").write_text(f'{{"num_hidden_layers": {layers}}}')
    with pytest.raises(CorruptFileError, match="num_hidden_layers"):
        OfficialGrok1(tiny)


def test_pieces_of_several_hosts_are_refused(tiny):
    shutil.copy(tensor_file(tiny, 0), tiny / "ckpt-0" / "tensor00000_001")
    with pytest.raises(WeightsError, match="tensor00000_001"):
        OfficialGrok1(tiny)


def test_a_folder_without_tensor_files_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="tensor00000_000"):
        OfficialGrok1(tmp_path)


def test_an_unknown_name_is_refused(tiny):
    with pytest.raises(MissingTensorError, match="'nothing'"):
        OfficialGrok1(tiny).tensor("nothing")


def test_integrity_names_every_broken_file(tiny):
    tensor_file(tiny, 3).write_bytes(tensor_file(tiny, 3).read_bytes()[:-1])
    tensor_file(tiny, 4).write_bytes(bytes(500))
    dump(tensor_file(tiny, 5), print)
    (tiny / "ckpt-0" / "tensor00006_000.part").touch()
    problems = {problem.file: problem.problem for problem in OfficialGrok1(tiny).integrity()}
    assert problems.keys() == {"tensor00003_000", "tensor00004_000", "tensor00005_000", "tensor00006_000.part"}
    assert "builtins" in problems["tensor00005_000"]


def test_an_unsafe_file_is_refused_when_its_tensor_is_wanted(tiny):
    dump(tensor_file(tiny, 13), os.system)
    checkpoint = OfficialGrok1(tiny)
    checkpoint.tensor("language_model/rms_norm/scale")
    with pytest.raises(UnsafeFileError, match="tensor00013_000"):
        checkpoint.info("transformer/decoder_layer_0/router/w")


def test_files_in_the_wrong_order_are_refused(tiny):
    shutil.copy(tensor_file(tiny, 9), tensor_file(tiny, 8))
    with pytest.raises(CorruptFileError, match="multi_head_attention/value"):
        OfficialGrok1(tiny).tensor("transformer/decoder_layer_0/multi_head_attention/value/w")


@pytest.mark.parametrize(
    ("weight", "scales"),
    [
        (np.zeros((6, 4), np.int8), np.zeros((4, 4), np.float32)),
        (np.zeros((6, 4), np.int8), np.zeros((0, 4), np.float32)),
        (np.zeros((6, 4), np.int8), np.zeros((2, 3), np.float32)),
        (np.zeros((6, 4), np.float32), np.zeros((2, 4), np.float32)),
        (np.zeros((6, 4), np.int8), np.zeros((2, 4), np.int8)),
    ],
)
def test_scales_that_do_not_fit_their_weight_are_refused(tiny, weight, scales):
    dump(tensor_file(tiny, 5), QuantizedWeight8bit(weight, scales))
    with pytest.raises(CorruptFileError, match="tensor00005_000"):
        OfficialGrok1(tiny).info("transformer/decoder_layer_0/multi_head_attention/key/w")


def test_int8_without_scales_is_refused(tiny):
    dump(tensor_file(tiny, 5), np.zeros((6, 4), np.int8))
    with pytest.raises(CorruptFileError, match="without scales"):
        OfficialGrok1(tiny).info("transformer/decoder_layer_0/multi_head_attention/key/w")
