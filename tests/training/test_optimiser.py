import pytest
import torch
from torch import nn

from zaphod.core.errors import ConfigError
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision, orthogonalised, uses_muon


def norm_of(gradients: dict[str, torch.Tensor]) -> float:
    return float(torch.stack([gradient.square().sum() for gradient in gradients.values()]).sum().sqrt())


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, 3)
        self.o_proj = nn.Linear(3, 5, bias=False)
        self.norm = nn.LayerNorm(3, bias=False)


def stepped(
    model: nn.Module, optimiser: Optimiser, gradients: dict[str, torch.Tensor], rate_share: float = 1.0
) -> None:
    scale = optimiser.begin_step(norm_of(gradients))
    optimiser.update(gradients, gradients, scale=scale, rate_share=rate_share)


def random_gradients(optimiser: Optimiser, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {n: torch.randn(m.shape, generator=generator) for n, m in optimiser.masters.items()}


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 24), (3, 24, 8)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrices).float())
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_a_stack_of_experts_is_treated_expert_by_expert() -> None:
    stack = torch.randn(3, 6, 10, generator=torch.Generator().manual_seed(0))
    each = torch.stack([orthogonalised(matrix) for matrix in stack])
    torch.testing.assert_close(orthogonalised(stack), each, rtol=0.05, atol=0.02)


def test_vectors_embedding_and_adam_parameters_follow_torch_adamw() -> None:
    ours, theirs = Toy(), Toy()
    theirs.load_state_dict(ours.state_dict())
    config = OptimiserConfig(learning_rate=0.01, max_gradient_norm=1e9)
    optimiser = Optimiser(ours, config)
    oracle = torch.optim.AdamW(theirs.parameters(), lr=0.01, betas=config.betas, weight_decay=0.0)
    for seed in range(5):
        gradients = random_gradients(optimiser, seed)
        stepped(ours, optimiser, gradients)
        for name, parameter in theirs.named_parameters():
            parameter.grad = gradients[name]
        oracle.step()
    torch.testing.assert_close(ours.embedding.weight, theirs.embedding.weight)
    torch.testing.assert_close(ours.norm.weight, theirs.norm.weight)


def test_muon_takes_layer_matrices_only() -> None:
    assert uses_muon("layers.0.moe.experts.gate", torch.empty(2, 3, 4))
    for name in ("embedding.weight", "head.weight", "layers.0.moe.router.weight"):
        assert not uses_muon(name, torch.empty(3, 4))
    assert not uses_muon("layers.0.attention_norm.weight", torch.empty(3))


def test_large_gradients_are_brought_to_the_largest_norm() -> None:
    optimiser = Optimiser(Toy(), OptimiserConfig(max_gradient_norm=0.5))
    gradients = random_gradients(optimiser)
    norm = torch.cat([g.flatten() for g in gradients.values()]).norm()
    assert optimiser.begin_step(norm_of(gradients)) == pytest.approx(0.5 / float(norm), rel=1e-4)


def test_half_precision_spares_norms_and_routers() -> None:
    model = nn.ModuleDict(
        {"router": nn.ModuleDict({"x": nn.Linear(2, 2)}), "norm": nn.LayerNorm(2), "o": nn.Linear(2, 2)}
    )
    outer = nn.ModuleDict({"moe": model})
    in_half_precision(outer)
    dtypes = {name: parameter.dtype for name, parameter in outer.named_parameters()}
    assert dtypes["moe.router.x.weight"] == dtypes["moe.norm.weight"] == torch.float32
    assert dtypes["moe.o.weight"] == torch.bfloat16


def test_steps_too_small_for_bfloat16_add_up_in_the_masters() -> None:
    model = Toy()
    model.norm.weight.data = model.norm.weight.data.bfloat16()
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=1e-4))
    for _ in range(40):
        stepped(model, optimiser, {name: torch.ones_like(m) for name, m in optimiser.masters.items()})
    assert model.norm.weight[0].item() < 1.0


def test_a_state_taken_over_gives_the_same_next_step() -> None:
    first, second = Toy(), Toy()
    one, other = Optimiser(first, OptimiserConfig()), Optimiser(second, OptimiserConfig())
    stepped(first, one, random_gradients(one, 1))
    other.load_state(one.state())
    stepped(first, one, random_gradients(one, 2))
    stepped(second, other, random_gradients(other, 2))
    for name, parameter in first.named_parameters():
        assert torch.equal(parameter, second.get_parameter(name))


def test_adamw_alone_has_second_moments_for_every_parameter() -> None:
    optimiser = Optimiser(Toy(), OptimiserConfig(rule="adamw"))
    assert set(optimiser.second_moments) == set(optimiser.masters)


def test_moments_in_bfloat16_take_nearly_the_same_steps() -> None:
    first, second = Toy(), Toy()
    second.load_state_dict(first.state_dict())
    exact = Optimiser(first, OptimiserConfig())
    rounded = Optimiser(second, OptimiserConfig(state_format="bfloat16"))
    for seed in range(5):
        gradients = random_gradients(exact, seed)
        stepped(first, exact, gradients)
        stepped(second, rounded, gradients)
    assert {moment.dtype for moment in rounded.second_moments.values()} == {torch.bfloat16}
    for name, master in exact.masters.items():
        torch.testing.assert_close(rounded.masters[name], master, atol=2e-3, rtol=0)


@pytest.mark.parametrize("settings", [{"learning_rate": 0.0}, {"betas": (0.9, 1.0)}, {"weight_decay": -1.0}])
def test_impossible_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        OptimiserConfig(**settings)  # type: ignore[arg-type]
