"""GGUF's key-value pairs: bytes to Python values and back; knows the types, not what any key means.

Source of the format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np

from zaphod.compute.quant.tensor import Array
from zaphod.core.errors import ConfigError, CorruptFileError

GGUFValue: TypeAlias = "str | bool | int | float | np.generic | Array | Sequence[GGUFValue]"
"""What a key may be given: a Python value takes GGUF's usual type, a NumPy value or array the type of its dtype."""

_SCALARS: Mapping[int, np.dtype[Any]] = {
    0: np.dtype("u1"),
    1: np.dtype("i1"),
    2: np.dtype("<u2"),
    3: np.dtype("<i2"),
    4: np.dtype("<u4"),
    5: np.dtype("<i4"),
    6: np.dtype("<f4"),
    7: np.dtype("?"),
    10: np.dtype("<u8"),
    11: np.dtype("<i8"),
    12: np.dtype("<f8"),
}
_TYPES = {dtype: number for number, dtype in _SCALARS.items()}
_STRING, _ARRAY = 8, 9
_UINT32, _UINT64 = struct.Struct("<I"), struct.Struct("<Q")
_ARRAY_HEAD_BYTES = _UINT32.size + _UINT64.size
_MAX_DEPTH = 8
# No model nests lists; a limit keeps a header of nothing but empty lists from taking many seconds.
_MAX_NESTED = 1 << 16
_MAX_KEY_BYTES = (1 << 16) - 1


