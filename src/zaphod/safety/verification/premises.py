"""Premises under which a proof would say nothing: contracts that every plan keeps, or that none can; proves nothing.

From a contradiction everything follows, and of nothing everything is true: a range without a value, a load without a
weight, balls without a radius, limits that limit nothing. What is merely odd is not refused here (`doubts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.quantities import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zaphod.safety.verification.contracts import Body, Contract, Gripper, LimitRules, Obstacle, StandingRules
    from zaphod.safety.verification.paths import Vector

_MOST_CHARACTERS: Final = 100
"""Of a name: every claim repeats it."""


def check_premises(contract: Contract) -> None:
    """Whether a plan can keep a contract, and whether one can break it, as far as that is seen without a plan.

    Raises:
        ConfigError: what is lacking, or what excludes each other.
    """
    if not contract.requirements:
        raise ConfigError(
            "The contract requires nothing.",
            "Every plan would keep it.",
            "Add a section: [grip], [clearance], [limits], [standing], [people] or [release].",
        )
    _check_load(contract)
    if contract.gripper is not None:
        _check_gripper(contract.gripper)
    _check_bodies(contract)
    _check_obstacles(contract)
    if contract.limits is not None:
        _check_limits(contract, contract.limits)
    if contract.standing is not None:
        _check_standing(contract.standing)
    _check_people(contract)
    _check_release(contract)


def _check_load(contract: Contract) -> None:
    load = contract.load
    if contract.grip is not None and (load is None or contract.gripper is None):
        raise ConfigError("[grip] needs [load] and [gripper].", "They tell mass and friction.", "Add both sections.")
    if load is None:
        return
    if not load.mass.high:
        raise ConfigError("The load weighs nothing.", "Nothing is easily held.", "Give its mass.")
    if load.breaks_at is not None and contract.grip is None:
        raise ConfigError(
            "[load] has breaks_at, but there is no [grip].", "Without it no force is looked at.", "Add [grip]."
        )
    if load.breaks_at is not None and not load.breaks_at:
        raise ConfigError("The load breaks at 0 N.", "No grip could hold it.", "Give the force that breaks it.")


def _check_gripper(gripper: Gripper) -> None:
    if gripper.closing_axis not in ("x", "y"):
        raise ConfigError(f"closing_axis is {gripper.closing_axis!r}.", "Pads close along x or y.", 'Write "x" or "y".')
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
    for where, body in _bodies(contract):
        if not body.radius:
            raise ConfigError(f"A ball of [{where}] has no radius.", "A point touches nothing.", "Give its radius.")
    if contract.clearance is None and contract.people is None:
        return
    if contract.gripper is None or not contract.gripper.bodies:
        raise ConfigError(
            "[clearance] and [people] need bodies under [gripper].", "Nothing else can touch.", "Add balls around it."
        )
    if contract.load is not None and not contract.load.bodies:
        raise ConfigError("[load] has no bodies.", "It could touch what is near.", "Add balls around it.")


def _bodies(contract: Contract) -> Iterator[tuple[str, Body]]:
    if contract.load is not None:
        yield from (("load", body) for body in contract.load.bodies)
    if contract.gripper is not None:
        yield from (("gripper", body) for body in contract.gripper.bodies)


def _check_obstacles(contract: Contract) -> None:
    for obstacle in contract.obstacles:
        _check_shape(obstacle)
    names = [obstacle.name for obstacle in contract.obstacles]
    for name in (*names, contract.name):
        if not name.isprintable() or len(name) > _MOST_CHARACTERS:
            raise ConfigError(
                f"A name is {shown(name)}.",
                f"It has at most {_MOST_CHARACTERS} letters that can be printed.",
                "Mend it.",
            )
    if len(set(names)) < len(names):
        raise ConfigError("Two obstacles have one name.", "Steps name what they touch.", "Give each its own.")
    if contract.clearance is not None and not contract.obstacles:
        raise ConfigError("[clearance] has no obstacles.", "Every plan would keep clear.", "Add [[obstacles]].")
    if contract.clearance is None and contract.obstacles:
        raise ConfigError(
            f"There is {names[0]!r}, but no [clearance].", "Nothing would keep away from it.", "Add [clearance]."
        )


def _check_shape(obstacle: Obstacle) -> None:
    is_box = obstacle.low is not None and obstacle.high is not None
    has_half = (obstacle.low is None) != (obstacle.high is None)
    if has_half or is_box == (obstacle.at is not None):
        raise ConfigError(
            f"Obstacle {obstacle.name!r} has no shape, or two.",
            "A box has low and high, a ball has at and radius.",
            "Give it one of them.",
        )
    if is_box and obstacle.speed:
        raise ConfigError(f"Obstacle {obstacle.name!r} is a box that moves.", "Only balls do.", "Put a ball around it.")
    if is_box == bool(obstacle.radius):
        found = "is a box with a radius" if is_box else "is a ball without a radius"
        raise ConfigError(f"Obstacle {obstacle.name!r} {found}.", "Balls have one, boxes have none.", "Mend it.")
    if obstacle.low is not None and obstacle.high is not None:
        _check_corners(obstacle.low, obstacle.high, f"Obstacle {obstacle.name!r}")


def _check_limits(contract: Contract, limits: LimitRules) -> None:
    found = {name: getattr(limits, name) for name in ("speed", "touch_speed", "acceleration", "low", "high")}
    if all(value is None for value in found.values()):
        raise ConfigError("[limits] limits nothing.", f"It has one of {', '.join(found)}.", "Add one, or leave it out.")
    for name in ("speed", "touch_speed", "acceleration"):
        if found[name] == 0:
            raise ConfigError(f"[limits]: {name} is 0.", "Nothing could ever move.", "Give a limit above 0.")
    if limits.touch_speed is not None and contract.clearance is None:
        raise ConfigError(
            "[limits] has touch_speed, but there is no [clearance].",
            "Without it nothing tells when something is touched.",
            "Add [clearance] and [[obstacles]].",
        )
    if limits.low is not None and limits.high is not None:
        _check_corners(limits.low, limits.high, "[limits]")


def _check_standing(rules: StandingRules) -> None:
    _check_corners(rules.low, rules.high, "[standing]")
    if any(high - low <= 2 * rules.margin for low, high in zip(rules.low[:2], rules.high[:2], strict=True)):
        raise ConfigError(
            "[standing]: the margin leaves nothing of the rectangle.", "Something must stand on it.", "Mend either."
        )
    if not rules.base_mass.high:
        raise ConfigError("[standing]: the base weighs nothing.", "Nothing would stand.", "Give its mass.")


def _check_people(contract: Contract) -> None:
    people = contract.people
    if people is None:
        return
    if not people.at:
        raise ConfigError("[people] has nobody.", "Every plan would keep clear.", "Say where they may be: at = [[…]].")
    if not people.braking:
        raise ConfigError("[people] has no braking.", "Without it nothing ever stops.", 'Write braking = "2 m/s^2".')
    if contract.grip is not None and contract.grip.braking < people.braking:
        raise ConfigError(
            f"[people] brakes with {float(people.braking):g} m/s^2, [grip] with {float(contract.grip.braking):g}.",
            "A stop before people must not lose the load.",
            "Give [grip] at least the braking of [people].",
        )
    if not people.radius:
        raise ConfigError("[people] has no radius.", "People are no points.", 'Write radius = "0.4 m".')


def _check_release(contract: Contract) -> None:
    if contract.release is None:
        return
    if contract.load is None or not contract.load.bodies:
        raise ConfigError("[release] needs [load] with bodies.", "They tell where its bottom is.", "Add balls to it.")
    if not any(obstacle.may_be_touched and obstacle.low is not None for obstacle in contract.obstacles):
        raise ConfigError(
            "[release] has nothing to put the load on.",
            "It is put on a box that may be touched.",
            "Add one to [[obstacles]], with may_be_touched = true.",
        )


def _check_corners(low: Vector, high: Vector, name: str) -> None:
    if any(a > b for a, b in zip(low, high, strict=True)):
        raise ConfigError(f"{name}: low is above high.", "low has the smaller of each.", "Exchange them.")
