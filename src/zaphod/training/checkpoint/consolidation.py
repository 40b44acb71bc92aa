"""From the pieces that ranks wrote to one model on disk; knows checkpoints and the packed form, no ranks.

One tensor is in memory at a time. `zaphod convert` makes safetensors or GGUF of the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import load

from zaphod.compute.quant.tiled import untiled_form
from zaphod.core.errors import MissingTensorError
from zaphod.model.config import ModelConfig
from zaphod.model.files.weights import open_model
from zaphod.model.shapes import parameter_shapes
from zaphod.training.checkpoint.folder import alone_is_meant, read_rest, stored_tensors
from zaphod.training.export import export_packed

_MASTERS = "masters."


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One tensor of the consolidated model."""

    name: str
    shape: tuple[int, ...]
    num_pieces: int
    """In how many pieces the ranks had written it."""
    written_format: str
    written_bytes: int

    def line(self) -> str:
        """For people."""
        pieces = "1 piece" if self.num_pieces == 1 else f"{self.num_pieces} pieces"
        shape = " x ".join(map(str, self.shape))
        return f"{self.name}  {shape}  {pieces} -> {self.written_format}, {self.written_bytes} bytes"


class CheckpointMasters(Mapping[str, Tensor]):
    """The whole float32 weights of a checkpoint, each read when it is asked for.

    Args:
        checkpoint: a folder `step-…`.
        untrained: what the run did not train, and the checkpoint therefore lacks.

    Raises:
        CorruptFileError: the checkpoint cannot be read.
    """

    def __init__(self, checkpoint: Path, untrained: Mapping[str, Tensor] | None = None) -> None:
        self._reader = checkpoint
        stored = stored_tensors(checkpoint)
        self._stored = {name.removeprefix(_MASTERS): at for name, at in stored.items() if name.startswith(_MASTERS)}
        self._others: dict[str, Tensor] = {**(untrained or {}), **read_rest(checkpoint).get("routers", {})}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._stored:
            untrained: Tensor = self._others[name]
            return untrained
        whole = torch.empty(self._stored[name].size)
        with alone_is_meant():
            load({_MASTERS + name: whole}, storage_reader=FileSystemReader(self._reader), no_dist=True)
        return whole

    def __iter__(self) -> Iterator[str]:
        yield from self._stored
        yield from (name for name in self._others if name not in self._stored)

    def __len__(self) -> int:
        return len(self._stored.keys() | self._others.keys())

    def num_pieces(self, name: str) -> int:
        """In how many pieces the tensor is stored."""
        return len(self._stored[name].chunks) if name in self._stored else 1


def consolidate(
    masters: CheckpointMasters, config: ModelConfig, tokenizer: Path | None, folder: Path, matrices: str = "bfloat16"
) -> list[LedgerEntry]:
    """Write a packed model. Returns what was written, tensor by tensor.

    Args:
        masters: of the checkpoint.
        config: of the model.
        tokenizer: folder or file of its tokenizer; None for bytes.
        folder: to write to.
        matrices: number format of the large matrices; norms and routers are float32.

    Raises:
        MissingTensorError: the checkpoint is of another model.
        ConfigError: the format is unknown or does not suit a shape, or the folder holds other weights.
    """
    shapes = parameter_shapes(config)
    _check(masters, set(shapes))
    export_packed(masters, config, tokenizer, folder, matrices)
    with open_model(folder) as written:
        return [
            LedgerEntry(
                name=name,
                shape=shape,
                num_pieces=masters.num_pieces(name),
                written_format=untiled_form(written.format(name)).name,
                written_bytes=written.format(name).num_bytes(shape),
            )
            for name, shape in shapes.items()
        ]


def _check(masters: CheckpointMasters, wanted: set[str]) -> None:
    missing, surplus = sorted(wanted - set(masters)), sorted(set(masters) - wanted)
    if missing or surplus:
        raise MissingTensorError(
            f"The checkpoint lacks [{', '.join(missing)}] and has [{', '.join(surplus)}] besides.",
            "It holds exactly the parameters of the model.",
            "Name the model that was trained; what a run did not train comes from its first weights.",
        )
