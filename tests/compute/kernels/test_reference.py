"""Each operation against a definition written another way: a loop, a closed form, or transformers."""

import math

import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels import reference


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def experts_one_by_one(x, gate, up, down, ids, weights, activation) -> Tensor:
    out = torch.zeros_like(x)
    for token in range(len(x)):
        for expert, weight in zip(ids[token].tolist(), weights[token], strict=True):
            y = reference.gated_mlp(x[token : token + 1], gate[expert], up[expert], down[expert], activation)
            out[token] += weight * y[0]
    return out


@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu_erf", "silu"])
@pytest.mark.parametrize(("width", "size"), [(16, 24), (18, 10), (7, 5)])
def test_sorted_experts_equal_one_expert_at_a_time(activation, width, size):
    x, ids = torch.randn(9, width), torch.stack([torch.randperm(6)[:3] for _ in range(9)])
    gate, up, down = (0.3 * torch.randn(6, *shape) for shape in ((size, width), (size, width), (width, size)))
    weights = torch.rand(9, 3)
    ours = reference.experts(x, gate, up, down, ids, weights, activation)
    torch.testing.assert_close(ours, experts_one_by_one(x, gate, up, down, ids, weights, activation))


def test_experts_without_tokens_get_zero_gradients():
    x = torch.randn(4, 8)
    stacks = [torch.randn(5, 16, 8), torch.randn(5, 16, 8), torch.randn(5, 8, 16)]
    gate, up, down = (stack.requires_grad_() for stack in stacks)
    ids = torch.tensor([[0, 2]] * 4)
    (reference.experts(x, gate, up, down, ids, torch.ones(4, 2), "silu") ** 2).sum().backward()
    assert gate.grad[1].abs().max() == 0
    assert gate.grad[2].abs().max() > 0


