import pytest

from zaphod.data.tasks.robot_world import PlanError, World


def test_a_container_is_opened_before_something_is_taken_out() -> None:
    world = World(objects={"cup": "fridge"})
    world.run([{"do": "go", "to": "fridge"}, {"do": "open", "target": "fridge"}, {"do": "grasp", "object": "cup"}])
    assert world.held == "cup"
    assert world.open_containers == {"fridge"}


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ([{"do": "grasp", "object": "cup"}], "step 1: the cup is not at the charger"),
        ([{"do": "go", "to": "mars"}], "step 1: there is no place 'mars'"),
        ([{"do": "go", "to": "fridge"}, {"do": "grasp", "object": "can"}], "step 2: the fridge is closed"),
        ([{"do": "go", "to": "shelf"}, {"do": "open", "target": "shelf"}], "not at a container 'shelf'"),
        ([{"do": "go", "to": "fridge"}, {"do": "close", "target": "fridge"}], "the fridge is closed"),
        ([{"do": "go", "to": "shelf"}, {"do": "place", "object": "cup", "on": "shelf"}], "does not hold the cup"),
        ([{"do": "go", "to": "shelf"}, {"do": "place", "object": "cup", "in": "shelf"}], "things are placed 'on'"),
        ([{"do": "go", "to": "kitchen"}, {"do": "place", "object": "cup", "on": "kitchen"}], "nothing can be placed"),
        ([{"do": "explode"}], "is no action"),
        ([{"do": "go", "to": "shelf", "fast": "yes"}], "is no action"),
        ([{"do": "go", "to": 7}], "a value that is no text"),
        (["go"], "is no action"),
    ],
)
def test_an_impossible_action_is_named(plan: list[dict[str, str]], reason: str) -> None:
    with pytest.raises(PlanError) as error:
        World(objects={"cup": "shelf", "can": "fridge"}).run(plan)
    assert reason in str(error.value)


def test_the_hand_holds_one_object() -> None:
    world = World(objects={"cup": "shelf", "can": "shelf"})
    with pytest.raises(PlanError, match="already holds the cup"):
        world.run([{"do": "go", "to": "shelf"}, *({"do": "grasp", "object": name} for name in ("cup", "can"))])


def test_an_object_is_given_where_the_user_is() -> None:
    steps = [{"do": "go", "to": "shelf"}, {"do": "grasp", "object": "cup"}]
    giving = {"do": "give", "object": "cup", "to": "user"}
    with pytest.raises(PlanError, match="not with the user"):
        World(objects={"cup": "shelf"}).run([*steps, giving])
    world = World(objects={"cup": "shelf"})
    world.run([*steps, {"do": "go", "to": "user"}, giving])
    assert world.objects == {"cup": "user"}
