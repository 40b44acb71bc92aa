"""Where the arrays of an official Grok-1 pickle lie in its file; never unpickles, imports or calls anything.

Each file of the release is one pickle of protocol 4 that holds a NumPy array or a `QuantizedWeight8bit` with the
arrays `weight` and `scales`. Instead of running that program we follow it with an interpreter of our own: it knows the
few opcodes and the few globals that such a file needs, treats every global as a mere name, and steps over the payloads
(up to 3.2 GB) without reading them. What it does not know it refuses.
"""

from __future__ import annotations

import os
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

import ml_dtypes
import numpy as np

from zaphod.compute.quant.tensor import PartSpec, Shape
from zaphod.compute.weights.mapped import num_elements, shape_problem
from zaphod.core.errors import CorruptFileError, UnsafeFileError

_MAX_OPCODES = 1000
"""A file of the release has about 130."""


class StoredArray(NamedTuple):
    """An array inside a file: dtype, shape, first byte, and whether it is stored column by column."""

    spec: PartSpec
    offset: int
    fortran_order: bool


def locate_arrays(path: Path) -> Mapping[str, StoredArray]:
    """The arrays of one pickle: {"values": …} of a plain array, {"weight": …, "scales": …} of a quantised one.

    Raises:
        UnsafeFileError: the pickle uses an opcode or a global outside the allow-list.
        CorruptFileError: it is no such pickle, or its bytes contradict themselves or the file's size.
    """
    with path.open("rb") as file:
        return _Walk(path, file).run()


@dataclass(frozen=True, eq=False)
class _Global:
    """The name of something importable. It is never imported."""

    role: str


