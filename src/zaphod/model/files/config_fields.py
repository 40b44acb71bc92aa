"""Reads typed values out of somebody else's configuration; knows where they stand, not what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig


class ConfigFields:
    """Key-value settings, read with their types checked. A value of null counts as absent.

    Args:
        values: the settings as parsed.
        where: the file they come from, for messages.
    """

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def optional(self, *keys: str) -> Any:
        """The first of the keys that is set, or None."""
        return next((self.values[key] for key in keys if self.values.get(key) is not None), None)

    def whole(self, *keys: str) -> int:
        """A whole number under the first key that is set. Raises `ConfigError` where none is."""
        value = self.optional_whole(*keys)
        if value is None:
            raise self._absent(keys)
        return value

    def number(self, *keys: str) -> float:
        """A number under the first key that is set. Raises `ConfigError` where none is."""
        value = self.optional_number(*keys)
        if value is None:
            raise self._absent(keys)
        return value

    def optional_whole(self, *keys: str) -> int | None:
        value = self.optional(*keys)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise self._misfit(keys, value, "a whole number")

    def optional_number(self, *keys: str) -> float | None:
        value = self.optional(*keys)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._misfit(keys, value, "a finite number")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.optional(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._misfit((key,), value, "true or false")
        return value

    def cap(self, *keys: str) -> float | None:
        """A soft cap; 0 means none."""
        return self.optional_number(*keys) or None

    def token_ids(self, key: str) -> tuple[int, ...]:
        """One token id, a list of them, or nothing."""
        value = self.optional(key)
        ids = [] if value is None else value if isinstance(value, list) else [value]
        if any(isinstance(token, bool) or not isinstance(token, int) for token in ids):
            raise self._misfit((key,), value, "a token id or a list of them")
        return tuple(ids)

    def refuse_unless(self, key: str, *allowed: Any) -> None:
        """Raise `ConfigError` where a setting asks for something that is not supported; absent is allowed."""
        value = self.optional(key)
        if value is not None and value not in allowed:
            wanted = ", ".join(repr(choice) for choice in allowed) or "nothing"
            raise ConfigError(
                f"{self.where} asks for {key} = {value!r}.",
                f"Supported is {wanted}.",
                "This model cannot be run correctly; it would be wrong to ignore the setting.",
            )

    def _absent(self, keys: tuple[str, ...]) -> ConfigError:
        return ConfigError(
            f"{self.where} lacks {' or '.join(repr(key) for key in keys)}.",
            "The model's shape cannot be known without it.",
            "Fetch the file again, or take it from the model's original release.",
        )

    def _misfit(self, keys: tuple[str, ...], value: Any, wanted: str) -> ConfigError:
        key = next(key for key in keys if self.values.get(key) is not None)
        return ConfigError(f"{self.where} says {key} = {value!r}.", f"It must be {wanted}.", "Mend the file.")


def refuse_loss(config: ModelConfig, said: ModelConfig, where: str) -> None:
    """Raise `ConfigError` where a description, read back, says something else than the config it was made from.

    Numbers count as equal that are equal in float32, the precision of GGUF metadata.
    """
    wanted, got = _flat(config.to_dict()), _flat(said.to_dict())
    lost = [name for name in wanted if not _equal(wanted[name], got.get(name))]
    if lost:
        raise ConfigError(
            f"{where} cannot say {', '.join(f'{name} = {wanted[name]!r}' for name in lost[:5])}.",
            f"It would say {', '.join(repr(got.get(name)) for name in lost[:5])} instead.",
            "Convert to the packed form, which keeps every setting.",
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.float32(a) == np.float32(b))
    return bool(a == b)
