"""Our view of weights: official files bit by bit, layouts of several ages, every way in which a file can be wrong."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.support.fake_checkpoint import FakeCheckpoint
from tests.support.tiny_models import open_tiny, tiny_config, values

from zaphod.compute.weights import open_checkpoint
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError
from zaphod.model.families import preset
from zaphod.model.files.conversion import convert
from zaphod.model.files.gguf import config_to_gguf
from zaphod.model.files.names import GGUF_LAYOUTS, OFFICIAL_GROK_1, their_names
from zaphod.model.files.transforms import their_shape
from zaphod.model.files.weights import ModelWeights, open_model, read_config
from zaphod.model.shapes import parameter_shapes


@pytest.fixture
def mixtral(tmp_path):
    """A tiny Mixtral as a Hugging Face folder."""
    with open_tiny(tmp_path / "source", "mixtral") as weights:
        convert(weights, "safetensors", tmp_path / "mixtral")
    return tmp_path / "mixtral"


def edit(folder, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_official_int8_is_seen_as_int8_with_its_own_scales(official_grok1):
    with open_model(official_grok1) as weights, open_checkpoint(official_grok1) as files:
        stored = files.tensor("transformer/decoder_layer_10/moe/linear_1/w")
        down = weights.piece("layers.10.moe.experts.down", 3)
        assert weights.format("layers.10.moe.experts.down").name == "int8:block=22,scales=bfloat16,axis=-1"
    weight, scales = np.asarray(stored.parts["weight"][3]), np.asarray(stored.parts["scales"][3]).astype(np.float32)
    assert np.array_equal(down.parts["weight"], weight.T)
    expected = (weight.reshape(8, 22, -1) * scales[:, None, :]).reshape(weight.shape)
    np.testing.assert_array_equal(down.decode(), expected.T)


def test_the_official_names_follow_the_published_tree(official_grok1):
    listed = json.loads((official_grok1 / "tensors.json").read_text())
    with open_model(official_grok1) as weights:
        assert len(listed) == len(weights.checkpoint.names())
        assert weights.layout == "official Grok-1"
        assert weights.num_pieces("layers.0.moe.experts.up") == 8
        assert weights.num_pieces("embedding.weight") == 1


def test_bytes_are_those_of_the_stored_format(official_grok1):
    with open_model(official_grok1) as weights:
        assert weights.num_bytes("norm.weight") == 4 * 32
        assert weights.num_bytes("layers.0.moe.experts.down") == 8 * (32 * 176 + 2 * 8 * 32)


def official_shapes(config):
    for name, shape in parameter_shapes(config).items():
        rule, layer = OFFICIAL_GROK_1.rules_for(name)[0]
        yield their_names(rule, layer, 8)[0], their_shape(rule.transform, shape)


def test_the_release_without_a_config_is_known_by_its_tensors():
    config = preset("grok-1").config
    checkpoint = FakeCheckpoint("grok-1", official_shapes(config))
    assert len(checkpoint.names()) == 770
    assert read_config(checkpoint) == config
    assert ModelWeights(checkpoint, config).piece("layers.63.moe.experts.down", 7).shape == (6144, 32768)


def test_another_official_checkpoint_needs_a_config():
    checkpoint = FakeCheckpoint("grok-1", official_shapes(tiny_config("grok-1")))
    with pytest.raises(ConfigError, match=r"no config\.json"):
        read_config(checkpoint)


def test_a_folder_without_a_config_is_refused_unless_one_is_given(mixtral):
    config = open_model(mixtral).config
    (mixtral / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"no config\.json"):
        open_model(mixtral)
    assert open_model(mixtral, config).config == config


def test_a_missing_tensor_is_named_as_the_file_would_name_it(mixtral):
    edit(mixtral, lambda tensors: tensors.pop("model.layers.1.block_sparse_moe.experts.3.w2.weight"))
    with pytest.raises(MissingTensorError, match=r"layers\.1\.block_sparse_moe\.experts\.3\.w2\.weight"):
        open_model(mixtral)


def test_many_missing_tensors_are_counted(mixtral):
    edit(mixtral, lambda tensors: [tensors.pop(name) for name in list(tensors) if "layers.1" in name])
    with pytest.raises(MissingTensorError, match="and 14 more"):
        open_model(mixtral)


def test_a_surplus_tensor_is_named(mixtral):
    edit(mixtral, lambda tensors: tensors.update({"model.layers.0.self_attn.sinks": np.zeros(4, np.float32)}))
    with pytest.raises(MissingTensorError, match=r"no place in the model.*self_attn\.sinks"):
        open_model(mixtral)


def test_a_stored_rotary_table_is_no_surplus(mixtral):
    table = {"model.layers.0.self_attn.rotary_emb.inv_freq": np.zeros(4, np.float32)}
    edit(mixtral, lambda tensors: tensors.update(table))
    open_model(mixtral)


def test_a_tensor_of_another_shape_is_named_with_both_shapes(mixtral):
    edit(mixtral, lambda tensors: tensors.update({"lm_head.weight": np.zeros((41, 64), np.float32)}))
    with pytest.raises(MissingTensorError, match=r"lm_head.weight' is \[41, 64\] instead of \[40, 64\]"):
        open_model(mixtral)


def test_names_of_no_known_layout_are_refused(mixtral):
    def rename(tensors):
        for name in list(tensors):
            tensors[f"backbone.{name}"] = tensors.pop(name)

    edit(mixtral, rename)
    with pytest.raises(ConfigError, match=r"unknown way.*backbone"):
        open_model(mixtral)


def test_a_tied_head_that_is_stored_all_the_same_is_passed_over(tmp_path):
    with open_tiny(tmp_path / "source", "granite-moe") as weights:
        convert(weights, "safetensors", tmp_path / "granite")
        expected = values(weights)["embedding.weight"]
    edit(tmp_path / "granite", lambda tensors: tensors.update({"lm_head.weight": np.zeros((40, 64), np.float32)}))
    with open_model(tmp_path / "granite") as weights:
        assert "head.weight" not in weights.names()
        np.testing.assert_array_equal(values(weights)["embedding.weight"], expected)


def test_another_config_is_held_against_the_tensors(mixtral):
    with open_model(mixtral) as weights:
        assert weights.with_config(tiny_config("mixtral", final_softcap=30.0)).config.final_softcap == 30.0
        with pytest.raises(MissingTensorError, match=r"layers\.2"):
            weights.with_config(tiny_config("mixtral", num_layers=3))


def test_a_file_that_became_shorter_is_refused_when_read(mixtral):
    with open_model(mixtral) as weights:
        content = (mixtral / "model.safetensors").read_bytes()
        (mixtral / "model.safetensors").write_bytes(content[: len(content) // 2])
        with pytest.raises(CorruptFileError):
            values(weights)


def test_a_tensor_that_the_layout_has_no_name_for_is_missing(mixtral):
    with open_model(mixtral) as weights, pytest.raises(MissingTensorError, match=r"layers\.0\.post_attention_norm"):
        weights.with_config(tiny_config("mixtral", norms="sandwich"))


def gguf_shapes(config, wanted: dict[str, int] | None = None) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a GGUF file; `wanted` chooses another than the first rule of a tensor."""
    layout = GGUF_LAYOUTS[config_to_gguf(config, "tiny")["general.architecture"]]
    shapes = {}
    for name, shape in parameter_shapes(config).items():
        ending = name.split(".", 2)[-1]
        rule, layer = layout.rules_for(name)[(wanted or {}).get(ending, 0)]
        for theirs in their_names(rule, layer, 4):
            shapes[theirs] = their_shape(rule.transform, shape[1:] if rule.is_per_expert else shape)
    return shapes


