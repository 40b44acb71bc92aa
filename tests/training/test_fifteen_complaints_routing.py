"""What people who train sparse models complain of, one test each: routers, balance, recomputation, low precision.

Of the fifteen, 1 to 4 and 14 stand in `adaptation`, 11 in `parallel`, 13 in `checkpoint`; how fast the twelfth's step
is beside a dense one's, `python -m benchmarks.training_speed` says.
"""

import dataclasses
import random
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from zaphod.compute.kernels import fused, reference
from zaphod.compute.kernels.operations import Operations
from zaphod.compute.kernels.reference import Routing, route
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.torch_runner import TorchRunner
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.experts import Experts
from zaphod.model.recomputation import Recompute
from zaphod.model.transformer import Transformer
from zaphod.testing import TINY_CONFIG, tiny_model
from zaphod.training import passes
from zaphod.training.balance import BalanceConfig, balance_loss, balance_term, expert_counts, router_loss, z_term
from zaphod.training.batches import BatchStream, Document, GroupedSequences, collate
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.reports import StepReport
from zaphod.training.router_policy import RouterPolicy, apply_router_policy
from zaphod.training.schedule import ScheduleConfig

ROUTER = RouterConfig(num_experts=4, top_k=2, renormalise=True)


def small(**router: Any) -> ModelConfig:
    moe = MoEConfig(router=dataclasses.replace(ROUTER, **router), expert_size=16)
    return dataclasses.replace(TINY_CONFIG, vocab_size=32, num_layers=2, moe=moe)


def documents(seed: int, count: int) -> list[Document]:
    rng = random.Random(seed)
    return [Document(rng.choices(range(32), k=2), rng.choices(range(32), k=rng.choice([4, 5]))) for _ in range(count)]


def trainer(folder: Path, config: ModelConfig, *, policy: RouterPolicy = "train", **loop: Any) -> Trainer:
    model = Transformer(config)
    initialise(model, config.num_layers, seed=1)
    apply_router_policy(model, policy)
    settings = {"num_steps": 4, "schedule": ScheduleConfig(warmup_steps=1), "num_threads": 2} | loop
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=0.01))
    return Trainer(model, optimiser, BatchStream(documents, 60, 2, seed=0), LoopConfig(**settings), folder)


@pytest.mark.parametrize("policy", ["train", "freeze"])
def test_complaint_05_a_router_learns_exactly_if_the_run_says_so(tmp_path: Path, policy: RouterPolicy) -> None:
    run = trainer(tmp_path, small(), policy=policy)
    before = run.model.get_parameter("layers.0.moe.router.weight").detach().clone()
    run.run()
    assert torch.equal(before, run.model.get_parameter("layers.0.moe.router.weight")) is (policy == "freeze")


def hand_made() -> Routing:
    """Loads 2/3 and 1/3; mean probabilities (0.9 + 0.6 + 0.2)/3 and the rest."""
    return route(torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]).log().requires_grad_(), top_k=1)


def test_complaint_06_the_balance_loss_is_its_formula_and_has_no_second_softmax() -> None:
    routing = hand_made()
    by_hand = 2 * (2 / 3 * 1.7 / 3 + 1 / 3 * 1.3 / 3)
    twice_P = routing.scores_TE.softmax(-1).mean(0)
    twice = 2 * (twice_P * torch.tensor([2 / 3, 1 / 3])).sum().item()
    assert balance_loss(routing).item() == pytest.approx(by_hand)
    assert balance_loss(routing).item() != pytest.approx(twice, rel=1e-3)


def test_complaint_06_padding_is_never_counted() -> None:
    logits_TE = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    counted_T = torch.arange(20) < 13
    padded, plain = route(logits_TE, top_k=2), route(logits_TE[:13], top_k=2)
    counts_E = expert_counts(padded, counted_T)
    assert torch.equal(counts_E, expert_counts(plain))
    assert balance_term(padded, counts_E, counted_T).item() == pytest.approx(balance_loss(plain).item())
    assert z_term(padded, 13, counted_T).item() == pytest.approx(z_term(plain, 13).item())


