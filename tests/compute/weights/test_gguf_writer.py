import gguf
import numpy as np
import pytest
from tests.support.gguf_files import random_tensor, write_with_library

from zaphod.compute.quant import BFLOAT16, FLOAT32, GGML_FORMATS, GGML_TYPES, Int4, Int8
from zaphod.compute.weights import PlannedTensor
from zaphod.compute.weights.gguf import GGUFCheckpoint
from zaphod.compute.weights.gguf_writer import GGUFWriter
from zaphod.core.errors import ConfigError, WeightsError

METADATA = {
    "general.architecture": "grok",
    "grok.block_count": 64,
    "grok.rope.freq_base": 10000.0,
    "tokenizer.ggml.tokens": ["<s>", "▁a", "b"],
    "tokenizer.ggml.token_type": np.array([3, 1, 1], np.int32),
    "tokenizer.ggml.scores": np.array([0, -1, -2], np.float32),
}


TENSORS = {f"blk.0.{f.name}": random_tensor(f, (2, 3, 256)) for f in GGML_TYPES.values()} | {
    "odd": random_tensor(BFLOAT16, (3,)),
    "last": random_tensor(FLOAT32, (5, 1)),
}
PLAN = [PlannedTensor(name, tensor.shape, tensor.format) for name, tensor in TENSORS.items()]


def write_all(writer, names=TENSORS):
    for name in names:
        if not writer.is_written(name):
            tensor = TENSORS[name]
            writer.write(name, list(map(tensor.__getitem__, range(2))) if len(tensor.shape) == 3 else [tensor])
    return writer


def add_pairs(writer):
    writer.add_uint32("grok.block_count", 64)
    writer.add_float32("grok.rope.freq_base", 10000.0)
    for key in METADATA:
        if key.startswith("tokenizer"):
            writer.add_array(key, list(METADATA[key]) if key.endswith("tokens") else METADATA[key].tolist())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "x.gguf"


def test_the_official_reader_reads_what_was_written(path):
    assert write_all(GGUFWriter(path, PLAN, METADATA)).finish() == [path]
    reader = gguf.GGUFReader(path)
    assert {key: reader.fields[key].contents() for key in METADATA} == {
        key: list(value) if isinstance(value, np.ndarray) else value for key, value in METADATA.items()
    }
    assert reader.fields["tokenizer.ggml.token_type"].types[-1] == gguf.GGUFValueType.INT32
    assert [tensor.name for tensor in reader.tensors] == list(TENSORS)
    for theirs in reader.tensors:
        ours = TENSORS[theirs.name]
        assert theirs.shape.tolist() == list(reversed(ours.shape))
        assert theirs.data_offset % 32 == 0
        [stored] = ours.parts.values()
        assert theirs.data.tobytes() == stored.tobytes()


def test_our_reader_reads_what_was_written(path):
    write_all(GGUFWriter(path, PLAN, METADATA)).finish()
    checkpoint = GGUFCheckpoint(path)
    assert checkpoint.names() == list(TENSORS)
    for name, tensor in TENSORS.items():
        assert checkpoint.info(name).format.name == tensor.format.name
        np.testing.assert_array_equal(checkpoint.tensor(name).decode(), tensor.decode())


def test_the_file_is_that_of_the_official_writer(path, tmp_path):
    write_all(GGUFWriter(path, PLAN[:3], METADATA), list(TENSORS)[:3]).finish()
    few = dict(list(TENSORS.items())[:3])
    theirs = write_with_library(tmp_path / "theirs.gguf", few, add_pairs)
    assert path.read_bytes() == theirs.read_bytes()


def test_an_interrupted_conversion_gives_the_same_bytes(path, tmp_path):
    write_all(GGUFWriter(path, PLAN, METADATA)).finish()
    resumed = tmp_path / "resumed.gguf"
    write_all(GGUFWriter(resumed, PLAN, METADATA), ["odd", "blk.0.q4_k"])
    second = GGUFWriter(resumed, PLAN, METADATA)
    assert [name for name in TENSORS if second.is_written(name)] == ["blk.0.q4_k", "odd"]
    write_all(second).finish()
    assert resumed.read_bytes() == path.read_bytes()
    assert not list(tmp_path.glob("*.partial*"))


def test_another_source_or_other_metadata_begins_anew(path):
    write_all(GGUFWriter(path, PLAN, METADATA, source="a"), ["odd"])
    assert GGUFWriter(path, PLAN, METADATA, source="a").is_written("odd")
    assert not GGUFWriter(path, PLAN, METADATA, source="b").is_written("odd")
    write_all(GGUFWriter(path, PLAN, METADATA), ["odd"])
    assert not GGUFWriter(path, PLAN, METADATA | {"grok.block_count": 63}).is_written("odd")


def test_nothing_appears_before_the_end(path):
    writer = write_all(GGUFWriter(path, PLAN, METADATA), ["odd"])
    with pytest.raises(WeightsError, match="not written: blk"):
        writer.finish()
    assert not path.exists()


@pytest.mark.parametrize("number_format", [Int4(), Int8(32)], ids=str)
def test_a_format_that_gguf_lacks_is_refused(path, number_format):
    with pytest.raises(ConfigError, match=f"w is planned as {number_format.name}"):
        GGUFWriter(path, [PlannedTensor("w", (2, 32), number_format)], {})


@pytest.mark.parametrize(
    ("name", "shape", "complaint"),
    [("w" * 64, (1,), "too long"), ("", (1,), "empty"), ("a\n", (1,), "unprintable"), ("w", (1,) * 5, "5 axes")],
)
def test_a_tensor_that_loaders_refuse_is_not_written(path, name, shape, complaint):
    with pytest.raises(ConfigError, match=complaint):
        GGUFWriter(path, [PlannedTensor(name, shape, FLOAT32)], {})


def test_a_shape_that_does_not_suit_the_blocks_is_refused(path):
    with pytest.raises(ConfigError, match="cannot be stored as q8_0"):
        GGUFWriter(path, [PlannedTensor("w", (2, 33), GGML_FORMATS["q8_0"])], {})


def test_the_alignment_is_not_the_callers(path):
    with pytest.raises(ConfigError, match="alignment"):
        GGUFWriter(path, [], {"general.alignment": 64})


def test_a_header_that_would_not_be_read_again_is_not_written(path):
    with pytest.raises(ConfigError, match="header takes"):
        GGUFWriter(path, [], {"k": np.zeros(1 << 26, np.uint8)})
    assert not path.parent.exists()


def test_more_keys_than_are_read_again_are_not_written(path):
    with pytest.raises(ConfigError, match="65537 keys"):
        GGUFWriter(path, [], {str(number): True for number in range(2**16 + 1)})
