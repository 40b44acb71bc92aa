"""Which benchmarks there are, how each is read and asked; the place where a new one is added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.study.evaluation.exemplars import MATHEMATICS, STORY_PROBLEMS
from zaphod.study.evaluation.forms.choice import STYLES, ChoiceForm, ChoiceStyle
from zaphod.study.evaluation.forms.code import CodeForm
from zaphod.study.evaluation.forms.form import Form
from zaphod.study.evaluation.forms.text import Judged, TextForm
from zaphod.study.evaluation.generated.generated import GENERATED, GeneratedTask
from zaphod.study.evaluation.judges import judge_mathematics, judge_number
from zaphod.study.evaluation.layouts import (
    agieval,
    competition_math,
    gsm8k,
    humaneval,
    medqa,
    mmlu,
    toxigen,
    truthfulqa,
)
from zaphod.study.evaluation.layouts.files import DataFolder, NotRun
from zaphod.study.evaluation.problems import ChoiceProblem, TextProblem
from zaphod.study.evaluation.sandbox.sandbox import Sandbox

Read = Callable[[DataFolder], Sequence[Any] | NotRun]


@dataclass(frozen=True, kw_only=True)
class AskOptions:
    """What a user may choose about asking.

    Args:
        shots: solved problems shown before each one; None for the benchmark's own number.
        styles: of choices.
        seed: of generated problems and of drawn answers.
        num_samples: answers to each programming problem.
        temperature: at which several answers are drawn.
        max_tokens: of a written answer; None for the benchmark's own.
        num_generated: problems of a generated task.
        as_chat: prompts are a user's messages.
        sandbox: where programs are tried; made when the first one needs it.
    """

    shots: int | None = None
    styles: tuple[ChoiceStyle, ...] = STYLES
    seed: int = 0
    num_samples: int = 1
    temperature: float = 0.8
    max_tokens: int | None = None
    num_generated: int = 200
    as_chat: bool = False
    sandbox: Callable[[], Sandbox]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark.

    Args:
        name: as the command line has it.
        title: what it asks, in a few words.
        source: paper, or `generated here`.
        num_published: problems that it was published with; None where there is no such number.
        num_shots: shown before each problem unless asked otherwise.
        read: its problems out of a folder; the folder is None for generated ones.
        form: how to ask.
    """

    name: str
    title: str
    source: str
    num_published: int | None
    num_shots: int = 0
    positive: int | None = None
    """The option that accuses, where it is counted how often it is chosen wrongly."""
    read: Callable[[DataFolder | None, AskOptions], Sequence[Any] | NotRun]
    form: Callable[[DataFolder | None, AskOptions], Form | NotRun]

    @property
    def is_generated(self) -> bool:
        """Whether it needs no data."""
        return self.num_published is None


def benchmark(name: str) -> Benchmark:
    """By its name.

    Raises:
        ConfigError: there is no such benchmark.
    """
    if name not in BENCHMARKS:
        raise ConfigError(
            f"There is no benchmark {name!r}.", f"They are {', '.join(BENCHMARKS)}.", "See `zaphod eval list`."
        )
    return BENCHMARKS[name]


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """Benchmarks by names; `agieval`, `truthfulqa` and `generated` stand for several."""
    groups = {
        "agieval": [name for name in BENCHMARKS if name.startswith("agieval-")],
        "truthfulqa": [name for name in BENCHMARKS if name.startswith("truthfulqa-")],
        "generated": [name for name, found in BENCHMARKS.items() if found.is_generated],
        "all": list(BENCHMARKS),
    }
    return [benchmark(one) for one in dict.fromkeys(one for name in names for one in groups.get(name, [name]))]


def _from_folder(read: Read) -> Callable[[DataFolder | None, AskOptions], Sequence[Any] | NotRun]:
    def reading(folder: DataFolder | None, options: AskOptions) -> Sequence[Any] | NotRun:
        return NotRun("data set absent (no --data folder)") if folder is None else read(folder)

    return reading


def _choices(**fields: Any) -> Callable[[DataFolder | None, AskOptions], Form | NotRun]:
    def form(folder: DataFolder | None, options: AskOptions) -> Form | NotRun:
        if options.shots:
            return NotRun(f"no solved problems are set apart for it, so that --shots {options.shots} cannot be given")
        return ChoiceForm(styles=options.styles, **fields)

    return form


def _mmlu(folder: DataFolder | None, options: AskOptions) -> Form | NotRun:
    num_shots = 5 if options.shots is None else options.shots
    preface = "The following are multiple choice questions (with answers) about {group}.\n\n"
    shots: dict[str, list[ChoiceProblem]] = {}
    if num_shots:
        read = NotRun("data set absent (no --data folder)") if folder is None else mmlu.read_shots(folder)
        if isinstance(read, NotRun):
            return NotRun(f"{read.reason}; --shots 0 needs none")
        for problem in read:
            shots.setdefault(problem.group, []).append(problem)
        if any(len(found) < num_shots for found in shots.values()):
            return NotRun(f"fewer than {num_shots} solved problems a subject; give fewer --shots")
    return ChoiceForm(
        styles=options.styles, preface=preface, shots=lambda problem: shots.get(problem.group, [])[:num_shots]
    )


