"""A model behind a server as a planner: what it is told, what comes back as data, and what is no answer."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from tests.support.served_planner import WEAK, proposing, saying, serving

from zaphod.agents.robotics.planning.carrying import Proposal
from zaphod.agents.robotics.planning.planner import Planned, Task, planned
from zaphod.agents.robotics.planning.repair import MOST_ROUNDS
from zaphod.agents.robotics.planning.schema import proposal_schema
from zaphod.agents.robotics.planning.served import Server
from zaphod.agents.robotics.planning.spoken import SpokenPlanner
from zaphod.agents.robotics.scene import believed, draw
from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL
from zaphod.core.endpoint import Endpoint
from zaphod.core.errors import ConfigError, RequestError, UnavailableError

PATH = "/v1/chat/completions"


def planned_by(url: str, key: str | None = None) -> Planned:
    server = Server(Endpoint(url=url, api_key=key), sleep=lambda seconds: None)
    return planned(SpokenPlanner(server, server.model), Task(instruction="carry it", belief=believed(draw(3), 3)))


def test_a_server_is_asked_under_the_schema_and_told_the_scene_and_the_instruction() -> None:
    with serving(proposing(WEAK)) as (url, asked):
        planned_by(url, key="secret")
    first = asked[0]
    assert (first["path"], first["key"], first["model"]) == (PATH, "Bearer secret", "first")
    schema = first["response_format"]["json_schema"]["schema"]
    assert schema == {key: value for key, value in proposal_schema(GLASS_OVER_A_WALL).items() if key != "$schema"}
    system, user = first["messages"]
    assert '"wall_height_m"' in system["content"]
    assert user == {"role": "user", "content": "carry it"}


def test_counterexamples_come_back_as_data_in_the_same_conversation() -> None:
    with serving(proposing(WEAK)) as (url, asked):
        done = planned_by(url)
    assert len(asked) == len(done.rounds) == MOST_ROUNDS
    assert [len(one["messages"]) for one in asked] == [2 + 2 * number for number in range(MOST_ROUNDS)]
    said, told = asked[1]["messages"][2:]
    assert json.loads(said["content"])["proposal"]["grip_force"] == "0.50 N"
    [slips, *_] = json.loads(told["content"])["counterexamples"]
    assert slips["plan_gives"] == "0.35 N"
    assert slips["feasible"].endswith(" N")


def test_a_model_that_takes_what_it_is_told_is_accepted_in_the_second_round() -> None:
    better = Proposal(force_n=3.0, height_m=0.35, lift_s=2.0, cross_s=2.0, closing_speed_m_s=0.01)
    with serving(proposing(WEAK)) as (url, _):
        told = planned_by(url).rounds[0].found[0].feasible
    low, high = map(float, told.removesuffix(" N").split(" to "))
    better = Proposal(**{**vars(better), "force_n": round((low + high) / 2, 2)})
    with serving(proposing(WEAK), proposing(better)) as (url, _):
        done = planned_by(url)
    assert done.is_accepted
    assert [one.is_accepted for one in done.rounds] == [False, True]


@pytest.mark.parametrize("text", ["I cannot do that.", "", None, 7, "{", '{"reason": "x"}', "[" * 2000])
def test_an_answer_that_cannot_be_read_counts_as_a_round_and_the_model_is_told_why(text: object) -> None:
    with serving(saying(text)) as (url, asked):
        done = planned_by(url)
    assert len(done.rounds) == MOST_ROUNDS
    assert "unreadable" in json.loads(asked[1]["messages"][-1]["content"])
    assert done.declined.startswith(f"After {MOST_ROUNDS} rounds: ")


def test_a_model_may_decline() -> None:
    with serving(saying('{"reason": "there is no knife here", "proposal": null}')) as (url, _):
        assert planned_by(url).declined == "there is no knife here"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", {}, {"choices": []}, {"choices": [{"message": None}]}, 3])
def test_what_is_not_in_openais_format_is_an_error_with_a_name(body: object) -> None:
    with serving(body) as (url, _), pytest.raises(RequestError):
        planned_by(url)


@pytest.mark.parametrize(("status", "kind"), [(500, RequestError), (401, RequestError), (503, UnavailableError)])
def test_a_server_that_refuses_is_told_by_its_status(status: int, kind: type[Exception]) -> None:
    with serving(b"nothing", status=status) as (url, _), pytest.raises(kind, match=str(status)):
        planned_by(url)


def test_a_server_that_says_later_is_asked_again_and_then_given_up() -> None:
    with serving(b"later", status=503) as (url, asked), pytest.raises(UnavailableError, match="503 8 times"):
        planned_by(url)
    assert len(asked) == 8


def test_no_redirect_takes_the_key_to_another_server() -> None:
    with serving(proposing(WEAK)) as (elsewhere, asked_there):
        sent_there = {"Location": elsewhere + PATH}
        with serving(b"", status=302, headers=sent_there) as (url, _), pytest.raises(RequestError, match="302"):
            planned_by(url, key="secret")
    assert not asked_there


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(UnavailableError, match="cannot be asked"):
        Server(Endpoint(url="http://127.0.0.1:1"))


def test_an_address_that_is_none_is_refused_and_the_key_is_never_shown() -> None:
    with pytest.raises(ConfigError):
        Endpoint(url="localhost:8000")
    assert "secret" not in repr(Endpoint(url="http://x", api_key="secret"))
