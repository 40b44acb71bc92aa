import contextlib
import struct

import numpy as np
import pytest
from gguf.quants import dequantize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.gguf_files import (
    UINT32,
    gguf_bytes,
    library_type,
    pair,
    random_tensor,
    tensor_info,
    write_with_library,
)

from zaphod.compute.quant import GGML_FORMATS, GGML_TYPES
from zaphod.compute.weights import Checkpoint, open_checkpoint
from zaphod.compute.weights.gguf import GGUFCheckpoint
from zaphod.core.errors import CorruptFileError, MissingTensorError, WeightsError, ZaphodError

TENSORS = {f.name: random_tensor(f, (2, 3, 512)) for f in GGML_TYPES.values()} | {
    "vector": random_tensor(GGML_TYPES[0], (5,))
}


def add_pairs(writer):
    writer.add_uint32("grok.block_count", 2)
    writer.add_float64("wide", 0.1)
    writer.add_bool("flag", True)
    writer.add_int16("short", -3)
    writer.add_uint64("long", 2**63)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "▁a", ""])
    writer.add_array("tokenizer.ggml.scores", [0.0, -1.5, 2.0])
    writer.add_array("nested", [[1, 2], [3]])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.gguf"


def split(tmp_path, **options):
    write_with_library(tmp_path / "m.gguf", TENSORS, add_pairs, split_max_tensors=5, **options)
    return sorted(tmp_path.glob("m-*.gguf"))


def same(tensor, expected):
    assert tensor.format.name == expected.format.name
    assert tensor.shape == expected.shape
    for part, stored in expected.parts.items():
        np.testing.assert_array_equal(tensor.parts[part].view(np.uint8), stored.view(np.uint8))


def test_tensors_of_the_official_writer_read_equal(path):
    checkpoint = GGUFCheckpoint(write_with_library(path, TENSORS))
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.names() == list(TENSORS)
    for name, tensor in TENSORS.items():
        same(checkpoint.tensor(name), tensor)
        info = checkpoint.info(name)
        assert (info.shape, info.format.name, info.num_bytes) == (tensor.shape, tensor.format.name, tensor.num_bytes)


@pytest.mark.parametrize("number_format", GGML_FORMATS.values(), ids=str)
def test_blocks_decode_as_the_official_library_decodes_them(path, number_format):
    tensor = GGUFCheckpoint(write_with_library(path, TENSORS)).tensor(number_format.name)
    theirs = dequantize(tensor.parts["blocks"], library_type(number_format))
    np.testing.assert_allclose(tensor.decode(), theirs, rtol=1e-6)


def test_metadata_of_the_official_writer_reads_equal(path):
    assert GGUFCheckpoint(write_with_library(path, {}, add_pairs)).metadata == {
        "general.architecture": "grok",
        "grok.block_count": 2,
        "wide": 0.1,
        "flag": True,
        "short": -3,
        "long": 2**63,
        "tokenizer.ggml.tokens": ["<s>", "▁a", ""],
        "tokenizer.ggml.scores": [0.0, -1.5, 2.0],
        "nested": [[1, 2], [3]],
    }


def test_another_alignment_is_followed(path):
    write_with_library(path, TENSORS, lambda writer: writer.add_custom_alignment(4096))
    same(GGUFCheckpoint(path).tensor("q8_0"), TENSORS["q8_0"])


def test_arrays_are_mapped_not_read(path):
    tensor = GGUFCheckpoint(write_with_library(path, TENSORS)).tensor("q4_0")
    assert isinstance(tensor.parts["blocks"], np.memmap)
    assert isinstance(tensor[1].parts["blocks"], np.memmap)


def test_a_tensor_of_unknown_type_is_refused_only_when_asked_for(path):
    infos = [tensor_info("strange", [4], 23), tensor_info("plain", [4], 0, 32)]
    path.write_bytes(gguf_bytes([], infos, bytes(64)))
    checkpoint = GGUFCheckpoint(path)
    assert checkpoint.names() == ["strange", "plain"]
    np.testing.assert_array_equal(checkpoint.tensor("plain").decode(), np.zeros(4))
    for ask in (checkpoint.info, checkpoint.tensor):
        with pytest.raises(WeightsError, match=r"'strange' is of GGML's type 23 \(iq4_xs\)"):
            ask("strange")


def test_a_tensor_that_is_not_there_is_said(path):
    with pytest.raises(MissingTensorError, match="no tensor 'other'"):
        GGUFCheckpoint(write_with_library(path, TENSORS)).tensor("other")


