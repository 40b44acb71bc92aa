"""The rounds between a planner and the verifier: a proposal in, counterexamples out, until one is proved.

A planner is not trusted. What it wants, and what it was told to want, meets a contract that follows from what was
measured alone; it may propose, propose again, or decline, and after `MOST_ROUNDS` answers nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from zaphod.agents.robotics.planning.carrying import Proposal, contract_document, plan_document
from zaphod.agents.robotics.planning.feedback import Counterexample, counterexamples
from zaphod.agents.robotics.planning.repair import MOST_ROUNDS, Outcome, why_refused
from zaphod.agents.robotics.planning.schema import written
from zaphod.agents.robotics.recording import recording
from zaphod.agents.robotics.scene import Belief
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL, Setting
from zaphod.core.errors import RequestError
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.verify import Report, verify

MOST_CHARACTERS: Final = 2000
"""Of an instruction."""
_SHOWN: Final = 300


@dataclass(frozen=True, kw_only=True)
class Task:
    """What somebody wants, and what is known of the scene.

    Raises:
        RequestError: the instruction is empty, too long, or has control characters.
    """

    instruction: str
    belief: Belief
    setting: Setting = GLASS_OVER_A_WALL

    def __post_init__(self) -> None:
        text = self.instruction
        if not text.strip() or len(text) > MOST_CHARACTERS:
            found = f"The instruction has {len(text)} characters." if text.strip() else "The instruction is empty."
            raise RequestError(found, f"1 to {MOST_CHARACTERS} characters are read.", "Say what is to be done.")
        if any(not (letter.isprintable() or letter in "\n\t") for letter in text):
            raise RequestError("The instruction has control characters.", "It is a text.", "Leave them out.")


class Declined(NamedTuple):
    """A planner wants nothing done."""

    reason: str


class Unreadable(NamedTuple):
    """A planner said what is no proposal."""

    said: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Round:
    """One answer of a planner, and what the verifier said of it."""

    answer: Proposal | Unreadable
    plan: Plan | None = None
    report: Report | None = None
    found: tuple[Counterexample, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.report is not None and self.report.is_accepted

    @property
    def findings(self) -> tuple[str, ...]:
        """Why it was turned down, in words."""
        return (self.answer.why,) if isinstance(self.answer, Unreadable) else tuple(map(str, self.found))

    def document(self, setting: Setting) -> dict[str, Any]:
        """What was proposed, with its units; or the beginning of what was said."""
        if isinstance(self.answer, Unreadable):
            return {"said": self.answer.said[:_SHOWN]}
        return dict(written(self.answer, setting))


class Planner(Protocol):
    """Whatever proposes: a rule, a model, a person."""

    @property
    def name(self) -> str:
        """Who planned."""
        ...

    def propose(
        self, task: Task, contract: Contract, rounds: Sequence[Round]
    ) -> Proposal | Declined | Unreadable | None:
        """The next proposal; None where nothing better is known than what was refused last.

        Args:
            task: what is wanted.
            contract: what will be proved. It can be read, not changed.
            rounds: all so far; none at first.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Where the rounds ended."""

    task: Task
    contract: Contract
    rounds: tuple[Round, ...]
    declined: str = ""
    """Why the planner wants nothing done, or could not be understood."""
    outcome: Outcome | None = None
    """Of the last proposal; None where there was none."""

    @property
    def refusal(self) -> str:
        """Why nothing is done; empty where a plan was proved."""
        return self.declined or (self.outcome.refusal if self.outcome is not None else "")

    @property
    def is_accepted(self) -> bool:
        return not self.refusal and self.outcome is not None and self.outcome.report.is_accepted

    def recorded_rounds(self) -> tuple[recording.Round, ...]:
        """For a recording."""
        setting = self.task.setting
        return tuple(
            recording.Round(proposal=one.document(setting), accepted=one.is_accepted, findings=one.findings)
            for one in self.rounds
        )


def planned(planner: Planner, task: Task, told: Callable[[Round], None] = lambda one: None) -> Planned:
    """At most `MOST_ROUNDS` answers of a planner.

    Args:
        planner: good, bad or hostile.
        task: what is wanted.
        told: hears of every round.

    Raises:
        ZaphodError: as the planner does, where it cannot be asked.
    """
    contract = read_contract(contract_document(task.belief))
    rounds: list[Round] = []
    while len(rounds) < MOST_ROUNDS:
        answer = planner.propose(task, contract, tuple(rounds))
        if isinstance(answer, Declined):
            return _ended(task, contract, rounds, declined=answer.reason)
        if answer is None:
            return _ended(task, contract, rounds)
        rounds.append(_held(answer, task, contract))
        told(rounds[-1])
        if rounds[-1].is_accepted:
            return _ended(task, contract, rounds)
    return _ended(task, contract, rounds, after=f"After {MOST_ROUNDS} rounds: ")


def _held(answer: Proposal | Unreadable, task: Task, contract: Contract) -> Round:
    if isinstance(answer, Unreadable):
        return Round(answer=answer)
    plan = read_plan(plan_document(answer, task.belief))
    report = verify(plan, contract)
    found = counterexamples(plan, contract, report.findings)
    return Round(answer=answer, plan=plan, report=report, found=found)


def _ended(task: Task, contract: Contract, rounds: Sequence[Round], *, declined: str = "", after: str = "") -> Planned:
    """What the last proposal came to; where nothing was ever proposed, why."""
    proposed = [one for one in rounds if isinstance(one.answer, Proposal)]
    if not proposed and not declined:
        why = rounds[-1].findings[0] if rounds else "nothing was proposed"
        declined = f"{after}no answer of the planner can be read; of the last one: {why}"
    outcome = _outcome(proposed[-1], contract, len(rounds), declined, after) if proposed else None
    return Planned(task=task, contract=contract, rounds=tuple(rounds), declined=declined, outcome=outcome)


def _outcome(last: Round, contract: Contract, num_rounds: int, declined: str, after: str) -> Outcome:
    assert isinstance(last.answer, Proposal)
    assert last.plan is not None
    assert last.report is not None
    refusal = "" if last.is_accepted else after + (declined or why_refused(last.plan, contract, last.report))
    return Outcome(proposal=last.answer, plan=last.plan, report=last.report, num_rounds=num_rounds, refusal=refusal)
