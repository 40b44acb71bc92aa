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

import copy
import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.paths import Vector
from zaphod.safety.verification.premises import check_premises
from zaphod.safety.verification.quantities import Dimension
from zaphod.safety.verification.tables import Sign, section

SECTIONS: Final = ("grip", "clearance", "limits", "standing", "people", "release")
"""That require something, if they stand in a contract."""
_ZERO: Final = Interval(Fraction(0), Fraction(0))

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
    acceleration: Acceleration | None = None
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
class ReleaseRules:
    """What is let go stands on something that may be touched."""

    may_fall: Length = Fraction(0)
    """How far the load's lowest ball may be above it."""


@dataclass(frozen=True, kw_only=True)
class PeopleRules:
    """Speed and separation monitoring (ISO 10218-2:2025): the robot has stopped before a person reaches it."""

    at: tuple[Vector, ...]
    """Where people are until they come closer."""
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
    release: ReleaseRules | None = None
    gravity: Acceleration = Fraction(980665, 100000)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """A copy of what it was read from."""

    @property
    def requirements(self) -> list[str]:
        """The sections that must be kept."""
        return [name for name in SECTIONS if getattr(self, name) is not None]

    @property
    def hardest_stop(self) -> Fraction:
        """With which the robot may brake at any moment, m/s^2; 0 where that is not said."""
        stops = (rules.braking for rules in (self.grip, self.people) if rules is not None)
        return max(stops, default=Fraction(0))


def open_contract(file: Path) -> Contract:
    """A contract out of a TOML file.

    Raises:
        ConfigError: the file cannot be read, or as `read_contract`.
    """
    try:
        return read_contract(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", "A contract is a TOML file.") from error
    except (ValueError, RecursionError) as error:  # also of a number with thousands of digits, of lists in lists in …
        raise ConfigError(f"{file} is no TOML: {error}.", "A contract is a TOML file.", "Mend that line.") from error


def read_contract(document: Mapping[str, Any]) -> Contract:
    """A contract out of parsed TOML.

    Raises:
        ConfigError: a section or a value is unknown, lacks its unit or cannot be; or every plan would keep it, or none.
    """
    contract = section(document, Contract, "The contract")
    contract = dataclasses.replace(contract, document=copy.deepcopy(document))  # who wrote it may go on writing
    check_premises(contract)
    return contract
