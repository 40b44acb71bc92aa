"""Merged weights compute what the adapter computes, in memory and in files; nothing is dropped on the way."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.adapted import adapted_tiny, shaken, token_ids
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError
from zaphod.model.attention import WholeSequences
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.transformer import Transformer
from zaphod.testing import tiny_model
from zaphod.training.adaptation.changes import Changes, changes_from, read_changes
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.merging import ChangedWeights, merged
from zaphod.training.adaptation.model import AdaptedModel, adapt
from zaphod.training.adaptation.source import FromFiles

KINDS = [{}, {"is_decomposed": True}, {"router": "train"}, {"router": "adapt"}, {"targets": ("experts.up", "o_proj")}]


def changes_of(model: AdaptedModel) -> Changes:
    return changes_from(model.learnt(), model.config.scale)


def logits(network: Transformer, seed: int, **options) -> torch.Tensor:
    ids_T = token_ids(seed=seed).reshape(-1)
    return network(ids_T, torch.arange(17).repeat(3), WholeSequences(3), **options)


def close(got, want, tolerance=1e-4):
    assert (got - want).abs().max() <= tolerance * want.abs().max()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 9), st.booleans(), st.integers(0, 999))
def test_complaint_03_merged_logits_are_the_adapters_logits(kind, rank, is_rank_stabilised, seed):
    model = shaken(adapted_tiny(rank=rank, alpha=2.0, is_rank_stabilised=is_rank_stabilised, **kind), seed)
    routing: list[Routing] = []
    want = logits(model.network, seed, routing=routing)
    with merged(tiny_model(), changes_of(model)) as network:
        close(logits(network, seed, routing_given=routing), want)  # a choice on a knife's edge is not what is asked


def test_unmerging_in_memory_restores_every_bit():
    network, before = tiny_model(), tiny_model().state_dict()
    with merged(network, changes_of(shaken(adapted_tiny(router="train")))):
        assert not torch.equal(network.layers[0].moe.experts.up, before["layers.0.moe.experts.up"])
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def wrong(changes: Changes, name: str, **parts) -> Changes:
    return Changes(updates={**changes.updates, name: dataclasses.replace(changes.updates[name], **parts)})


@pytest.mark.parametrize(
    "break_it",
    [
        lambda c, n: wrong(c, n, a=c.updates[n].a[:, :, :-1]),
        lambda c, n: wrong(c, n, b=c.updates[n].b[:-1]),
        lambda c, n: wrong(c, n, b=c.updates[n].b[:, :, :-1]),
        lambda c, n: wrong(c, n, a=c.updates[n].a[0], b=c.updates[n].b[0]),
        lambda c, n: wrong(c, n, lengths=np.ones(3, np.float32)),
        lambda c, n: Changes(updates={"layers.9.moe.experts.up": c.updates[n]}),
        lambda c, n: Changes(whole={"layers.0.moe.router.weight": np.ones((3, 3), np.float32)}),
        lambda c, n: Changes(),
    ],
)
def test_complaint_03_a_change_of_another_shape_is_an_error_and_never_dropped(break_it):
    broken = break_it(changes_of(adapted_tiny()), "layers.1.moe.experts.gate")
    with pytest.raises(MissingTensorError, match="do not fit"), merged(tiny_model(), broken):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_read_as_they_were_written(kind, tmp_path):
    changes = changes_of(shaken(adapted_tiny(**kind)))
    read = read_changes(changes.write(tmp_path / "learnt.safetensors", AdaptationConfig()))
    assert read.digest() == changes.digest()
    assert read.names == changes.names


def test_a_damaged_file_of_changes_is_refused(tmp_path):
    with pytest.raises(MissingTensorError, match="There is no"):
        read_changes(tmp_path / "learnt.safetensors")
    changes = changes_of(shaken(adapted_tiny()))
    changes.updates["layers.0.moe.experts.up"].a[0, 0, 0] = np.nan
    with pytest.raises(CorruptFileError, match="finite"):
        read_changes(changes.write(tmp_path / "learnt.safetensors", AdaptationConfig()))


def adapted_files(weights, **settings):
    return shaken(
        adapt(weights.config, FromFiles(weights), AdaptationConfig(rank=3, **settings), torch.float32), size=0.2
    )


@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_every_family_is_adapted_and_merged_into_files(family, tmp_path):
    with open_tiny(tmp_path / "base", family, attention_scale=0.005) as weights:
        model = adapted_files(weights)
        convert(ChangedWeights(weights, changes_of(model)), "packed", tmp_path / "merged")
    with open_model(tmp_path / "merged") as weights:
        network = load_transformer(weights, torch.float32)
    ids = token_ids(network.config, shape=(2, 9))
    close(network.forward_sequences(ids), model.network.forward_sequences(ids), 2e-4)


def test_complaint_14_a_merged_model_is_read_back_from_gguf(tmp_path):
    """`python -m benchmarks.llama_cpp_agreement` loads such files in llama.cpp itself."""
    with open_tiny(tmp_path / "base", "mixtral") as weights:
        model = adapted_files(weights)
        convert(ChangedWeights(weights, changes_of(model)), "gguf", tmp_path / "merged.gguf")
    with open_model(tmp_path / "merged.gguf") as weights:
        network = load_transformer(weights, torch.float32)
    ids = token_ids(network.config, shape=(2, 9))
    close(network.forward_sequences(ids), model.network.forward_sequences(ids), 2e-4)


def test_a_four_bit_run_merges_onto_what_it_saw_or_onto_the_weights_as_they_are(tmp_path):
    with open_tiny(tmp_path / "base", "zaphod") as weights:
        model = adapted_files(weights, method="qlora")
        seen = load_transformer(ChangedWeights(weights, changes_of(model), through_nf4=True), torch.float32)
        plain = load_transformer(ChangedWeights(weights, changes_of(model)), torch.float32)
    ids = token_ids(seen.config, shape=(2, 9))
    want = model.network.forward_sequences(ids)
    close(seen.forward_sequences(ids), want, 2e-4)
    assert (plain.forward_sequences(ids) - want).abs().max() > 1e-3 * want.abs().max()


def test_subtracting_an_update_gives_the_weights_back_within_two_roundings(tmp_path):
    with open_tiny(tmp_path / "base", "zaphod") as weights:
        changes = changes_of(adapted_files(weights))
        convert(ChangedWeights(weights, changes), "packed", tmp_path / "merged")
        before = load_transformer(weights, torch.float32).state_dict()
    with open_model(tmp_path / "merged") as weights:
        after = load_transformer(ChangedWeights(weights, changes.undone()), torch.float32).state_dict()
    for name, tensor in before.items():
        assert (after[name] - tensor).abs().max() <= 1e-6 * max(1.0, float(tensor.abs().max()))


@pytest.mark.parametrize("kind", [{"is_decomposed": True}, {"router": "train"}])
def test_what_cannot_be_computed_back_is_not_unmerged(kind):
    with pytest.raises(ConfigError, match="cannot be computed back"):
        changes_of(adapted_tiny(**kind)).undone()


def test_an_interrupted_merge_of_another_adapter_is_not_continued(tmp_path):
    with open_tiny(tmp_path / "base", "zaphod") as weights:
        first, second = (ChangedWeights(weights, changes_of(shaken(adapted_files(weights), seed))) for seed in (1, 2))
        assert first.changes != second.changes
        assert weights.changes == ""
