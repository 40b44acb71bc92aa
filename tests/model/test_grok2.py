"""Grok-2 from the released file layout against a NumPy implementation of the published description."""

import numpy as np
import pytest
import torch
from tests.support import grok2

from zaphod.core.errors import MissingTensorError
from zaphod.model.compat import as_llama_cpp
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer

TOKENS = [5, 70, 3, 41, 41, 8, 19, 33, 2, 64, 77, 12, 50, 1, 29, 7, 66, 23]


@pytest.fixture(scope="module")
def weights():
    return grok2.random_weights(seed=3)


@pytest.fixture
def release(tmp_path, weights):
    grok2.write_release(tmp_path / "grok-2", weights)
    return tmp_path / "grok-2"


def our_logits(folder, *, llama_cpp):
    with open_model(folder) as opened:
        if llama_cpp:
            opened = opened.with_config(as_llama_cpp(opened.config))
        model = load_transformer(opened, torch.float32)
    with torch.no_grad():
        return model.forward_sequences(torch.tensor([TOKENS]))[0].numpy()


@pytest.mark.parametrize("llama_cpp", [False, True])
def test_the_released_layout_gives_the_logits_of_the_description(release, weights, llama_cpp):
    expected = grok2.numpy_logits(weights, TOKENS, llama_cpp=llama_cpp)
    np.testing.assert_allclose(our_logits(release, llama_cpp=llama_cpp), expected, atol=2e-4, rtol=0)


def test_the_two_variants_of_the_maths_differ(weights):
    ours, theirs = (grok2.numpy_logits(weights, TOKENS, llama_cpp=variant) for variant in (False, True))
    assert np.abs(ours - theirs).max() > 0.1


def test_a_missing_tensor_parallel_rank_is_named(release):
    (release / "pytorch_model-00007-TP-005.safetensors").unlink()
    with pytest.raises(MissingTensorError, match=r"005|rank 5"):
        our_logits(release, llama_cpp=False)