def gguf_file(family, shapes=None, **keys) -> FakeCheckpoint:
    config = tiny_config(family)
    return FakeCheckpoint("gguf", shapes or gguf_shapes(config), config_to_gguf(config, "tiny") | keys)


@pytest.mark.parametrize(
    "wanted",
    [
        {"moe.experts.gate": 1, "moe.experts.up": 1, "moe.experts.down": 1},
        {"moe.experts.gate": 2, "moe.experts.up": 2},
        {"post_ffn_norm.weight": 1},
    ],
)
def test_older_and_newer_gguf_names_of_grok_are_read(wanted):
    shapes = gguf_shapes(tiny_config("grok-1"), wanted)
    checkpoint = gguf_file("grok-1", shapes)
    weights = ModelWeights(checkpoint, read_config(checkpoint))
    assert all(piece.shape == (32, 64) for piece in weights.pieces("layers.1.moe.experts.gate"))


def test_rope_tables_in_a_grok_file_are_passed_over():
    extra = {"rope_freqs.weight": (4,), "blk.0.attn_rot_embd.weight": (4,)}
    checkpoint = gguf_file("grok-1", gguf_shapes(tiny_config("grok-1")) | extra)
    ModelWeights(checkpoint, read_config(checkpoint))


def test_rope_factors_in_a_llama_file_are_not():
    checkpoint = gguf_file("mixtral", gguf_shapes(tiny_config("mixtral")) | {"rope_freqs.weight": (4,)})
    with pytest.raises(MissingTensorError, match="rope_freqs"):
        ModelWeights(checkpoint, read_config(checkpoint))


@pytest.mark.parametrize(
    ("extra", "reason"), [("blk.0.attn_qkv.weight", "fused"), ("blk.0.ffn_up_exps.scale", "scales beside")]
)
def test_fused_projections_and_separate_scales_are_refused_with_the_reason(extra, reason):
    shapes = gguf_shapes(tiny_config("grok-2")) | {extra: (128, 64)}
    checkpoint = gguf_file("grok-2", shapes)
    with pytest.raises(ConfigError, match=reason):
        ModelWeights(checkpoint, read_config(checkpoint))


def test_a_fused_projection_is_named_even_where_its_parts_are_missing():
    shapes = gguf_shapes(tiny_config("grok-1")) | {"blk.0.attn_qkv.weight": (128, 64)}
    del shapes["blk.0.attn_q.weight"]
    checkpoint = gguf_file("grok-1", shapes)
    with pytest.raises(ConfigError, match="fused"):
        ModelWeights(checkpoint, read_config(checkpoint))


def test_an_unknown_gguf_architecture_is_refused_even_with_a_config():
    checkpoint = gguf_file("mixtral", **{"general.architecture": "gptneox"})
    with pytest.raises(ConfigError, match="gptneox"):
        ModelWeights(checkpoint, tiny_config("mixtral"))


def test_the_file_is_closed_where_opening_fails(official_grok1, tmp_path, monkeypatch):
    closed = []
    checkpoint = FakeCheckpoint("safetensors", {"x": (1,)})
    checkpoint.close = lambda: closed.append(True)
    monkeypatch.setattr("zaphod.model.files.weights.open_checkpoint", lambda path: checkpoint)
    with pytest.raises(ConfigError):
        open_model(tmp_path)
    assert closed


def test_an_official_checkpoint_that_lacks_a_file_is_refused(official_grok1, tmp_path):
    shutil.copytree(official_grok1 / "ckpt-0", tmp_path / "ckpt-0")
    shutil.copy(official_grok1 / "config.json", tmp_path)
    (tmp_path / "ckpt-0" / "tensor00017_000").unlink()
    with pytest.raises(MissingTensorError, match="tensor00017_000"):
        open_model(tmp_path)
