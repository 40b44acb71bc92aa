import json

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from zaphod.compute.quant.tensor import PartSpec
from zaphod.compute.weights.safetensors_file import SafetensorsFile, plan_layout
from zaphod.core.errors import CorruptFileError

TENSORS = {
    "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "b": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "c": torch.arange(-3, 4, dtype=torch.int8),
    "d": torch.tensor(7, dtype=torch.int64),
    "e": torch.zeros(0, 4, dtype=torch.float16),
    "f": torch.tensor([True, False]),
    "g": torch.tensor([1.0, 0.5]).to(torch.float8_e4m3fn),
}


def write(path, header: dict | bytes, data: bytes = b"", length: int | None = None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return path


def entry(start, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.safetensors"


def test_a_file_of_the_official_library_reads_equal(path):
    save_file(TENSORS, path, metadata={"k": "v"})
    file = SafetensorsFile(path)
    assert file.user_metadata == {"k": "v"}
    assert file.places.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(file.array(name).astype(np.float64), tensor.to(torch.float64).numpy())


def test_arrays_are_mapped_not_read(path):
    save_file(TENSORS, path)
    assert isinstance(SafetensorsFile(path).array("a"), np.memmap)


def test_the_official_library_opens_a_planned_layout(path):
    specs = {"odd": PartSpec(dtype=np.dtype(np.int8), shape=(3,)), "wide": PartSpec(dtype=np.dtype("f4"), shape=(2,))}
    layout = plan_layout(specs, {"k": "v"})
    path.write_bytes(bytes(layout.header) + np.array([1, 2], "f4").tobytes() + bytes([1, 2, 3]))
    loaded = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(loaded["wide"], [1, 2])
    np.testing.assert_array_equal(loaded["odd"], [1, 2, 3])
    assert layout.places["wide"].offset % 64 == 0


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 100])
def test_a_truncated_file_is_refused_by_name(path, length):
    save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CorruptFileError, match=r"x\.safetensors"):
        SafetensorsFile(path)


@pytest.mark.parametrize("length", [100_000_001, 2**63, 2**64 - 1])
def test_a_huge_header_is_refused_before_it_is_read(path, length):
    with path.open("wb") as file:
        file.write(length.to_bytes(8, "little"))
        file.truncate(200_000_000)
    with pytest.raises(CorruptFileError, match="header of"):
        SafetensorsFile(path)


@pytest.mark.parametrize(
    ("header", "data_bytes", "complaint"),
    [
        (b"[]", 0, "brace"),
        (b' {"a":1}', 0, "brace"),
        (b'{"a":', 0, "JSON"),
        (b"{\xff}", 0, "JSON"),
        (b'{"a":' + b"[" * 100_000, 0, "JSON"),
        (b'{"a":' + b"9" * 10_000 + b"}", 0, "JSON"),
        (b'{"a":1,"a":2}', 0, "repeated"),
        ({"__metadata__": {"k": 1}}, 0, "strings"),
        ({"__metadata__": []}, 0, "strings"),
        ({"a": 1}, 0, "describes"),
        ({"a": {"dtype": "F32", "shape": [1]}}, 4, "describes"),
        ({"a": entry(0, 4, [1], dtype=7)}, 4, "describes"),
        ({"a": entry(0, 4, 1)}, 4, "describes"),
        ({"a": entry(0, 4, ["1"])}, 4, "whole numbers"),
        ({"a": entry(0, 4, [1.0])}, 4, "whole numbers"),
        ({"a": entry(0, 4, [True])}, 4, "whole numbers"),
        ({"a": entry(0, 4, [-1])}, 4, "negative"),
        ({"a": entry(0, 4, [1] * 33)}, 4, "dimensions"),
        ({"a": entry(0, 0, [0, 2**70])}, 0, "more elements"),
        ({"a": entry(0, 4, [1], dtype="Q4")}, 4, "Q4"),
        ({"a": entry(0, 4, [2])}, 4, "takes 8"),
        ({"a": entry(4, 0, [1])}, 4, "takes 4"),
        ({"a": entry(0.0, 4.0, [1])}, 4, "describes"),
        ({"a": entry(-4, 0, [1])}, 0, "overlap"),
        ({"a": entry(4, 8, [1])}, 8, "hole"),
        ({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, 12, "hole"),
        ({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, 12, "overlap"),
        ({"a": entry(0, 4, [1]), "b": entry(0, 4, [1])}, 4, "overlap"),
        ({"a": entry(0, 4, [1])}, 5, "describes"),
        ({"a": entry(0, 2**40, [2**38])}, 5, "describes"),
        ({"a\n": entry(0, 4, [1])}, 4, "named"),
        ({"\ud800": entry(0, 4, [1])}, 4, "named"),
    ],
)
def test_an_unsound_header_is_refused(path, header, data_bytes, complaint):
    write(path, header, bytes(data_bytes))
    with pytest.raises(CorruptFileError, match=complaint):
        SafetensorsFile(path)


def test_a_file_that_shrinks_after_it_was_opened_is_refused(path):
    save_file(TENSORS, path)
    file = SafetensorsFile(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CorruptFileError, match="shorter"):
        file.array("a")


VALID = safetensors.numpy.save({"a": np.arange(4, dtype="f4"), "b": np.arange(3, dtype="i1")}, {"k": "v"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500, deadline=None)
@given(st.integers(0, len(VALID) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 30))
def test_changed_bytes_give_arrays_inside_the_file_or_a_corrupt_file_error(path, position, patch, cut):
    content = (VALID[:position] + patch + VALID[position + len(patch) :])[: len(VALID) - cut]
    path.write_bytes(content)
    try:
        file = SafetensorsFile(path)
    except CorruptFileError:
        return
    for name, place in file.places.items():
        assert place.offset + place.spec.num_bytes <= len(content)
        file.array(name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["F32", "I8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=4),
        json_values | st.fixed_dictionaries({"dtype": json_values, "shape": json_values, "data_offsets": json_values}),
        max_size=3,
    ),
    st.integers(0, 20),
)
def test_any_json_header_is_read_or_refused(path, header, data_bytes):
    write(path, header, bytes(data_bytes))
    try:
        SafetensorsFile(path)
    except CorruptFileError:
        return
    # What we accept, the official library accepts as well.
    with safetensors.safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == header.keys() - {"__metadata__"}
