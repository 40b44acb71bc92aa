"""The one protocol that every weight file answers to; knows names and bytes, not what the tensors mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from zaphod.compute.quant.tensor import EncodedTensor, QuantFormat, Shape


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """What a checkpoint says of one tensor before any of its values are read."""

    name: str
    shape: Shape
    format: QuantFormat
    num_bytes: int


@runtime_checkable
class Checkpoint(Protocol):
    """An opened set of weights in any file format. Opening reads headers only."""

    @property
    def path(self) -> Path:
        """The file or folder that was opened."""

    @property
    def file_format(self) -> str:
        """`grok-1`, `safetensors`, `gguf` or `packed`."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Hyper-parameters as the file has them, untranslated (config.json, GGUF key-values, …)."""

    @property
    def tokenizer_files(self) -> Mapping[str, Path]:
        """Tokenizer files beside the weights, by file name; empty where the vocabulary is embedded or absent."""

    def names(self) -> Sequence[str]:
        """Tensor names in file order."""

    def info(self, name: str) -> TensorInfo:
        """Shape, format and size of one tensor. Raises `MissingTensorError`."""

    def tensor(self, name: str) -> EncodedTensor:
        """One tensor, memory-mapped: pages are read when values are used and released with the result.

        Raises:
            MissingTensorError: there is no tensor of that name.
            CorruptFileError: its bytes are not where the header says.
        """

    def close(self) -> None:
        """Release files; tensors handed out stay valid until they are dropped."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
