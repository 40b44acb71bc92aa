"""Training's native operations on every instruction set, against float64 autograd of the definitions."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from zaphod.compute.kernels import dispatch, reference
from zaphod.compute.kernels.native_training import TrainingKernels, is_plain

SETS = dispatch.instruction_sets() if dispatch.native_is_available() else ()
HALF = {torch.float32: 2.0**-20, torch.bfloat16: 2.0**-7}
"""Largest relative error of a number that was rounded once, some float32 roundings before."""

pytestmark = pytest.mark.skipif(not SETS, reason="native kernels are missing")


@pytest.fixture(params=SETS)
def kernels(request: pytest.FixtureRequest) -> TrainingKernels:
    return TrainingKernels(request.param)


@pytest.fixture(params=[torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def exact(function: Callable[..., Tensor], dy: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """The function's value and gradients in float64."""
    leaves = [x.double().requires_grad_() for x in inputs]
    y = function(*leaves)
    return y.detach(), *torch.autograd.grad(y, leaves, dy.double())


def is_near(ours: Tensor, wanted: Tensor, relative: float) -> None:
    """Near for the size of the number or, where sums cancel, of its neighbours."""
    assert torch.isfinite(ours).all()
    size = wanted.abs() + wanted.abs().mean()
    assert ((ours.double() - wanted).abs() <= relative * size + 1e-30).all()


def norm64(x: Tensor, weight: Tensor) -> Tensor:
    return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * weight


@pytest.mark.parametrize("cols", [1, 15, 16, 33, 100])
def test_norms_have_the_value_and_gradients_of_the_definition(kernels, dtype, cols):
    x, weight, dy = normal(5, cols, dtype=dtype), normal(cols, seed=1), normal(5, cols, seed=2, dtype=dtype)
    y, scales = kernels.norm(x, weight, 1e-5)
    dx, dweight = kernels.norm_backward(dy, x, weight, scales)
    for ours, wanted in zip((y, dx, dweight), exact(norm64, dy, x, weight), strict=True):
        is_near(ours, wanted, 2 * HALF[dtype] if cols > 1 else 1.0)


@pytest.mark.parametrize("half", [1, 8, 16, 20])
def test_turning_back_is_the_gradient_of_turning(kernels, dtype, half):
    x, dy = normal(6, 3, 2 * half, dtype=dtype), normal(6, 3, 2 * half, seed=1, dtype=dtype)
    cos, sin = reference.rotation(torch.arange(6) * 7, reference.rope_frequencies(2 * half, 1e4))
    cos, sin = cos.contiguous(), sin.contiguous()

    def rotate64(x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)

    y, dx = exact(rotate64, dy, x)
    is_near(kernels.turn(x, cos, sin, 1.0), y, HALF[dtype])
    is_near(kernels.turn(dy, cos, sin, -1.0), dx, HALF[dtype])


@pytest.mark.parametrize("activation", ["silu", "gelu_tanh", "gelu_erf"])
@pytest.mark.parametrize("cols", [1, 16, 37])
def test_gates_have_the_value_and_gradients_of_the_definition(kernels, dtype, activation, cols):
    gate, up = 3 * normal(7, cols), normal(7, cols, seed=1, dtype=dtype)
    gate, scales, dy = gate.to(dtype), normal(7, seed=2), normal(7, cols, seed=3, dtype=dtype)

    def gated64(gate: Tensor, up: Tensor, scales: Tensor) -> Tensor:
        return reference.activate(gate, activation) * up * scales[:, None]

    hidden, dgate, dup, dscales = exact(gated64, dy, gate, up, scales)
    ours = kernels.gated_backward(dy, gate, up, scales, activation)
    assert torch.equal(ours[2], kernels.gated(gate, up, scales, activation))
    for mine, wanted in zip(ours, (dgate, dup, hidden, dscales), strict=True):
        is_near(mine, wanted, max(HALF[dtype], 1e-5))


