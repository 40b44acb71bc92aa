"""The built-in model as a planner: it says what is to be carried where, and counterexamples mend the numbers.

It was taught household work in words, without numbers. Where it asks where a thing is, it is told the scene's fact and
asked again; gentle numbers come from `instructions`, and `repair` mends them until they are proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.instructions import first_proposal, manner_of, without_manner
from zaphod.agents.robotics.planning.planner import Declined, Round, Task
from zaphod.agents.robotics.planning.repair import revised
from zaphod.agents.robotics.planning.steps import Asks, Refuses, read_answer
from zaphod.safety.verification.contracts import Contract

Ask = Callable[[str], str]
"""A question to the model's answer."""


class BuiltinPlanner:
    """One model of the built-in family.

    Args:
        ask: asks it.
        name: of the model, for records.
    """

    def __init__(self, ask: Ask, name: str = "builtin") -> None:
        self._ask, self._name = ask, name

    @property
    def name(self) -> str:
        return self._name

    def propose(self, task: Task, contract: Contract, rounds: Sequence[Round]) -> Proposal | Declined | None:
        """See `Planner`. The model is asked once; what follows is arithmetic on counterexamples."""
        if rounds:
            return _mended(rounds[-1], contract)
        why_not = self._why_not(task)
        if why_not:
            return Declined(why_not)
        return first_proposal(task.belief, manner_of(task.instruction))

    def _why_not(self, task: Task) -> str:
        """Empty where the model plans what this robot can do."""
        setting = task.setting
        question = without_manner(setting.restated(" ".join(task.instruction.split())))
        answer = read_answer(self._ask(question), setting)
        if isinstance(answer, Asks) and setting.load.is_meant(answer.thing):
            answer = read_answer(self._ask(f"{question.rstrip(' .!?')}. {setting.fact}"), setting)
        if isinstance(answer, Asks):
            return f"unclear: where is the {answer.thing}? {setting.offer}"
        return answer.reason if isinstance(answer, Refuses) else ""


def _mended(last: Round, contract: Contract) -> Proposal | None:
    if not isinstance(last.answer, Proposal) or last.plan is None or last.report is None:
        return None
    better = revised(last.answer, last.plan, contract, last.report)
    return None if better == last.answer else better
