"""Adapters applied to sequences in the pass against the same adapters merged into the weights."""

import dataclasses

import numpy as np
import pytest
from tests.support.adapters import merge, random_adapter
from tests.support.tiny_models import PRESET_OF_FAMILY, open_tiny, tiny_config

from zaphod.core.errors import ConfigError, RequestError
from zaphod.engine import Engine, Request, SamplingParams
from zaphod.engine.adapters import AdapterNumbers
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.loading import DTYPES, load_transformer
from zaphod.testing import tiny_model


def transformer(tmp_path, family, **changes):
    with open_tiny(tmp_path, family, **changes) as weights:
        return load_transformer(weights, DTYPES["float32"])


def prompts(vocab_size, *lengths):
    return [np.random.default_rng(length).integers(0, vocab_size, length).tolist() for length in lengths]


def sequences(token_lists, adapter_ids):
    return [
        Scheduled(tokens, 0, (2 * i, 2 * i + 1), num_logits=len(tokens), adapter_id=adapter_id)
        for i, (tokens, adapter_id) in enumerate(zip(token_lists, adapter_ids, strict=True))
    ]


def assert_close(got, want):
    assert np.abs(got - want).max() <= 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("family", PRESET_OF_FAMILY)
def test_an_adapter_computes_what_merged_weights_compute(family, tmp_path):
    model = transformer(tmp_path, family, attention_scale=0.005)
    adapter = random_adapter(model.config, 1)
    batch = assemble(sequences(prompts(model.config.vocab_size, 13, 40, 1), (0, 0, 0)), 32)
    adapted = TorchRunner(model, num_blocks=8)
    plain = adapted.forward(batch_without_adapters(batch))
    adapted.load_adapter("a", adapter)
    got = adapted.forward(batch)
    assert np.abs(got - plain).max() > 1e-2 * np.abs(plain).max()
    assert_close(got, TorchRunner(merge(model, adapter), num_blocks=8).forward(batch_without_adapters(batch)))


def batch_without_adapters(batch):
    return dataclasses.replace(batch, adapter_ids_B=np.full_like(batch.adapter_ids_B, -1))


def test_sequences_of_one_pass_have_adapters_of_their_own(tmp_path):
    model = transformer(tmp_path, "grok-2", attention_scale=0.005)
    runner = TorchRunner(model, num_blocks=16)
    for seed, only in enumerate(("", "experts", "attention")):
        runner.load_adapter(str(seed), random_adapter(model.config, seed, rank=2 + seed, only=only))
    ids, tokens = (1, -1, 0, 2, 1), prompts(runner.vocab_size, 9, 5, 20, 1, 7)
    together = runner.forward(assemble(sequences(tokens, ids), 32))
    alone = [runner.forward(assemble([sequence], 32)) for sequence in sequences(tokens, ids)]
    assert_close(together, np.concatenate(alone))


def adapted_engine(names):
    model = tiny_model(seed=5)
    runner = TorchRunner(model, num_blocks=16)
    for seed, name in enumerate(names):
        runner.load_adapter(name, random_adapter(model.config, seed))
    return Engine(runner)


def request(adapter, prompt=(1, 2, 3, 4) * 9, **options):
    name = f"with {adapter}"
    return Request(
        request_id=name, prompt_token_ids=prompt, adapter=adapter, sampling=SamplingParams(max_tokens=8), **options
    )


def test_requests_name_their_adapters():
    names = ("pirate", "medical")
    together = adapted_engine(names).generate([request(name) for name in (*names, None)])
    alone = [adapted_engine(names).generate([request(name)])[0] for name in (*names, None)]
    assert [c.token_ids for c in together] == [c.token_ids for c in alone]
    assert len({c.token_ids for c in together}) == 3


def test_a_request_for_an_unknown_adapter_is_refused():
    engine = adapted_engine(("pirate",))
    with pytest.raises(RequestError, match=r"'medical' was asked for\.\nLoaded are 'pirate'"):
        engine.add_request(request("medical"))
    assert engine.num_unfinished == 0


def test_an_adapter_in_use_is_not_unloaded():
    engine = adapted_engine(("pirate", "medical"))
    engine.add_request(request("pirate"))
    with pytest.raises(RequestError, match="used by 1 requests"):
        engine.unload_adapter("pirate")
    engine.unload_adapter("medical")
    engine.cancel("with pirate")
    engine.unload_adapter("pirate")
    with pytest.raises(RequestError, match="No adapter is loaded"):
        engine.add_request(request("pirate"))


def test_an_adapter_loaded_anew_finds_nothing_of_the_old_one():
    model = tiny_model(seed=5)
    runner = TorchRunner(model, num_blocks=16)
    engine = Engine(runner)
    answers = []
    for seed in (0, 1):
        runner.load_adapter("a", random_adapter(model.config, seed))
        answers.append(engine.generate([request("a")])[0].token_ids)
        engine.unload_adapter("a")
    fresh = TorchRunner(model, num_blocks=16)
    fresh.load_adapter("a", random_adapter(model.config, 1))
    assert answers[1] == Engine(fresh).generate([request("a")])[0].token_ids != answers[0]


def test_a_pass_that_names_an_adapter_that_is_not_loaded_is_refused():
    with pytest.raises(ValueError, match="not loaded"):
        TorchRunner(tiny_model()).forward(assemble([Scheduled([1], 0, (0,), adapter_id=3)], 32))


def test_an_adapter_of_another_model_is_refused():
    with pytest.raises(ConfigError, match="no place for"):
        TorchRunner(tiny_model()).load_adapter("a", random_adapter(tiny_config("mixtral")))


def test_no_number_is_given_twice():
    numbers = AdapterNumbers()
    first = numbers.add("a")
    numbers.remove("a")
    assert numbers.add("a") != first


@pytest.mark.parametrize("name", ["a", ""])
def test_a_name_is_given_once(name):
    numbers = AdapterNumbers()
    numbers.add("a")
    with pytest.raises(ConfigError, match="was to be called"):
        numbers.add(name)


def test_an_unloaded_adapter_is_unknown():
    numbers = AdapterNumbers()
    numbers.add("a")
    numbers.remove("a")
    with pytest.raises(RequestError, match="No adapter is loaded"):
        numbers.remove("a")
