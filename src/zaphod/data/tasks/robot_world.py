"""A tiny symbolic world in which plans are executed: places, closed containers, objects, one hand; no language.

Five actions, each with its precondition:

    {"do": "go", "to": PLACE}
    {"do": "open" | "close", "target": CONTAINER}            the robot is there, and it is closed / open
    {"do": "grasp", "object": OBJECT}                        the hand is empty, the object is here, the container open
    {"do": "place", "object": OBJECT, "on" | "in": PLACE}    the object is in hand, the robot is there, it is open
    {"do": "give", "object": OBJECT, "to": "user"}           the object is in hand, the robot is with the user
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SURFACES = (
    *("table", "shelf", "desk", "counter", "sink", "bench", "tray", "chair"),
    *("bed", "sofa", "stove", "windowsill", "workbench", "dresser"),
)
CONTAINERS = ("drawer", "fridge", "cupboard", "box", "oven", "cabinet")
ROOMS = ("kitchen", "bedroom", "bathroom", "hallway", "garage", "office", "balcony", "charger", "door", "user")
PLACES = SURFACES + CONTAINERS + ROOMS

COLOURS = (
    *("red", "green", "blue", "yellow", "black", "white", "orange", "purple", "pink", "brown", "grey"),
    *("wooden", "metal", "glass", "plastic", "silver"),
)
KINDS = (
    *("cup", "mug", "plate", "bowl", "bottle", "book", "ball", "spoon", "fork", "pen", "key", "phone"),
    *("apple", "banana", "towel", "toy", "lamp", "can", "jar", "bag", "hat", "shoe", "brush", "knife"),
)

Action = Mapping[str, Any]

_FIELDS = {
    "go": ({"do", "to"},),
    "open": ({"do", "target"},),
    "close": ({"do", "target"},),
    "grasp": ({"do", "object"},),
    "place": ({"do", "object", "on"}, {"do", "object", "in"}),
    "give": ({"do", "object", "to"},),
}


class PlanError(Exception):
    """An action that cannot be carried out; the message says why."""


@dataclass(kw_only=True)
class World:
    """The state between two actions. Containers are closed at first, the hand is empty."""

    objects: dict[str, str]
    """Where each object is; in the hand is `"hand"`."""
    robot: str = "charger"
    open_containers: set[str] = field(default_factory=set)
    visited: list[str] = field(default_factory=list)

    @property
    def held(self) -> str | None:
        """The object in the hand."""
        return next((name for name, place in self.objects.items() if place == "hand"), None)

    def run(self, plan: Sequence[Action]) -> None:
        """Carry out all actions. Raises `PlanError` at the first that is impossible."""
        for number, action in enumerate(plan, start=1):
            try:
                self._act(action)
            except PlanError as error:
                raise PlanError(f"step {number}: {error}") from error

    def _act(self, action: Action) -> None:
        verb = action.get("do") if isinstance(action, dict) else None
        if verb not in _FIELDS or set(action) not in _FIELDS[verb]:
            raise PlanError(f"{action!r} is no action")
        if not all(isinstance(value, str) for value in action.values()):
            raise PlanError(f"{action!r} has a value that is no text")
        getattr(self, f"_{verb}")(action)

    def _go(self, action: Action) -> None:
        if action["to"] not in PLACES:
            raise PlanError(f"there is no place {action['to']!r}")
        self.robot = action["to"]
        self.visited.append(self.robot)

    def _open(self, action: Action) -> None:
        self._require_container(action["target"], is_open=False)
        self.open_containers.add(action["target"])

    def _close(self, action: Action) -> None:
        self._require_container(action["target"], is_open=True)
        self.open_containers.remove(action["target"])

    def _grasp(self, action: Action) -> None:
        if self.held is not None:
            raise PlanError(f"the hand already holds the {self.held}")
        if action["object"] not in self.objects or self.objects[action["object"]] != self.robot:
            raise PlanError(f"the {action['object']} is not at the {self.robot}")
        self._require_access()
        self.objects[action["object"]] = "hand"

    def _place(self, action: Action) -> None:
        key = "in" if self.robot in CONTAINERS else "on"
        if self.robot in ROOMS:
            raise PlanError(f"nothing can be placed on the {self.robot}")
        if action.get(key) != self.robot:
            raise PlanError(f"the robot is at the {self.robot}, where things are placed {key!r}")
        self._require_held(action["object"])
        self._require_access()
        self.objects[action["object"]] = self.robot

    def _give(self, action: Action) -> None:
        self._require_held(action["object"])
        if self.robot != "user" or action["to"] != "user":
            raise PlanError("the robot is not with the user")
        self.objects[action["object"]] = "user"

    def _require_held(self, name: str) -> None:
        if self.held != name:
            raise PlanError(f"the hand does not hold the {name}")

    def _require_access(self) -> None:
        if self.robot in CONTAINERS and self.robot not in self.open_containers:
            raise PlanError(f"the {self.robot} is closed")

    def _require_container(self, name: str, *, is_open: bool) -> None:
        if name not in CONTAINERS or name != self.robot:
            raise PlanError(f"the robot is at the {self.robot}, not at a container {name!r}")
        if (name in self.open_containers) != is_open:
            raise PlanError(f"the {name} is {'closed' if is_open else 'already open'}")
