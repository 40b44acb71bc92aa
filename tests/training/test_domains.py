import math

import pytest
import torch

from zaphod.compute.kernels.reference import route
from zaphod.core.errors import ConfigError
from zaphod.model.families import preset
from zaphod.training.domains import DomainPrior, DomainsConfig, joint_counts, mutual_information

THREE = DomainsConfig(experts={"stem": 2, "law": 1, "medicine": 1}, prior=3.0)


def test_a_domain_prefers_the_experts_of_its_group_and_forbids_none() -> None:
    prior = DomainPrior(THREE, ["law", "stem", "medicine"], num_experts=6)
    offset_TE = prior.offset(torch.tensor([1, 0, 2, -1]))
    assert offset_TE.tolist() == [[3, 3, 0, 0, 0, 0], [0, 0, 3, 0, 0, 0], [0, 0, 0, 3, 0, 0], [0] * 6]


def test_the_large_preset_has_experts_for_three_domains() -> None:
    moe = preset("qwen3-30b-a3b").config.moe
    assert moe is not None
    config = DomainsConfig(experts={"stem": 64, "legal": 32, "medical": 32})
    prior = DomainPrior(config, ["stem", "legal", "medical"], moe.router.num_experts)
    assert (prior.prior_DE > 0).sum(1).tolist() == [64, 32, 32, 0]


def test_some_stretches_of_training_are_told_nothing() -> None:
    config = DomainsConfig(experts={"law": 1}, prior=1.0, untold_share=0.5)
    prior = DomainPrior(config, ["law", "other"], num_experts=2)
    domains_T = torch.tensor([0, 0, 1, 1] * 200)
    told_T = prior.offset(domains_T, seed="0/1/2")[domains_T == 0, 0].view(-1, 2)
    assert torch.equal(told_T[:, 0], told_T[:, 1])  # a stretch is told whole or not at all
    assert told_T[:, 0].mean().item() == pytest.approx(0.5, abs=0.1)
    assert torch.equal(prior.offset(domains_T, seed="0/1/2"), prior.offset(domains_T, seed="0/1/2"))


def test_the_router_is_taught_to_give_its_probability_to_the_group() -> None:
    prior = DomainPrior(DomainsConfig(experts={"law": 2}, teaching_weight=0.5), ["law", "other"], num_experts=4)
    logits_TE = torch.tensor([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 9.0, 0.0]], requires_grad=True)
    layers = [route(logits_TE, top_k=1)] * 2
    term = prior.teaching_term(layers, torch.tensor([0, 1]), num_tokens=10)
    own_share = logits_TE[0].softmax(-1)[:2].sum()
    assert term.item() == pytest.approx(2 * 0.5 * -own_share.log().item() / 10)
    (gradient_TE,) = torch.autograd.grad(term, logits_TE)
    assert (gradient_TE[0, :2] < 0).all()
    assert not gradient_TE[1].any()


def test_a_domain_that_no_document_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="'medicine'"):
        DomainPrior(THREE, ["law", "stem"], num_experts=8)


def test_groups_larger_than_a_layer_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 experts in all"):
        DomainPrior(THREE, ["law", "stem", "medicine"], num_experts=3)


@pytest.mark.parametrize("settings", [{"experts": {"law": 0}}, {"prior": -1.0}, {"untold_share": 2.0}])
def test_impossible_groups_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        DomainsConfig(**settings)  # type: ignore[arg-type]


def test_mutual_information_is_nothing_for_independent_and_the_entropy_for_equal() -> None:
    assert mutual_information(torch.tensor([[2, 4], [3, 6]])) == pytest.approx(0, abs=1e-12)
    assert mutual_information(torch.tensor([[5, 0], [0, 5]])) == pytest.approx(math.log(2))


def test_tokens_of_unknown_domain_are_not_counted() -> None:
    joint = joint_counts(torch.tensor([[0, 1], [1, 2], [0, 2]]), torch.tensor([1, -1, 0]), 2, 3)
    assert joint.tolist() == [[1, 0, 1], [1, 1, 0]]
