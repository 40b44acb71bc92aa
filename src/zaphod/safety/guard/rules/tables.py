"""Tables of a policy file, read strictly: what is unknown or of the wrong kind is refused; knows no key by itself."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, NoReturn, TypeVar

from zaphod.core.errors import ConfigError

_Kind = TypeVar("_Kind", str, int, float, bool, list[Any], dict[str, Any])
_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


class Table:
    """One table of a policy file.

    Args:
        values: what stands in it.
        where: names it in errors, like `default.toml, [stages.input]`.
        known: the keys that it may have; None for any.

    Raises:
        ConfigError: it has another one.
    """

    def __init__(self, values: Mapping[str, Any], where: str, known: Collection[str] | None = None) -> None:
        self.values, self.where = values, where
        for key in () if known is None else values:
            self._require_known(key, known or ())

    def _require_known(self, key: str, known: Collection[str]) -> None:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            self.refuse(f"has {key!r}", f"It may have {', '.join(known)}.", f"Did you mean {nearest[0]!r}?")

    def get(self, key: str, kind: type[_Kind], default: _Kind) -> _Kind:
        """The value of a key, or the default."""
        value = self.values.get(key, default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            self.refuse(f"has {key} = {str(value)[:80]!r}", f"It must be {_NAMES[kind]}.", "Correct the file.")
        return value

    def require(self, key: str) -> str:
        """A text that must be there."""
        text = self.get(key, str, "")
        if not text.strip():
            self.refuse(f"has no {key}", f'It must have one: {key} = "…".', "Add it.")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of it."""
        value = self.values.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            self.refuse(f"has {key} = {str(value)[:80]!r}", "It must be a list of texts.", "Correct the file.")
        return tuple(listed)

    def choices(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of texts, each one of those known."""
        return tuple(self.one_of(key, text, known) for text in self.texts(key))

    def one_of(self, key: str, text: str, known: Collection[str]) -> str:
        """The text, if it is one of those known."""
        if text not in known:
            nearest = difflib.get_close_matches(text, known, n=1, cutoff=0.0)
            self.refuse(f"has {key} = {text!r}", f"There are {', '.join(known)}.", f"Did you mean {nearest[0]!r}?")
        return text

    def table(self, key: str, known: Collection[str] | None = None) -> Table:
        """A table in this one; an empty one if there is none."""
        return Table(self.get(key, dict, {}), f"{self.where}, [{key}]", known)

    def tables(self, key: str, known: Collection[str]) -> list[Table]:
        """A list of tables in this one."""
        found = []
        for number, values in enumerate(self.get(key, list, []), start=1):
            if not isinstance(values, dict):
                self.refuse(f"has {key} = {str(values)[:80]!r}", f"It must be tables: [[{key}]].", "Correct the file.")
            name = values.get("id", number)
            found.append(Table(values, f"{self.where}, [[{key}]] {str(name)[:80]}", known))
        return found

    def refuse(self, found: str, wanted: str, remedy: str) -> NoReturn:
        """Say what is wrong."""
        raise ConfigError(f"{self.where} {found}.", wanted, remedy)
