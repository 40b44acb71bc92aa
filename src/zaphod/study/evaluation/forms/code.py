"""Functions completed by a model and tried by their tests in a sandbox: pass@k; knows no file."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zaphod.study.evaluation.extraction import CODE_STOPS, fenced_code, function_body
from zaphod.study.evaluation.metrics import pass_at
from zaphod.study.evaluation.models.asked import AskedModel, Prompt, Written
from zaphod.study.evaluation.problems import CodeProblem
from zaphod.study.evaluation.sandbox.sandbox import Outcome, Sandbox

_KS = (1, 5, 10, 100)
_SHOWN_LETTERS = 400


@dataclass(frozen=True, kw_only=True)
class CodeForm:
    """How functions are asked for.

    Args:
        sandbox: where they are tried.
        num_samples: answers to each problem; more than one are drawn at `temperature`.
        temperature: 0 for a single greedy answer.
        max_tokens: of an answer.
        as_chat: answers are those of a chat, whose code stands between fences.
        seed: of the first answer; the others count on.
    """

    sandbox: Sandbox
    num_samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 512
    as_chat: bool = False
    seed: int = 0

    def ask(self, model: AskedModel, problems: Sequence[CodeProblem]) -> list[dict[str, Any]]:
        """A record of each problem: the programs, and what their tests said."""
        prompts = [self._prompt(problem, sample) for problem in problems for sample in range(self.num_samples)]
        written = iter(model.write(prompts))
        return [self._record(problem, [next(written) for _ in range(self.num_samples)]) for problem in problems]

    def _prompt(self, problem: CodeProblem, sample: int) -> Prompt:
        text = f"Complete this function.\n\n```python\n{problem.prompt}```" if self.as_chat else problem.prompt
        return Prompt(
            text=text,
            max_tokens=self.max_tokens,
            stop=() if self.as_chat else CODE_STOPS,
            temperature=self.temperature,
            seed=self.seed + sample,
        )

    def _record(self, problem: CodeProblem, samples: Sequence[Written]) -> dict[str, Any]:
        programs = [completed(problem, sample.text) for sample in samples]
        verdicts = [judge(problem, program, self.sandbox) for program in programs]
        num_right = sum(is_right for is_right, _ in verdicts)
        ks = [k for k in _KS if k <= len(samples)]
        return {
            "key": problem.key,
            "group": problem.group,
            "written": [sample.text for sample in samples],
            "reasons": [reason for _, reason in verdicts],
            "num_right": num_right,
            "values": {f"pass@{k}": pass_at(k, len(samples), num_right) for k in ks},
            "num_cut": int(any(sample.is_cut for sample in samples)),
        }

    def settings(self) -> Mapping[str, Any]:
        """What must be the same for figures to be comparable."""
        return {
            "num_samples": self.num_samples,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "as_chat": self.as_chat,
            "seed": self.seed,
            "sandbox": self.sandbox.describe(),
        }


def completed(problem: CodeProblem, written: str) -> str:
    """The program that was written: what continues the prompt, or the block of code of a chat's answer."""
    code = fenced_code(written)
    if code is None:
        return problem.prompt + function_body(written)
    if f"def {problem.entry_point}" not in code:
        return problem.prompt + code
    imports = [line for line in problem.prompt.splitlines() if line.startswith(("import ", "from "))]
    return "\n".join([*imports, code])


def judge(problem: CodeProblem, program: str, sandbox: Sandbox) -> tuple[bool, str]:
    """Whether a program passes its tests, and what happened.

    A program that ends before its tests, with whatever exit code, has not passed them: only behind the last test is a
    word written that the program was not told.
    """
    word = secrets.token_hex(16)
    tried = f"{program}\n\n{problem.tests}\n\ncheck({problem.entry_point})\nprint({word!r})\n"
    outcome = sandbox.run(tried)
    is_right = outcome.exit_code == 0 and outcome.output.rstrip().endswith(word)
    return is_right, "passed" if is_right else _reason(outcome)


def _reason(outcome: Outcome) -> str:
    if outcome.stopped:
        return f"stopped: too much {outcome.stopped}"
    last = outcome.errors.strip().splitlines()[-1:] or [f"exit code {outcome.exit_code} before the tests were done"]
    return last[0][:_SHOWN_LETTERS]