def naive_attention(q, k, v, scale, cap, temperature_length, window) -> Tensor:
    num_sequences, length, num_heads, _ = q.shape
    num_keys, repeats = k.shape[1], num_heads // k.shape[2]
    out = torch.zeros_like(q)
    for b in range(num_sequences):
        for t in range(length):
            position = num_keys - length + t
            first = 0 if window is None else max(0, position - window + 1)
            for h in range(num_heads):
                scores = (k[b, first : position + 1, h // repeats] @ q[b, t, h]) * scale
                scores = scores if cap is None else cap * torch.tanh(scores / cap)
                if temperature_length is not None and position > temperature_length:
                    scores = scores * math.log(position) / math.log(temperature_length)
                out[b, t, h] = scores.softmax(0) @ v[b, first : position + 1, h // repeats]
    return out


@pytest.mark.parametrize("cap", [None, 3.0])
@pytest.mark.parametrize("temperature_length", [None, 5])
@pytest.mark.parametrize("window", [None, 4, 100])
@pytest.mark.parametrize(("length", "num_keys"), [(11, 11), (1, 11), (4, 11)])
def test_attention_equals_one_query_at_a_time(cap, temperature_length, window, length, num_keys):
    q, k, v = torch.randn(2, length, 6, 8) * 3, torch.randn(2, num_keys, 2, 8), torch.randn(2, num_keys, 2, 8)
    ours = reference.attention(q, k, v, scale=0.4, cap=cap, temperature_length=temperature_length, window=window)
    torch.testing.assert_close(ours, naive_attention(q, k, v, 0.4, cap, temperature_length, window))


def test_long_prompts_in_row_blocks_equal_short_ones(monkeypatch):
    q, k, v = torch.randn(1, 13, 2, 4), torch.randn(1, 13, 2, 4), torch.randn(1, 13, 2, 4)
    whole = reference.attention(q, k, v, scale=1.0, cap=5.0)
    monkeypatch.setattr(reference, "_QUERY_ROWS", 3)
    torch.testing.assert_close(reference.attention(q, k, v, scale=1.0, cap=5.0), whole)


def test_soft_cap_survives_huge_scores():
    assert reference.softcap(torch.tensor([1e30, -1e30]), 30.0).tolist() == [30.0, -30.0]


def test_rotation_keeps_lengths_and_depends_on_distance_only():
    x, frequencies = torch.randn(1, 1, 8), reference.rope_frequencies(8, 10000.0)

    def at(position: int) -> Tensor:
        return reference.rotate(x, *reference.rotation(torch.tensor([position]), frequencies))

    assert at(77).norm() == pytest.approx(float(x.norm()), rel=1e-5)
    assert float((at(3) * at(10)).sum()) == pytest.approx(float((at(103) * at(110)).sum()), rel=1e-3)


def test_rotation_pairs_the_first_half_with_the_second():
    x = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    turned = reference.rotate(x, *reference.rotation(torch.tensor([1]), torch.tensor([1.0, 0.5])))
    torch.testing.assert_close(turned, torch.tensor([[[math.cos(1), 0.0, math.sin(1), 0.0]]]))


def test_yarn_frequencies_equal_those_of_transformers():
    from transformers import MixtralConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "yarn", "rope_theta": 1e6, "factor": 16.0, "original_max_position_embeddings": 8192}
    rope |= {"beta_fast": 8.0, "beta_slow": 1.0}
    config = MixtralConfig(hidden_size=128, num_attention_heads=1, head_dim=128, rope_parameters=rope)
    theirs, magnitude = ROPE_INIT_FUNCTIONS["yarn"](config, "cpu")
    ours = reference.yarn_frequencies(128, 1e6, factor=16.0, original_length=8192, beta_fast=8.0, beta_slow=1.0)
    torch.testing.assert_close(ours, theirs)
    assert magnitude == pytest.approx(0.1 * math.log(16) + 1)


def test_grok_routing_keeps_the_softmax_over_all_experts():
    routing = reference.route(torch.tensor([[1.0, 3.0, 2.0]]), top_k=2)
    assert routing.expert_ids_TK.tolist() == [[1, 2]]
    torch.testing.assert_close(routing.weights_TK, torch.tensor([[1.0, 3.0, 2.0]]).softmax(-1)[:, [1, 2]])


def test_renormalised_weights_equal_a_softmax_over_the_chosen():
    logits = torch.randn(5, 8)
    renormalised = reference.route(logits, top_k=3, renormalise=True)
    after = reference.route(logits, top_k=3, softmax_after_top_k=True)
    torch.testing.assert_close(renormalised.weights_TK, after.weights_TK)
    torch.testing.assert_close(renormalised.weights_TK.sum(-1), torch.ones(5))


def test_equal_scores_go_to_the_lower_expert():
    assert reference.route(torch.zeros(1, 8), top_k=3).expert_ids_TK.tolist() == [[0, 1, 2]]


def test_a_selection_bias_chooses_but_does_not_weigh():
    logits, bias = torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([0.0, 0.0, 9.0])
    routing = reference.route(logits, top_k=1, score="sigmoid", selection_bias_E=bias)
    assert routing.expert_ids_TK.tolist() == [[2]]
    assert routing.weights_TK.item() == pytest.approx(0.5)


def test_group_limited_routing_equals_transformers_deepseek_v3():
    from transformers import DeepseekV3Config
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3TopkRouter

    config = DeepseekV3Config(hidden_size=16, n_routed_experts=16, num_experts_per_tok=4, n_group=4, topk_group=2)
    router = DeepseekV3TopkRouter(config)
    torch.nn.init.normal_(router.weight)
    torch.nn.init.uniform_(router.e_score_correction_bias, -0.2, 0.2)
    logits, weights, ids = router(torch.randn(7, 16))
    ours = reference.route(
        logits,
        top_k=4,
        score="sigmoid",
        renormalise=True,
        scale=config.routed_scaling_factor,
        selection_bias_E=router.e_score_correction_bias,
        num_groups=4,
        num_groups_kept=2,
    )
    theirs = torch.zeros(7, 16).scatter(1, ids, weights)
    torch.testing.assert_close(torch.zeros(7, 16).scatter(1, ours.expert_ids_TK, ours.weights_TK), theirs)
