"""What must hold while a plan is carried out, and all that is uncertain, read from TOML; proves nothing itself.

    name = "fragile glass"

    [load]
    mass = "150 g ± 10 %"
    breaks_at = "5 N"
    bodies = [{ at = ["0 mm", "0 mm", "-40 mm"], radius = "40 mm" }]

    [gripper]
    friction = ["0.45", "0.55"]
    force_error = "0.2 N"
    …

    [[obstacles]]
    name = "wall"
    low = ["0.2 m", "-1 m", "0 m"]
    high = ["0.22 m", "1 m", "0.25 m"]

    [clearance]
    margin = "10 mm"

A section that stands there must be kept; what has no section is not looked at. `docs/verification.md` tells each value.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.plans import Vector, vector
from zaphod.safety.verification.quantities import Dimension, interval, quantity

S = TypeVar("S")

_ZERO = Interval(Fraction(0), Fraction(0))


class Sign(Enum):
    """Which numbers a field takes."""

    ANY = auto()
    AT_LEAST_ONE = auto()


Mass = Annotated[Fraction, Dimension.MASS]
Length = Annotated[Fraction, Dimension.LENGTH]
Time = Annotated[Fraction, Dimension.TIME]
Speed = Annotated[Fraction, Dimension.SPEED]
Acceleration = Annotated[Fraction, Dimension.ACCELERATION]
Force = Annotated[Fraction, Dimension.FORCE]
Stiffness = Annotated[Fraction, Dimension.STIFFNESS]
Factor = Annotated[Fraction, Dimension.NUMBER, Sign.AT_LEAST_ONE]
MassRange = Annotated[Interval, Dimension.MASS]
NumberRange = Annotated[Interval, Dimension.NUMBER]
ForceRange = Annotated[Interval, Dimension.FORCE, Sign.ANY]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A ball that moves with the tool; several of them stand for a hand, an arm or a load."""

    at: Vector
    """Its centre, from the tool's point."""
    radius: Length


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is carried."""

    mass: MassRange
    breaks_at: Force | None = None
    """The force of a pad at which it may break."""
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gripper:
    """Two pads that close along one horizontal axis."""

    friction: NumberRange
    """Of both pads with the load (Coulomb)."""
    force_error: ForceRange = _ZERO
    """Real force of a pad less the commanded one."""
    closing_axis: str = "x"
    finger_mass: Mass = Fraction(0)
    contact_stiffness: Stiffness = Fraction(0)
    """Of pad and load pressed together: with the finger's mass and speed it gives the force of the impact."""
    pad_radius: Length = Fraction(0)
    """Of a soft pad's contact, for the twist of a load that is not held at its centre of mass."""
    off_centre: Length = Fraction(0)
    """How far from its centre of mass the load may be held."""
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A box along the axes or a ball; a ball may move in any direction."""

    name: str
    low: Vector | None = None
    high: Vector | None = None
    at: Vector | None = None
    radius: Length = Fraction(0)
    speed: Speed = Fraction(0)
    """How fast it may come closer, from the plan's beginning on."""
    may_be_touched: bool = False
    """Whether a step of the plan that names it may touch it: a table, a shelf."""


@dataclass(frozen=True, kw_only=True)
class GripRules:
    """The load is neither lost nor crushed."""

    safety_factor: Factor = Fraction(1)
    """How many times the friction must bear the load."""
    braking: Acceleration = Fraction(0)
    """With which the robot may brake at any moment, in any direction: a stop must not lose the load either."""


@dataclass(frozen=True, kw_only=True)
class ClearanceRules:
    """Nothing is touched."""

    margin: Length = Fraction(0)
    """Errors of sensing, of following the path and of the model, together."""


@dataclass(frozen=True, kw_only=True)
class LimitRules:
    """How fast and how far the tool may go."""

    speed: Speed | None = None
    touch_speed: Speed | None = None
    """While something is touched."""
    acceleration: Acceleration | None = field(
        default=None, metadata={"dimension": Dimension.ACCELERATION, "read": quantity}
    )
    low: Vector | None = None
    high: Vector | None = None


