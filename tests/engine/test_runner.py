"""A runner's logits are the network's; what cannot fit is refused before memory is taken."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from zaphod.core.errors import CapacityError, ConfigError, RequestError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.transformer import Transformer
from zaphod.testing import TINY_CONFIG, tiny_model

TOKENS = list(range(40, 60))
BLOCKS = (1, 0, 2)


def last_logits(runner, token_ids, num_cached):
    return runner.forward(assemble([Scheduled(token_ids, num_cached, BLOCKS)], runner.block_size))


@pytest.mark.parametrize("chunk", [1, 3, 20])
def test_a_prompt_read_in_pieces_gives_the_logits_of_the_whole(chunk):
    model = tiny_model(seed=2)
    runner = TorchRunner(model, block_size=7)
    for start in range(0, len(TOKENS), chunk):
        logits_RV = last_logits(runner, TOKENS[start : start + chunk], start)
    whole = model.forward_sequences(torch.tensor([TOKENS]))
    np.testing.assert_allclose(logits_RV, whole[:, -1], rtol=1e-5, atol=1e-4)


def test_company_changes_no_logits():
    runner = TorchRunner(tiny_model(seed=2), block_size=8)
    alone = last_logits(runner, TOKENS, 0)
    work = [Scheduled([9] * 7, 0, (2,)), Scheduled(TOKENS, 0, (5, 4, 1))]
    together = runner.forward(assemble(work, runner.block_size))
    np.testing.assert_allclose(together[1:], alone, rtol=1e-5, atol=1e-4)


def test_a_pass_that_only_reads_gives_no_logits():
    runner = TorchRunner(tiny_model(seed=2))
    assert runner.forward(assemble([Scheduled(TOKENS, 0, (0,), num_logits=0)], 32)).shape == (0, runner.vocab_size)


def test_every_row_that_is_wanted_has_its_logits():
    model = tiny_model(seed=2)
    runner = TorchRunner(model)
    last_logits(runner, TOKENS[:15], 0)
    rows = runner.forward(assemble([Scheduled(TOKENS[15:], 15, BLOCKS, num_logits=5)], 32))
    np.testing.assert_allclose(rows, model.forward_sequences(torch.tensor([TOKENS]))[0, 15:], rtol=1e-5, atol=1e-4)


def test_half_precision_weights_keep_half_precision_keys():
    runner = TorchRunner(tiny_model().to(torch.bfloat16))
    assert runner.cache.keys_LPGK.dtype == torch.bfloat16
    assert last_logits(runner, TOKENS, 0).dtype == np.float32


def test_a_cache_beyond_the_memory_is_refused_with_numbers():
    with torch.device("meta"):
        model = Transformer(dataclasses.replace(TINY_CONFIG, context_length=10**15))
    with pytest.raises(CapacityError, match=r"of 1000000000000000 tokens take 384\.0 PB") as caught:
        TorchRunner(model)
    assert "free" in caught.value.wanted
    assert "Lower the context to" in caught.value.remedy


@pytest.mark.parametrize(
    "options",
    [{"num_blocks": 0}, {"block_size": 0}, {"max_len": 0}, {"max_len": TINY_CONFIG.context_length + 1}],
)
def test_a_runner_needs_blocks_and_a_length_the_model_was_made_for(options):
    (name,) = options
    with pytest.raises(ConfigError, match=f"{name} is {options[name]}"):
        TorchRunner(tiny_model(), **options)


def test_an_adapter_that_is_not_loaded_is_refused_by_name():
    with pytest.raises(RequestError, match="'pirate' was asked for"):
        TorchRunner(tiny_model()).adapter_id("pirate")


def test_the_engine_comes_without_pytorch():
    """PyTorch takes a second and 200 MB, which the native runner does not need."""
    script = "import sys, zaphod.engine; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
