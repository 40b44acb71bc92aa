"""Weights in NF4 multiply as their decoded values do, and leave nothing decoded behind."""

import itertools

import numpy as np
import pytest
import torch
from tests.support.adapted import adapted_tiny, shaken, token_ids

from zaphod.compute.kernels.routed import grouped_product, rows_by_expert, weighted_sum
from zaphod.compute.quant import NF4
from zaphod.testing import tiny_model
from zaphod.training.adaptation import frozen
from zaphod.training.adaptation.frozen import NF4Weight

SHAPES = [(48, 64), (33, 10), (7, 9), (3, 40, 32), (2, 5, 13)]


def packed(shape, seed=0, dtype=torch.float32):
    parts = NF4().encode(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
    return NF4Weight(parts, shape, dtype), torch.from_numpy(NF4().decode(parts, shape))


@pytest.mark.parametrize("values_at_once", [1, 700, 1 << 22])
@pytest.mark.parametrize("shape", SHAPES)
def test_tiles_are_the_decoded_values_bit_by_bit(shape, values_at_once, monkeypatch):
    monkeypatch.setattr(frozen, "_VALUES_AT_ONCE", values_at_once)
    weight, decoded = packed(shape)
    for index, matrix in enumerate(decoded if decoded.ndim == 3 else [decoded]):
        assert torch.equal(weight.matrix(index), matrix)


def test_in_bfloat16_values_are_the_decoded_ones_rounded_once():
    weight, decoded = packed((64, 96), dtype=torch.bfloat16)
    assert torch.equal(weight.matrix(), decoded.bfloat16())


@pytest.mark.parametrize("shape", SHAPES)
def test_product_and_gradient_are_those_of_the_decoded_weight(shape):
    weight, decoded = packed(shape)
    ends_E = torch.tensor([4, 4, 10][: shape[0]], dtype=torch.int32) if len(shape) == 3 else None
    x_PI = torch.randn(int(ends_E[-1]) if ends_E is not None else 10, shape[-1], requires_grad=True)
    got = weight.product(x_PI, ends_E)
    want = x_PI @ decoded.T if ends_E is None else grouped_product(x_PI, decoded, ends_E)
    torch.testing.assert_close(got, want)
    up = torch.randn_like(got)
    [ours], [theirs] = torch.autograd.grad(got, x_PI, up), torch.autograd.grad(want, x_PI, up)
    torch.testing.assert_close(ours, theirs)


def test_complaint_04_the_backward_pass_keeps_no_decoded_weight():
    network = tiny_model(hidden_size=128, num_layers=1)
    model = shaken(adapted_tiny(network, method="qlora"))
    matrix_size, sizes = 128 * 48, []

    def note(tensor):
        sizes.append((tensor.numel(), tensor.shape))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = model.network.forward_sequences(token_ids(shape=(1, 3)))
    torch.autograd.grad(loss.square().mean(), list(model.learnt().values()))
    kept = {shape for size, shape in sizes if size >= matrix_size}
    weights = {(128, 128), (32, 128), (128, 32), (48, 128), (128, 48), (8, 48, 128), (8, 128, 48)}
    assert not kept & {torch.Size(shape) for shape in weights}


def test_a_four_bit_model_computes_what_its_decoded_weights_compute():
    model = adapted_tiny(method="qlora")
    twin = tiny_model()
    with torch.no_grad():
        for name, weight in model.weights().items():
            matrices = [
                weight.base.matrix(i) for i in range(weight.base.shape[0] if len(weight.base.shape) == 3 else 1)
            ]
            twin.get_parameter(name).copy_(torch.stack(matrices).view(weight.base.shape))
    got, want = (network.forward_sequences(token_ids()) for network in (model.network, twin))
    assert (got - want).abs().max() < 1e-4 * want.abs().max()


@pytest.mark.parametrize("row_multiple", [1, 4])
def test_rows_lie_expert_after_expert_and_come_back(row_multiple):
    ids_TK = torch.tensor([[2, 0], [0, 3], [2, 3], [0, 2]])
    rows = rows_by_expert(ids_TK, 5, row_multiple)
    ends = [0, *rows.ends_E.tolist()]
    assert all((end - start) % row_multiple == 0 for start, end in itertools.pairwise(ends))
    for token, experts in enumerate(ids_TK.tolist()):
        for place, expert in zip(rows.places_TK[token].tolist(), experts, strict=True):
            assert ends[expert] <= place < ends[expert + 1]
            assert rows.sources_P[place] == token
    tokens_P1 = rows.sources_P[:, None].float()
    weights = torch.tensor([[0.25, 0.5]]).expand(4, 2)
    assert torch.equal(weighted_sum(tokens_P1, rows, weights), 0.75 * torch.arange(4.0)[:, None])
