"""Fused operations have the value and gradients of the definitions; what they do not take, the definitions compute."""

import logging

import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels import dispatch, fused, native_training, reference

needs_native = pytest.mark.skipif(not dispatch.native_is_available(), reason="native kernels are missing")


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()


def experts_inputs(dtype: torch.dtype) -> tuple[Tensor, ...]:
    sizes = ((20, 16), (4, 24, 16), (4, 24, 16), (4, 16, 24))
    parts = [normal(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate(sizes)]
    logits = torch.randn(20, 4, generator=torch.Generator().manual_seed(9))
    logits[:, 2] = -9.0  # expert 2 has no token
    routing = reference.route(logits, top_k=2, renormalise=True)
    return *parts, routing.weights_TK.detach().requires_grad_(), routing.expert_ids_TK


def near_in_value_and_gradients(ours: Tensor, wanted: Tensor, leaves: tuple[Tensor, ...], relative: float) -> None:
    dy = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(5)).to(wanted.dtype)
    gradients = zip(torch.autograd.grad(ours, leaves, dy), torch.autograd.grad(wanted, leaves, dy), strict=True)
    for mine, other in ((ours, wanted), *gradients):
        assert mine.dtype == other.dtype
        assert (mine - other).float().norm() <= relative * other.float().norm()


DTYPES = [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)]


@needs_native
@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
@pytest.mark.parametrize("multiple", [1, 8])
def test_experts(dtype, relative, multiple):
    x, gate, up, down, weights, ids = experts_inputs(dtype)
    ours, wanted = (kind.experts(x, gate, up, down, ids, weights, "silu", multiple) for kind in (fused, reference))
    near_in_value_and_gradients(ours, wanted, (x, gate, up, down, weights), relative)


@needs_native
def test_frozen_experts_get_no_gradient_and_what_is_before_them_does():
    x, gate, up, down, weights, ids = experts_inputs(torch.float32)
    frozen = (gate.detach(), up.detach(), down.detach())
    (dx,) = torch.autograd.grad(fused.experts(x, *frozen, ids, weights, "silu").square().sum(), x)
    (wanted,) = torch.autograd.grad(reference.experts(x, *frozen, ids, weights, "silu").square().sum(), x)
    torch.testing.assert_close(dx, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))


@needs_native
@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
@pytest.mark.parametrize("activation", ["silu", "gelu_tanh", "gelu_erf"])
def test_gated_mlp(dtype, relative, activation):
    leaves = tuple(normal(*s, seed=n, dtype=dtype) for n, s in enumerate(((9, 16), (24, 16), (24, 16), (16, 24))))
    ours, wanted = (kind.gated_mlp(*leaves, activation) for kind in (fused, reference))
    near_in_value_and_gradients(ours, wanted, leaves, relative)


@needs_native
@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
def test_rms_norm_of_heads(dtype, relative):
    x, weight = normal(5, 3, 20, dtype=dtype), normal(20, seed=1)
    near_in_value_and_gradients(
        fused.rms_norm(x, weight, 1e-5), reference.rms_norm(x, weight, 1e-5), (x, weight), relative
    )


@needs_native
@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
def test_rotary_embedding(dtype, relative):
    x = normal(5, 3, 16, dtype=dtype)
    cos, sin = reference.rotation(torch.arange(5), reference.rope_frequencies(16, 1e4))
    near_in_value_and_gradients(fused.rotate(x, cos, sin), reference.rotate(x, cos, sin), (x,), relative)


@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
@pytest.mark.parametrize("options", [{}, {"cap": 3.0}, {"window": 5}, {"temperature_length": 4}])
def test_attention(dtype, relative, options):
    q, k, v = (normal(2, 12, heads, 16, seed=heads, dtype=dtype) for heads in (4, 2, 2))
    ours, wanted = (kind.attention(q, k, v, scale=0.2, **options) for kind in (fused, reference))
    near_in_value_and_gradients(ours, wanted, (q, k, v), relative)


@needs_native
@pytest.mark.parametrize(("dtype", "relative"), DTYPES)
@pytest.mark.parametrize("cap", [None, 2.0])
def test_cross_entropy_in_parts(monkeypatch, dtype, relative, cap):
    monkeypatch.setattr(fused, "_LOGITS_AT_ONCE", 1)
    x, head = normal(150, 16, dtype=dtype), normal(31, 16, seed=1, dtype=dtype)
    targets, weights = torch.arange(150) % 31, torch.rand(150)
    ours, wanted = (
        kind.linear_cross_entropy(x, head, targets, weights_R=weights, multiplier=0.4, cap=cap)
        for kind in (fused, reference)
    )
    near_in_value_and_gradients(ours, wanted, (x, head), relative)


@needs_native
def test_cross_entropy_without_gradients_is_the_loss_alone():
    x, head, targets = normal(10, 8), normal(12, 8, seed=1), torch.arange(10)
    with torch.no_grad():
        ours = fused.linear_cross_entropy(x, head, targets)
    torch.testing.assert_close(ours, reference.linear_cross_entropy(x, head, targets).detach())


def test_float64_is_computed_by_the_definitions():
    x, head = normal(3, 4, dtype=torch.float64), normal(5, 4, seed=1, dtype=torch.float64)
    ours, wanted = (kind.linear_cross_entropy(x, head, torch.tensor([0, 4, 2])) for kind in (fused, reference))
    assert torch.equal(ours, wanted)
    weight = torch.ones(4, dtype=torch.float64)
    assert torch.equal(fused.rms_norm(x, weight, 1e-5), reference.rms_norm(x, weight, 1e-5))


def test_without_native_kernels_the_definitions_are_used_and_that_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(dispatch, "native_is_available", lambda: False)
    monkeypatch.setattr(dispatch, "why_not", lambda: "Nobody compiled them.")
    native_training.training_kernels.cache_clear()
    x, weight = normal(3, 4), normal(4, seed=1)
    with caplog.at_level(logging.WARNING):
        ours = [fused.rms_norm(x, weight, 1e-5) for _ in range(2)]
    native_training.training_kernels.cache_clear()
    assert torch.equal(ours[1], reference.rms_norm(x, weight, 1e-5))
    assert [record.message.count("Nobody compiled them.") for record in caplog.records] == [1]


@needs_native
def test_experts_that_no_token_visits_compute_nothing_and_have_gradients_of_zero():
    _, gate, up, down, *_ = experts_inputs(torch.float32)
    x, weights, ids = torch.zeros(0, 16), torch.zeros(0, 2), torch.zeros(0, 2, dtype=torch.int64)
    out = fused.experts(x, gate, up, down, ids, weights, "silu", 8)
    assert out.shape == (0, 16)
    assert not any(gradient.any() for gradient in torch.autograd.grad(out.sum(), (gate, up, down)))
