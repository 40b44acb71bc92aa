"""Conversions: nothing lost where nothing must be, what is lost is measured, what is interrupted goes on."""

import dataclasses
import json
import shutil
import tracemalloc
from contextlib import contextmanager

import gguf
import numpy as np
import pytest
from tests.support import grok2
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config, values

from zaphod.capacity.parameters import weight_bytes
from zaphod.compute.quant.tiled import untiled
from zaphod.compute.weights import open_checkpoint
from zaphod.core.errors import CapacityError, ConfigError
from zaphod.model.families import FAMILIES
from zaphod.model.files.conversion import convert
from zaphod.model.files.conversion_plan import QUANTIZATIONS
from zaphod.model.files.weights import open_model
from zaphod.model.shapes import part_of

TARGETS = {"packed": "packed", "safetensors": "folder", "gguf": "model.gguf"}
POSSIBLE = [
    (family, target)
    for family in PRESET_OF_FAMILY
    for target in TARGETS
    if target != "gguf" or FAMILIES[family].gguf_architecture
]


@pytest.mark.parametrize(("family", "target"), POSSIBLE)
def test_what_is_written_is_read_again(family, target, tmp_path):
    out = tmp_path / TARGETS[target]
    with open_tiny(tmp_path / "source", family) as source:
        report = convert(source, target, out)
        with open_model(out) as copy:
            assert copy.config == source.config
            before, after = values(source), values(copy)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert report.is_lossless
    assert report.files[0].exists()


@pytest.mark.parametrize("family", ["grok-1", "mixtral", "granite-moe"])
def test_a_chain_through_all_formats_comes_back_to_the_same_bytes(family, tmp_path):
    open_tiny(tmp_path / "source", family)
    path = tmp_path / "source"
    for number, target in enumerate(["packed", "gguf", "safetensors", "gguf", "packed"]):
        out = tmp_path / (f"{number}.gguf" if target == "gguf" else str(number))
        with open_model(path) as weights:
            convert(weights, target, out)
        path = out
    first, last = (folder / "packed.safetensors" for folder in (tmp_path / "0", path))
    assert last.read_bytes() == first.read_bytes()


def test_official_int8_and_its_scales_are_packed_bit_by_bit(official_grok1, tmp_path):
    with open_model(official_grok1) as source:
        report = convert(source, "packed", tmp_path / "packed")
        with open_model(tmp_path / "packed") as copy:
            for name in source.names():
                for before, after in zip(source.pieces(name), map(untiled, copy.pieces(name)), strict=True):
                    assert before.format.name == after.format.name
                    assert all(np.array_equal(before.parts[part], after.parts[part]) for part in before.parts)
    assert report.is_lossless
    assert (tmp_path / "packed" / "tokenizer.model").exists()


def test_official_int8_becomes_bfloat16_for_hugging_face(official_grok1, tmp_path):
    with open_model(official_grok1) as source:
        report = convert(source, "safetensors", tmp_path / "folder")
        exact = values(source)["layers.3.moe.experts.up"]
    with open_model(tmp_path / "folder") as copy:
        assert copy.layout == "hpcai-tech/grok-1"
        found = values(copy)["layers.3.moe.experts.up"]
    np.testing.assert_allclose(found, exact, rtol=2**-8)
    assert 0 < report.relative_errors["experts"] < 2**-8


