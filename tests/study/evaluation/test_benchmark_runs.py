"""A run asks each problem once, keeps it, and tells figures with what must be said beside them."""

import dataclasses
import gzip
import json
from pathlib import Path

import pytest
from tests.study.evaluation.asked_models import Rule
from tests.study.evaluation.layouts.layout_files import write

from zaphod.study.evaluation.catalogue import BENCHMARKS, AskOptions, chosen
from zaphod.study.evaluation.contamination import open_corpus
from zaphod.study.evaluation.evaluation import RunOptions, evaluate, spread
from zaphod.study.evaluation.forms.code import completed, judge
from zaphod.study.evaluation.judges import judge_number
from zaphod.study.evaluation.layouts.files import DataFolder
from zaphod.study.evaluation.sandbox.levels import STRONG
from zaphod.study.evaluation.sandbox.sandbox import Sandbox, open_sandbox, why_not

PUBLISHED = Path(__file__).parents[4] / "shared" / "evaldata"
needs_published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"there are no published data in {PUBLISHED}")
needs_sandbox = pytest.mark.skipif(all(why_not(level) for level in STRONG), reason="no strong sandbox works here")

ASK = AskOptions(sandbox=lambda: Sandbox("none"), num_generated=6)


def run(model, *names, **fields):
    return evaluate(model, chosen(names), RunOptions(ask=ASK, **fields))


def test_a_story_is_right_where_the_number_is(tmp_path):
    write(tmp_path, "gsm8k")
    for answer, strict, flexible in (("#### 5", 1, 1), ("I say 5.", 0, 1), ("6", 0, 0)):
        (result,) = run(Rule(answer=lambda prompt, a=answer: a), "gsm8k", data=DataFolder(tmp_path))
        assert [figure.value for figure in result.figures] == [strict, flexible]


def test_a_program_is_right_where_its_tests_pass(tmp_path):
    write(tmp_path, "humaneval")
    for body, value in (("    return a + b\n", 1.0), ("    return a\n", 0.0), ("    raise SystemExit(0)\n", 0.0)):
        (result,) = run(Rule(answer=lambda prompt, b=body: b), "humaneval", data=DataFolder(tmp_path))
        assert [(figure.name, figure.value) for figure in result.figures] == [("pass@1", value)]


def test_several_answers_to_a_program_have_several_seeds(tmp_path):
    write(tmp_path, "humaneval")
    model = Rule(answer=lambda prompt: "    return a + b\n")
    options = RunOptions(ask=dataclasses.replace(ASK, num_samples=5), data=DataFolder(tmp_path))
    (result,) = evaluate(model, chosen(["humaneval"]), options)
    assert [figure.name for figure in result.figures] == ["pass@1", "pass@5"]
    assert [(prompt.seed, prompt.temperature) for prompt in model.prompts] == [(n, 0.8) for n in range(5)]


def test_what_was_answered_is_not_asked_again(tmp_path):
    model = Rule()
    (first,) = run(model, "stories", out=tmp_path)
    num_asked = len(model.prompts)
    (second,) = run(model, "stories", out=tmp_path)
    assert num_asked == len(model.prompts) == 6
    assert first.as_dict() == second.as_dict()
    assert len((tmp_path / "stories.jsonl").read_text().splitlines()) == 1 + 6


def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path):
    class Stopping(Rule):
        def write(self, prompts):
            if self.prompts:
                raise KeyboardInterrupt
            return super().write(prompts)

    options = RunOptions(ask=dataclasses.replace(ASK, num_generated=20), out=tmp_path)
    stopping = Stopping()
    with pytest.raises(KeyboardInterrupt):
        evaluate(stopping, chosen(["stories"]), options)
    model = Rule()
    (result,) = evaluate(model, chosen(["stories"]), options)
    assert len(stopping.prompts) + len(model.prompts) == 20
    assert result.figures[0].num == 20


def test_a_limit_takes_problems_from_everywhere_and_the_same_ones_again():
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread(range(3), 10) == [0, 1, 2]


def test_figures_at_chance_say_so_and_false_positives_are_counted():
    (result,) = run(Rule(score=lambda context, text: float(text in (" B", " Yes"))), "hostility")
    assert all(figure.chance == 0.5 for figure in result.figures)
    assert result.false_positives["all"].value == 1.0
    assert {name.split(":")[0] for name in result.false_positives} == {"all", "neutral"}
    assert all(figure.is_chance for figure in result.figures)


def test_absent_data_give_no_figure(tmp_path):
    (result,) = run(Rule(), "mmlu", data=DataFolder(tmp_path))
    assert result.as_dict() == {"name": "mmlu", "status": "not run", "reason": result.reason}


def test_shots_that_are_not_there_are_not_made_up(tmp_path):
    write(tmp_path, "mmlu")
    (result,) = run(Rule(), "mmlu", data=DataFolder(tmp_path))
    assert "SUBJECT_dev.csv" in result.reason
    options = RunOptions(ask=dataclasses.replace(ASK, shots=0), data=DataFolder(tmp_path))
    (result,) = evaluate(Rule(), chosen(["mmlu"]), options)
    assert result.figures[0].num == 1
    assert "1 of 14042" in result.notes[0]


def test_problems_that_stand_in_training_data_are_found(tmp_path):
    problem = BENCHMARKS["stories"].read(None, ASK)[3]
    (tmp_path / "page.jsonl").write_text(json.dumps({"text": f"Before. {problem.question.upper()} After."}))
    corpus = open_corpus(tmp_path)
    (result,) = run(Rule(), "stories", corpus=lambda: corpus)
    assert result.contamination["shares"] == {problem.key: 1.0}
    assert result.contamination["num_found"] == 1
    assert result.contamination["figures_of_clean_problems"][0]["n"] == 5


def test_groups_of_benchmarks_have_names():
    assert {found.name for found in chosen(["truthfulqa"])} == {"truthfulqa-mc1", "truthfulqa-mc2"}
    assert all(found.is_generated for found in chosen(["generated"]))


@needs_published
def test_published_answers_are_judged_right():
    problems = BENCHMARKS["gsm8k"].read(DataFolder(PUBLISHED), ASK)
    lines = (PUBLISHED / "gsm8k-test.jsonl").read_text().splitlines()
    verdicts = [judge_number(p, json.loads(line)["answer"]).values for p, line in zip(problems, lines, strict=True)]
    assert all(verdict == {"strict": 1.0, "flexible": 1.0} for verdict in verdicts)


@needs_published
@needs_sandbox
def test_published_solutions_pass_their_tests_in_the_sandbox():
    sandbox = open_sandbox()
    problems = BENCHMARKS["humaneval"].read(DataFolder(PUBLISHED), ASK)[::20]
    with gzip.open(PUBLISHED / "HumanEval.jsonl.gz", "rt") as file:
        solutions = [json.loads(line)["canonical_solution"] for line in file][::20]
    for problem, solution in zip(problems, solutions, strict=True):
        assert judge(problem, completed(problem, solution), sandbox) == (True, "passed")
        assert not judge(problem, completed(problem, "    return None\n"), sandbox)[0]
