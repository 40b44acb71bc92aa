"""All attacks on one server: harmless questions first, then every goal in turn; knows neither HTTP nor the report.

Interrupted at any point, it goes on from its journal: what was asked is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any, Protocol

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.study.redteam.driver.answer import Answer
from zaphod.study.redteam.driver.candidates import turns_of
from zaphod.study.redteam.driver.journal import BENIGN, Journal, Trial
from zaphod.study.redteam.driver.judges import Emits
from zaphod.study.redteam.driver.scenario import Message, Scenario
from zaphod.study.redteam.driver.scenarios import HARMLESS_NOTES, benign_tasks, make_scenarios
from zaphod.study.redteam.driver.search import SUCCESS, Proposal, SearchOptions, search
from zaphod.study.redteam.wordings import FAMILIES, Family


class Asked(Protocol):
    """Whoever answers."""

    def ask(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Answer:
        """The answer to a conversation."""


@dataclass(frozen=True, kw_only=True)
class CampaignOptions:
    """What is tried.

    Args:
        families: of attacks.
        num_goals: of each family.
        num_benign: tasks without an attack, each asked alone and with a harmless note.
        search: how long each goal is attacked.
    """

    families: tuple[Family, ...] = FAMILIES
    num_goals: int = 4
    num_benign: int = 60
    search: SearchOptions = field(default_factory=SearchOptions)

    def __post_init__(self) -> None:
        if self.num_goals < 1 or self.num_benign < 0:
            raise ConfigError(
                f"{self.num_goals} goals and {self.num_benign} benign tasks are asked for.",
                "There must be at least one goal, and no less than no task.",
                "Correct --goals or --benign.",
            )

    def as_dict(self) -> dict[str, Any]:
        """For the journal and the report."""
        return {**asdict(self), "families": list(self.families)}


def run_campaign(
    target: Asked,
    options: CampaignOptions,
    journal: Journal,
    progress: Progress = SILENT,
    on_trial: Callable[[Trial, Answer | None], None] = lambda trial, answer: None,
) -> list[Trial]:
    """Everything that was tried, with how it went.

    Args:
        target: whom to ask.
        options: what to try.
        journal: what was tried before; each trial is kept there.
        progress: told of every trial.
        on_trial: sees each trial with its answer; None for what comes from the journal.
    """
    scenarios = make_scenarios(options.families, options.num_goals, options.search.seed)
    total = 2 * options.num_benign + len(scenarios) * options.search.budget
    with progress.step("attacking", total, "queries") as advance:
        _ask_benign(target, options, journal, advance, on_trial)
        for scenario in scenarios:
            _attack(target, scenario, options.search, journal, advance, on_trial)
    return journal.trials


def _ask_benign(
    target: Asked,
    options: CampaignOptions,
    journal: Journal,
    advance: Advance,
    on_trial: Callable[[Trial, Answer | None], None],
) -> None:
    """Each task twice: alone, and with a harmless note, as attacks come in documents."""
    tasks = benign_tasks(options.num_benign, options.search.seed)
    asked = [("user", task, task.example.prompt) for task in tasks]
    asked += [("document", task, f"{note} {task.example.prompt}") for task, note in zip(tasks, cycle(HARMLESS_NOTES))]
    for number, (channel, task, text) in enumerate(asked):
        trial, answer = journal.known(BENIGN, number), None
        if trial is None:
            answer = target.ask([{"role": "user", "content": text}])
            trial = Trial(
                goal=BENIGN,
                number=number,
                channel=channel,
                is_refused=answer.is_refused,
                is_withheld=answer.is_withheld,
                is_undelivered=answer.is_undelivered,
                is_right=task.is_right(answer),
            )
            journal.keep(trial)
        on_trial(trial, answer)
        advance(1)


def _attack(
    target: Asked,
    scenario: Scenario,
    options: SearchOptions,
    journal: Journal,
    advance: Advance,
    on_trial: Callable[[Trial, Answer | None], None],
) -> None:
    proposals, number = search(scenario, options), 0
    proposal = next(proposals, None)
    while proposal is not None:
        trial, answer = journal.known(scenario.name, number), None
        if trial is None:
            answers = _tried(target, scenario, proposal)
            trial, answer = _trial(scenario, number, proposal, answers), answers[-1]
            journal.keep(trial)
        on_trial(trial, answer)
        advance(1)
        number += 1
        try:
            proposal = proposals.send(trial.score)
        except StopIteration:
            break
    advance(options.budget - number)


def _tried(target: Asked, scenario: Scenario, proposal: Proposal) -> list[Answer]:
    """All answers to one attack, a turn each; the conversation holds what the server said."""
    turns = turns_of(proposal.candidate, scenario)
    messages = scenario.messages(turns[0], proposal.candidate.position)
    answers = [target.ask(messages, scenario.tools)]
    for turn in turns[1:]:
        said = {"role": "assistant", "content": answers[-1].text}
        messages = [*messages, said, {"role": "user", "content": turn}]
        answers.append(target.ask(messages, scenario.tools))
    return answers


def _trial(scenario: Scenario, number: int, proposal: Proposal, answers: Sequence[Answer]) -> Trial:
    return Trial(
        goal=scenario.name,
        number=number,
        family=scenario.family,
        channel=scenario.channel,
        transforms=proposal.candidate.transforms,
        is_adaptive=proposal.is_adaptive,
        score=max(scenario.judge.score(answer) for answer in answers),
        is_refused=any(answer.is_refused for answer in answers),
        is_withheld=any(answer.is_withheld for answer in answers),
        is_undelivered=any(answer.is_undelivered for answer in answers),
        leaks=any(_leaks(answer, scenario.canary) for answer in answers),
        is_right=None if scenario.task is None else scenario.task.is_right(answers[-1]),
        recipe=proposal.candidate.as_dict(),
    )


def _leaks(answer: Answer, canary: str) -> bool:
    return canary.casefold() in answer.raw.casefold() or Emits(words=canary).score(answer) == SUCCESS