def test_a_file_that_became_shorter_is_refused(path):
    checkpoint = GGUFCheckpoint(write_with_library(path, TENSORS))
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(CorruptFileError, match="shorter"):
        checkpoint.tensor("vector")


def test_a_folder_is_no_gguf_file(tmp_path):
    with pytest.raises(WeightsError, match="is a folder"):
        GGUFCheckpoint(tmp_path)


@pytest.mark.parametrize("part", [0, -1])
@pytest.mark.parametrize("options", [{}, {"small_first_shard": True}])
def test_a_split_model_reads_whole_from_any_part(tmp_path, part, options):
    checkpoint = GGUFCheckpoint(split(tmp_path, **options)[part])
    assert set(checkpoint.names()) == TENSORS.keys()
    assert checkpoint.metadata["grok.block_count"] == 2
    for name, tensor in TENSORS.items():
        same(checkpoint.tensor(name), tensor)


def test_missing_parts_are_named(tmp_path):
    parts = split(tmp_path)
    parts[1].unlink()
    with pytest.raises(MissingTensorError, match=r"lacks m-00002-of-00003\.gguf\."):
        GGUFCheckpoint(parts[0])


def test_parts_that_were_renamed_are_refused(tmp_path):
    parts = split(tmp_path)
    swapped = parts[1].read_bytes()
    parts[1].write_bytes(parts[2].read_bytes())
    parts[2].write_bytes(swapped)
    with pytest.raises(CorruptFileError, match="part 2, counted from 0; by its name it is 1"):
        GGUFCheckpoint(parts[0])


def test_a_part_without_its_number_is_refused(tmp_path):
    parts = split(tmp_path)
    with pytest.raises(CorruptFileError, match="has 3 parts; by the names"):
        GGUFCheckpoint(parts[0].rename(tmp_path / "model.gguf"))


def test_a_whole_model_under_the_name_of_a_part_is_refused(tmp_path):
    for number in (1, 2):
        write_with_library(tmp_path / f"m-0000{number}-of-00002.gguf", TENSORS)
    with pytest.raises(CorruptFileError, match="has 0 parts; by the names of its files it has 2"):
        GGUFCheckpoint(tmp_path / "m-00001-of-00002.gguf")


def part_bytes(number, infos, total=2):
    numbers = {"split.no": number, "split.count": 2, "split.tensors.count": total}
    return gguf_bytes([pair(key, UINT32, struct.pack("<I", value)) for key, value in numbers.items()], infos, bytes(32))


@pytest.mark.parametrize(
    ("second", "complaint"), [(tensor_info("a", [1]), "'a' is in m-00001"), (None, "hold 2 tensors; they hold 1")]
)
def test_parts_that_do_not_add_up_are_refused(tmp_path, second, complaint):
    (tmp_path / "m-00001-of-00002.gguf").write_bytes(part_bytes(0, [tensor_info("a", [1])]))
    (tmp_path / "m-00002-of-00002.gguf").write_bytes(part_bytes(1, [second] if second else []))
    with pytest.raises(WeightsError, match=complaint):
        GGUFCheckpoint(tmp_path / "m-00001-of-00002.gguf")


@pytest.mark.parametrize("name", ["m-00003-of-00002.gguf", "m-00000-of-00002.gguf", "m-00001-of-00000.gguf"])
def test_a_part_number_that_cannot_be_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(gguf_bytes())
    with pytest.raises(CorruptFileError, match="is no part of"):
        GGUFCheckpoint(tmp_path / name)


@pytest.fixture(scope="module")
def library_bytes(tmp_path_factory):
    few = {name: TENSORS[name] for name in ("float32", "q4_k", "vector")}
    return write_with_library(tmp_path_factory.mktemp("gguf") / "x.gguf", few, add_pairs).read_bytes()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 800), value=st.sampled_from([0, 1, 255, 2**32 - 1, 2**60, 2**64 - 1]), cut=st.booleans())
def test_a_damaged_model_gives_no_other_error(path, library_bytes, position, value, cut):
    damaged = library_bytes[:position] + value.to_bytes(8, "little") + library_bytes[position + 8 :]
    path.write_bytes(damaged[:-5000] if cut else damaged)
    with contextlib.suppress(ZaphodError):
        checkpoint = open_checkpoint(path)
        for name in checkpoint.names():
            with contextlib.suppress(ZaphodError):
                assert checkpoint.tensor(name).num_bytes == checkpoint.info(name).num_bytes
