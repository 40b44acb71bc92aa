import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zaphod.compute.quant import BFLOAT16, FLOAT32, format_named
from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights import PlannedTensor
from zaphod.compute.weights.packed import PackedCheckpoint, PackedWriter
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError, WeightsError, ZaphodError

FORMATS = {
    "norm": FLOAT32,
    "embedding": BFLOAT16,
    "experts": format_named("int4"),
    "attention": format_named("int8"),
    "router": format_named("int8-channel"),
}
SHAPES = {"norm": (3,), "embedding": (5, 2), "experts": (3, 4, 64), "attention": (4, 64), "router": (2, 64)}
PLAN = [PlannedTensor(name, SHAPES[name], FORMATS[name]) for name in SHAPES]
CONFIG = {"family": "x", "num_layers": 2}


@pytest.fixture(scope="module")
def tensors():
    rng = np.random.default_rng(0)
    return {
        name: EncodedTensor(shape, FORMATS[name], FORMATS[name].encode(rng.standard_normal(shape, np.float32)))
        for name, shape in SHAPES.items()
    }


def write_all(folder, tensors, names=SHAPES):
    writer = PackedWriter(folder, PLAN, CONFIG, {})
    for name in names:
        if not writer.is_written(name):
            writer.write(name, [tensors[name][i] for i in range(3)] if name == "experts" else [tensors[name]])
    return writer


def test_what_was_written_is_read_again(tmp_path, tensors):
    write_all(tmp_path, tensors).finish()
    checkpoint = PackedCheckpoint(tmp_path)
    assert checkpoint.names() == list(SHAPES)
    assert checkpoint.metadata == CONFIG
    for name, tensor in tensors.items():
        stored = checkpoint.tensor(name)
        assert (stored.shape, stored.format.name) == (tensor.shape, tensor.format.name)
        assert checkpoint.info(name).num_bytes == tensor.num_bytes
        for part, values in tensor.parts.items():
            np.testing.assert_array_equal(stored.parts[part], values)


def test_the_official_library_opens_it(tmp_path, tensors):
    (path,) = write_all(tmp_path, tensors).finish()
    loaded = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(loaded["experts::weight"], tensors["experts"].parts["weight"])
    np.testing.assert_array_equal(loaded["norm"], tensors["norm"].parts["values"])


def test_an_expert_is_mapped_not_read(tmp_path, tensors):
    write_all(tmp_path, tensors).finish()
    stack = PackedCheckpoint(tmp_path).tensor("experts")
    assert isinstance(stack[2].parts["weight"], np.memmap)
    np.testing.assert_array_equal(stack[2].decode(), tensors["experts"][2].decode())


def test_an_interrupted_conversion_gives_the_same_bytes(tmp_path, tensors):
    (whole,) = write_all(tmp_path / "whole", tensors).finish()
    write_all(tmp_path / "resumed", tensors, ["router", "norm"])
    (resumed,) = write_all(tmp_path / "resumed", tensors).finish()
    assert whole.read_bytes() == resumed.read_bytes()
    assert [path.name for path in resumed.parent.iterdir()] == ["packed.safetensors"]


def test_an_unfinished_model_is_not_there(tmp_path, tensors):
    writer = write_all(tmp_path, tensors, ["norm"])
    with pytest.raises(WeightsError, match="experts"):
        writer.finish()
    with pytest.raises(WeightsError, match="no file"):
        PackedCheckpoint(tmp_path)


def test_tokenizer_files_are_copied_beside(tmp_path, tensors):
    (tmp_path / "tok").write_text("{}")
    writer = PackedWriter(tmp_path / "out", PLAN, CONFIG, {"tokenizer.json": tmp_path / "tok"})
    for name, tensor in tensors.items():
        writer.write(name, [tensor])
    writer.finish()
    assert list(PackedCheckpoint(tmp_path / "out").tokenizer_files) == ["tokenizer.json"]


def test_a_folder_with_other_weights_is_refused(tmp_path, tensors):
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        PackedWriter(tmp_path, PLAN, CONFIG, {})


def test_an_unknown_name_is_refused(tmp_path, tensors):
    write_all(tmp_path, tensors).finish()
    with pytest.raises(MissingTensorError, match="'nothing'"):
        PackedCheckpoint(tmp_path).tensor("nothing")


VALUES = {"a": np.zeros((2, 3), np.float32)}
HEADER = {
    "format": "zaphod-packed",
    "version": "1",
    "config": "{}",
    "formats": '{"a": "float32"}',
    "shapes": '{"a": [2, 3]}',
}


def test_a_file_of_the_official_library_with_our_header_is_read(tmp_path):
    safetensors.numpy.save_file(VALUES, tmp_path / "packed.safetensors", HEADER)
    assert PackedCheckpoint(tmp_path / "packed.safetensors").names() == ["a"]


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "pt"},
        {"version": "3"},
        {"config": "["},
        {"config": "[]"},
        {"formats": "{}"},
        {"formats": '{"a": 7}'},
        {"formats": '{"a": "int9"}'},
        {"formats": '{"a": "float16"}'},
        {"formats": '{"a": "int4"}'},
        {"formats": '{"a": "q4_k"}'},
        {"shapes": '{"a": [3, 2]}'},
        {"shapes": '{"a": 6}'},
        {"shapes": '{"a": [2, 0]}', "formats": '{"a": "int8-channel"}'},
        {"shapes": '{"a": [-2, -3]}'},
        {"shapes": '{"a": [1e99]}'},
        {"shapes": '{"a": [2, 3], "b": [1]}'},
        {"formats": '{"a": "float32", "b": "float32"}', "shapes": '{"a": [2, 3], "b": [1]}'},
    ],
)
def test_a_header_that_contradicts_the_file_is_refused(tmp_path, changed):
    safetensors.numpy.save_file(VALUES, tmp_path / "packed.safetensors", HEADER | changed)
    with pytest.raises(CorruptFileError, match=r"packed\.safetensors"):
        PackedCheckpoint(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.sampled_from(["format", "version", "config", "formats", "shapes"]),
    st.text(max_size=8)
    | st.builds(lambda name: json.dumps({"a": name}), st.text(max_size=12) | st.lists(st.integers(), max_size=4))
    | st.builds(lambda name: json.dumps({"a": f"int8:{name}"}), st.text("block=al,scxi-0123456789", max_size=20)),
)
def test_any_header_is_read_or_refused(tmp_path, key, value):
    safetensors.numpy.save_file(VALUES, tmp_path / "packed.safetensors", HEADER | {key: value})
    try:
        PackedCheckpoint(tmp_path)
    except ZaphodError:
        return