def _texts(
    judge: Callable[[TextProblem, str], Judged],
    exemplars: Sequence[tuple[str, str]],
    num_shots: int,
    max_tokens: int,
    **fields: Any,
) -> Callable[[DataFolder | None, AskOptions], Form | NotRun]:
    def form(folder: DataFolder | None, options: AskOptions) -> Form | NotRun:
        wanted = num_shots if options.shots is None else options.shots
        if wanted > len(exemplars):
            return NotRun(f"there are {len(exemplars)} worked examples, not {wanted}; give fewer --shots")
        return TextForm(
            judge=judge,
            shots=tuple(exemplars[:wanted]),
            max_tokens=options.max_tokens or max_tokens,
            seed=options.seed,
            **fields,
        )

    return form


def _code(folder: DataFolder | None, options: AskOptions) -> Form:
    return CodeForm(
        sandbox=options.sandbox(),
        num_samples=options.num_samples,
        temperature=options.temperature if options.num_samples > 1 else 0.0,
        max_tokens=options.max_tokens or 512,
        as_chat=options.as_chat,
        seed=options.seed,
    )


def _generated(task: GeneratedTask) -> Benchmark:
    return Benchmark(
        name=task.name,
        title=task.title,
        source="generated here",
        num_published=None,
        positive=task.positive,
        read=lambda folder, options: task.problems(options.num_generated, options.seed),
        form=lambda folder, options: task.form(options.sandbox, options.max_tokens, options.styles, options.as_chat),
    )


def _published() -> list[Benchmark]:
    mathematics = {"question_word": "Problem: ", "answer_word": "\nSolution:", "stop": ("\nProblem:",)}
    examinations = [
        Benchmark(
            name=f"agieval-{name}",
            title=f"the examination {name}, options",
            source="arXiv 2304.06364",
            num_published=size,
            read=_from_folder(lambda folder, name=name: agieval.read(folder, name)),  # type: ignore[misc]
            form=_choices(),
        )
        for name, size in agieval.CHOICES.items()
    ]
    return [
        Benchmark(
            name="mmlu",
            title="57 subjects, four options",
            source="arXiv 2009.03300",
            num_published=14042,
            num_shots=5,
            read=_from_folder(mmlu.read),
            form=_mmlu,
        ),
        Benchmark(
            name="humaneval",
            title="functions to complete, tried by tests",
            source="arXiv 2107.03374",
            num_published=164,
            read=_from_folder(humaneval.read),
            form=_code,
        ),
        *examinations,
        Benchmark(
            name="agieval-math",
            title="the examination math, written answers",
            source="arXiv 2304.06364",
            num_published=1000,
            num_shots=4,
            read=_from_folder(agieval.read_math),
            form=_texts(judge_mathematics, MATHEMATICS, 4, 512, **mathematics),
        ),
        Benchmark(
            name="medqa",
            title="medical licensing questions, four or five options",
            source="arXiv 2009.13081",
            num_published=1273,
            read=_from_folder(medqa.read),
            form=_choices(),
        ),
        Benchmark(
            name="gsm8k",
            title="word problems, a number",
            source="arXiv 2110.14168",
            num_published=1319,
            num_shots=5,
            read=_from_folder(gsm8k.read),
            form=_texts(judge_number, STORY_PROBLEMS, 5, 320),
        ),
        Benchmark(
            name="math",
            title="competition problems, a formula",
            source="arXiv 2103.03874",
            num_published=5000,
            num_shots=4,
            read=_from_folder(competition_math.read),
            form=_texts(judge_mathematics, MATHEMATICS, 4, 768, **mathematics),
        ),
        Benchmark(
            name="toxigen",
            title="is a statement hateful, yes or no",
            source="arXiv 2203.09509",
            num_published=940,
            positive=toxigen.HATEFUL_OPTION,
            read=_from_folder(toxigen.read),
            form=_choices(),
        ),
        *(
            Benchmark(
                name=f"truthfulqa-{short}",
                title=f"true answers among common mistakes ({short.upper()})",
                source="arXiv 2109.07958",
                num_published=817,
                read=_from_folder(lambda folder, targets=targets: truthfulqa.read(folder, targets)),  # type: ignore[misc]
                form=_choices(question_word="Q: ", answer_word="A:", counts_mass=short == "mc2"),
            )
            for short, targets in (("mc1", "mc1_targets"), ("mc2", "mc2_targets"))
        ),
    ]


BENCHMARKS: Mapping[str, Benchmark] = {
    found.name: found for found in (*_published(), *(_generated(task) for task in GENERATED))
}
