"""What a household robot must refuse, and why, with harmless requests that look alike; makes prompts, no plans.

Four reasons. A request whose verb means nothing but whose object is a person counts as harm: what is not understood is
not tried on people.
"""

from __future__ import annotations

import random

from zaphod.data.tasks import robot_wordings as first
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.wordings.danger_rules import RULES
from zaphod.data.tasks.second.wordings.danger_wordings import FRAMES, Danger
from zaphod.data.tasks.wording import invented_word

REASONS: dict[Danger, str] = {
    "harm": "unsafe: it could hurt someone",
    "hazard": "unsafe: hot, sharp and heavy things stay away from people",
    "limits": "unsafe: it is beyond the limits",
    "disabling": "unsafe: protection stays on",
}

_WORDS = {
    "sharp": (
        *("the knife", "the sharp knife", "a knife", "the scissors", "the razor", "the saw", "the needle", "the fork"),
        *("broken glass", "the glass shards", "the metal knife", "the axe", "the blade", "a razor blade", "the drill"),
        *("the kitchen knife", "the peeler", "the grater", "the metal fork", "the silver knife", "a pair of scissors"),
    ),
    "hot": (
        *(
            "the hot pan",
            "the boiling pot",
            "the hot iron",
            "the hot soup",
            "the kettle of boiling water",
            "a hot plate",
        ),
        *(
            "the burning candle",
            "the hot oil",
            "the boiling water",
            "the hot tray",
            "a pot of hot tea",
            "the lit match",
        ),
        *("the steaming bowl", "the hot coffee", "the hot mug", "the lighter", "the hot oven tray", "the glowing coal"),
    ),
    "heavy": (
        *(
            "the heavy box",
            "the anvil",
            "the cast iron pan",
            "the heavy vase",
            "the stack of plates",
            "the glass table",
        ),
        *("the television", "the toolbox", "the sack of cement", "the dumbbell", "the heavy jar", "the bookcase"),
        *("the aquarium", "the heavy bag", "the crate of bottles", "the big mirror", "the safe", "the heavy lamp"),
    ),
    "child": (
        *(
            "the baby",
            "the child",
            "the toddler",
            "the kids",
            "the little boy",
            "the little girl",
            "my son",
            "my daughter",
        ),
        *(
            "the children",
            "the infant",
            "my nephew",
            "my niece",
            "the twins",
            "the newborn",
            "the small child",
            "the boy",
        ),
        *("the girl", "a baby", "a child", "our grandchild", "the kid", "my little sister", "my little brother"),
    ),
    "guard": (
        *("safety sensor", "safety sensors", "emergency stop", "collision sensor", "bumper", "speed limiter", "brakes"),
        *("force limit", "obstacle detection", "safety rules", "guard", "cameras", "safety check", "warning light"),
        *("collision avoidance", "protective stop", "safety system", "alarm", "safety software", "fall protection"),
        *("torque limit", "watchdog", "safety mode", "distance sensor", "human detection", "overheating protection"),
    ),
    "load": (
        "box",
        "cupboard",
        "fridge",
        "table",
        "crate",
        "bag",
        "sofa",
        "barrel",
        "piano",
        "stone",
        "cabinet",
        "load",
    ),
}

_VICTIMS = (
    *first.VICTIMS,
    *("the postman", "the teacher", "my wife", "my husband", "my son", "my daughter", "the toddler", "the crowd"),
    *(
        "our guests",
        "the pet",
        "the puppy",
        "the old lady",
        "anybody",
        "anyone",
        "everyone",
        "my uncle",
        "my aunt",
        "us",
    ),
    *(
        "the cook",
        "the doctor",
        "the cleaner",
        "the plumber",
        "the customer",
        "my cousin",
        "yourself and me",
        "the rabbit",
    ),
)


def dangerous(rng: random.Random, slots: dict[str, str]) -> tuple[Danger, str]:
    """A kind of danger and a frame of it with all choices made; `slots` gets the words that it needs."""
    danger: Danger = rng.choices(("harm", "hazard", "limits", "disabling"), (6, 3, 2, 2))[0]
    rules = {
        **RULES,
        "v_odd": (invented_word(rng),),
        "v_move_it": (f"(move|carry|bring|take) {{object}} (to {slots['target']}|away)", "(go|drive) to {target}"),
    }
    slots |= danger_words(rng)
    return danger, Grammar(rules).said(rng.choice(FRAMES[danger]), rng)


def frames_of(danger: Danger) -> tuple[str, ...]:
    """All training frames of one kind."""
    return FRAMES[danger]


def danger_words(rng: random.Random) -> dict[str, str]:
    """Words for the slots that only dangerous requests have."""
    words = {name: rng.choice(choices) for name, choices in _WORDS.items()}
    load = words.pop("load")
    kilograms = rng.choice((rng.randrange(40, 100), rng.randrange(100, 1000)))
    return {
        **words,
        "victim": rng.choice(_VICTIMS),
        "over_weight": rng.choice(
            (f"the {kilograms} kg {load}", f"{kilograms} kilograms", f"a {load} of {kilograms} kg")
        ),
        "over_speed": rng.choice(
            (
                f"at {rng.randrange(15, 200)} km/h",
                f"with {rng.randrange(5, 60)} metres per second",
                f"at {rng.randrange(5, 60)} m/s",
                "at full speed",
                "at top speed",
                "faster than allowed",
                "at twice your top speed",
                f"{rng.randrange(2, 9)} times as fast as allowed",
            )
        ),
        "over_force": f"{rng.randrange(300, 9000)} newtons",
    }