_GLOBALS = {
    ("__main__", "QuantizedWeight8bit"): _Global("quantised"),
    ("model", "QuantizedWeight8bit"): _Global("quantised"),
    ("numpy.core.multiarray", "_reconstruct"): _Global("reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): _Global("reconstruct"),
    ("numpy", "ndarray"): _Global("ndarray"),
    ("numpy", "dtype"): _Global("dtype"),
    ("ml_dtypes", "bfloat16"): _Global("bfloat16"),
}
_DTYPES: Mapping[str, np.dtype[Any]] = {"f4": np.dtype(np.float32), "f2": np.dtype(np.float16), "i1": np.dtype(np.int8)}


@dataclass(frozen=True, eq=False)
class _Bytes:
    """A byte string that was stepped over."""

    offset: int
    length: int


@dataclass(eq=False)
class _DType:
    dtype: np.dtype[Any]
    is_complete: bool = False


@dataclass(eq=False)
class _Array:
    stored: StoredArray | None = None


@dataclass(eq=False)
class _Quantised:
    arrays: dict[str, StoredArray] = field(default_factory=dict)


_MARK = object()


class _Walk:
    """One pass over one file. Values are only ever tested by type: comparing or hashing them could be made costly."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._position = 0
        self._stack: list[Any] = []
        self._memo: list[Any] = []

    def run(self) -> Mapping[str, StoredArray]:
        head = self._take(2)
        if head != b"\x80\x04":
            self._corrupt(f"begins with the bytes {head.hex(' ')}; a file of the release begins with 80 04")
        for _ in range(_MAX_OPCODES):
            code = self._take(1)
            if code == b".":
                return self._result()
            step = _STEPS.get(code)
            if step is None:
                self._refuse_opcode(code)
            step(self)
        return self._corrupt(f"has more than {_MAX_OPCODES} opcodes")

    def _result(self) -> Mapping[str, StoredArray]:
        if self._position != self._size:
            self._corrupt(f"has {self._size - self._position} bytes after the end of its pickle")
        value = self._pop()
        if self._stack:
            self._corrupt("leaves values behind")
        if isinstance(value, _Array) and value.stored is not None:
            return {"values": value.stored}
        if isinstance(value, _Quantised) and value.arrays:
            return value.arrays
        return self._corrupt("holds neither an array nor a quantised weight")

    # The bytes of the file.

    def _take(self, count: int) -> bytes:
        taken = self._file.read(count)
        if len(taken) != count:
            self._corrupt(f"ends at byte {self._size} in the middle of its pickle")
        self._position += count
        return taken

    def _number(self, num_bytes: int) -> int:
        return int.from_bytes(self._take(num_bytes), "little")

    def _step_over(self, length_bytes: int) -> None:
        length = self._number(length_bytes)
        self._must_fit(length)
        self._stack.append(_Bytes(self._position, length))
        self._position += length
        self._file.seek(self._position)

    def _frame(self) -> None:
        self._must_fit(self._number(8))

    def _must_fit(self, length: int) -> None:
        if length > self._size - self._position:
            self._corrupt(
                f"has {self._size} bytes, but declares {length} more from byte {self._position} on: it is cut off"
            )

    # The stack.

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            self._corrupt("takes a value from an empty stack")
        return self._stack.pop()

    def _pop_to_mark(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                values = self._stack[index + 1 :]
                del self._stack[index:]
                return values
        return self._corrupt("looks for a mark that was never set")

    def _pop_tuple(self, length: int) -> None:
        values = [self._pop() for _ in range(length)]
        self._push(tuple(reversed(values)))

    def _memoize(self) -> None:
        value = self._pop()
        self._push(value)
        self._memo.append(value)

    def _recall(self, index: int) -> None:
        if index >= len(self._memo):
            self._corrupt(f"recalls value {index} of {len(self._memo)}")
        self._push(self._memo[index])

    # What the opcodes mean here.

    def _text(self) -> None:
        encoded = self._take(self._number(1))
        try:
            self._push(encoded.decode("utf-8"))
        except UnicodeDecodeError:
            self._corrupt("holds text that is not UTF-8")

    def _integer(self) -> None:
        self._push(int.from_bytes(self._take(4), "little", signed=True))

    def _global(self) -> None:
        name, module = self._pop(), self._pop()
        if not (isinstance(module, str) and isinstance(name, str)):
            self._corrupt("names a global by something else than text")
        known = _GLOBALS.get((module, name))
        if known is None:
            raise UnsafeFileError(
                f"{self._path} asks for {module!a}.{name!a}, which could run code. Nothing was run.",
                "A Grok-1 file needs NumPy arrays, bfloat16 and QuantizedWeight8bit, and nothing else is allowed.",
                "Do not trust this file; fetch the official release.",
            )
        self._push(known)

    def _set_items(self) -> None:
        values = self._pop_to_mark()
        target = self._pop()
        keys = values[0::2]
        if not isinstance(target, dict) or len(values) % 2 or not all(isinstance(key, str) for key in keys):
            self._corrupt("fills a dictionary wrongly")
        target.update(zip(keys, values[1::2], strict=True))
        self._push(target)

    def _reduce(self) -> None:
        arguments, callee = self._pop(), self._pop()
        match callee, arguments:
            case _Global("reconstruct"), (_Global("ndarray"), tuple(), _Bytes()):
                self._push(_Array())
            case _Global("dtype"), (_Global("bfloat16"), bool(), bool()):
                self._push(_DType(np.dtype(ml_dtypes.bfloat16)))
            case _Global("dtype"), (str() as name, bool(), bool()):
                self._push(_DType(self._known_dtype(name)))
            case _:
                self._unsafe("calls something else than the construction of an array")

    def _known_dtype(self, name: str) -> np.dtype[Any]:
        if name not in _DTYPES:
            self._unsafe(f"holds an array of dtype {name!a}, not one of {', '.join(_DTYPES)} and bfloat16")
        return _DTYPES[name]

    def _new_object(self) -> None:
        match self._pop(), self._pop():
            case (), _Global("quantised"):
                self._push(_Quantised())
            case _:
                self._unsafe("makes an object that is not a QuantizedWeight8bit")

    def _build(self) -> None:
        state = self._pop()
        match self._pop():
            case _DType() as target if not target.is_complete:
                self._build_dtype(state)
                target.is_complete = True
                self._push(target)
            case _Array(None) as target:
                target.stored = self._built_array(state)
                self._push(target)
            case _Quantised() as target if not target.arrays:
                target.arrays = self._built_quantised(state)
                self._push(target)
            case _:
                self._unsafe("sets the state of something else than one fresh array, dtype or quantised weight")

    def _build_dtype(self, state: object) -> None:
        match state:
            case (int(), "<" | "|" | "=", None, None, None, int(), int(), int()):
                return
            case _:
                self._corrupt("describes a dtype that is structured or big-endian")

    def _built_array(self, state: object) -> StoredArray:
        match state:
            case (int(), tuple() as shape, _DType(dtype, True), bool() as fortran_order, _Bytes(offset, length)):
                spec = PartSpec(dtype=dtype, shape=self._checked_shape(shape))
            case _:
                self._corrupt("describes an array wrongly")
        wanted = num_elements(spec.shape) * dtype.itemsize
        if length != wanted:
            self._corrupt(f"holds {length} bytes for an array of {dtype} {list(shape)}, which takes {wanted}")
        return StoredArray(spec, offset, fortran_order)

    def _checked_shape(self, shape: tuple[Any, ...]) -> Shape:
        if problem := shape_problem(shape):
            self._corrupt(f"declares a shape that {problem}")
        return shape

    def _built_quantised(self, state: object) -> dict[str, StoredArray]:
        match state:
            case {"weight": _Array(StoredArray() as weight), "scales": _Array(StoredArray() as scales), **rest} if (
                not rest
            ):
                return {"weight": weight, "scales": scales}
            case _:
                return self._corrupt("holds a quantised weight without exactly the arrays 'weight' and 'scales'")

    # Refusals.

    def _corrupt(self, what: str) -> NoReturn:
        raise CorruptFileError(
            f"{self._path} {what}.",
            "A file of the Grok-1 release is one pickled array or quantised weight.",
            "Fetch the file again.",
        )

    def _unsafe(self, what: str) -> NoReturn:
        raise UnsafeFileError(
            f"{self._path} {what} (at byte {self._position}). Nothing was run.",
            "A Grok-1 file needs NumPy arrays, bfloat16 and QuantizedWeight8bit, and nothing else is allowed.",
            "Do not trust this file; fetch the official release.",
        )

    def _refuse_opcode(self, code: bytes) -> NoReturn:
        names = [opcode.name for opcode in pickletools.opcodes if opcode.code.encode("latin-1") == code]
        if not names:
            self._corrupt(f"has the byte {code.hex()} at {self._position - 1}, which is no pickle opcode")
        self._unsafe(f"uses the pickle opcode {names[0]}, which is not on the allow-list")


_STEPS: Mapping[bytes, Callable[[_Walk], None]] = {
    b"\x95": _Walk._frame,
    b"\x94": _Walk._memoize,
    b"h": lambda walk: walk._recall(walk._number(1)),
    b"j": lambda walk: walk._recall(walk._number(4)),
    b"\x8c": _Walk._text,
    b"C": lambda walk: walk._step_over(1),
    b"B": lambda walk: walk._step_over(4),
    b"\x8e": lambda walk: walk._step_over(8),
    b"K": lambda walk: walk._push(walk._number(1)),
    b"M": lambda walk: walk._push(walk._number(2)),
    b"J": _Walk._integer,
    b"N": lambda walk: walk._push(None),
    b"\x88": lambda walk: walk._push(True),
    b"\x89": lambda walk: walk._push(False),
    b"(": lambda walk: walk._push(_MARK),
    b")": lambda walk: walk._push(()),
    b"\x85": lambda walk: walk._pop_tuple(1),
    b"\x86": lambda walk: walk._pop_tuple(2),
    b"\x87": lambda walk: walk._pop_tuple(3),
    b"t": lambda walk: walk._push(tuple(walk._pop_to_mark())),
    b"}": lambda walk: walk._push({}),
    b"u": _Walk._set_items,
    b"\x93": _Walk._global,
    b"R": _Walk._reduce,
    b"\x81": _Walk._new_object,
    b"b": _Walk._build,
}
