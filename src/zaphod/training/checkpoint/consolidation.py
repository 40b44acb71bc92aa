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

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat, format_named
from zaphod.compute.weights.packed import PackedWriter
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.core.errors import ConfigError, MissingTensorError
from zaphod.core.progress import SILENT, Progress
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import is_kept_exact, parameter_shapes
from zaphod.training.checkpoint.folder import alone_is_meant, read_rest, stored_tensors

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
    masters: CheckpointMasters,
    config: ModelConfig,
    tokenizer_folder: Path | None,
    folder: Path,
    *,
    matrices: str = "bfloat16",
    others: str = "float32",
    progress: Progress = SILENT,
) -> list[LedgerEntry]:
    """Write a packed model. Returns what was written, tensor by tensor.

    Args:
        masters: of the checkpoint.
        config: of the model.
        tokenizer_folder: whose files lie beside the weights afterwards.
        folder: to write to.
        matrices: number format of the large matrices.
        others: number format of norms, routers and biases: `float32`, or `bfloat16` if the model came in it.
        progress: who is told how far it is.

    Raises:
        MissingTensorError: the checkpoint is of another model.
        ConfigError: a format is unknown or does not suit a shape, or the folder holds other weights.
    """
    plan = _plan(config, format_named(matrices), _exact_format(others))
    _check(masters, plan)
    files = {} if tokenizer_folder is None else {file.name: file for file in sorted(tokenizer_folder.iterdir())}
    writer = PackedWriter(folder, plan, config.to_dict(), files)
    with progress.step("consolidating", sum(tensor.num_bytes for tensor in plan)) as advance:
        for tensor in plan:
            values = masters[tensor.name].numpy()
            writer.write(tensor.name, [EncodedTensor(tensor.shape, tensor.format, tensor.format.encode(values))])
            advance(tensor.num_bytes)
    writer.finish()
    return [
        LedgerEntry(
            name=tensor.name,
            shape=tensor.shape,
            num_pieces=masters.num_pieces(tensor.name),
            written_format=tensor.format.name,
            written_bytes=tensor.num_bytes,
        )
        for tensor in plan
    ]


def _plan(config: ModelConfig, matrices: QuantFormat, others: QuantFormat) -> list[PlannedTensor]:
    return [
        PlannedTensor(name, shape, others if is_kept_exact(name, shape) else matrices)
        for name, shape in parameter_shapes(config).items()
    ]


def _exact_format(name: str) -> QuantFormat:
    if name not in ("float32", "bfloat16"):
        raise ConfigError(
            f"Norms and routers were asked for in {name}.", "They are float32 or bfloat16.", "Use float32."
        )
    return FLOAT32 if name == "float32" else format_named(name)


def _check(masters: CheckpointMasters, plan: list[PlannedTensor]) -> None:
    missing = [tensor.name for tensor in plan if tensor.name not in masters]
    surplus = sorted(set(masters) - {tensor.name for tensor in plan})
    if missing or surplus:
        raise MissingTensorError(
            f"The checkpoint lacks [{', '.join(missing)}] and has [{', '.join(surplus)}] besides.",
            "It holds exactly the parameters of the model.",
            "Name the model that was trained; what a run did not train comes from its first weights.",
        )
