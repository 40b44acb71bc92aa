"""Weights for the compiled network: tiles of a packed file are used where they lie, and give the same bits."""

import gc

import numpy as np
import pytest
from tests.support.tiny_models import open_tiny, tiny_config, write_tiny

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import CorruptFileError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.native_runner import NativeRunner
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.native import load_native, matrix_sizes

pytestmark = pytest.mark.skipif(not dispatch.native_is_available(), reason="the kernels are not compiled")

FORMATS = ["float32", "bfloat16", "int8", "int8-channel", "int4", "q8_0", "q4_0"]


def pack(tmp_path, quantization, family="grok-1", **changes):
    with open_tiny(tmp_path / "source", family, **changes) as source:
        convert(source, "packed", tmp_path / "packed", quantization)
    return tmp_path / "packed"


def logits(weights, tokens=(1, 5, 9, 2)):
    runner = NativeRunner(weights, num_blocks=2)
    return runner.forward(assemble([Scheduled(tokens, 0, (0,), num_logits=len(tokens))], 32)).copy()


@pytest.mark.parametrize("quantization", FORMATS)
def test_every_matrix_of_a_packed_model_is_used_in_place(quantization, tmp_path):
    with open_model(pack(tmp_path, quantization)) as weights:
        loaded = load_native(weights)
        assert loaded.copied_bytes == 0
        assert loaded.mapped_bytes == sum(size.num_bytes for size in matrix_sizes(weights).values())
        assert loaded.files.keys() == loaded.matrices.keys()


@pytest.mark.parametrize("quantization", FORMATS)
def test_tiles_in_place_give_the_bits_of_tiles_that_are_copied(quantization, tmp_path):
    with open_model(pack(tmp_path, quantization)) as weights:
        mapped, copied = load_native(weights), load_native(weights, in_place=False)
    assert (copied.mapped_bytes, copied.files) == (0, {})
    assert copied.num_bytes == copied.copied_bytes == mapped.num_bytes
    assert copied.formats == mapped.formats
    assert np.array_equal(logits(mapped), logits(copied))


@pytest.mark.parametrize("quantization", ["q8_0", "q4_0", "bfloat16"])
def test_tiles_from_a_file_give_the_bits_of_tiles_that_are_made(quantization, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "gguf", tmp_path / "model.gguf", quantization)
    with open_model(tmp_path / "model.gguf") as source:
        convert(source, "packed", tmp_path / "packed")
        made = load_native(source)
    with open_model(tmp_path / "packed") as weights:
        stored = load_native(weights)
    assert made.mapped_bytes == stored.copied_bytes == 0
    assert made.formats == stored.formats
    assert np.array_equal(logits(made), logits(stored))


def test_official_int8_gives_the_same_bits_packed(official_grok1, tmp_path):
    with open_model(official_grok1) as source:
        convert(source, "packed", tmp_path / "packed")
        made = load_native(source)
    with open_model(tmp_path / "packed") as weights:
        stored = load_native(weights)
    assert stored.mapped_bytes > 0
    assert np.array_equal(logits(made), logits(stored))


def test_each_expert_is_one_run_of_bytes_in_the_file(tmp_path):
    with open_model(pack(tmp_path, "int4")) as weights:
        loaded = load_native(weights)
        stack = weights.checkpoint.tensor("layers.1.moe.experts.down")
        for expert in range(4):
            place = loaded.files[f"layers.1.moe.experts.down.{expert}"]
            assert place.offset % 64 == 0
            content = place.path.read_bytes()[place.offset : place.offset + place.num_bytes]
            assert content == stack.parts["tiles"][expert].tobytes()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_another_precision_is_made_from_tiles(precision, tmp_path):
    with open_model(pack(tmp_path, None)) as weights:
        exact = logits(load_native(weights, precision="float32"))
        loaded = load_native(weights, precision=precision)
    assert (loaded.copied_bytes == 0) == (precision == "float32")
    np.testing.assert_allclose(logits(loaded), exact, atol=0.05 * np.abs(exact).max())


def test_four_bits_can_be_widened(tmp_path):
    with open_model(pack(tmp_path, "int4")) as weights:
        narrow, wide = load_native(weights), load_native(weights, precision="float32")
    assert wide.formats.keys() == {"float32"}
    assert wide.copied_bytes > narrow.num_bytes
    want = logits(wide)
    np.testing.assert_allclose(logits(narrow), want, atol=0.1 * np.abs(want).max())


def test_the_map_lives_as_long_as_the_weights(tmp_path):
    path = pack(tmp_path, "int8")
    with open_model(path) as weights:
        loaded = load_native(weights)
    want = logits(loaded)
    del weights
    (path / "packed.safetensors").unlink()
    gc.collect()
    assert np.array_equal(logits(loaded), want)


def test_a_model_that_is_not_packed_is_copied(tmp_path):
    with open_model(write_tiny(tmp_path, tiny_config("mixtral"))) as weights:
        loaded = load_native(weights)
    assert loaded.mapped_bytes == 0
    assert loaded.copied_bytes == loaded.num_bytes


def test_tiles_that_another_program_wrote_unaligned_are_copied(tmp_path):
    path = pack(tmp_path, "int8") / "packed.safetensors"
    with open_model(path) as weights:
        want = logits(load_native(weights))
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    shifted = (length + 1).to_bytes(8, "little") + content[8 : 8 + length] + b" " + content[8 + length :]
    path.write_bytes(shifted)
    with open_model(path) as weights:
        loaded = load_native(weights)
    assert loaded.mapped_bytes == 0
    assert np.array_equal(logits(loaded), want)


def test_a_file_that_became_shorter_is_refused(tmp_path):
    path = pack(tmp_path, "int8") / "packed.safetensors"
    with open_model(path) as weights:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(CorruptFileError, match="shorter"):
            load_native(weights)