@dataclass(frozen=True, kw_only=True)
class StandingRules:
    """A load that stands on what moves it, or a base that carries the arm, does not tip over."""

    base_mass: MassRange
    base_centre: Vector
    """Of the base's mass, at rest."""
    arm_mass: MassRange = _ZERO
    """Thought to be where the tool is."""
    low: Vector
    """Corner of the rectangle that the base stands on; z is the ground's."""
    high: Vector
    margin: Length = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class PeopleRules:
    """Speed and separation monitoring (ISO 10218-2:2025): the robot has stopped before a person reaches it."""

    at: tuple[Vector, ...]
    """Where people may be when the plan begins."""
    radius: Length
    """Of a person, arms included."""
    speed: Speed = Fraction(8, 5)
    """With which a person comes closer."""
    reaction: Time
    """From seeing a person to braking."""
    braking: Acceleration
    margin: Length = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Everything that a plan is held against."""

    name: str
    load: Load | None = None
    gripper: Gripper | None = None
    obstacles: tuple[Obstacle, ...] = ()
    grip: GripRules | None = None
    clearance: ClearanceRules | None = None
    limits: LimitRules | None = None
    standing: StandingRules | None = None
    people: PeopleRules | None = None
    gravity: Acceleration = Fraction(980665, 100000)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What it was read from."""

    @property
    def requirements(self) -> list[str]:
        """The sections that must be kept."""
        return [
            name for name in ("grip", "clearance", "limits", "standing", "people") if getattr(self, name) is not None
        ]


