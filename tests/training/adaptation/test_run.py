"""A run from files to files: what it says, writes, resumes, and that the engine answers with what was learnt."""

import json

import pytest
import torch
from tests.support.tiny import write_tiny

from zaphod.core.errors import ConfigError
from zaphod.launch.models import its_tokenizer
from zaphod.model.adapters import read_adapter
from zaphod.model.files.weights import open_model
from zaphod.training.adaptation.changes import FILE_NAME, read_changes
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.run import RunConfig, header, run_adaptation

SAID = [("ab", "dc"), ("cd", "ba"), ("ad", "cb"), ("bc", "da")]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("base") / "model", num_layers=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "train.jsonl"
    file.write_text(
        "\n".join(
            json.dumps({"messages": [{"role": "user", "content": ask}, {"role": "assistant", "content": say}]})
            for ask, say in SAID
        )
    )
    return file


def config(data, num_steps=4, **settings):
    options = {
        name: settings.pop(name)
        for name in ("held_out", "balance_weight", "max_tokens", "recompute")
        if name in settings
    }
    adaptation = AdaptationConfig(**{"rank": 4, "alpha": 8.0} | settings)
    return RunConfig(
        adaptation=adaptation,
        data=data,
        num_steps=num_steps,
        tokens_per_part=24,
        dtype="float32",
        learning_rate=0.01,
        **options,
    )


def run(base, folder, settings, **options):
    with open_model(base) as weights:
        return run_adaptation(weights, its_tokenizer(weights), settings, folder, str(base), **options)


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_a_run_learns_its_examples_and_writes_what_it_learnt(base, data, tmp_path, method):
    result = run(base, tmp_path, config(data, 25, method=method, held_out=data))
    assert result.held_out_after.loss < 0.5 * result.held_out_before.loss
    assert set(result.files) == ({"model"} if method == "full" else {"learnt", "adapter"})
    assert json.loads((tmp_path / "coverage.json").read_text())["method"] == method
    assert json.loads((tmp_path / "result.json").read_text())["num_steps"] == 25
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 25


class StopsAt:
    """Progress that interrupts training once so many steps are done."""

    def __init__(self, num_steps):
        self._left = num_steps

    def step(self, label, total, unit="B"):
        self._counts = label == "training"
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __call__(self, amount):
        self._left -= self._counts
        if self._left == 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_bit_by_bit_as_if_nothing_had_happened(base, data, tmp_path):
    run(base, tmp_path / "whole", config(data, 6, method="qlora"))
    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path / "cut", config(data, 6, method="qlora"), progress=StopsAt(2))
    assert len((tmp_path / "cut" / "log.jsonl").read_text().splitlines()) == 2
    run(base, tmp_path / "cut", config(data, 6, method="qlora"))
    assert read_changes(tmp_path / "cut" / FILE_NAME).digest() == read_changes(tmp_path / "whole" / FILE_NAME).digest()


def test_a_folder_of_another_run_is_refused(base, data, tmp_path):
    run(base, tmp_path, config(data, 1))
    with pytest.raises(ConfigError, match="another adaptation"):
        run(base, tmp_path, config(data, 1, rank=5))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "none, weight 0, z-loss 0"),
        ({"router": "train"}, "aux, weight 0.01, z-loss 0.001"),
        ({"balance_weight": 0.5}, "aux, weight 0.5, z-loss 0"),
    ],
)
def test_complaint_05_router_and_balance_are_said_before_the_first_step(base, data, tmp_path, settings, said):
    told = []
    run(base, tmp_path, config(data, 1, **settings), tell=lambda *args: told.append(header(*args[:3], args[4])))
    lines = dict(told[0])
    assert lines["router"] == settings.get("router", "freeze")
    assert lines["balance"] == said
    assert "100% of the experts' weights" in lines["learns"]


def test_complaint_05_a_frozen_router_is_the_same_afterwards_and_a_trained_one_is_not(base, data, tmp_path):
    run(base, tmp_path / "frozen", config(data, 3))
    run(base, tmp_path / "trained", config(data, 3, router="train"))
    assert not [name for name in read_changes(tmp_path / "frozen" / FILE_NAME).names if "router" in name]
    learnt = read_changes(tmp_path / "trained" / FILE_NAME).whole["layers.0.moe.router.weight"]
    with open_model(base) as weights:
        [piece] = weights.pieces("layers.0.moe.router.weight")
        assert abs(learnt - piece.decode()).max() > 1e-4


def test_what_must_be_merged_is_said_and_no_adapter_is_written(base, data, tmp_path):
    result = run(base, tmp_path, config(data, 1, is_decomposed=True))
    assert "zaphod adapt merge" in result.served
    assert not (tmp_path / "adapter").exists()


def test_documents_that_were_cut_are_counted(base, data, tmp_path):
    result = run(base, tmp_path, config(data, 1, max_tokens=6))
    assert result.encoding.num_cut == len(SAID)
    assert result.encoding.num_tokens_cut > 0


def test_the_adapter_that_is_written_is_what_was_learnt(base, data, tmp_path):
    run(base, tmp_path, config(data, 2))
    with open_model(base) as weights:
        adapter = read_adapter(tmp_path / "adapter", weights.config)
    changes = read_changes(tmp_path / FILE_NAME)
    assert adapter.parts.keys() == changes.updates.keys()
    for name, part in adapter.parts.items():
        torch.testing.assert_close(
            torch.from_numpy(part.b @ part.a), torch.from_numpy(changes.updates[name].b @ changes.updates[name].a)
        )


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_what_is_computed_twice_learns_the_same(base, data, tmp_path, method):
    for recompute in ("none", "layer"):
        run(base, tmp_path / recompute, config(data, 2, method=method, recompute=recompute))
    none, twice = (read_changes(tmp_path / folder / FILE_NAME).updates for folder in ("none", "layer"))
    for name, update in none.items():
        torch.testing.assert_close(torch.from_numpy(update.b), torch.from_numpy(twice[name].b), rtol=1e-3, atol=1e-5)
    with pytest.raises(ConfigError, match="same twice"):
        config(data, 2, recompute="layer", dropout=0.1)
