"""A model's file: what is read back, and what is refused."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zaphod.core.errors import CorruptFileError, WeightsError
from zaphod.safety.guard.classifiers.model_file import MAX_FILE_BYTES, NgramModel, read_model, write_model
from zaphod.safety.guard.classifiers.ngrams import TABLE_SIZE

MODEL = NgramModel(
    task="toxicity",
    version=3,
    weights=np.random.default_rng(0).integers(-127, 128, TABLE_SIZE).astype(np.int8),
    scale=0.01,
    intercept=-0.3,
    slope=1.1,
    shift=0.2,
    threshold=0.9,
    data_digest="ab" * 32,
)


@pytest.fixture
def path(tmp_path):
    write_model(MODEL, tmp_path / "toxicity.safetensors")
    return tmp_path / "toxicity.safetensors"


def header_of(data):
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_header(header, rest):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def test_a_model_is_read_back_bit_for_bit(path):
    found = read_model(path)
    assert found.digest == MODEL.digest
    assert replace(found, weights=MODEL.weights) == MODEL
    assert (found.weights == MODEL.weights).all()


def test_the_file_is_small_and_other_programs_can_read_it(path):
    from safetensors.numpy import load_file

    assert path.stat().st_size < MAX_FILE_BYTES
    assert (load_file(path)["weights"] == MODEL.weights).all()


def test_the_digest_speaks_of_everything():
    weights = MODEL.weights.copy()
    weights[7] ^= 1
    changed = [replace(MODEL, weights=weights), replace(MODEL, threshold=0.8), replace(MODEL, task="injection")]
    assert len({MODEL.digest, *(model.digest for model in changed)}) == 4


@pytest.mark.parametrize("place", [3, 20, 500, 5000, -1])
def test_a_flipped_bit_is_refused(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)
    with pytest.raises(WeightsError):
        read_model(path)


@pytest.mark.parametrize("size", [0, 7, 8, 100, TABLE_SIZE])
def test_a_cut_file_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorruptFileError):
        read_model(path)


def test_a_file_that_is_too_large_is_refused(path):
    path.write_bytes(path.read_bytes() + bytes(MAX_FILE_BYTES))
    with pytest.raises(CorruptFileError, match="bytes"):
        read_model(path)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("format", "zaphod-ngram-9", WeightsError),
        ("hashing", "another", WeightsError),
        ("lengths", "(1, 2)", WeightsError),
        ("slope", "nan", CorruptFileError),
        ("slope", "0x1p+", CorruptFileError),
        ("version", "one", CorruptFileError),
        ("digest", "00", CorruptFileError),
    ],
)
def test_wrong_metadata_is_refused(path, key, value, error):
    header, rest = header_of(path.read_bytes())
    header["__metadata__"][key] = value
    path.write_bytes(with_header(header, rest))
    with pytest.raises(error):
        read_model(path)


@pytest.mark.parametrize("change", [{"dtype": "F64"}, {"shape": [5]}, {"data_offsets": [1, TABLE_SIZE + 1]}])
def test_a_table_of_another_shape_is_refused(path, change):
    header, rest = header_of(path.read_bytes())
    header["weights"] |= change
    path.write_bytes(with_header(header, rest))
    with pytest.raises(CorruptFileError, match="int8"):
        read_model(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(WeightsError):
        read_model(tmp_path / "x")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.dictionaries(
    st.sampled_from(["__metadata__", "weights", "format", "dtype"]), inner) | st.lists(inner, max_size=3)))  # fmt: skip
def test_any_header_is_read_or_refused(tmp_path, header):
    (tmp_path / "x").write_bytes(with_header(header, bytes(TABLE_SIZE)))
    with pytest.raises(WeightsError):
        read_model(tmp_path / "x")
