"""Problems of school and college algebra in MATH's shape; sympy computes answers, when they are made and judged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.study.evaluation.equivalence import are_equal
from zaphod.study.evaluation.extraction import final_answer

_WORDINGS: Mapping[str, tuple[str, str]] = {
    # kind: (seen, held out)
    "linear": ("Solve for $x$: ${a}x+{b}={c}$.", "For which $x$ is ${a}x+{b}$ equal to ${c}$?"),
    "roots": (
        "What is the sum of the squares of the roots of $x^2-{s}x+{p}=0$?",
        "The roots of $x^2-{s}x+{p}=0$ are squared and added. What is the result?",
    ),
    "slope": (
        "What is the derivative of $x^3-{a}x^2+{b}x$ at $x={c}$?",
        "How steep is the graph of $x^3-{a}x^2+{b}x$ at $x={c}$?",
    ),
    "area": (
        "Evaluate $\\int_0^{c} (x^2+{a}x)\\,dx$.",
        "What is the area under the graph of $x^2+{a}x$ from $0$ to ${c}$?",
    ),
    "coefficient": (
        "What is the coefficient of $x^2$ in the expansion of $(x+{a})^{n}$?",
        "$(x+{a})^{n}$ is multiplied out. What stands before $x^2$?",
    ),
    "remainder": ("What is the remainder when ${a}^{n}$ is divided by ${m}$?", "Find ${a}^{n}$ modulo ${m}$."),
    "divisor": (
        "What is the greatest common divisor of ${a}$ and ${b}$?",
        "What is the largest number that divides both ${a}$ and ${b}$?",
    ),
    "fraction": (
        "Write $\\frac{{{a}}}{{{b}}}+\\frac{{1}}{{{c}}}$ as a fraction in lowest terms.",
        "Add $\\frac{{{a}}}{{{b}}}$ and $\\frac{{1}}{{{c}}}$ and simplify.",
    ),
}


class Algebra:
    """Eight kinds of problems with drawn numbers."""

    name = "algebra"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the kind with all its numbers."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            kind = rng.choice(list(_WORDINGS))
            numbers = _NUMBERS[kind](rng)
            if fits_combinations(split, kind, *numbers.values()):
                seen, held_out = _WORDINGS[kind]
                prompt = (held_out if split == "wordings" else seen).format(**numbers)
                answer = f"The answer is $\\boxed{{{answer_of(kind, numbers)}}}$."
                yield Example(task=self.name, prompt=prompt, answer=answer, meta={"kind": kind, "numbers": numbers})

    def judge(self, example: Example, answer: str) -> Score:
        """Right if what is boxed or announced equals what sympy computes."""
        right, found = answer_of(example.meta["kind"], example.meta["numbers"]), final_answer(answer)
        if found is not None and are_equal(found, right):
            return Score(True, "the answer is equal")
        return Score(False, f"the answer is {right}, not {found}")


def answer_of(kind: str, numbers: Mapping[str, int]) -> str:
    """As LaTeX."""
    import sympy

    x = sympy.Symbol("x")
    a, b, c, n = (numbers.get(name, 0) for name in "abcn")
    ways: dict[str, Callable[[], Any]] = {
        "linear": lambda: sympy.solve(a * x + b - c, x)[0],
        "roots": lambda: sum(
            root**2 * times for root, times in sympy.roots(x**2 - numbers["s"] * x + numbers["p"], x).items()
        ),
        "slope": lambda: sympy.diff(x**3 - a * x**2 + b * x, x).subs(x, c),
        "area": lambda: sympy.integrate(x**2 + a * x, (x, 0, c)),
        "coefficient": lambda: sympy.Poly((x + a) ** n, x).coeff_monomial(x**2),
        "remainder": lambda: sympy.Integer(pow(a, n, numbers["m"])),
        "divisor": lambda: sympy.gcd(a, b),
        "fraction": lambda: sympy.Rational(a, b) + sympy.Rational(1, c),
    }
    return str(sympy.latex(sympy.simplify(ways[kind]())))


def _linear(rng: random.Random) -> dict[str, int]:
    return {"a": rng.randrange(2, 12), "b": rng.randrange(1, 40), "c": rng.randrange(41, 120)}


def _roots(rng: random.Random) -> dict[str, int]:
    first, second = rng.randrange(1, 15), rng.randrange(1, 15)
    return {"s": first + second, "p": first * second}


def _three(low: int, high: int) -> Callable[[random.Random], dict[str, int]]:
    return lambda rng: {name: rng.randrange(low, high) for name in "abc"}


def _two(rng: random.Random) -> dict[str, int]:
    return {"a": rng.randrange(1, 12), "c": rng.randrange(1, 10)}


def _power(rng: random.Random) -> dict[str, int]:
    return {"a": rng.randrange(1, 6), "n": rng.randrange(2, 8)}


def _modular(rng: random.Random) -> dict[str, int]:
    return {"a": rng.randrange(2, 20), "n": rng.randrange(2, 30), "m": rng.randrange(3, 30)}


def _common(rng: random.Random) -> dict[str, int]:
    shared = rng.randrange(2, 30)
    return {"a": shared * rng.randrange(2, 30), "b": shared * rng.randrange(2, 30)}


_NUMBERS: Mapping[str, Callable[[random.Random], dict[str, int]]] = {
    "linear": _linear,
    "roots": _roots,
    "slope": _three(1, 9),
    "area": _two,
    "coefficient": _power,
    "remainder": _modular,
    "divisor": _common,
    "fraction": _three(2, 13),
}
