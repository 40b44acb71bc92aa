import json

import numpy as np
import pytest
import safetensors.numpy
from tests.support.gguf_files import gguf_bytes
from tests.support.official_grok1 import write_checkpoint

from zaphod.compute.weights import Checkpoint, open_checkpoint
from zaphod.core.errors import CorruptFileError, UnsafeFileError, WeightsError

VALUES = {"a": np.zeros((2, 3), np.float32)}
PACKED_HEADER = {
    "format": "zaphod-packed",
    "version": "1",
    "config": "{}",
    "formats": '{"a": "float32"}',
    "shapes": '{"a": [2, 3]}',
}


def opened_format(path):
    with open_checkpoint(path) as checkpoint:
        assert isinstance(checkpoint, Checkpoint)
        return checkpoint.file_format


def test_official_grok1_is_known_by_its_files(tmp_path):
    write_checkpoint(tmp_path, num_layers=1)
    assert opened_format(tmp_path) == opened_format(tmp_path / "ckpt-0") == "grok-1"


def test_a_packed_model_is_known_by_its_header(tmp_path):
    safetensors.numpy.save_file(VALUES, tmp_path / "packed.safetensors", PACKED_HEADER)
    (tmp_path / "packed.safetensors").with_name("other").write_bytes((tmp_path / "packed.safetensors").read_bytes())
    assert opened_format(tmp_path) == opened_format(tmp_path / "other") == "packed"


def test_safetensors_are_known_by_their_content(tmp_path):
    safetensors.numpy.save_file(VALUES, tmp_path / "model.safetensors")
    (tmp_path / "blob").write_bytes((tmp_path / "model.safetensors").read_bytes())
    assert opened_format(tmp_path) == opened_format(tmp_path / "blob") == "safetensors"


def test_an_index_file_opens_its_folder(tmp_path):
    safetensors.numpy.save_file(VALUES, tmp_path / "x.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "x.safetensors"}}))
    assert opened_format(index) == "safetensors"


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\x80\x02", b"\x80\x04\x95"])
def test_a_pickle_is_refused(tmp_path, head):
    (tmp_path / "x").write_bytes(head + bytes(100))
    with pytest.raises(UnsafeFileError, match="pickle"):
        open_checkpoint(tmp_path / "x")


@pytest.mark.parametrize("content", [b"", b"GGU", b"# A model\n" * 10])
def test_a_file_of_no_known_format_is_refused(tmp_path, content):
    (tmp_path / "README.md").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"README\.md"):
        open_checkpoint(tmp_path / "README.md")


def test_nothing_at_the_path_is_said(tmp_path):
    with pytest.raises(WeightsError, match="no file or folder"):
        open_checkpoint(tmp_path / "nothing")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="safetensors"):
        open_checkpoint(tmp_path)


def test_a_gguf_model_is_known_by_its_mark(tmp_path):
    (tmp_path / "model.gguf").write_bytes(gguf_bytes())
    (tmp_path / "blob").write_bytes(gguf_bytes())
    assert opened_format(tmp_path) == opened_format(tmp_path / "blob") == "gguf"


def test_two_gguf_models_in_a_folder_are_refused(tmp_path):
    for name in ("a.gguf", "b-00001-of-00002.gguf", "b-00002-of-00002.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match="2 GGUF models"):
        open_checkpoint(tmp_path)
