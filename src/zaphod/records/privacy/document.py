"""A JSON object whose arrays may be longer than memory; knows nothing of what stands in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, BinaryIO


class Document:
    """One JSON object, written member by member.

    Args:
        target: gets UTF-8.
    """

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._opening = "{"

    def member(self, name: str, value: Any) -> None:
        """A member that is at hand."""
        self._begin(name)
        self._put(_written(value))

    def array(self, name: str, values: Iterable[Any]) -> int:
        """A member whose elements come one by one; how many came."""
        self._begin(name)
        self._put("[")
        number = 0
        for value in values:
            self._put(("," if number else "") + "\n    " + _written(value))
            number += 1
        self._put("\n  ]" if number else "]")
        return number

    def end(self) -> None:
        """The last letter."""
        self._put("\n}\n")

    def _begin(self, name: str) -> None:
        self._put(f"{self._opening}\n  {json.dumps(name)}: ")
        self._opening = ","

    def _put(self, text: str) -> None:
        # Half of a surrogate pair stands in JSON as the escape that this handler makes of it.
        self._target.write(text.encode("utf-8", "backslashreplace"))


def readable(plaintext: bytes) -> dict[str, Any]:
    """Bytes as something that JSON can hold, with nothing lost: `json` where they are that, else `text` or `base64`."""
    try:
        text = plaintext.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(plaintext).decode()}
    try:
        return {"json": json.loads(
            text, object_pairs_hook=_unique, parse_float=_exact, parse_int=_whole, parse_constant=_none
        )}  # fmt: skip
    except (ValueError, RecursionError):
        return {"text": text}


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice, and one of them would be lost")
    return dict(pairs)


def _exact(text: str) -> float:
    if repr(float(text)) != text:
        raise ValueError("digits would be lost")
    return float(text)


def _whole(text: str) -> int:
    if text == "-0" or len(text) > 15:
        raise ValueError("a reader with floating-point numbers would lose digits")
    return int(text)


def _none(text: str) -> float:
    raise ValueError(f"{text} is no JSON")
