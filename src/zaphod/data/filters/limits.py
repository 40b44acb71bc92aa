"""How a rule's thresholds are made from plain settings; knows no rule."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from zaphod.core.errors import ConfigError

Limits = TypeVar("Limits")


def limits_from(kind: type[Limits], settings: Mapping[str, Any]) -> Limits:
    """The thresholds with these settings in place of the published ones.

    Lists become tuples, so that what went through JSON is equal to what went in.

    Raises:
        ConfigError: a setting that the rule does not have.
    """
    known = [entry.name for entry in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"{kind.__name__} has no setting {name!r}.",
                f"It has {', '.join(known)}.",
                f"Did you mean {nearest[0]!r}?" if nearest else "Remove it.",
            )
    return kind(**{name: _frozen(value) for name, value in settings.items()})


def settings_of(limits: object) -> dict[str, Any]:
    """The thresholds as plain values."""
    return dataclasses.asdict(limits)  # type: ignore[call-overload, no-any-return]


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