@pytest.mark.parametrize(
    ("target", "quantization", "bound"),
    [
        ("packed", "int8", 0.01),
        ("packed", "int8-channel", 0.02),
        ("packed", "int4", 0.12),
        ("packed", "q4_0", 0.12),
        ("gguf", "q8_0", 0.01),
        ("gguf", "q4_0", 0.12),
        ("safetensors", "float16", 0.001),
        ("safetensors", "bfloat16", 0.004),
    ],
)
def test_quantising_loses_no_more_than_its_bound_and_says_how_much(target, quantization, bound, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        report = convert(source, target, tmp_path / TARGETS[target], quantization)
        with open_model(tmp_path / TARGETS[target]) as copy:
            before, after = values(source), values(copy)
    for part in ("experts", "attention"):
        names = [name for name in before if part_of(name) == part]
        error = sum(((after[name] - before[name]) ** 2).sum() for name in names)
        signal = sum((before[name] ** 2).sum() for name in names)
        assert report.relative_errors[part] == pytest.approx(np.sqrt(error / signal), rel=1e-3)
        assert 0 < report.relative_errors[part] < bound
    assert not report.is_lossless


@pytest.mark.parametrize("quantization", ["float32", "bfloat16", "int8", "int4", "q8_0", "q4_0"])
@pytest.mark.parametrize("family", ["grok-1", "grok-2", "olmoe", "zaphod"])
def test_the_file_has_the_size_that_was_foretold(family, quantization, tmp_path):
    moe = tiny_config(family).moe
    moe = dataclasses.replace(moe, router=dataclasses.replace(moe.router, num_experts=16), expert_size=64)
    moe = dataclasses.replace(moe, shared_expert_size=2 * moe.shared_expert_size)
    # Sizes that fill whole tiles: those of real models do.
    whole = {"vocab_size": 48, "moe": moe, "dense_size": 128 if tiny_config(family).dense_size else 0}
    with open_tiny(tmp_path / "source", family, **whole) as source:
        report = convert(source, "packed", tmp_path / "packed", quantization)
        assert report.written_bytes == weight_bytes(source.config, quantization)


def test_packed_matrices_lie_in_the_order_of_the_kernels(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "packed", tmp_path / "packed", "int4")
    with open_model(tmp_path / "packed") as copy:
        assert copy.format("layers.0.moe.experts.up").name == "int4-tiles"
        assert copy.format("head.weight").name == "int8-tiles"
        assert copy.format("layers.0.moe.router.weight").name == "float32-tiles"
        assert copy.format("norm.weight").name == "float32"


def test_what_has_no_tiles_is_packed_row_by_row(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "packed", tmp_path / "packed", "float16")
    with open_model(tmp_path / "packed") as copy:
        assert copy.format("layers.0.moe.experts.up").name == "float16"


@pytest.mark.parametrize("quantization", ["int8", "int8-channel", "int4", "q8_0", "q4_0", "bfloat16", None])
def test_a_packed_copy_of_a_packed_model_is_the_same_file(quantization, tmp_path):
    with open_tiny(tmp_path / "source", "olmoe") as source:
        first = convert(source, "packed", tmp_path / "first", quantization)
    with open_model(tmp_path / "first") as source:
        second = convert(source, "packed", tmp_path / "second")
    assert second.is_lossless
    assert first.files[0].read_bytes() == second.files[0].read_bytes()


@pytest.mark.parametrize("quantization", ["q8_0", "q4_0"])
def test_blocks_come_back_from_tiles_bit_by_bit(quantization, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "gguf", tmp_path / "first.gguf", quantization)
    with open_model(tmp_path / "first.gguf") as source:
        assert convert(source, "packed", tmp_path / "packed").is_lossless
    with open_model(tmp_path / "packed") as source:
        assert convert(source, "gguf", tmp_path / "again.gguf").is_lossless
    with open_model(tmp_path / "first.gguf") as before, open_model(tmp_path / "again.gguf") as after:
        for name in before.names():
            for one, other in zip(before.pieces(name), after.pieces(name), strict=True):
                assert all(np.array_equal(one.parts[part], other.parts[part]) for part in one.parts)


@pytest.mark.parametrize(("quantization", "vocabulary"), [("int4", "int8"), ("q4_0", "q8_0"), ("int8", "int8")])
def test_small_tensors_stay_exact_and_the_vocabulary_gets_eight_bits(quantization, vocabulary, tmp_path):
    with open_tiny(tmp_path / "source", "grok-2") as source:
        report = convert(source, "packed", tmp_path / "packed", quantization)
    formats = {entry.name: entry.written_format for entry in report.ledger}
    assert formats.pop("embedding.weight") == formats.pop("head.weight") == vocabulary
    small = [name for name in formats if "norm" in name or "router" in name]
    assert {formats.pop(name) for name in small} == {"float32"}
    assert set(formats.values()) == {quantization}


def test_a_selection_bias_and_a_gate_stay_in_float32(tmp_path):
    config = tiny_config("zaphod")
    gated = dataclasses.replace(config.moe, shared_expert_gate=True)
    with open_tiny(tmp_path / "source", "zaphod", moe=gated) as source:
        report = convert(source, "packed", tmp_path / "packed", "int4")
    formats = {entry.name: entry.written_format for entry in report.ledger}
    assert formats["layers.0.moe.router.selection_bias"] == formats["layers.1.moe.shared_gate.weight"] == "float32"
    assert formats["layers.1.moe.shared.up_proj.weight"] == "int4"


@pytest.mark.parametrize(
    ("quantization", "instead"), [("int8", "int8-channel"), ("int4", "int8-channel"), ("q8_0", "bfloat16")]
)
def test_rows_that_are_no_whole_number_of_blocks_get_a_format_without_blocks(quantization, instead, tmp_path):
    moe = dataclasses.replace(tiny_config("mixtral").moe, expert_size=48)
    with open_tiny(tmp_path / "source", "mixtral", moe=moe) as source:
        report = convert(source, "packed", tmp_path / "packed", quantization)
    formats = {entry.name: entry.written_format for entry in report.ledger}
    assert formats["layers.0.moe.experts.down"] == instead
    assert formats["layers.0.moe.experts.up"] == quantization


def test_what_is_stored_in_blocks_stays_or_goes_to_the_nearest(tmp_path):
    def formats(report):
        return {entry.written_format for entry in report.ledger if part_of(entry.sources[0]) == "experts"}

    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "packed", tmp_path / "int4", "int4")
        convert(source, "gguf", tmp_path / "q4_0.gguf", "q4_0")
    with open_model(tmp_path / "int4") as source:
        assert formats(convert(source, "packed", tmp_path / "copy")) == {"int4"}
        assert formats(convert(source, "gguf", tmp_path / "copy.gguf")) == {"q8_0"}
        assert formats(convert(source, "safetensors", tmp_path / "folder")) == {"bfloat16"}
    with open_model(tmp_path / "q4_0.gguf") as source:
        report = convert(source, "packed", tmp_path / "from-gguf")
        assert formats(report) == {"q4_0"}
        assert report.is_lossless


