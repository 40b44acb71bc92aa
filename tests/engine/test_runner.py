"""A runner's logits are the network's; what cannot fit is refused before memory is taken."""

import dataclasses

import pytest
import torch

from zaphod.core.errors import CapacityError, ConfigError
from zaphod.engine import TorchRunner
from zaphod.engine.batch import Scheduled, assemble
from zaphod.model.transformer import Transformer
from zaphod.testing import TINY_CONFIG, tiny_model

TOKENS = list(range(40, 60))


def last_logits(runner, token_ids, num_cached):
    return runner.forward(assemble([Scheduled(token_ids, num_cached, (0,))], runner.block_size))


@pytest.mark.parametrize("chunk", [1, 3, 20])
def test_a_prompt_read_in_pieces_gives_the_logits_of_the_whole(chunk):
    model = tiny_model(seed=2)
    runner = TorchRunner(model)
    for start in range(0, len(TOKENS), chunk):
        logits_RV = last_logits(runner, TOKENS[start : start + chunk], start)
    whole = model.forward_sequences(torch.tensor([TOKENS]))
    torch.testing.assert_close(logits_RV, whole[:, -1], rtol=1e-5, atol=1e-4)


def test_company_changes_no_logits():
    runner = TorchRunner(tiny_model(seed=2), num_sequences=2)
    alone = last_logits(runner, TOKENS, 0)
    work = [Scheduled([9] * 7, 0, (1,)), Scheduled(TOKENS, 0, (0,))]
    together = runner.forward(assemble(work, runner.block_size))
    torch.testing.assert_close(together[1:], alone, rtol=1e-5, atol=1e-4)


def test_half_precision_weights_keep_half_precision_keys():
    runner = TorchRunner(tiny_model().to(torch.bfloat16))
    assert runner.cache.keys_LPGK.dtype == torch.bfloat16
    assert last_logits(runner, TOKENS, 0).dtype == torch.float32


def test_a_cache_beyond_the_memory_is_refused_with_numbers():
    with torch.device("meta"):
        model = Transformer(dataclasses.replace(TINY_CONFIG, context_length=10**15))
    with pytest.raises(CapacityError, match=r"1 x 1000000000000000 tokens take 384\.0 PB") as caught:
        TorchRunner(model)
    assert "free" in caught.value.wanted
    assert "Lower the context to" in caught.value.remedy


@pytest.mark.parametrize("options", [{"num_sequences": 0}, {"max_len": 0}, {"max_len": TINY_CONFIG.context_length + 1}])
def test_a_runner_needs_a_sequence_and_a_length_the_model_was_made_for(options):
    (name,) = options
    with pytest.raises(ConfigError, match=f"{name} is {options[name]}"):
        TorchRunner(tiny_model(), **options)
