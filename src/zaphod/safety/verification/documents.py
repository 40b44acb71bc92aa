"""Plans and certificates as text: read strictly, so that two readers cannot take one file for two things.

JSON as the standard has it leaves open what a key that stands twice means, and Python's reader adds NaN and Infinity.
Both are refused.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final, NoReturn

from zaphod.core.errors import ConfigError

_MOST_BYTES: Final = 256 * 1024 * 1024
_MOST_DIGITS: Final = 40


def open_json(file: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ConfigError: the file cannot be read, or as `read_json`.
    """
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise ConfigError(f"{file} has {size:,} bytes.", f"At most {_MOST_BYTES:,} are read.", "Cut it in two.")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", "It is a JSON file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is no JSON: {error}.", "It is written in UTF-8.", "Mend it.") from error
    return read_json(text, str(file))


def read_json(text: str, name: str) -> Any:
    """What a JSON text holds.

    Args:
        text: all of it.
        name: what it is called, for the message.

    Raises:
        ConfigError: it is no JSON, a key stands twice, or a number is none or is longer than a float holds.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_short_int, parse_float=_short_float
        )
    except RecursionError as error:
        raise ConfigError(f"{name} is no JSON: it nests too deeply.", "It is a JSON file.", "Mend it.") from error
    except ValueError as error:
        raise ConfigError(f"{name} is no JSON: {error}.", "It is a JSON file.", "Mend it.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"{key[:_MOST_DIGITS]!r} stands twice in an object")
        made[key] = value
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _short_int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{digits[:_MOST_DIGITS]}… has {len(digits)} digits")
    return int(digits)


def _short_float(digits: str) -> float:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{digits[:_MOST_DIGITS]}… has {len(digits)} digits")
    if math.isinf(value := float(digits)):
        raise ValueError(f"{digits} is larger than any float")
    return value