def test_gguf_norms_and_routers_are_float32_as_loaders_want_them(tmp_path):
    with open_tiny(tmp_path / "source", "qwen3-moe") as source:
        convert(source, "safetensors", tmp_path / "folder", "bfloat16")
    with open_model(tmp_path / "folder") as source:
        convert(source, "gguf", tmp_path / "model.gguf")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["blk.0.ffn_gate_inp.weight"] == types["blk.0.attn_q_norm.weight"] == "F32"
    assert types["blk.0.ffn_up_exps.weight"] == "BF16"


def test_the_gguf_package_reads_what_is_written(tmp_path):
    with open_tiny(tmp_path / "source", "grok-1") as source:
        convert(source, "gguf", tmp_path / "model.gguf", "q8_0")
        gate = values(source)["layers.1.moe.experts.gate"]
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    [tensor] = [tensor for tensor in reader.tensors if tensor.name == "blk.1.ffn_gate_exps.weight"]
    assert tensor.shape.tolist() == [64, 32, 4]
    found = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(4, 32, 64)
    assert np.abs(found - gate).max() <= np.abs(gate).max() / 127
    assert reader.fields["general.quantization_version"].contents() == 2
    assert reader.fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0


def test_llama_files_hold_the_rows_in_llama_cpps_order(tmp_path):
    """The formula of llama.cpp's converter, LlamaModel.permute."""
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "gguf", tmp_path / "model.gguf")
        query = values(source)["layers.0.attention.q_proj.weight"]
        key = values(source)["layers.0.attention.k_proj.weight"]
    with open_checkpoint(tmp_path / "model.gguf") as file:
        for name, heads, weight in (("attn_q", 8, query), ("attn_k", 4, key)):
            permuted = weight.reshape(heads, 2, 4, 64).swapaxes(1, 2).reshape(weight.shape)
            np.testing.assert_array_equal(file.tensor(f"blk.0.{name}.weight").decode(), permuted)


def test_the_slices_of_grok_2_are_joined_expert_by_expert(tmp_path):
    tensors = grok2.random_weights(seed=1)
    grok2.write_release(tmp_path / "grok-2", tensors)
    with open_model(tmp_path / "grok-2") as source:
        convert(source, "safetensors", tmp_path / "merged")
    with open_checkpoint(tmp_path / "merged") as merged:
        assert set(merged.names()) == set(tensors)
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(merged.tensor(name).decode(), tensor.float().numpy())


class KilledError(Exception):
    """Stands for what ends a run in the middle."""


class StopAfter:
    """Progress that ends the run after some tensors."""

    def __init__(self, count):
        self.left = count

    @contextmanager
    def step(self, label, total, unit="B"):
        def advance(amount):
            self.left -= 1
            if not self.left:
                raise KilledError

        yield advance


@pytest.mark.parametrize(("target", "out"), TARGETS.items())
def test_an_interrupted_conversion_goes_on_where_it_stopped(target, out, tmp_path):
    quantization = "bfloat16"
    with open_tiny(tmp_path / "source", "grok-2") as source:
        whole = convert(source, target, tmp_path / "whole" / out, quantization)
        with pytest.raises(KilledError):
            convert(source, target, tmp_path / "again" / out, quantization, StopAfter(7))
        report = convert(source, target, tmp_path / "again" / out, quantization)
    assert report.num_resumed == 7
    assert report.ledger == whole.ledger
    assert report.files[0].read_bytes() == whole.files[0].read_bytes()