@pytest.mark.parametrize("activation", ["silu", "gelu_tanh", "gelu_erf"])
def test_gates_far_out_are_shut_or_open(kernels, activation):
    gate = torch.tensor([[-1e4, -200.0, 200.0, 1e4]])
    dgate, dup, hidden, _ = kernels.gated_backward(torch.ones(1, 4), gate, torch.ones(1, 4), None, activation)
    torch.testing.assert_close(dgate, torch.tensor([[0.0, 0.0, 1.0, 1.0]]))
    torch.testing.assert_close(hidden, torch.tensor([[0.0, 0.0, 200.0, 1e4]]))
    assert torch.equal(dup, hidden)


@pytest.mark.parametrize("multiple", [1, 4])
def test_assignments_are_dealt_out_in_order_and_filled_up(kernels, multiple):
    ids = torch.tensor([[2, 0], [0, 2], [2, 3]])
    dealt = kernels.deal(ids, 4, multiple)
    assert dealt.ends == ([2, 2, 5, 6] if multiple == 1 else [4, 4, 8, 12])
    assert dealt.sources_P.tolist() == (
        [0, 1, 0, 1, 2, 2] if multiple == 1 else [0, 1, -1, -1, 0, 1, 2, -1, 2, -1, -1, -1]
    )
    places = dealt.places_TK.tolist()
    assert [[dealt.sources_P[p] for p in row] for row in places] == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_expert_that_is_not_there_is_refused(kernels, wrong):
    with pytest.raises(ValueError, match="no such expert"):
        kernels.deal(torch.tensor([[0, wrong]]), 4, 1)


@pytest.mark.parametrize("cols", [1, 16, 19])
def test_gathered_rows_come_back_as_sums(kernels, dtype, cols):
    x, places = normal(4, cols, dtype=dtype), torch.tensor([[3, 0], [1, 1]], dtype=torch.int32)
    gathered = kernels.gather(x, torch.tensor([2, -1, 0], dtype=torch.int32))
    assert torch.equal(gathered, torch.stack((x[2], torch.zeros_like(x[0]), x[0])))
    is_near(kernels.sum_rows(x, places), torch.stack((x[3].double() + x[0], x[1].double() * 2)), HALF[dtype])


def test_rows_that_are_not_there_are_refused(kernels):
    x = normal(4, 3)
    with pytest.raises(ValueError, match="no such row"):
        kernels.gather(x, torch.tensor([4], dtype=torch.int32))
    with pytest.raises(ValueError, match="no such row"):
        kernels.sum_rows(x, torch.tensor([[-1]], dtype=torch.int32))


