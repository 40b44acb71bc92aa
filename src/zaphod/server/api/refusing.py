"""Fields that other servers have and this one cannot honour: known by name, refused with the reason; knows no route."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel, BeforeValidator


def refused(reason: str, *, unless: Collection[Any] = ()) -> BeforeValidator:
    """Lets null and the values of `unless` through, which ask for what happens anyway.

    Args:
        reason: a sentence that says what is wanted instead.
        unless: values that change nothing.
    """

    def check(value: Any) -> Any:
        if value is None or any(type(value) is type(harmless) and value == harmless for harmless in unless):
            return value
        raise ValueError(reason)

    return BeforeValidator(check)


def only_types(known: Collection[str], reason: str, *, default: str | None = None) -> BeforeValidator:
    """Refuses objects of an unknown `type` by that name, before their fields are looked at.

    Args:
        known: types that can be read.
        reason: a sentence that says what is wanted instead.
        default: the type of objects that name none.
    """

    def check(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value
        if not isinstance(value, dict) or not isinstance(kind := value.get("type", default), str):
            raise ValueError("It should be an object with a `type`")
        if kind not in known:
            raise ValueError(f"Its type is {kind[:64]!r}. {reason}")
        return value

    return BeforeValidator(check)


def type_of(default: str | None = None) -> Callable[[Any], str | None]:
    """For pydantic's `Discriminator`: the `type` of an object that is a mapping or a model."""

    def read(value: Any) -> str | None:
        kind = value.get("type", default) if isinstance(value, dict) else getattr(value, "type", None)
        return kind if isinstance(kind, str) else None

    return read


def text_or_more(value: Any) -> str:
    """For pydantic's `Discriminator`: whether a text was sent or something with parts, tagged `text` and `more`."""
    return "text" if isinstance(value, str) else "more"
