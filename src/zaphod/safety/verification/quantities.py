"""Quantities as people write them, `5 N` or `150 g ± 10 %`, as exact SI numbers; knows units, not what is measured.

Numbers are rational: what is proved is proved of the number that was written, not of a neighbour that a float can hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Final

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.box import Interval


class Dimension(StrEnum):
    """What a quantity measures; the value is the unit that numbers are kept in."""

    NUMBER = "1"
    MASS = "kg"
    LENGTH = "m"
    TIME = "s"
    SPEED = "m/s"
    ACCELERATION = "m/s^2"
    FORCE = "N"
    TORQUE = "N m"
    STIFFNESS = "N/m"


UNITS: Final[dict[str, tuple[Fraction, Dimension]]] = {
    "": (Fraction(1), Dimension.NUMBER),
    "%": (Fraction(1, 100), Dimension.NUMBER),
    "kg": (Fraction(1), Dimension.MASS),
    "g": (Fraction(1, 1000), Dimension.MASS),
    "mg": (Fraction(1, 10**6), Dimension.MASS),
    "m": (Fraction(1), Dimension.LENGTH),
    "cm": (Fraction(1, 100), Dimension.LENGTH),
    "mm": (Fraction(1, 1000), Dimension.LENGTH),
    "um": (Fraction(1, 10**6), Dimension.LENGTH),
    "µm": (Fraction(1, 10**6), Dimension.LENGTH),
    "s": (Fraction(1), Dimension.TIME),
    "ms": (Fraction(1, 1000), Dimension.TIME),
    "min": (Fraction(60), Dimension.TIME),
    "m/s": (Fraction(1), Dimension.SPEED),
    "cm/s": (Fraction(1, 100), Dimension.SPEED),
    "mm/s": (Fraction(1, 1000), Dimension.SPEED),
    "m/s^2": (Fraction(1), Dimension.ACCELERATION),
    "m/s²": (Fraction(1), Dimension.ACCELERATION),
    "mm/s^2": (Fraction(1, 1000), Dimension.ACCELERATION),
    "mm/s²": (Fraction(1, 1000), Dimension.ACCELERATION),
    "N": (Fraction(1), Dimension.FORCE),
    "mN": (Fraction(1, 1000), Dimension.FORCE),
    "kN": (Fraction(1000), Dimension.FORCE),
    "N m": (Fraction(1), Dimension.TORQUE),
    "Nm": (Fraction(1), Dimension.TORQUE),
    "mN m": (Fraction(1, 1000), Dimension.TORQUE),
    "N/m": (Fraction(1), Dimension.STIFFNESS),
    "N/mm": (Fraction(1000), Dimension.STIFFNESS),
    "kN/m": (Fraction(1000), Dimension.STIFFNESS),
}
"""What each unit is worth in the unit of its dimension."""

_QUANTITY: Final = re.compile(
    r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)\s*([^\d\s.+-][^±]*?)?\s*"
)
_PLUS_MINUS: Final = re.compile(r"±|\+/?-")
_MOST_CHARACTERS: Final = 48
_SHOWN_CHARACTERS: Final = 60
LARGEST: Final = Fraction(10**12)
"""In SI units. What is larger was measured by nobody, and long numbers would make proofs slow."""
SMALLEST: Final = 1 / LARGEST
"""Of what is not 0."""
_MOST_DECIMALS: Final = 20
"""A float has 17 that count; longer ones make the numbers of a certificate longer than its checker reads."""


def quantity(value: object, dimension: Dimension, name: str) -> Fraction:
    """One number in SI units.

    Args:
        value: a text with its unit, `12.5 mm`; a bare number only where the dimension is a number.
        dimension: what it must measure.
        name: what it is called, for the message.

    Raises:
        ConfigError: it is no finite number, has no unit or one that measures something else, or lies outside what can
            be meant (`SMALLEST` to `LARGEST`, or 0).
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refused(value, dimension, name)
    # NOTE: Python refuses to write very long integers at all.
    text = str(value) if not isinstance(value, int) or abs(value) <= LARGEST else ""
    match = _QUANTITY.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    if match is None:
        raise _refused(value, dimension, name)
    number, unit = match[1], (match[2] or "").strip()
    worth, measured = UNITS.get(unit, (None, None))
    if worth is None or measured is not dimension:
        raise _refused(value, dimension, name, "" if worth is None else f", which is no {_word(dimension)}")
    written = Fraction(number)
    if written.denominator > 10**_MOST_DECIMALS:
        raise ConfigError(f"{name} is {shown(value)}.", f"It has at most {_MOST_DECIMALS} decimals.", "Round it.")
    found = written * worth
    if found and not SMALLEST <= abs(found) <= LARGEST:
        raise ConfigError(
            f"{name} is {shown(value)}.",
            f"In {dimension} it is 0, or between {float(SMALLEST):g} and {float(LARGEST):g}, with either sign.",
            "Mend it.",
        )
    return found


def shown(value: object) -> str:
    """A value in a message, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def interval(value: object, dimension: Dimension, name: str) -> Interval:
    """All values that something may have.

    Args:
        value: one quantity, two in a list (`["80 g", "220 g"]`), or one with its error (`150 g ± 5 g`, `150 g ± 10 %`).
        dimension: as in `quantity`.
        name: as in `quantity`.

    Raises:
        ConfigError: as in `quantity`, or the first value is above the second, or the error is negative.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 2:
            raise ConfigError(
                f"{name} has {len(value)} values.", "A range has a lowest and a highest.", f'Write {name} = ["1", "2"].'
            )
        low, high = (quantity(end, dimension, name) for end in value)
    elif isinstance(value, str) and len(parts := _PLUS_MINUS.split(value)) == 2:
        middle = quantity(parts[0], dimension, name)
        error = _error(parts[1], middle, dimension, name)
        low, high = middle - error, middle + error
    else:
        low = high = quantity(value, dimension, name)
    if low > high:
        raise ConfigError(
            f"{name} goes from {shown(value)} downwards.",
            "The lowest value comes first.",
            "Exchange the two, or mend them.",
        )
    return Interval(low, high)


def _error(text: str, middle: Fraction, dimension: Dimension, name: str) -> Fraction:
    is_share = text.strip().endswith("%")
    error = quantity(text, Dimension.NUMBER, name) * abs(middle) if is_share else quantity(text, dimension, name)
    if error < 0:
        raise ConfigError(f"{name} has an error of {text.strip()}.", "An error is 0 or more.", "Drop the sign.")
    return error


def _refused(value: object, dimension: Dimension, name: str, why: str = "") -> ConfigError:
    units = [unit for unit, (_, measured) in UNITS.items() if measured is dimension and unit]
    if dimension is Dimension.NUMBER:
        return ConfigError(f"{name} is {shown(value)}{why}.", "It is a number, or a share in %.", f"Write {name} = 1.")
    wanted = f"A {_word(dimension)} is a number with a unit: {', '.join(units)}."
    return ConfigError(f"{name} is {shown(value)}{why}.", wanted, f'Write {name} = "1 {dimension}".')


def _word(dimension: Dimension) -> str:
    return dimension.name.lower()