def test_complaint_06_how_a_batch_is_cut_does_not_change_its_loss() -> None:
    logits_TE = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    whole = route(logits_TE, top_k=2)
    counts_LE = expert_counts(whole)[None]
    cut = [route(part, top_k=2) for part in logits_TE.split([3, 9, 8])]
    config = BalanceConfig(weight=1.0, z_weight=1.0)
    in_parts = sum(router_loss([part], counts_LE, config).item() for part in cut)
    assert in_parts == pytest.approx(router_loss([whole], counts_LE, config).item())


def test_complaint_06_the_balance_loss_has_a_gradient() -> None:
    routing = hand_made()
    (gradient_TE,) = torch.autograd.grad(balance_loss(routing), routing.logits_TE)
    assert (gradient_TE[:, 0] > 0).all()  # the favourite is pushed down


def test_complaint_07_starving_experts_are_in_every_log_line_and_raise_an_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    balance = BalanceConfig(method="none", alarm_steps=3, alarm_violation=0.9)
    run = trainer(tmp_path, small(selection_bias=True), balance=balance)
    with torch.no_grad():
        run.model.get_parameter("layers.1.moe.router.selection_bias").copy_(torch.tensor([9.0, 9.0, 0.0, 0.0]))
    reports = run.run()
    assert all((report.num_dead, report.max_violation) >= (2, 1.0) for report in reports)
    assert reports[2].alarm is not None
    assert "2 experts starve (sparse layers 1)" in reports[2].alarm
    assert "2.0 times the mean" in caplog.text


def test_complaint_08_experts_are_balanced_unless_someone_says_no() -> None:
    assert BalanceConfig().method == "aux"
    assert BalanceConfig().weight > 0


def test_complaint_08_a_capacity_bounds_what_an_expert_computes_and_counts_what_it_drops(tmp_path: Path) -> None:
    balance = BalanceConfig(method="none", capacity_factor=1.0)
    run = trainer(tmp_path, small(selection_bias=True), balance=balance)
    with torch.no_grad():
        run.model.get_parameter("layers.0.moe.router.selection_bias").copy_(torch.tensor([9.0, 9.0, 0.0, 0.0]))
    seen: list[int] = []
    forward = Experts.forward

    def counted(self: Experts, x_TD: Tensor, routing: Routing, adapters: None = None) -> Tensor:
        seen.append(int(routing.expert_ids_TK.flatten().bincount().max()))
        return forward(self, x_TD, routing, adapters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Experts, "forward", counted)
        reports = run.run()
    tokens_of_a_part = max(report.num_tokens for report in reports) / 2
    assert max(seen) <= tokens_of_a_part  # two of four experts would have had twice that
    assert all(report.num_dropped > report.num_tokens / 2 for report in reports)


def test_complaint_09_engine_and_trainer_choose_the_same_experts() -> None:
    model = tiny_model(seed=3)
    ids = random.Random(0).choices(range(259), k=40)
    passed = passes.forward(model, collate([Document(ids[:1], [*ids[1:], 0])]))
    runner = TorchRunner(model, max_len=64, block_size=8)
    logits = runner.forward(assemble([Scheduled(ids, 0, range(5), num_logits=40)], 8, reports_experts=True))
    trained = torch.stack([routing.expert_ids_TK for routing in passed.routing], 1)
    assert torch.equal(torch.from_numpy(runner.experts()).long(), trained)
    targets = torch.tensor([*ids[1:], 0])
    engine_loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits), targets, reduction="sum")
    assert engine_loss.item() == passed.loss_sum.item()


def test_complaint_09_experts_recorded_by_the_engine_can_be_replayed() -> None:
    model = tiny_model(seed=3)
    part = collate([Document([7], random.Random(1).choices(range(259), k=30))])
    first = passes.forward(model, part)
    with torch.no_grad():
        for layer in model.layers:
            layer.moe.router.weight.add_(0.5 * torch.randn(8, 32, generator=torch.Generator().manual_seed(0)))
    free, replayed = list[Routing](), list[Routing]()
    told = (part.token_ids_T, part.positions_T, GroupedSequences(part.groups))
    model(*told, routing=free)
    model(*told, routing=replayed, routing_given=first.routing)
    assert not torch.equal(free[0].expert_ids_TK, first.routing[0].expert_ids_TK)
    assert torch.equal(replayed[0].expert_ids_TK, first.routing[0].expert_ids_TK)