def open_contract(file: Path) -> Contract:
    """A contract out of a TOML file.

    Raises:
        ConfigError: the file cannot be read, or as `read_contract`.
    """
    try:
        return read_contract(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", "A contract is a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no TOML: {error}.", "A contract is a TOML file.", "Mend that line.") from error


def read_contract(document: Mapping[str, Any]) -> Contract:
    """A contract out of parsed TOML.

    Raises:
        ConfigError: a section or a value is unknown, lacks its unit or cannot be; or nothing is required.
    """
    contract = dataclasses.replace(_section(document, Contract, "The contract"), document=document)
    if not contract.requirements:
        raise ConfigError(
            "The contract requires nothing.",
            "Every plan would keep it.",
            "Add a section: [grip], [clearance], [limits], [standing] or [people].",
        )
    if contract.grip is not None and (contract.load is None or contract.gripper is None):
        raise ConfigError("[grip] needs [load] and [gripper].", "They tell mass and friction.", "Add both sections.")
    if contract.gripper is not None and contract.gripper.closing_axis not in ("x", "y"):
        raise ConfigError(
            f"closing_axis is {contract.gripper.closing_axis!r}.", "Pads close along x or y.", 'Write "x" or "y".'
        )
    if contract.gripper is not None:
        _check_gripper(contract.gripper)
    if contract.clearance is not None or contract.people is not None:
        _check_bodies(contract)
    for obstacle in contract.obstacles:
        _check_shape(obstacle)
    names = [obstacle.name for obstacle in contract.obstacles]
    if len(set(names)) < len(names):
        raise ConfigError("Two obstacles have one name.", "Steps name what they touch.", "Give each its own.")
    return contract


def _check_gripper(gripper: Gripper) -> None:
    if gripper.friction.low <= 0:
        raise ConfigError(
            f"The friction may be {float(gripper.friction.low):g}.",
            "Without friction nothing is held.",
            "Give its lowest value, above 0.",
        )
    if gripper.off_centre and not gripper.pad_radius:
        raise ConfigError(
            "off_centre is given without pad_radius.", "A twist is borne by a pad's area.", "Add the pad's radius."
        )


def _check_bodies(contract: Contract) -> None:
    """What has no body would keep clear of everything."""
    if contract.gripper is None or not contract.gripper.bodies:
        raise ConfigError(
            "[clearance] and [people] need bodies under [gripper].", "Nothing else can touch.", "Add balls around it."
        )
    if contract.load is not None and not contract.load.bodies:
        raise ConfigError("[load] has no bodies.", "It could touch what is near.", "Add balls around it.")
    if contract.clearance is not None and not contract.obstacles:
        raise ConfigError("[clearance] has no obstacles.", "Every plan would keep clear.", "Add [[obstacles]].")
    if contract.people is not None and not contract.people.at:
        raise ConfigError("[people] has nobody.", "Every plan would keep clear.", "Say where they may be: at = [[…]].")
    if contract.people is not None and not contract.people.braking:
        raise ConfigError("[people] has no braking.", "Without it nothing ever stops.", 'Write braking = "2 m/s^2".')


def _check_shape(obstacle: Obstacle) -> None:
    is_box = obstacle.low is not None and obstacle.high is not None
    if is_box == (obstacle.at is not None):
        raise ConfigError(
            f"Obstacle {obstacle.name!r} has no shape, or two.",
            "A box has low and high, a ball has at and radius.",
            "Give it one of them.",
        )
    if is_box and obstacle.speed:
        raise ConfigError(f"Obstacle {obstacle.name!r} is a box that moves.", "Only balls do.", "Put a ball around it.")
    if obstacle.low is not None and obstacle.high is not None:
        _check_corners(obstacle.low, obstacle.high, f"Obstacle {obstacle.name!r}")


def _check_corners(low: Vector, high: Vector, name: str) -> None:
    if any(a > b for a, b in zip(low, high, strict=True)):
        raise ConfigError(f"{name}: low is above high.", "low has the smaller of each.", "Exchange them.")


def _section(document: object, kind: type[S], name: str) -> S:
    """One dataclass out of one table."""
    if not isinstance(document, Mapping):
        raise ConfigError(f"{name} is {document!r}.", "It is a table.", "Write it as [section].")
    hints = {key: hint for key, hint in get_type_hints(kind, include_extras=True).items() if key != "document"}
    for key in document:
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else "Leave it out."
            raise ConfigError(f"{name} has {key!r}.", f"It knows {', '.join(hints)}.", remedy)
    for key in hints:
        if key not in document and not hasattr(kind, key):
            raise ConfigError(f"{name} has no {key}.", "It cannot be guessed.", f"Add {key}.")
    return kind(**{key: _value(document[key], hints[key], f"{name}: {key}") for key in hints if key in document})


def _value(value: object, hint: Any, name: str) -> Any:
    """A value as its field's type wants it."""
    if get_origin(hint) is UnionType or get_origin(hint) is Union:
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is Annotated:
        return _number(value, hint, name)
    if hint is Vector or hint == Vector:
        return vector(value, name)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{name} is {value!r}.", "It is a list.", "Put it into [ ].")
        return tuple(_value(item, get_args(hint)[0], f"{name} {number}") for number, item in enumerate(value, 1))
    if dataclasses.is_dataclass(hint):
        return _section(value, hint, name)  # type: ignore[arg-type]
    if not isinstance(value, hint):
        raise ConfigError(f"{name} is {value!r}.", f"It is {_WORDS[hint]}.", "Mend it.")
    return value


def _number(value: object, hint: Any, name: str) -> Fraction | Interval:
    kind, dimension, *rest = get_args(hint)
    found: Fraction | Interval = (interval if kind is Interval else quantity)(value, dimension, name)
    lowest = found.low if isinstance(found, Interval) else found
    least = 1 if Sign.AT_LEAST_ONE in rest else 0
    if Sign.ANY not in rest and lowest < least:
        raise ConfigError(f"{name} is {value!r}.", f"It is at least {least}.", "Mend it.")
    return found


_WORDS = {str: "a text", bool: "true or false"}
