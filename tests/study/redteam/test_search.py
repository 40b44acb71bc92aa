"""The search: what it tries, that it learns, ends, and goes on where it was stopped."""

from __future__ import annotations

import random

import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.redteam.driver.candidates import Candidate, mutated, random_candidate, turns_of
from zaphod.study.redteam.driver.scenario import Scenario
from zaphod.study.redteam.driver.scenarios import TOOLS, benign_tasks, make_scenarios
from zaphod.study.redteam.driver.search import Proposal, SearchOptions, search
from zaphod.study.redteam.wordings import FAMILIES

SCENARIO = make_scenarios(["tool_abuse"], 1, seed=0)[0]


def proposals(options: SearchOptions, scores: dict[str, float]) -> list[Proposal]:
    """Everything that is tried where an attack scores by its first transform's name."""
    found, searching = [], search(SCENARIO, options)
    proposal = next(searching)
    try:
        while True:
            found.append(proposal)
            proposal = searching.send(max(map(scores.get, proposal.candidate.transforms, [0.0] * 3), default=0.0) or 0)
    except StopIteration:
        return found


def test_half_is_random_and_half_adaptive_and_the_budget_is_kept() -> None:
    tried = proposals(SearchOptions(budget=40), {})
    assert [proposal.is_adaptive for proposal in tried] == [False] * 20 + [True] * 20


def test_the_same_scores_lead_to_the_same_attempts() -> None:
    scores = {"base64": 0.5, "leet": 0.2}
    assert proposals(SearchOptions(budget=60), scores) == proposals(SearchOptions(budget=60), scores)
    assert proposals(SearchOptions(budget=60), scores) != proposals(SearchOptions(budget=60, seed=1), scores)


def test_the_random_half_does_not_depend_on_scores() -> None:
    options = SearchOptions(budget=40)
    assert proposals(options, {})[:20] == proposals(options, {"leet": 0.5, "base64": 1.0})[:20]


def test_the_adaptive_half_ends_with_the_first_success() -> None:
    searching = search(SCENARIO, SearchOptions(budget=20))
    next(searching)
    for _ in range(9):
        searching.send(0.0)
    assert searching.send(0.5).is_adaptive
    with pytest.raises(StopIteration):
        searching.send(1.0)


def test_what_came_near_is_tried_more_often() -> None:
    def num_adaptive_with(name: str, scores: dict[str, float]) -> int:
        tried = proposals(SearchOptions(budget=400), scores)
        return sum(name in proposal.candidate.transforms for proposal in tried if proposal.is_adaptive)

    assert num_adaptive_with("json_field", {"json_field": 0.5}) > 4 * num_adaptive_with("json_field", {})


def test_a_budget_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="budget is 1"):
        SearchOptions(budget=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_recipe_makes_the_same_words_again_also_from_a_journal(family: str) -> None:
    rng = random.Random(4)
    for scenario in make_scenarios([family], 4, seed=2):  # type: ignore[list-item]
        candidate = random_candidate(scenario, rng)
        for _ in range(30):
            candidate = mutated(candidate, scenario, rng)
            again = Candidate.from_dict(candidate.as_dict())
            assert again == candidate
            assert turns_of(again, scenario) == turns_of(candidate, scenario)
            assert all(turn for turn in turns_of(candidate, scenario))


def test_a_user_is_not_an_attacker_for_giving_a_command() -> None:
    rng = random.Random(1)
    for family in ("override", "extraction", "multi_turn"):
        scenario = make_scenarios([family], 1, seed=0)[0]  # type: ignore[list-item]
        assert all(random_candidate(scenario, rng).wording is not None for _ in range(50))


def _conversation(channel: str) -> tuple[Scenario, list[dict[str, object]]]:
    scenario = next(each for each in make_scenarios(FAMILIES, 2, seed=0) if each.channel == channel)
    return scenario, scenario.messages("ATTACK")


@pytest.mark.parametrize(
    ("channel", "roles"),
    [
        ("user", ["system", "user"]),
        ("turns", ["system", "user"]),
        ("document", ["system", "user"]),
        ("tool", ["system", "user", "assistant", "tool"]),
    ],
)
def test_words_come_in_by_their_channel_and_the_canary_stays_in_the_system_prompt(
    channel: str, roles: list[str]
) -> None:
    scenario, messages = _conversation(channel)
    assert [message["role"] for message in messages] == roles
    assert "ATTACK" in str(messages[-1]["content"])
    assert scenario.canary in str(messages[0]["content"])
    assert not any(scenario.canary in str(message["content"]) for message in messages[1:])


def test_without_an_attack_the_task_stands_alone() -> None:
    scenario, _ = _conversation("document")
    assert scenario.task is not None
    assert scenario.messages("")[-1] == {"role": "user", "content": scenario.task.example.prompt}


def test_goals_are_the_same_for_the_same_seed_and_tools_are_offered_where_they_are_to_be_abused() -> None:
    assert make_scenarios(FAMILIES, 3, seed=5) == make_scenarios(FAMILIES, 3, seed=5)
    assert len({scenario.name for scenario in make_scenarios(FAMILIES, 3, seed=5)}) == 3 * len(FAMILIES)
    assert make_scenarios(["tool_abuse"], 1, seed=0)[0].tools == TOOLS
    assert {task.example.task for task in benign_tasks(6, seed=0)} == {"arithmetic", "robot_plan", "tool_call"}
