"""Functions over lists of numbers to complete, in HumanEval's shape; tests are made by running the known function.

A function keeps some numbers, changes them and sums them up: three parts, drawn apart, so that there are some hundreds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.study.evaluation.forms.code import completed, judge
from zaphod.study.evaluation.problems import CodeProblem
from zaphod.study.evaluation.sandbox.sandbox import Sandbox

_KEPT: Mapping[str, tuple[str, str]] = {
    # what is said: (its code, another wording)
    "all numbers": ("numbers", "every number of the list"),
    "the even numbers": ("[n for n in numbers if n % 2 == 0]", "those numbers that two divides"),
    "the odd numbers": ("[n for n in numbers if n % 2]", "those numbers that two does not divide"),
    "the numbers above {k}": ("[n for n in numbers if n > {k}]", "what is larger than {k}"),
    "the numbers below {k}": ("[n for n in numbers if n < {k}]", "what is smaller than {k}"),
    "the multiples of {d}": ("[n for n in numbers if n % {d} == 0]", "those numbers that {d} divides"),
    "every second number, beginning with the first": ("numbers[::2]", "the first, third, fifth number and so on"),
    "the distinct numbers": ("list(dict.fromkeys(numbers))", "each number once"),
}
_CHANGED: Mapping[str, tuple[str, str]] = {
    "": ("kept", ""),
    "squared": ("[n * n for n in kept]", "each times itself"),
    "each plus {k}": ("[n + {k} for n in kept]", "with {k} added to each"),
    "each times {d}": ("[n * {d} for n in kept]", "multiplied by {d}"),
    "without their signs": ("[abs(n) for n in kept]", "as absolute values"),
}
_SUMMED: Mapping[str, tuple[str, str]] = {
    "the sum of": ("sum(changed)", "what they add up to:"),
    "how many there are of": ("len(changed)", "the count of"),
    "the largest of (0 where there is none)": ("max(changed, default=0)", "the maximum (0 where there is none) of"),
    "the smallest of (0 where there is none)": ("min(changed, default=0)", "the minimum (0 where there is none) of"),
    "a sorted list of": ("sorted(changed)", "in rising order:"),
    "a reversed list of": ("changed[::-1]", "from the last to the first:"),
}
_NUM_TESTS = 12


class Functions:
    """Completions are tried in a sandbox.

    Args:
        sandbox: makes it when the first answer is judged.
    """

    name = "functions"

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        self._make_sandbox = sandbox
        self._sandbox: Sandbox | None = None

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the three parts."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            parts = rng.choice(list(_KEPT)), rng.choice(list(_CHANGED)), rng.choice(list(_SUMMED))
            if fits_combinations(split, *parts):
                yield self._example(parts, {"k": rng.randrange(1, 9), "d": rng.randrange(2, 6)}, split, rng)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if the completed function passes every test."""
        self._sandbox = self._sandbox or self._make_sandbox()
        problem = problem_of(example, example.task)
        return Score(*judge(problem, completed(problem, answer), self._sandbox))

    def _example(
        self, parts: tuple[str, str, str], slots: Mapping[str, int], split: Split, rng: random.Random
    ) -> Example:
        said = _said(parts, split == "wordings").format(**slots)
        kept, changed, summed = _KEPT[parts[0]][0], _CHANGED[parts[1]][0], _SUMMED[parts[2]][0]
        body = f"    kept = {kept}\n    changed = {changed}\n    return {summed}\n".format(**slots)
        inputs = [[rng.randrange(-20, 30) for _ in range(rng.randrange(0, 8))] for _ in range(_NUM_TESTS)]
        outputs = [_run(body, numbers) for numbers in inputs]
        shown = next((i for i, numbers in enumerate(inputs) if len(numbers) > 2), 0)
        lines = [f"Return {said}.", "", f">>> solve({inputs[shown]})", str(outputs[shown]), '"""']
        prompt = "\n    ".join(["def solve(numbers):", '"""' + lines[0], *lines[1:]]).replace("    \n", "\n") + "\n"
        checks = [f"    assert candidate({one}) == {other}" for one, other in zip(inputs, outputs, strict=True)]
        meta = {"tests": "\n".join(["def check(candidate):", *checks]), "parts": parts}
        return Example(task=self.name, prompt=prompt, answer=body, meta=meta)


def problem_of(example: Example, key: str) -> CodeProblem:
    """The example as a programming problem."""
    return CodeProblem(key=key, prompt=example.prompt, tests=example.meta["tests"], entry_point="solve")


def _said(parts: tuple[str, str, str], is_held_out: bool) -> str:
    kept, changed, summed = parts
    if is_held_out:
        kept, changed, summed = _KEPT[kept][1], _CHANGED[changed][1], _SUMMED[summed][1]
    return " ".join(filter(None, (summed, f"{kept}," if changed else kept, changed)))


def _run(body: str, numbers: Sequence[int]) -> object:
    """Run one of the functions above, which are ours alone."""
    space: dict[str, Callable[[list[int]], object]] = {}
    exec(f"def solve(numbers):\n{body}", space)
    return space["solve"](list(numbers))
