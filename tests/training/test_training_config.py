import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.training.config import TrainingConfig, config_from, read_config

MODEL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 2,
    "num_kv_heads": 1,
    "head_dim": 16,
    "context_length": 64,
    "moe": {"expert_size": 32, "router": {"num_experts": 4, "top_k": 2}},
}
PLAIN: dict[str, Any] = {"model": MODEL, "data": {"texts": ["corpus"]}, "run": {"num_steps": 5}}


def config(**sections: Any) -> TrainingConfig:
    return config_from(PLAIN | sections)


def test_what_is_not_said_has_its_default() -> None:
    assert config().balance.method == "aux"
    assert config(schedule={"kind": "cosine", "floor": 0.1}).schedule.floor == 0.1


def test_a_preset_may_be_changed_in_part() -> None:
    model = config(model={"preset": "mixtral-8x7b", "num_layers": 2, "moe": {"router": {"num_experts": 4}}}).model
    assert (model.num_layers, model.hidden_size, model.moe and model.moe.router.num_experts) == (2, 4096, 4)
    assert model.moe is not None
    assert model.moe.router.top_k == 2


@pytest.mark.parametrize(
    ("sections", "nearest"),
    [
        ({"balance": {"wieght": 0.1}}, "balance.weight"),
        ({"optimizer": {}}, "optimiser"),
        ({"run": {"num_step": 3}}, "run.num_steps"),
        ({"model": MODEL | {"hidden_sise": 3}}, "model.hidden_size"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(sections: dict[str, Any], nearest: str) -> None:
    with pytest.raises(ConfigError, match=f"Did you mean '?{nearest}"):
        config(**sections)


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        ({"balance": {"weight": "much"}}, "balance.weight is 'much'"),
        ({"balance": {"method": "hope"}}, "balance.method is 'hope'"),
        ({"run": {"num_steps": True}}, "run.num_steps is True"),
        ({"run": {"num_steps": 3, "minutes": 2}}, "run.minutes is 2"),
        ({"run": {}}, "run.minutes is None"),
        ({"data": {}}, "data.shards is None"),
        ({"data": {"texts": ["a"], "shards": "b"}}, "data.shards is 'b'"),
        ({"data": {"texts": "corpus"}}, "data.texts is 'corpus'"),
        ({"optimiser": {"betas": [0.9]}}, "optimiser.betas is"),
        ({"optimiser": 3}, "optimiser is 3"),
        ({"balance": {"method": "bias"}}, "no selection bias"),
    ],
)
def test_what_is_impossible_is_refused(sections: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        config(**sections)


def test_a_section_that_is_needed_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="data is missing"):
        config_from({"model": MODEL, "run": {"num_steps": 5}})


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[run\n")
    with pytest.raises(ConfigError, match="is no TOML"):
        read_config(tmp_path / "run.toml")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["model", "data", "run", "optimiser", "schedule", "balance", "spikes", "logging", "odd"])


@given(st.dictionaries(KEYS, VALUES, max_size=3))
def test_any_tables_give_a_config_or_a_config_error(tables: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(config_from(PLAIN | tables), TrainingConfig)
