import math

import pytest
import torch
from tests.support.parallel_jobs import Job, Outcome, tiny_model, train_alone, train_dealt, train_skewed
from tests.support.ranks import RankError, RankPool

WAYS = {
    "copies": Job(),
    "experts dealt": Job(expert_ranks=2),
    "sharded": Job(parameters="sharded"),
    "sharded, experts dealt": Job(parameters="sharded", expert_ranks=2),
}

each_way = pytest.mark.parametrize("job", WAYS.values(), ids=WAYS.keys())


@pytest.fixture(scope="module")
def alone() -> Outcome:
    return train_alone(Job())


def farthest(ours: list[float], theirs: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


@each_way
def test_every_step_has_the_loss_of_one_process(two_ranks: RankPool, alone: Outcome, job: Job) -> None:
    first, second = two_ranks.run(train_dealt, job)
    assert first.losses == second.losses
    assert farthest(first.losses, alone.losses) <= 1e-5
    assert alone.losses[-1] < alone.losses[0] - 0.1


@each_way
def test_ranks_answer_like_the_model_of_one_process(two_ranks: RankPool, alone: Outcome, job: Job) -> None:
    for outcome in two_ranks.run(train_dealt, job):
        torch.testing.assert_close(outcome.logits, alone.logits, atol=1e-4, rtol=1e-4)


@each_way
def test_every_number_is_held_by_exactly_one_rank(two_ranks: RankPool, job: Job) -> None:
    held = [sum(math.prod(shape) for shape in outcome.held.values()) for outcome in two_ranks.run(train_dealt, job)]
    whole = sum(parameter.numel() for parameter in tiny_model(job).parameters())
    assert sum(held) == whole
    assert max(held) < 0.6 * whole


@each_way
def test_experts_are_balanced_over_the_whole_batch(two_ranks: RankPool, alone: Outcome, job: Job) -> None:
    assert two_ranks.run(train_dealt, job)[1].loads == alone.loads


@each_way
def test_activations_may_be_computed_twice(two_ranks: RankPool, alone: Outcome, job: Job) -> None:
    for outcome in two_ranks.run(train_dealt, job._replace(recompute="layer")):
        assert farthest(outcome.losses, alone.losses) <= 1e-5
        assert outcome.max_rows == two_ranks.run(train_dealt, job)[0].max_rows


@pytest.mark.parametrize("method", ["bias", "quantile"])
def test_selection_biases_move_by_the_loads_of_all_ranks(two_ranks: RankPool, method: str) -> None:
    job = WAYS["experts dealt"]._replace(balance=method)
    assert two_ranks.run(train_dealt, job)[1].loads == train_alone(job).loads


@pytest.mark.parametrize("job", [job._replace(rule="muon", half=True) for job in WAYS.values()], ids=WAYS.keys())
def test_muon_in_half_precision_stays_close(two_ranks: RankPool, job: Job) -> None:
    assert farthest(two_ranks.run(train_dealt, job)[0].losses, train_alone(job).losses) <= 5e-3


def test_complaint_08_a_rank_that_does_everything_is_seen_in_the_report(two_ranks: RankPool) -> None:
    for max_rows, assignments in two_ranks.run(train_skewed, WAYS["experts dealt"], None):
        assert max_rows == assignments


def test_complaint_08_a_capacity_bounds_what_the_busiest_rank_computes(two_ranks: RankPool) -> None:
    for max_rows, assignments in two_ranks.run(train_skewed, WAYS["experts dealt"], 1.0):
        assert assignments / 2 <= max_rows <= assignments / 2 * 1.05  # a part's capacity is rounded up


def test_the_busiest_rank_is_told_and_does_at_least_its_share(two_ranks: RankPool) -> None:
    first, second = two_ranks.run(train_dealt, WAYS["experts dealt"])
    assert first.max_rows == second.max_rows > 0
    assert two_ranks.run(train_dealt, WAYS["copies"])[0].max_rows == 0


@pytest.mark.parametrize("parameters", ["copied", "sharded"])
def test_experts_dealt_twice_over_four_ranks_give_the_same_losses(
    four_ranks: RankPool, alone: Outcome, parameters: str
) -> None:
    outcomes = four_ranks.run(train_dealt, Job(expert_ranks=2, parameters=parameters))
    assert farthest(outcomes[3].losses, alone.losses) <= 1e-5
    whole = sum(parameter.numel() for parameter in tiny_model(Job()).parameters())
    assert sum(math.prod(shape) for outcome in outcomes for shape in outcome.held.values()) == whole


@pytest.mark.parametrize(
    ("job", "complaint"),
    [
        (Job(expert_ranks=2, num_experts=3), "3 experts, to be dealt over 2"),
        (Job(expert_ranks=3), "over 3 ranks, and the run has 2"),
        (Job(num_parts=3), "3 parts, and there are 2 ranks"),
        (Job(parameters="halved"), "'copied' or 'sharded'"),
    ],
)
def test_what_cannot_be_dealt_evenly_is_refused(two_ranks: RankPool, job: Job, complaint: str) -> None:
    with pytest.raises(RankError, match=complaint):
        two_ranks.run(train_dealt, job)
