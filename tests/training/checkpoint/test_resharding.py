from pathlib import Path

import pytest
import torch
from tests.support.parallel_jobs import Job, Outcome, tiny_model, train_alone, train_dealt
from tests.support.ranks import RankPool

from zaphod.training.checkpoint.consolidation import CheckpointMasters
from zaphod.training.checkpoint.folder import CheckpointFolder

WAYS = {
    "one process": None,
    "copies": Job(),
    "experts dealt": Job(expert_ranks=2),
    "sharded": Job(parameters="sharded"),
    "sharded, experts dealt": Job(parameters="sharded", expert_ranks=2),
}
CHANGES = [
    ("one process", "experts dealt"),
    ("experts dealt", "one process"),
    ("experts dealt", "copies"),
    ("copies", "sharded"),
    ("sharded", "experts dealt"),
    ("experts dealt", "sharded, experts dealt"),
    ("sharded, experts dealt", "one process"),
]


def train(way: str, folder: Path, num_steps: int, pool: RankPool) -> Outcome:
    job = WAYS[way]
    if job is None:
        return train_alone(Job(folder=str(folder), num_steps=num_steps))
    outcome: Outcome = pool.run(train_dealt, job._replace(folder=str(folder), num_steps=num_steps))[0]
    return outcome


@pytest.fixture(scope="module")
def uninterrupted() -> Outcome:
    return train_alone(Job(num_steps=4))


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=[" to ".join(change) for change in CHANGES])
def test_complaint_13_a_run_goes_on_dealt_in_another_way(
    two_ranks: RankPool, uninterrupted: Outcome, tmp_path: Path, before: str, after: str
) -> None:
    train(before, tmp_path, 2, two_ranks)
    saved = dict(CheckpointMasters(newest(tmp_path)))
    resumed = train(after, tmp_path, 2, two_ranks)  # nothing is left to do: it is loaded, no more
    wholes = {name: value for name, value in resumed.values.items() if value.shape == saved[name].shape}
    assert all(torch.equal(value, saved[name]) for name, value in wholes.items())
    assert wholes
    continued = train(after, tmp_path, 4, two_ranks)
    assert max(abs(a - b) for a, b in zip(continued.losses, uninterrupted.losses, strict=True)) <= 1e-5
    torch.testing.assert_close(continued.logits, uninterrupted.logits, atol=1e-4, rtol=1e-4)


def test_complaint_13_answers_are_the_same_to_the_bit_whoever_wrote_the_checkpoint(
    two_ranks: RankPool, tmp_path: Path
) -> None:
    train("experts dealt", tmp_path, 2, two_ranks)
    of_two = answers(tmp_path)
    train("one process", tmp_path, 2, two_ranks)  # reads, does nothing, and writes again
    of_one = answers(tmp_path)
    train("sharded", tmp_path, 2, two_ranks)
    assert torch.equal(of_two, of_one)
    assert torch.equal(of_two, answers(tmp_path))


def answers(folder: Path) -> torch.Tensor:
    """Logits of a new model with the newest checkpoint's weights."""
    model = tiny_model(Job())
    model.load_state_dict(dict(CheckpointMasters(newest(folder))))
    with torch.no_grad():
        return model.forward_sequences(torch.arange(1, 25).view(2, 12))


def newest(folder: Path) -> Path:
    checkpoint = CheckpointFolder(folder / "checkpoints").newest()
    assert checkpoint is not None
    return checkpoint