def losses(reports: list[StepReport]) -> list[tuple[float, float]]:
    return [(report.loss, report.gradient_norm) for report in reports]


@pytest.mark.parametrize("recompute", ["experts", "layer"])
@pytest.mark.parametrize("ties", [False, True])
def test_complaint_10_recomputed_activations_take_the_way_of_the_first_pass(
    tmp_path: Path, recompute: Recompute, ties: bool
) -> None:
    def run(name: str, recompute: Recompute) -> list[StepReport]:
        balance = BalanceConfig(noise_std=0.0 if ties else 1.0)
        made = trainer(tmp_path / name, small(), num_steps=2, recompute=recompute, balance=balance)
        if ties:
            for layer in made.model.layers:
                torch.nn.init.zeros_(layer.moe.router.weight)
                made.optimiser.masters[f"layers.{layer.attention.layer}.moe.router.weight"].zero_()
        return made.run()

    assert losses(run("once", "none")) == losses(run("twice", recompute))


class NumOperations(TorchDispatchMode):
    """Counts what is asked of PyTorch."""

    count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return function(*args, **(kwargs or {}))


def learn_once(num_experts: int, operations: Operations, counter: AbstractContextManager[object]) -> None:
    model = Transformer(small(num_experts=num_experts))
    initialise(model, 2, seed=0)
    model.use(operations)
    with counter:
        passes.forward(model, collate(documents(0, 5))).loss_sum.backward()


def test_complaint_12_no_operation_is_asked_for_each_expert() -> None:
    few, many = NumOperations(), NumOperations()
    learn_once(4, reference, few)
    learn_once(32, reference, many)
    assert few.count == many.count


def test_complaint_12_idle_experts_cost_no_arithmetic_but_the_routers() -> None:
    few, many = FlopCounterMode(display=False), FlopCounterMode(display=False)
    learn_once(4, fused, few)
    learn_once(32, fused, many)
    num_tokens, width, num_layers = len(collate(documents(0, 5)).token_ids_T), TINY_CONFIG.hidden_size, 2
    router = 3 * 2 * num_tokens * width * (32 - 4) * num_layers  # forward, and back to tokens and weights
    assert many.get_total_flops() - few.get_total_flops() == router


def test_complaint_15_what_decides_stays_in_high_precision() -> None:
    model = Transformer(dataclasses.replace(small(), tie_embeddings=False))
    initialise(model, 2, seed=0)
    in_half_precision(model)
    for name, parameter in model.named_parameters():
        wanted = torch.float32 if "norm" in name or ".router." in name else torch.bfloat16
        assert parameter.dtype == wanted, name  # the head is no narrower than bfloat16
    assert {master.dtype for master in Optimiser(model, OptimiserConfig()).masters.values()} == {torch.float32}


def test_complaint_15_rows_that_fill_up_a_group_change_nothing() -> None:
    model = tiny_model(seed=2).requires_grad_(True)
    part = collate(documents(0, 5))
    results = []
    for row_multiple in (1, 64):
        for module in model.modules():
            if isinstance(module, Experts):
                module.row_multiple = row_multiple
        passed = passes.forward(model, part)
        counts_LE = torch.stack([expert_counts(routing) for routing in passed.routing])
        loss = passes.loss_share(passed, len(part.rows_R), counts_LE, BalanceConfig())
        results.append((loss.item(), counts_LE, torch.autograd.grad(loss, list(model.parameters()))))
    (loss, counts_LE, gradients), (filled_loss, filled_counts_LE, filled_gradients) = results
    assert loss == filled_loss
    assert torch.equal(counts_LE, filled_counts_LE)
    torch.testing.assert_close(gradients, filled_gradients)
