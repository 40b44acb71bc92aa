import json
import math

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zaphod.compute.kernels import dispatch
from zaphod.compute.quant import BFLOAT16, FLOAT32, format_named
from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.quant.tiled import Tiled
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


TILED = {
    "embedding": ((20, 64), Tiled(format_named("int8"))),
    "experts": ((3, 128, 128), Tiled(format_named("int4"))),
    "few": ((2, 18, 64), Tiled(format_named("int8-channel"))),
    "norm": ((64,), FLOAT32),
    "router": ((3, 64), Tiled(FLOAT32)),
    "blocks": ((4, 64), format_named("q4_0")),
}


@pytest.fixture
def tiled(tmp_path):
    """A model of tiles and other tensors, and what went into it."""
    rng = np.random.default_rng(1)
    tensors = {
        name: EncodedTensor(shape, kind, kind.encode(rng.standard_normal(shape, np.float32)))
        for name, (shape, kind) in TILED.items()
    }
    writer = PackedWriter(tmp_path, [PlannedTensor(n, t.shape, t.format) for n, t in tensors.items()], CONFIG, {})
    for name, tensor in tensors.items():
        writer.write(name, [tensor[i] for i in range(3)] if name == "experts" else [tensor])
    writer.finish()
    return tmp_path / "packed.safetensors", tensors


def test_tiles_are_read_as_they_were_written(tiled):
    path, tensors = tiled
    checkpoint = PackedCheckpoint(path)
    for name, tensor in tensors.items():
        stored = checkpoint.tensor(name)
        assert stored.format.name == tensor.format.name
        for part, array in tensor.parts.items():
            np.testing.assert_array_equal(stored.parts[part], array)
        np.testing.assert_array_equal(stored.decode(), tensor.decode())
    np.testing.assert_array_equal(checkpoint.tensor("experts")[2].decode(), tensors["experts"].decode()[2])


def test_tiles_lie_at_multiples_of_64_bytes_and_of_a_page_where_their_size_is_one(tiled):
    path, tensors = tiled
    checkpoint = PackedCheckpoint(path)
    for name in ("embedding", "experts", "few", "router"):
        places = checkpoint.places(name)
        assert all(place.offset % 64 == 0 for place in places.values())
        content = path.read_bytes()[places["tiles"].offset :][: places["tiles"].num_bytes]
        assert content == tensors[name].parts["tiles"].tobytes()
    assert TILED["experts"][1].num_bytes((128, 128)) % 1024 == 0
    assert checkpoint.places("experts")["tiles"].offset % 1024 == 0
    header_bytes = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    assert header_bytes % 4096 == 0


def test_tiles_need_no_library_of_ours_to_be_opened(tiled):
    path, tensors = tiled
    loaded = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(loaded["experts"], tensors["experts"].parts["tiles"])
    np.testing.assert_array_equal(loaded["few::row_scales"], tensors["few"].parts["row_scales"])


def rewrite(path, changed):
    """The same data under a header some of whose entries are others."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] |= changed
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


def other_formats(**changed):
    return {"formats": json.dumps({name: kind.name for name, (_, kind) in TILED.items()} | changed)}


def other_shapes(**changed):
    return {"shapes": json.dumps({name: list(shape) for name, (shape, _) in TILED.items()} | changed)}


@pytest.mark.parametrize(
    "changed",
    [
        other_formats(embedding="int8"),
        other_formats(embedding="int4-tiles"),
        other_formats(embedding="int8-channel-tiles"),
        other_formats(embedding="int8-tiles-tiles"),
        other_formats(embedding="-tiles" * 5000),
        other_formats(embedding="float16-tiles"),
        other_formats(embedding="q4_k-tiles"),
        other_formats(few="int8-tiles"),
        other_formats(few="int8:block=48,scales=bfloat16,axis=-1-tiles"),
        other_formats(norm="float32-tiles"),
        other_formats(blocks="q4_0-tiles"),
        other_shapes(embedding=[33, 64]),
        other_shapes(embedding=[20, 65]),
        other_shapes(embedding=[20, 128]),
        other_shapes(embedding=[1280]),
        other_shapes(experts=[4, 128, 128]),
        other_shapes(experts=[3, 128, 192]),
        other_shapes(experts=[384, 128]),
        other_shapes(few=[2, 33, 64]),
        other_shapes(few=[0, 18, 64]),
        other_shapes(router=[3, 1 << 47]),
    ],
)
def test_tiles_of_another_size_than_their_shape_says_are_refused(tiled, changed):
    path, _ = tiled
    rewrite(path, changed)
    with pytest.raises(CorruptFileError, match=r"packed\.safetensors"):
        PackedCheckpoint(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.sampled_from(list(TILED)),
    st.sampled_from(["int8", "int4", "q8_0", "q4_0", "float32", "bfloat16", "int8-channel"])
    | st.builds("int8:block={},scales={},axis=-1".format, st.integers(-64, 256), st.sampled_from(["bfloat16", "x"])),
    st.lists(st.integers(-1, 200) | st.sampled_from([16, 18, 20, 32, 64, 128, 1 << 40]), max_size=4),
)
def test_what_is_read_of_any_header_has_the_size_that_the_kernels_want(tiled, name, base, shape):
    path, _ = tiled
    content = path.read_bytes()
    rewrite(path, other_formats(**{name: f"{base}-tiles"}) | other_shapes(**{name: shape}))
    try:
        checkpoint = PackedCheckpoint(path)
    except CorruptFileError:
        return
    finally:
        path.write_bytes(content)
    tensor = checkpoint.tensor(name)
    kind = tensor.format
    assert isinstance(kind, Tiled)
    if dispatch.native_is_available():
        wanted = dispatch.native().tiles_bytes(kind.kernel_format, *shape[-2:])
        assert tensor.parts["tiles"].size == wanted * math.prod(shape[:-2])
