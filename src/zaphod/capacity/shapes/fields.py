"""Sizes out of a config.json, each checked for being possible; knows the keys' types, not what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.model.files.config_fields import ConfigFields

MAX_SIZE = 1 << 24
"""No width, vocabulary or count of layers, heads or experts of any model comes near."""
MAX_CONTEXT = 1 << 32
MAX_LAYERS = 10_000


class SizeFields(ConfigFields):
    """Like `ConfigFields`, for numbers that count something.

    Raises:
        ConfigError: every method, where a key is absent that is needed, is no number, or no possible size; it names the
            key, what was found and what to write.
    """

    def size(self, *keys: str, default: int | None = None, most: int = MAX_SIZE) -> int:
        """At least 1."""
        value = self.optional_whole(*keys)
        if value is None:
            if default is None:
                raise self.absent(*keys)
            value = default
        if not 1 <= value <= most:
            raise self._impossible(keys, value, f"a whole number from 1 to {most}")
        return value

    def optional_size(self, *keys: str, most: int = MAX_SIZE) -> int:
        """At least 0; 0 where it is absent, as configs say that they lack a part."""
        value = self.optional_whole(*keys) or 0
        if not 0 <= value <= most:
            raise self._impossible(keys, value, f"a whole number from 0 to {most}")
        return value

    def optional_flag(self, *keys: str, default: bool) -> bool:
        """The first of the keys that is set."""
        for key in keys:
            if self.optional(key) is not None:
                return self.flag(key, default=default)
        return default

    def words(self, key: str, count: int) -> list[Any] | None:
        """A list with an entry for each layer, or None."""
        value = self.optional(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) < count:
            found = f"{len(value)} entries" if isinstance(value, list) else repr(value)[:80]
            raise ConfigError(
                f"{self.where} gives {key} as {found}.",
                f"It must be a list with one entry for each of {count} layers.",
                f"Mend {key!r}, or the number of layers.",
            )
        return value[:count]

    def absent(self, *keys: str) -> ConfigError:
        """The error to raise where none of the keys is set."""
        return ConfigError(
            f"{self.where} has no {' or '.join(repr(key) for key in keys)}; it has "
            f"{', '.join(sorted(map(str, self.values))[:40]) or 'nothing'}.",
            "What the model costs cannot be calculated without it.",
            f'Add "{keys[0]}": a whole number, from the model\'s original config.json.',
        )

    def _impossible(self, keys: tuple[str, ...], value: int, wanted: str) -> ConfigError:
        key = next((key for key in keys if self.values.get(key) is not None), keys[0])
        return ConfigError(f"{self.where} says {key} = {value}.", f"It must be {wanted}.", f"Mend {key!r}.")


def flattened(data: Mapping[str, Any], *nested: str) -> dict[str, Any]:
    """The data with what lies under the given keys lifted to the top, where nothing has that name yet."""
    flat = dict(data)
    for key in nested:
        inner = data.get(key)
        if isinstance(inner, Mapping):
            flat = {**inner, **{name: value for name, value in flat.items() if value is not None or name not in inner}}
    return flat