@pytest.mark.parametrize("cols", [2, 16, 50])
@pytest.mark.parametrize("cap", [None, 5.0])
def test_cross_entropy_has_the_value_and_gradient_of_the_definition(kernels, dtype, cols, cap):
    x, weights = 4 * normal(6, cols), torch.rand(6, generator=torch.Generator().manual_seed(1))
    x, targets = x.to(dtype), torch.arange(6) % cols

    def losses64(x: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(reference.softcap(x * 0.7, cap), targets, reduction="none")

    losses, dx = exact(losses64, weights, x)
    alone = kernels.cross_entropy_(x.clone(), targets, None, 0.7, cap)
    is_near(kernels.cross_entropy_(x, targets, weights, 0.7, cap), losses, 1e-5)
    is_near(alone, losses, 1e-5)
    is_near(x, dx, HALF[dtype] * 2)


def test_cross_entropy_of_what_is_not_finite_is_not_finite(kernels):
    losses = kernels.cross_entropy_(
        torch.tensor([[0.0, torch.nan], [0.0, 1.0]]), torch.zeros(2).long(), None, 1.0, None
    )
    assert losses.isnan().tolist() == [True, False]


@pytest.mark.parametrize("wrong", [-100, 3])
def test_a_target_outside_the_vocabulary_is_refused(kernels, wrong):
    with pytest.raises(ValueError, match="no such target"):
        kernels.cross_entropy_(normal(1, 3), torch.tensor([wrong]), None, 1.0, None)


def test_numbers_are_added_up_in_float32(kernels, dtype):
    sums, x = normal(37), normal(37, seed=1, dtype=dtype)
    wanted = sums + x.float()
    kernels.accumulate_(sums, x)
    assert torch.equal(sums, wanted)


@pytest.mark.parametrize(
    ("length", "heads", "groups", "size"), [(1, 1, 1, 16), (19, 4, 2, 32), (70, 2, 1, 48), (300, 1, 1, 16)]
)
def test_attention_has_the_value_and_gradients_of_the_definition(kernels, length, heads, groups, size):
    q, k, v, dy = (
        normal(2, length, num, size, seed=seed, dtype=torch.bfloat16)
        for seed, num in enumerate((heads, groups, groups, heads))
    )

    def attention64(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return reference.attention(q, k, v, scale=0.3)

    out, logs = kernels.attend(q, k, v, 0.3)
    ours = (out, *kernels.attend_backward(dy, q, k, v, out, logs, 0.3))
    for mine, wanted in zip(ours, exact(attention64, dy, q, k, v), strict=True):
        assert (mine.double() - wanted).norm() <= 0.01 * wanted.norm() + 1e-3


def test_no_query_sees_what_comes_after_it(kernels):
    q, k, v = (normal(1, 40, 1, 16, seed=seed, dtype=torch.bfloat16) for seed in range(3))
    before, _ = kernels.attend(q, k, v, 0.25)
    k[:, 25:], v[:, 25:] = 100.0, -100.0
    after, _ = kernels.attend(q, k, v, 0.25)
    assert torch.equal(before[:, :25], after[:, :25])
    assert not torch.equal(before[:, 25:], after[:, 25:])


def test_heads_of_a_size_that_fills_no_lanes_are_refused(kernels):
    q = normal(1, 4, 1, 24, dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="multiple of 16"):
        kernels.attend(q, q, q, 1.0)


@pytest.mark.parametrize("n", [1, 16, 45])
def test_two_gradients_are_added_in_float32(kernels, dtype, n):
    x, y = normal(n, seed=1, dtype=dtype), normal(n, seed=2, dtype=dtype)
    assert torch.equal(kernels.added(x, y), x.float() + y.float())


@pytest.mark.parametrize("n", [1, 16, 45])
def test_a_step_of_adamw_is_that_of_torch(kernels, dtype, n):
    master, gradient = normal(n), normal(n, seed=1, dtype=dtype)
    wanted = master.clone().double().requires_grad_()
    peer = torch.optim.AdamW([wanted], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    moments, copy = (torch.zeros(n), torch.zeros(n)), torch.empty(n, dtype=dtype)
    settings = {"rate": 0.01, "decay": 0.1, "betas": (0.9, 0.95), "epsilon": 1e-8, "scale": 0.5}
    for step in (1, 2, 3):
        wanted.grad = gradient.double() * 0.5
        peer.step()
        kernels.adamw_(gradient, master, moments, copy, step=step, **settings)
    is_near(master, wanted.detach(), 1e-5)
    assert torch.equal(copy, master.to(dtype))


@pytest.mark.parametrize("n", [1, 16, 45])
def test_muons_passes_over_memory_are_their_definitions(kernels, dtype, n):
    gradient, moment, master = normal(n, seed=1, dtype=dtype), normal(n, seed=2), normal(n, seed=3)
    scaled = gradient.double() * 0.5
    moved = moment.double().lerp(scaled, 0.05)
    towards = kernels.muon_direction_(gradient, moment, momentum=0.95, scale=0.5)
    is_near(moment, moved, 1e-6)
    assert towards.dtype == torch.bfloat16
    is_near(towards, scaled.lerp(moved, 0.95), 2**-8)
    wanted, copy = master.double() * 0.9 - 0.3 * towards.double(), torch.empty(n, dtype=dtype)
    kernels.muon_move_(towards, master, copy, kept=0.9, rate=0.3)
    is_near(master, wanted, 1e-6)
    assert torch.equal(copy, master.to(dtype))


def test_what_is_no_plain_tensor_is_known():
    x = torch.zeros(4, 4)
    assert is_plain(x)
    assert not is_plain(x.t()[1:])
    assert not is_plain(x.double())
    assert not is_plain(torch.zeros(2, device="meta"))
