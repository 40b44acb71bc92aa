"""The optimiser's native passes over memory write what its plain ones write."""

import pytest
import torch

from zaphod.compute.kernels import dispatch
from zaphod.testing import tiny_model
from zaphod.training import optimiser as rules
from zaphod.training.optimiser import Optimiser, OptimiserConfig, Rule, StateFormat, in_half_precision


def steps(num_steps: int, rule: Rule, state_format: StateFormat = "float32") -> Optimiser:
    model = in_half_precision(tiny_model(seed=1).requires_grad_(True))
    optimiser = Optimiser(model, OptimiserConfig(rule=rule, state_format=state_format))
    for step in range(num_steps):
        generator = torch.Generator().manual_seed(step)
        gradients = {name: torch.randn(x.shape, generator=generator) for name, x in optimiser.masters.items()}
        optimiser.begin_step(1.0)
        optimiser.update(list(gradients), gradients, scale=0.5, rate_share=0.7)
    return optimiser


@pytest.mark.skipif(not dispatch.native_is_available(), reason="native kernels are missing")
@pytest.mark.parametrize(("rule", "tolerance"), [("adamw", 1e-6), ("muon", 2e-4)])  # bfloat16 inside Muon's iteration
def test_masters_moments_and_parameters_follow_the_definition(rule, tolerance, monkeypatch):
    native = steps(3, rule)
    monkeypatch.setattr(rules, "training_kernels", lambda: None)
    plain = steps(3, rule)
    for kind in ("masters", "first_moments", "second_moments"):
        for name, ours in getattr(native, kind).items():
            torch.testing.assert_close(ours, getattr(plain, kind)[name], rtol=1e-4, atol=tolerance)
    for name, parameter in native.parameters.items():
        assert torch.equal(parameter, native.masters[name].to(parameter.dtype))


@pytest.mark.parametrize("rule", ["adamw", "muon"])
def test_moments_in_half_precision_are_left_to_the_plain_rule(rule, monkeypatch):
    monkeypatch.setattr(rules, "training_kernels", lambda: pytest.fail("native code was asked for"))
    optimiser = steps(1, rule, "bfloat16")
    assert {moment.dtype for moment in optimiser.first_moments.values()} == {torch.bfloat16}
