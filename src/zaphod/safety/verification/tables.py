"""Dataclasses out of parsed TOML, by the dimension that each field wears; knows no field's meaning.

A field is `Annotated[Fraction, Dimension.MASS]`, or of an `Interval`, a `Vector`, a text, a truth, another dataclass or
a tuple of them. Numbers are 0 or more unless a `Sign` says otherwise.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from enum import Enum, auto
from fractions import Fraction
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from zaphod.core.errors import ConfigError
from zaphod.safety.verification.box import Interval
from zaphod.safety.verification.paths import Vector, vector
from zaphod.safety.verification.quantities import interval, quantity, shown

S = TypeVar("S")


class Sign(Enum):
    """Which numbers a field takes."""

    ANY = auto()
    AT_LEAST_ONE = auto()


def section(document: object, kind: type[S], name: str) -> S:
    """One dataclass out of one table.

    Args:
        document: parsed TOML; its keys are the fields' names.
        kind: a dataclass whose fields say what they measure.
        name: what it is called, for the message.

    Raises:
        ConfigError: a key is unknown, one is lacking, or a value is none of its field's.
    """
    if not isinstance(document, Mapping):
        raise ConfigError(f"{name} is {shown(document)}.", "It is a table.", "Write it as [section].")
    hints = {key: hint for key, hint in get_type_hints(kind, include_extras=True).items() if key != "document"}
    for key in document:
        if key not in hints:
            near = difflib.get_close_matches(str(key)[:60], hints, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else "Leave it out."
            raise ConfigError(f"{name} has {shown(key)}.", f"It knows {', '.join(hints)}.", remedy)
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
            raise ConfigError(f"{name} is {shown(value)}.", "It is a list.", "Put it into [ ].")
        return tuple(_value(item, get_args(hint)[0], f"{name} {number}") for number, item in enumerate(value, 1))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return section(value, hint, name)
    if not isinstance(value, hint):
        raise ConfigError(f"{name} is {shown(value)}.", f"It is {_WORDS[hint]}.", "Mend it.")
    return value


def _number(value: object, hint: Any, name: str) -> Fraction | Interval:
    kind, dimension, *rest = get_args(hint)
    found: Fraction | Interval = (interval if kind is Interval else quantity)(value, dimension, name)
    lowest = found.low if isinstance(found, Interval) else found
    least = 1 if Sign.AT_LEAST_ONE in rest else 0
    if Sign.ANY not in rest and lowest < least:
        raise ConfigError(f"{name} is {shown(value)}.", f"It is at least {least}.", "Mend it.")
    return found


_WORDS = {str: "a text", bool: "true or false"}