def test_another_source_is_not_taken_for_the_interrupted_one(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source, pytest.raises(KilledError):
        convert(source, "packed", tmp_path / "packed", None, StopAfter(7))
    with open_tiny(tmp_path / "source", "mixtral", rope_theta=5e5) as other:
        assert convert(other, "packed", tmp_path / "packed").num_resumed == 0


class Recorder:
    """Progress that remembers."""

    @contextmanager
    def step(self, label, total, unit="B"):
        self.total, self.done = total, 0.0

        def advance(amount):
            self.done += amount

        yield advance


def test_progress_counts_the_bytes_that_are_written(tmp_path):
    recorder = Recorder()
    with open_tiny(tmp_path / "source", "mixtral") as source:
        report = convert(source, "packed", tmp_path / "packed", "int8", recorder)
    assert recorder.done == recorder.total == report.written_bytes


def test_one_expert_is_in_memory_at_a_time(tmp_path):
    moe = dataclasses.replace(tiny_config("mixtral").moe, expert_size=4096)
    router = dataclasses.replace(moe.router, num_experts=32)
    with open_tiny(tmp_path / "source", "mixtral", num_layers=1, moe=dataclasses.replace(moe, router=router)) as source:
        stack_bytes = source.num_bytes("layers.0.moe.experts.up")
        tracemalloc.start()
        convert(source, "packed", tmp_path / "packed", "int8")
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < stack_bytes / 3


def test_the_report_is_complete(tmp_path):
    with open_tiny(tmp_path / "source", "granite-moe") as source:
        report = convert(source, "safetensors", tmp_path / "folder", "bfloat16")
    fused = [entry for entry in report.ledger if "input_linear" in entry.name]
    assert fused[0].sources == ("layers.0.moe.experts.gate", "layers.0.moe.experts.up")
    assert (fused[0].stored_format, fused[0].written_format) == ("float32", "bfloat16")
    assert fused[0].written_bytes == 4 * 64 * 64 * 2
    assert report.num_resumed == 0


def test_our_own_shapes_travel_in_a_hugging_face_folder(tmp_path):
    with open_tiny(tmp_path / "source", "zaphod") as source:
        convert(source, "safetensors", tmp_path / "folder")
    config_json = json.loads((tmp_path / "folder" / "config.json").read_text())
    assert config_json["architectures"] == ["ZaphodForCausalLM"]
    assert open_model(tmp_path / "folder").config == tiny_config("zaphod")


@pytest.mark.parametrize("target", QUANTIZATIONS)
def test_a_quantisation_that_a_target_cannot_hold_is_refused_with_those_it_can(target, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source, pytest.raises(ConfigError, match="It holds float32"):
        convert(source, target, tmp_path / TARGETS[target], "nf4")


def test_an_unknown_target_is_refused(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source, pytest.raises(ConfigError, match="no target 'onnx'"):
        convert(source, "onnx", tmp_path / "out")


def test_a_family_without_a_gguf_architecture_is_refused(tmp_path):
    with (
        open_tiny(tmp_path / "source", "zaphod") as source,
        pytest.raises(ConfigError, match="be written as gguf"),
    ):
        convert(source, "gguf", tmp_path / "model.gguf")


def test_a_family_that_nobody_knows_can_only_be_packed(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as opened:
        source = opened.with_config(dataclasses.replace(opened.config, family="gpt"))
        convert(source, "packed", tmp_path / "packed")
        with pytest.raises(ConfigError, match="'gpt' cannot be written as safetensors"):
            convert(source, "safetensors", tmp_path / "folder")


def test_a_tensor_that_a_layout_has_no_place_for_is_named(tmp_path):
    moe = dataclasses.replace(tiny_config("mixtral").moe, shared_expert_size=32)
    with open_tiny(tmp_path / "source", "mixtral", moe=moe) as source, pytest.raises(ConfigError, match=r"moe\.shared"):
        convert(source, "safetensors", tmp_path / "folder")


def test_a_setting_that_the_target_cannot_say_is_refused_before_anything_is_written(tmp_path):
    with open_tiny(tmp_path / "source", "mixtral", final_softcap=30.0) as source:
        for target, out in (("safetensors", "folder"), ("gguf", "model.gguf")):
            with pytest.raises(ConfigError, match="final_softcap"):
                convert(source, target, tmp_path / out)
            assert not (tmp_path / out).exists()


@pytest.mark.parametrize("name", ["model", "model.bin"])
def test_a_gguf_file_must_be_named_so(name, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source, pytest.raises(ConfigError, match=r"end in \.gguf"):
        convert(source, "gguf", tmp_path / name)


@pytest.mark.parametrize(("target", "out"), TARGETS.items())
def test_a_model_is_not_written_onto_itself(target, out, tmp_path):
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, target, tmp_path / out)
    with open_model(tmp_path / out) as copy, pytest.raises(ConfigError, match="is the model itself"):
        convert(copy, target, tmp_path / out)


def test_a_full_disk_is_noticed_before_the_work(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with open_tiny(tmp_path / "source", "mixtral") as source, pytest.raises(CapacityError, match=r"1\.00 kB left"):
        convert(source, "packed", tmp_path / "packed")
