"""Writes tiny checkpoints as the official Grok-1 release has them, with the real `pickle`.

Also single files of the release's true sizes, whose payloads are holes on the disk.
"""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ml_dtypes
import numpy as np


class QuantizedWeight8bit:
    """Stands for the release's class of this name; pickled as `__main__.QuantizedWeight8bit`."""

    def __init__(self, weight, scales):
        self.weight = weight
        self.scales = scales


QuantizedWeight8bit.__module__ = "__main__"


class LargeArray:
    """Pickles as an array of zeros of any size without touching the memory for it."""

    def __init__(self, shape, dtype):
        self.shape = shape
        self.dtype = np.dtype(dtype)

    def __reduce__(self):
        reconstruct, arguments, _ = np.empty(0).__reduce__()
        payload = bytes(int(np.prod(self.shape)) * self.dtype.itemsize)
        return reconstruct, arguments, (1, self.shape, self.dtype, False, payload)


@contextmanager
def _importable_class() -> Iterator[None]:
    main = sys.modules["__main__"]
    main.QuantizedWeight8bit = QuantizedWeight8bit
    try:
        yield
    finally:
        del main.QuantizedWeight8bit


def dump(path: Path, value, protocol: int = 4) -> None:
    with _importable_class(), path.open("wb") as file:
        pickle.dump(value, file, protocol=protocol)


class _HoleyFile:
    """Seeks over large zero payloads, and spells NumPy's module as the NumPy of the release did."""

    def __init__(self, file):
        self._file = file

    def write(self, data) -> int:
        if len(data) > 1 << 20:
            return self._file.seek(len(data), 1)
        data = bytes(data)
        new, old = b"\x16numpy._core.multiarray", b"\x15numpy.core.multiarray"
        if new in data:
            frame = int.from_bytes(data[3:11], "little") - 1
            data = (data[:3] + frame.to_bytes(8, "little") + data[11:]).replace(new, old)
        return self._file.write(data)


def dump_sparse(path: Path, value) -> None:
    """A file of the same bytes as the release's, but for the payloads, which are zeros that take no room."""
    with _importable_class(), path.open("wb") as file:
        pickle.Pickler(_HoleyFile(file), protocol=4).dump(value)


def write_checkpoint(folder: Path, num_layers: int = 2, hidden: int = 8, inner: int = 16, experts: int = 2) -> dict:
    """A checkpoint `folder/ckpt-0`. Returns what each file holds, by file name."""
    rng = np.random.default_rng(0)
    blocks = 2

    def quantised(*shape, num_blocks):
        weight = rng.integers(-127, 128, shape).astype(np.int8)
        scales = rng.uniform(0.01, 0.02, (*shape[:-2], num_blocks, shape[-1])).astype(ml_dtypes.bfloat16)
        return QuantizedWeight8bit(weight, scales)

    def plain(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    values = [plain(32, hidden), plain(hidden)]
    for _ in range(num_layers):
        values += [
            quantised(experts, hidden, inner, num_blocks=1),
            quantised(experts, inner, hidden, num_blocks=blocks),
            quantised(experts, hidden, inner, num_blocks=1),
            quantised(hidden, 4, num_blocks=1),
            quantised(hidden, hidden, num_blocks=blocks),
            quantised(hidden, hidden, num_blocks=1),
            quantised(hidden, 4, num_blocks=1),
            *(plain(hidden) for _ in range(4)),
            plain(hidden, experts),
        ]
    (folder / "ckpt-0").mkdir(parents=True)
    files = {f"tensor{index:05d}_000": value for index, value in enumerate(values)}
    for name, value in files.items():
        dump(folder / "ckpt-0" / name, value)
    return files
