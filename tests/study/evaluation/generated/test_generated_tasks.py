"""Generated benchmarks repeat with their seed, keep their splits apart, and judge their own answers right."""

import itertools

import pytest

from zaphod.data.tasks.task import SPLITS, Example
from zaphod.study.evaluation.catalogue import BENCHMARKS, AskOptions
from zaphod.study.evaluation.extraction import last_number
from zaphod.study.evaluation.generated.confusions import PAIRS
from zaphod.study.evaluation.generated.generated import GENERATED
from zaphod.study.evaluation.generated.hostility import CONTROLS, MINORITIES
from zaphod.study.evaluation.sandbox.sandbox import Sandbox

FIRST_SPLITS = [split for split in SPLITS if split in ("train", "combinations", "wordings")]
TASKS = [task.make(lambda: Sandbox("none")) for task in GENERATED]


def some(task, split="train", seed=0, count=12):
    return list(itertools.islice(task.examples(split, seed), count))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_same_seed_gives_the_same_examples(task):
    first = some(task, count=5)
    assert first == some(task, count=5)
    assert first != some(task, seed=1, count=5)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("split", FIRST_SPLITS)
def test_its_own_answer_is_judged_right_and_another_wrong(task, split):
    for example in some(task, split, count=3 if task.name == "functions" else 8):
        verdict = task.judge(example, example.answer)
        assert verdict.correct, (example, verdict)
        assert not task.judge(example, "    return None\n").correct


@pytest.mark.parametrize("task", TASKS[:3], ids=lambda task: task.name)
def test_held_out_combinations_are_never_in_training(task):
    train = {example.prompt for example in some(task, "train", count=120)}
    held_out = {example.prompt for example in some(task, "combinations", count=25)}
    assert not train & held_out


def test_a_story_is_judged_by_its_steps_and_not_by_its_answer():
    (example,) = some(TASKS[0], count=1)
    lying = Example(task=example.task, prompt=example.prompt, answer="#### 1", meta=example.meta)
    assert TASKS[0].judge(lying, example.answer).correct
    assert not TASKS[0].judge(lying, f"{last_number(example.answer)}1").correct


@pytest.mark.parametrize("task", GENERATED, ids=lambda task: task.name)
def test_problems_of_a_benchmark_differ(task):
    problems = BENCHMARKS[task.name].read(None, AskOptions(sandbox=lambda: Sandbox("none"), num_generated=30))
    names = {
        getattr(problem, "stem", getattr(problem, "question", getattr(problem, "prompt", ""))) for problem in problems
    }
    assert len(names) == len(problems) == 30


def test_neutral_mentions_are_made_of_every_group():
    examples = some(TASKS[3], count=900)
    for is_hostile in (True, False):
        groups = {example.meta["group"] for example in examples if example.meta["is_hostile"] is is_hostile}
        assert groups == {*MINORITIES, *CONTROLS}


def test_no_mistake_is_true():
    assert all(truth not in mistakes and mistakes for _, truth, mistakes in PAIRS)
    assert len({question for question, _, _ in PAIRS}) == len(PAIRS)
