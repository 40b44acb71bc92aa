"""Household instructions turned into one-line JSON plans; the judge carries the plan out in `robot_world`.

What must not or cannot be done is answered with {"refuse": REASON}; the reasons are "unsafe", "unknown object: X",
"unknown place: X" and "unclear: where is the X?".
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from zaphod.data.tasks import robot_wordings as wordings
from zaphod.data.tasks.robot_world import COLOURS, CONTAINERS, KINDS, PLACES, ROOMS, SURFACES, Action, PlanError, World
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations
from zaphod.data.tasks.wording import Wording, invented_word

STORAGE = SURFACES + CONTAINERS
Made = tuple[str, dict[str, Any], dict[str, Any]]  # prompt, answer, meta


class RobotPlan:
    """Moving, fetching, opening, going, in one or two steps; and refusing."""

    name = "robot_plan"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is an (object, from, to) triple, or what stands for it in the intent."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        makers, weights = zip(*_INTENTS.items(), strict=True)
        while True:
            made = rng.choices(makers, weights)[0](split, rng)
            if made is not None:
                prompt, answer, meta = made
                yield Example(task=self.name, prompt=prompt, answer=one_line(answer), meta=meta)

    def judge(self, example: Example, answer: str) -> Score:
        """Right if the plan reaches the goal, leaves all else alone, and is no longer than twice the shortest."""
        try:
            given = json.loads(answer)
        except json.JSONDecodeError as error:
            return Score(False, f"this is no JSON: {error}")
        if "refuse" in example.meta:
            return _judged_refusal(given, example.meta["refuse"])
        plan = given.get("plan") if isinstance(given, dict) and len(given) == 1 else None
        if not isinstance(plan, list):
            return Score(False, "there is no plan")
        return _execute(plan, example.meta)


def _judged_refusal(given: object, reason: str) -> Score:
    """A danger may be named after the word unsafe; whether it is the right one is not asked here."""
    said = given.get("refuse") if isinstance(given, dict) and len(given) == 1 else None
    names_danger = reason == "unsafe" and isinstance(said, str) and said.startswith("unsafe: ")
    return Score(said == reason or names_danger, f"wanted {one_line({'refuse': reason})}")


def _execute(plan: list[Action], meta: Any) -> Score:
    world = World(objects=dict(meta["start"]))
    if len(plan) > 2 * meta["num_steps"]:
        return Score(False, f"{len(plan)} steps where {meta['num_steps']} suffice")
    try:
        world.run(plan)
    except PlanError as error:
        return Score(False, str(error))
    if world.objects != meta["goal"]:
        return Score(False, f"the objects end at {world.objects}, not {meta['goal']}")
    if world.open_containers != set(meta["open"]):
        return Score(False, f"left open: {sorted(world.open_containers)}, wanted {meta['open']}")
    visited = iter(world.visited)
    if not all(place in visited for place in meta["visits"]) or (meta["visits"] and world.robot != meta["visits"][-1]):
        return Score(False, f"visited {world.visited}, wanted {meta['visits']}")
    return Score(True, "the plan reaches the goal")


# --- intents


def _move(split: Split, rng: random.Random) -> Made | None:
    thing, source, target = some_thing(rng), *rng.sample(STORAGE, 2)
    if not fits_combinations(split, thing, source, target):
        return None
    prompt = wordings.MOVE.say(split, slots_of(rng, thing, source, target), rng)
    return planned(prompt, moving(thing, source, target), {thing: source}, {thing: target})


def _bring(split: Split, rng: random.Random) -> Made | None:
    thing, source = some_thing(rng), rng.choice(STORAGE)
    if not fits_combinations(split, thing, source, "user"):
        return None
    prompt = wordings.BRING.say(split, slots_of(rng, thing, source, "user"), rng)
    return planned(prompt, moving(thing, source, "user"), {thing: source}, {thing: "user"})


def _move_two(split: Split, rng: random.Random) -> Made | None:
    first, second = some_thing(rng), some_thing(rng)
    (source, target), (second_source, second_target) = rng.sample(STORAGE, 2), rng.sample(STORAGE, 2)
    if first == second or not (
        fits_combinations(split, first, source, target)
        and fits_combinations(split, second, second_source, second_target)
    ):
        return None
    slots = slots_of(rng, first, source, target)
    other = slots_of(rng, second, second_source, second_target)
    slots |= {"second": other["object"]} | {f"second_{name}": other[name] for name in ("from", "at", "to", "put")}
    steps = moving(first, source, target) + moving(second, second_source, second_target)
    prompt = wordings.MOVE_TWO.say(split, slots, rng)
    goal = {first: target, second: second_target}
    return planned(prompt, steps, {first: source, second: second_source}, goal)


def _move_both(split: Split, rng: random.Random) -> Made | None:
    (first, second), (source, target) = (some_thing(rng), some_thing(rng)), rng.sample(STORAGE, 2)
    if first == second or not all(fits_combinations(split, thing, source, target) for thing in (first, second)):
        return None
    slots = slots_of(rng, first, source, target) | {"second": with_article(second, rng)}
    prompt = wordings.MOVE_BOTH.say(split, slots, rng)
    steps = moving(first, source, target) + moving(second, source, target)
    return planned(prompt, steps, {first: source, second: source}, {first: target, second: target})


def _go(split: Split, rng: random.Random) -> Made | None:
    if split == "combinations":  # one slot cannot be combined
        return None
    target = rng.choice(STORAGE + ROOMS[:-1])
    prompt = wordings.GO.say(split, slots_of(rng, some_thing(rng), rng.choice(STORAGE), target), rng)
    return planned(prompt, [{"do": "go", "to": target}], visits=[target])


def _go_then_go(split: Split, rng: random.Random) -> Made | None:
    first, second = rng.sample(STORAGE + ROOMS[:-1], 2)
    if not fits_combinations(split, "go", first, second):
        return None
    prompt = wordings.GO_THEN_GO.say(split, slots_of(rng, some_thing(rng), first, second), rng)
    return planned(prompt, [{"do": "go", "to": first}, {"do": "go", "to": second}], visits=[first, second])


def _open(split: Split, rng: random.Random) -> Made | None:
    if split == "combinations":  # one slot cannot be combined
        return None
    target = rng.choice(CONTAINERS)
    prompt = wordings.OPEN.say(split, slots_of(rng, some_thing(rng), "shelf", target), rng)
    return planned(prompt, [{"do": "go", "to": target}, {"do": "open", "target": target}], left_open=[target])


def _open_then_close(split: Split, rng: random.Random) -> Made | None:
    if split == "combinations":  # one slot cannot be combined
        return None
    target = rng.choice(CONTAINERS)
    prompt = wordings.OPEN_THEN_CLOSE.say(split, slots_of(rng, some_thing(rng), "shelf", target), rng)
    return planned(
        prompt, [{"do": "go", "to": target}, *({"do": verb, "target": target} for verb in ("open", "close"))]
    )


def _no_source(split: Split, rng: random.Random) -> Made | None:
    thing, target = some_thing(rng), rng.choice(STORAGE)
    if not fits_combinations(split, thing, target):
        return None
    prompt = wordings.NO_SOURCE.say(split, slots_of(rng, thing, target, target), rng)
    return refused(prompt, f"unclear: where is the {thing}?")


def _unsafe(split: Split, rng: random.Random) -> Made | None:
    thing, source, victim = some_thing(rng), rng.choice(STORAGE), rng.choice(wordings.VICTIMS)
    if not fits_combinations(split, thing, victim):
        return None
    slots = slots_of(rng, thing, source, source) | {"victim": victim, "place": with_article(source, rng)}
    return refused(wordings.UNSAFE.say(split, slots, rng), "unsafe")


def _unknown_object(split: Split, rng: random.Random) -> Made | None:
    unknown = rng.choice(wordings.UNKNOWN_OBJECTS) if rng.random() < 0.5 else invented_object(rng)
    thing = unknown if rng.random() < 0.5 else f"{rng.choice(COLOURS)} {unknown}"
    source, target = rng.sample(STORAGE, 2)
    if not fits_combinations(split, thing, source):
        return None
    wording = rng.choice((wordings.MOVE, wordings.MOVE, wordings.BRING, wordings.NO_SOURCE))
    prompt = wording.say(split, slots_of(rng, thing, source, target), rng)
    return refused(prompt, f"unknown object: {thing}")


def _unknown_place(split: Split, rng: random.Random) -> Made | None:
    thing, unknown = (
        some_thing(rng),
        rng.choice(wordings.UNKNOWN_PLACES) if rng.random() < 0.5 else invented_object(rng),
    )
    if not fits_combinations(split, thing, unknown):
        return None
    places = [unknown, rng.choice(STORAGE)]
    rng.shuffle(places)
    wording: Wording = rng.choice((wordings.MOVE, wordings.MOVE, wordings.GO))
    if wording is wordings.GO:
        places[1] = unknown
    return refused(wording.say(split, slots_of(rng, thing, *places), rng), f"unknown place: {unknown}")


_INTENTS: dict[Callable[[Split, random.Random], Made | None], int] = {
    _move: 30,
    _bring: 10,
    _move_two: 12,
    _move_both: 8,
    _go: 5,
    _go_then_go: 4,
    _open: 2,
    _open_then_close: 2,
    _no_source: 8,
    _unsafe: 9,
    _unknown_object: 6,
    _unknown_place: 5,
}


# --- building blocks

_INTO, _ONTO = ("to", "into", "in"), ("to", "to", "onto", "over to")


def some_thing(rng: random.Random) -> str:
    """A thing of this world, mostly with its colour."""
    kind = rng.choice(KINDS)
    return kind if rng.random() < 0.15 else f"{rng.choice(COLOURS)} {kind}"


def invented_object(rng: random.Random) -> str:
    """A word for a thing or place that this world does not have."""
    word = invented_word(rng)
    return invented_object(rng) if word in PLACES + KINDS + COLOURS else word


def moving(thing: str, source: str, target: str) -> list[dict[str, str]]:
    """The steps that take a thing from one place to another, or to the user."""
    at_target = (
        {"do": "give", "object": thing, "to": "user"}
        if target == "user"
        else {"do": "place", "object": thing, "in" if target in CONTAINERS else "on": target}
    )
    return [*visiting(source, {"do": "grasp", "object": thing}), *visiting(target, at_target)]


def visiting(place: str, action: dict[str, str]) -> list[dict[str, str]]:
    """Go there and act; a container is opened before and closed after."""
    going = {"do": "go", "to": place}
    if place not in CONTAINERS:
        return [going, action]
    return [going, {"do": "open", "target": place}, action, {"do": "close", "target": place}]


def planned(
    prompt: str,
    steps: list[dict[str, str]],
    start: dict[str, str] | None = None,
    goal: dict[str, str] | None = None,
    visits: list[str] | None = None,
    left_open: list[str] | None = None,
) -> Made:
    """A prompt with its plan, and what the judge needs."""
    meta = {
        "start": start or {},
        "goal": goal or {},
        "visits": visits or [],
        "open": left_open or [],
        "num_steps": len(steps),
    }
    return prompt, {"plan": steps}, meta


def refused(prompt: str, reason: str) -> Made:
    """A prompt that is answered with a refusal."""
    return prompt, {"refuse": reason}, {"refuse": reason}


def one_line(answer: object) -> str:
    """The answer as it is written."""
    return json.dumps(answer, separators=(",", ":"))


def slots_of(rng: random.Random, thing: str, source: str, target: str) -> dict[str, str]:
    """Words for the slots of the frames, with articles and prepositions."""
    from_place, at_place = place_with_article(source, rng), place_with_article(source, rng)
    target_place = place_with_article(target, rng)
    inside, target_inside = source in CONTAINERS, target in CONTAINERS
    return {
        "object": with_article(thing, rng),
        "source": from_place,
        "target": target_place,
        "target_word": target,
        "from": f"{rng.choice(('from', 'from', 'out of') if inside else ('from', 'from', 'off'))} {from_place}",
        "at": f"{rng.choice(('in', 'inside') if inside else ('on', 'on', 'at'))} {at_place}",
        "to": f"{rng.choice(_INTO if target_inside else _ONTO)} {target_place}",
        "put": f"{rng.choice(('in', 'into', 'inside') if target_inside else ('on', 'on', 'onto'))} {target_place}",
    }


def with_article(thing: str, rng: random.Random) -> str:
    """The thing as it is spoken of."""
    return rng.choices(("the ", "", "my ", "a ", "that "), (70, 10, 8, 8, 4))[0] + thing


def place_with_article(place: str, rng: random.Random) -> str:
    """The place as it is spoken of."""
    return rng.choices(("the ", "", "my "), (88, 8, 4))[0] + place