class HeaderReader:
    """Takes the header of a file apart from front to back; what the file has no room for is refused before it is read.

    Args:
        path: the file, for messages.
        content: its bytes (a memory map; slices of it are copies).
        end: where reading must stop.

    Raises:
        CorruptFileError: every method, where the bytes are not what it looks for.
    """

    def __init__(self, path: Path, content: Any, end: int) -> None:
        self.path = path
        self.position = 0
        self._num_nested = 0
        self._content = content
        self._end = end

    def refuse(self, what: str) -> NoReturn:
        raise CorruptFileError(f"{self.path} {what}.", "This is not a sound GGUF file.", "Fetch the file again.")

    def require(self, count: int, min_bytes: int, what: str) -> None:
        """Refuse a count of things of at least `min_bytes` each that what is left of the header cannot hold."""
        left = self._end - self.position
        if count * min_bytes > left:
            self.refuse(
                f"declares {count} {what} at byte {self.position}, at least {count * min_bytes} bytes; {left} are left"
            )

    def take(self, num_bytes: int, what: str) -> bytes:
        self.require(num_bytes, 1, what)
        start = self.position
        self.position += num_bytes
        return bytes(self._content[start : self.position])

    def uint32(self, what: str) -> int:
        value: int = _UINT32.unpack(self.take(_UINT32.size, f"bytes of {what}"))[0]
        return value

    def uint64(self, what: str) -> int:
        value: int = _UINT64.unpack(self.take(_UINT64.size, f"bytes of {what}"))[0]
        return value

    def string(self, what: str) -> str:
        return self.strings(1, what)[0]

    def strings(self, count: int, what: str) -> list[str]:
        # One loop without calls: vocabularies have hundreds of thousands of entries.
        self.require(count, _UINT64.size, f"strings in {what}")
        content, end, unpack = self._content, self._end, _UINT64.unpack_from
        texts: list[str] = []
        stop = self.position
        for _ in range(count):
            start = stop + _UINT64.size
            if start > end or (stop := start + unpack(content, stop)[0]) > end:
                self.refuse(f"ends inside {what}, string {len(texts)} of {count}")
            try:
                texts.append(str(content[start:stop], "utf-8"))
            except UnicodeDecodeError as error:
                self.refuse(f"has bytes in {what}, string {len(texts)}, that are not UTF-8 ({error})")
        self.position = stop
        return texts

    def name(self, what: str) -> str:
        """A key or the name of a tensor: text that can be printed and is not endless."""
        text = self.string(what)
        if not text or not text.isprintable() or len(text.encode()) > _MAX_KEY_BYTES:
            self.refuse(f"has {what} that is {text[:80]!a}")
        return text

    def pairs(self, count: int) -> dict[str, Any]:
        """That many key-value pairs; numbers, booleans and text, or lists of these."""
        self.require(count, _UINT64.size + 1 + _UINT32.size + 1, "key-value pairs")
        values: dict[str, Any] = {}
        for index in range(count):
            key = self.name(f"key {index}")
            if key in values:
                self.refuse(f"has the key '{key:.80}' twice")
            values[key] = self._value(self.uint32("a type"), f"the value of '{key:.80}'")
        return values

    def _value(self, type_number: int, what: str) -> Any:
        if type_number == _STRING:
            return self.string(what)
        if type_number == _ARRAY:
            return self._array(what, 1)
        return self._numbers(type_number, 1, what)[0]

    def _array(self, what: str, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            self.refuse(f"nests arrays deeper than {_MAX_DEPTH} in {what}")
        type_number = self.uint32("a type")
        count = self.uint64("a count")
        if type_number == _STRING:
            return self.strings(count, what)
        if type_number == _ARRAY:
            self.require(count, _ARRAY_HEAD_BYTES, f"arrays in {what}")
            self._num_nested += count
            if self._num_nested > _MAX_NESTED:
                self.refuse(f"nests more than {_MAX_NESTED} arrays, with {what}")
            return [self._array(what, depth + 1) for _ in range(count)]
        return self._numbers(type_number, count, what)

    def _numbers(self, type_number: int, count: int, what: str) -> list[Any]:
        if type_number not in _SCALARS:
            self.refuse(f"gives {what} the type {type_number}, not one from 0 to 12")
        dtype = _SCALARS[type_number]
        self.require(count, dtype.itemsize, f"numbers in {what}")
        content = self.take(count * dtype.itemsize, "bytes")
        if dtype == np.bool_ and content.strip(b"\0\1"):
            self.refuse(f"has a boolean other than 0 and 1 in {what}")
        values: list[Any] = np.frombuffer(content, dtype).tolist()
        return values


def string_bytes(text: str) -> bytes:
    """Length and UTF-8. Raises `ConfigError` for lone surrogates."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"The text {text[:80]!a} has a lone surrogate.", "GGUF holds UTF-8.") from error
    return _UINT64.pack(len(content)) + content


def pair_bytes(key: str, value: GGUFValue) -> bytes:
    """A key-value pair as a file holds it.

    Python's `int` becomes UINT32 where it fits, else INT32, UINT64 or INT64; `float` FLOAT32; a list has one type that
    fits all its items. NumPy values and arrays of one axis keep their dtype.

    Raises:
        ConfigError: GGUF has no type for the value.
    """
    if not key or not key.isprintable() or len(key.encode()) > _MAX_KEY_BYTES:
        raise ConfigError(f"The GGUF key {key[:80]!a} is empty, unprintable or too long.")
    type_number, content = _encode(key, value)
    return string_bytes(key) + _UINT32.pack(type_number) + content


def _encode(key: str, value: GGUFValue) -> tuple[int, bytes]:
    """Type and bytes of a value."""
    if isinstance(value, str):
        return _STRING, string_bytes(value)
    if isinstance(value, np.ndarray):
        return _ARRAY, _array_bytes(key, value)
    if isinstance(value, np.generic | bool | int | float):
        number = _as_numpy(key, [value]) if not isinstance(value, np.generic) else np.asarray([value])
        return _number_type(key, number.dtype), _little(number)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _ARRAY, _list_bytes(key, value)
    raise _no_type(key, f"a {type(value).__name__}")


def _list_bytes(key: str, items: Sequence[GGUFValue]) -> bytes:
    if not items:
        raise _no_type(key, "an empty list, which has no type,")
    if all(isinstance(item, bool | int | float) and not isinstance(item, np.generic) for item in items):
        return _array_bytes(key, _as_numpy(key, items))
    encoded = [_encode(key, item) for item in items]
    types = {type_number for type_number, _ in encoded}
    if len(types) > 1:
        raise _no_type(key, "a list of several types")
    return _UINT32.pack(types.pop()) + _UINT64.pack(len(items)) + b"".join(content for _, content in encoded)


def _array_bytes(key: str, array: Array) -> bytes:
    if array.ndim != 1:
        raise _no_type(key, f"an array of {array.ndim} axes")
    return _UINT32.pack(_number_type(key, array.dtype)) + _UINT64.pack(len(array)) + _little(array)


def _as_numpy(key: str, items: Sequence[Any]) -> Array:
    """Python numbers as an array of the narrowest of the usual types that holds all of them."""
    if all(isinstance(item, bool) for item in items):
        return np.array(items, np.bool_)
    if any(isinstance(item, bool) for item in items):
        raise _no_type(key, "a list of booleans and numbers")
    if any(isinstance(item, float) for item in items):
        return _as_float32(key, items)
    for dtype in (np.uint32, np.int32, np.uint64, np.int64):
        if np.iinfo(dtype).min <= min(items) and max(items) <= np.iinfo(dtype).max:
            return np.array(items, dtype)
    raise _no_type(key, f"a whole number beyond 64 bits ({min(items)} to {max(items)})")


def _as_float32(key: str, items: Sequence[Any]) -> Array:
    wide = np.array(items, np.float64)
    if (np.isfinite(wide) & (np.abs(wide) > np.finfo(np.float32).max)).any():
        raise _no_type(key, "a number beyond single precision")
    return wide.astype(np.float32)


def _number_type(key: str, dtype: np.dtype[Any]) -> int:
    little = dtype.newbyteorder("<")
    if little not in _TYPES:
        raise _no_type(key, f"numbers of the dtype {dtype.name}")
    return _TYPES[little]


def _little(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _no_type(key: str, what: str) -> ConfigError:
    return ConfigError(
        f"The GGUF key '{key}' was given {what}.",
        "A value is text, a boolean, a number of at most 64 bits, or a list of one of these.",
        "Give numbers of a certain type as NumPy arrays.",
    )
