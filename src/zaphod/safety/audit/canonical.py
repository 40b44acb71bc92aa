"""One spelling for each JSON value (RFC 8785), so that a hash speaks of a value; knows nothing of records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _quoted

_MAX_SAFE_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """A JSON value in its one spelling, as UTF-8.

    Raises:
        ValueError: it is not JSON: a number without end, half of a surrogate pair, a key that is no text.
    """
    return canonical_text(value).encode()


def is_safe_integer(value: int) -> bool:
    """Whether every reader of JSON reads the same integer."""
    return -_MAX_SAFE_INTEGER <= value <= _MAX_SAFE_INTEGER


def canonical_text(value: object) -> str:
    """The same as a text. ValueError as `canonical`, but for halves of surrogate pairs."""
    if isinstance(value, str):
        return _quoted(value)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if is_safe_integer(value) else _number(_as_float(value))
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{_quoted(_key(key))}:{canonical_text(value[key])}" for key in _ordered(value)]) + "}"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join([canonical_text(item) for item in value]) + "]"
    if value is None:
        return "null"
    raise ValueError(f"{type(value).__name__} is not JSON")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f"a key is {type(key).__name__}")
    return key


def _ordered(value: Mapping[str, object]) -> list[str]:
    # RFC 8785, 3.2.3: by UTF-16 code units, which differ from code points where letters lie beyond the first plane.
    if all(map(str.isascii, map(_key, value))):
        return sorted(value)
    return sorted(value, key=lambda key: key.encode("utf-16-be"))


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error


def _number(value: float) -> str:
    """As ECMAScript writes numbers (RFC 8785, 3.2.2.3): the shortest digits that read back as the same number."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not JSON")
    if value == 0:
        return "0"
    sign, digits_of, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digits_of))
    point = len(digits) + int(exponent)
    return "-" * sign + _laid_out(digits.rstrip("0"), point)


def _laid_out(digits: str, point: int) -> str:
    """Digits with the point behind the first `point` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
