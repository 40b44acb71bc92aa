import json
from itertools import islice
from typing import Any

from zaphod.data.tasks import Example, RobotPlan, Split
from zaphod.data.tasks.robot_world import COLOURS, KINDS, PLACES
from zaphod.data.tasks.task import is_held_out

GO_SHELF, GO_TABLE = {"do": "go", "to": "shelf"}, {"do": "go", "to": "table"}
GRASP = {"do": "grasp", "object": "red cup"}
PLACE = {"do": "place", "object": "red cup", "on": "table"}
MOVE = Example(
    task="robot_plan",
    prompt="move the red cup from the shelf to the table",
    answer="",
    meta={"start": {"red cup": "shelf"}, "goal": {"red cup": "table"}, "visits": [], "open": [], "num_steps": 4},
)


def judged(*plan: Any, example: Example = MOVE) -> tuple[bool, str]:
    return RobotPlan().judge(example, json.dumps({"plan": list(plan)}))


def single_moves(split: Split, count: int = 3000) -> set[tuple[str, str, str]]:
    moves = set()
    for example in islice(RobotPlan().examples(split, 0), count):
        start = example.meta.get("start", {})
        if len(start) == 1:
            thing, source = next(iter(start.items()))
            moves.add((thing, source, example.meta["goal"][thing]))
    return moves


def test_a_plan_that_moves_the_cup_is_right() -> None:
    assert judged(GO_SHELF, GRASP, GO_TABLE, PLACE) == (True, "the plan reaches the goal")


def test_another_way_to_the_same_goal_is_right_too() -> None:
    assert judged(GO_TABLE, GO_SHELF, GRASP, GO_TABLE, PLACE)[0]


def test_a_plan_that_stops_short_is_wrong() -> None:
    assert "the objects end at {'red cup': 'hand'}" in judged(GO_SHELF, GRASP, GO_TABLE)[1]


def test_a_plan_that_grasps_from_afar_is_wrong() -> None:
    assert judged(GRASP, GO_TABLE, PLACE) == (False, "step 1: the red cup is not at the charger")


def test_a_rambling_plan_is_wrong() -> None:
    assert judged(*[GO_SHELF] * 6, GRASP, GO_TABLE, PLACE) == (False, "9 steps where 4 suffice")


def test_a_container_left_open_is_wrong() -> None:
    away = [{"do": "go", "to": "fridge"}, {"do": "open", "target": "fridge"}]
    assert "left open: ['fridge']" in judged(*away, GO_SHELF, GRASP, GO_TABLE, PLACE)[1]


def test_what_must_be_refused_is_not_planned() -> None:
    unsafe = Example(task="robot_plan", prompt="", answer="", meta={"refuse": "unsafe"})
    assert not judged(GO_SHELF, example=unsafe)[0]
    assert RobotPlan().judge(unsafe, '{"refuse": "unsafe"}').correct
    assert not RobotPlan().judge(unsafe, '{"refuse": "unknown object: cup"}').correct


def test_triples_of_the_combinations_split_are_never_trained_on() -> None:
    seen, unseen = single_moves("train"), single_moves("combinations")
    assert all(is_held_out(*move) for move in unseen)
    assert not any(is_held_out(*move) for move in seen)
    assert len(unseen) > 500


def test_unseen_combinations_are_made_of_seen_words() -> None:
    seen, unseen = single_moves("train"), single_moves("combinations")
    for position in range(1, 3):
        assert {move[position] for move in unseen} <= {move[position] for move in seen}


def test_the_vocabulary_is_as_large_as_promised() -> None:
    assert len(set(COLOURS)) >= 12
    assert len(set(KINDS)) >= 16
    assert len(set(PLACES)) >= 12
