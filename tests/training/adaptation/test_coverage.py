"""What an adaptation reaches is counted; what it should reach and does not is an error."""

import pytest
import torch
from tests.support.adapted import adapted_tiny

from zaphod.core.errors import ConfigError
from zaphod.testing import TINY_CONFIG, tiny_model
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.coverage import coverage
from zaphod.training.adaptation.frozen import PlainWeight
from zaphod.training.adaptation.model import adapt
from zaphod.training.adaptation.source import FromNetwork


def classes(report):
    return {part.part: part for part in report.classes}


def test_complaint_01_every_expert_of_a_four_bit_run_is_in_four_bits():
    wide = tiny_model(hidden_size=128, num_layers=1)
    parts = classes(coverage(adapted_tiny(wide, method="qlora")))
    assert parts["experts"].formats == parts["attention"].formats == ("nf4",)
    assert parts["experts"].bits_per_weight == pytest.approx(4.127, abs=0.02)
    assert parts["embedding"].bits_per_weight == 32


def test_complaint_01_an_expert_left_in_high_precision_is_an_error():
    model = adapted_tiny(method="qlora")
    weight = model.weights()["layers.2.moe.experts.down"]
    weight.base = PlainWeight(torch.zeros(weight.base.shape))
    with pytest.raises(ConfigError, match=r"1 weights of a four-bit run.*layers.2.moe.experts.down"):
        coverage(model)


def test_weights_may_be_left_out_by_name():
    report = coverage(adapted_tiny(method="qlora", keep_exact=("experts.down", "layers.0.*")))
    assert classes(report)["experts"].formats == ("float32", "nf4")


def test_complaint_02_the_report_names_what_was_met_and_what_was_left():
    report = coverage(adapted_tiny(targets=("experts.gate", "q_proj")))
    assert report.targets["q_proj"] == tuple(f"layers.{n}.attention.q_proj.weight" for n in range(3))
    assert report.expert_share == pytest.approx(1 / 3)
    assert "layers.0.moe.experts.up" in report.left_out
    assert report.num_trainable == sum(
        p.numel() for p in adapted_tiny(targets=("experts.gate", "q_proj")).learnt().values()
    )


@pytest.mark.parametrize(
    ("targets", "nearest"), [(("q_prj",), "q_proj"), (("expert",), "experts"), (("mlp",), "matches no")]
)
def test_complaint_02_a_target_that_meets_nothing_is_an_error(targets, nearest):
    with pytest.raises(ConfigError, match=nearest):
        adapted_tiny(targets=targets)


@pytest.mark.parametrize("router", ["freeze", "train", "adapt"])
def test_complaint_05_the_router_does_what_its_policy_says(router):
    model = adapted_tiny(router=router)
    routers = {name for name in model.learnt() if ".router." in name}
    ends = {"freeze": (), "train": ("",), "adapt": (".lora_A", ".lora_B")}[router]
    assert routers == {f"layers.{n}.moe.router.weight{end}" for n in range(3) for end in ends}
    assert coverage(model).router == router
    assert classes(coverage(model))["routers"].num_updated == (0 if router == "freeze" else 3 * 8 * 32)


def test_everything_targeted_means_projections_and_experts_and_never_the_router():
    assert not [name for name in adapted_tiny().learnt() if "router" in name or "norm" in name or "embedding" in name]


def test_full_training_learns_everything():
    report = coverage(adapted_tiny(method="full", router="train"))
    assert report.trainable_share == 1
    assert report.expert_share == 1


def test_an_adaptation_that_learns_nothing_is_an_error():
    model = adapted_tiny(targets=("q_proj",))
    model.network.requires_grad_(False)
    with pytest.raises(ConfigError, match="Nothing is learnt"):
        coverage(model)


def test_the_full_list_of_groups_serves_models_that_lack_some():
    config = AdaptationConfig(rank=2)
    assert adapt(TINY_CONFIG, FromNetwork(tiny_model()), config).targets["mlp"] == []


def test_the_report_is_plain_data():
    import json

    assert json.loads(json.dumps(coverage(adapted_tiny()).to_dict()))["expert_share"] == 1
