"""The examination of whole files: every kind of layer, one at a time, and faults that are put in are found."""

import dataclasses

import numpy as np
import pytest
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny

from zaphod.compute.kernels import dispatch

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.model.native import load_native
from zaphod.study.agreement import examination as module
from zaphod.study.agreement import networks
from zaphod.study.agreement.examination import WHOLE, examine
from zaphod.study.agreement.networks import check_part

SWAPPED = "layers.0.moe.experts.gate.0", "layers.0.moe.experts.up.0"


@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_every_family_agrees_with_the_definition(family, tmp_path):
    with open_tiny(tmp_path, family) as weights:
        found = examine(weights, num_threads=1)
        matrices = sum(weights.num_pieces(name) for name in weights.names() if min(weights.shape(name)[:2]) > 1)
        vectors = sum(len(weights.shape(name)) == 1 for name in weights.names())
    assert found.is_ok
    assert sum(check.num_alike for check in found.products) == matrices - vectors
    assert [(check.part, check.computed_in) for check in found.logits] == [
        ("layer 0", "float32"),
        ("layer 0", "as served"),
        (WHOLE, "float32"),
        (WHOLE, "as served"),
    ]


def test_each_kind_of_layer_is_examined_once(tmp_path):
    with open_tiny(tmp_path, "mixtral", num_layers=4, dense_layers=(0, 2), dense_size=96) as weights:
        found = examine(weights, num_threads=1)
    assert {check.part for check in found.logits} == {"layer 0", "layer 1", WHOLE}
    assert any(check.name.startswith("layers.1.moe.") for check in found.products)


def test_what_does_not_fit_is_named_and_products_are_still_examined(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "available_memory_bytes", lambda: 1000)
    with open_tiny(tmp_path, "grok-1") as weights:
        found = examine(weights, num_threads=1)
    assert [part.part for part in found.skipped] == ["layer 0", WHOLE]
    assert all(part.needed_bytes > 1000 for part in found.skipped)
    assert found.products
    assert not found.logits


def test_one_layer_is_enough_memory_for_a_model_that_does_not_fit(tmp_path, monkeypatch):
    with open_tiny(tmp_path, "grok-1", num_layers=40) as weights:
        free_bytes = 2 * networks.torch_bytes(weights.one_layer(0))
        assert free_bytes < networks.torch_bytes(weights)
        monkeypatch.setattr(networks, "available_memory_bytes", lambda: free_bytes)
        found = examine(weights, num_threads=1)
    assert [part.part for part in found.skipped] == [WHOLE]
    assert {check.part for check in found.logits} == {"layer 0"}


def test_matrices_that_changed_places_are_found(tmp_path, monkeypatch):
    def miswired(*arguments, **options):
        loaded = load_native(*arguments, **options)
        one, other = SWAPPED
        swapped = {one: loaded.matrices[other], other: loaded.matrices[one]}
        return dataclasses.replace(loaded, matrices={**loaded.matrices, **swapped})

    monkeypatch.setattr(module, "load_native", miswired)
    with open_tiny(tmp_path, "mixtral") as weights:
        found = examine(weights, num_threads=1)
    assert not found.is_ok
    assert [check.is_ok for check in found.logits] == [True, False, True, False]


def test_weights_that_are_served_with_other_switches_are_found(tmp_path):
    with open_tiny(tmp_path, "grok-1") as weights:
        without = weights.with_config(dataclasses.replace(weights.config, output_multiplier=2.0))
        served = load_native(without)
        checks = check_part(weights, served, part=WHOLE, num_threads=1, done=lambda: None)
    assert [check.is_ok for check in checks] == [True, False]


def test_a_wrong_network_is_found_in_float32(tmp_path, monkeypatch):
    def other_config(weights, **options):
        loaded = load_native(weights, **options)
        return dataclasses.replace(loaded, config=dataclasses.replace(loaded.config, attention_softcap=0.1))

    monkeypatch.setattr(networks, "load_native", other_config)
    with open_tiny(tmp_path, "grok-1") as weights:
        exact, _ = check_part(weights, load_native(weights), part=WHOLE, num_threads=1, done=lambda: None)
    assert not exact.is_ok


def test_logits_that_are_no_numbers_are_never_ok(tmp_path, monkeypatch):
    def broken(weights, **options):
        loaded = load_native(weights, **options)
        vectors = {**loaded.vectors, "norm.weight": np.full_like(loaded.vectors["norm.weight"], np.nan)}
        return dataclasses.replace(loaded, vectors=vectors)

    monkeypatch.setattr(networks, "load_native", broken)
    with open_tiny(tmp_path, "grok-1") as weights:
        exact, _ = check_part(weights, load_native(weights), part=WHOLE, num_threads=1, done=lambda: None)
    assert not exact.is_ok


def test_the_official_fixture_passes(official_grok1):
    from zaphod.model.files.weights import open_model

    with open_model(official_grok1) as weights:
        assert examine(weights, num_threads=1).is_ok
