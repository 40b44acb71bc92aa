"""A checkpoint of any names and shapes that takes no room: all of its values are zero."""

from pathlib import Path

import numpy as np

from zaphod.compute.quant import FLOAT32, EncodedTensor
from zaphod.compute.weights import TensorInfo


class FakeCheckpoint:
    def __init__(self, file_format, shapes, metadata=None, path="model"):
        self.path = Path(path)
        self.file_format = file_format
        self.metadata = metadata or {}
        self.tokenizer_files = {}
        self._shapes = dict(shapes)

    def names(self):
        return list(self._shapes)

    def info(self, name):
        shape = self._shapes[name]
        return TensorInfo(name=name, shape=shape, format=FLOAT32, num_bytes=FLOAT32.num_bytes(shape))

    def tensor(self, name):
        shape = self._shapes[name]
        return EncodedTensor(shape, FLOAT32, {"values": np.broadcast_to(np.float32(0), shape)})

    def close(self):
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
