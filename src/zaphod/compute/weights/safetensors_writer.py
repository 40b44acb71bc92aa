"""Writes Hugging Face folders: shards, index, config.json, tokenizer files; plain number formats only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights.partial_file import PartialFile, write_whole
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.compute.weights.safetensors import INDEX_NAME
from zaphod.compute.weights.safetensors_file import plan_layout
from zaphod.core.errors import ConfigError

DEFAULT_SHARD_BYTES = 5_000_000_000
_PLAIN = ("float32", "float16", "bfloat16")


class SafetensorsWriter:
    """A folder in the layout of Hugging Face repositories; a `CheckpointWriter`.

    Args:
        folder: where to write. It may hold an earlier or interrupted result of the same plan, but no other weights.
        plan: every tensor, in the order in which headers shall list them.
        config_json: the content of config.json.
        tokenizer_files: files to be copied beside the weights, by name.
        max_shard_bytes: data bytes of a shard; a larger tensor gets a shard of its own.
        source: what the data comes from; an interrupted result from another source is not resumed.

    Raises:
        ConfigError: a format cannot be stored, or the folder already holds other weights.
    """

    def __init__(
        self,
        folder: Path,
        plan: Sequence[PlannedTensor],
        config_json: Mapping[str, Any],
        tokenizer_files: Mapping[str, Path],
        max_shard_bytes: int = DEFAULT_SHARD_BYTES,
        *,
        source: str = "",
    ) -> None:
        self._folder = folder
        self._config_json = config_json
        self._tokenizer_files = tokenizer_files
        _check_formats(plan)
        shards = _cut(plan, max_shard_bytes)
        names = _shard_names(len(shards))
        refuse_other_weights(folder, {*names, INDEX_NAME} if len(names) > 1 else set(names))
        self._shards = [_shard_file(folder / name, shard, source) for name, shard in zip(names, shards, strict=True)]
        self._shard_of = {t.name: file for file, shard in zip(self._shards, shards, strict=True) for t in shard}
        self._total_bytes = sum(tensor.num_bytes for tensor in plan)

    def is_written(self, name: str) -> bool:
        return self._shard_of[name].is_written(name)

    def write(self, name: str, pieces: Iterable[EncodedTensor]) -> None:
        self._shard_of[name].write(name, pieces)

    def finish(self) -> list[Path]:
        """See `CheckpointWriter.finish`. The index comes last: with it the folder is complete."""
        for shard in self._shards:
            shard.check_complete()
        for shard in self._shards:
            shard.rename()
        beside = write_beside(self._folder, self._tokenizer_files, {"config.json": self._config_json})
        index = [self._write_index()] if len(self._shards) > 1 else []
        for shard in self._shards:
            shard.forget()
        return [*(shard.path for shard in self._shards), *index, *beside]

    def _write_index(self) -> Path:
        weight_map = {name: file.path.name for name, file in self._shard_of.items()}
        index = {"metadata": {"total_size": self._total_bytes}, "weight_map": weight_map}
        return write_whole(self._folder / INDEX_NAME, json_bytes(index))


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON as people read it."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def write_beside(folder: Path, files: Mapping[str, Path], objects: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    """Write JSON objects and copy small files into a folder, each whole or not at all."""
    written = [write_whole(folder / name, json_bytes(value)) for name, value in objects.items()]
    return written + [write_whole(folder / name, path.read_bytes()) for name, path in files.items()]


def refuse_other_weights(folder: Path, ours: set[str]) -> None:
    """Raise `ConfigError` where a folder holds weights that are not among `ours`: a reader would mix them up."""
    others = sorted(
        path.name
        for pattern in ("*.safetensors", "*.safetensors.index.json", "*.gguf", "tensor00000_000")
        for path in folder.glob(pattern)
        if path.name not in ours
    )
    if others:
        raise ConfigError(
            f"{folder} already holds other weights: {others[0]}.",
            "A model is written into a folder of its own.",
            "Choose another folder, or remove the old model.",
        )


def _check_formats(plan: Sequence[PlannedTensor]) -> None:
    for tensor in plan:
        if tensor.format.name not in _PLAIN:
            raise ConfigError(
                f"{tensor.name} is planned as {tensor.format.name}.",
                f"A Hugging Face folder holds {', '.join(_PLAIN)}.",
                "Choose one of these, or convert to the packed form or to GGUF.",
            )


def _cut(plan: Sequence[PlannedTensor], max_shard_bytes: int) -> list[list[PlannedTensor]]:
    shards: list[list[PlannedTensor]] = [[]]
    shard_bytes = 0
    for tensor in plan:
        if shards[-1] and shard_bytes + tensor.num_bytes > max_shard_bytes:
            shards.append([])
            shard_bytes = 0
        shards[-1].append(tensor)
        shard_bytes += tensor.num_bytes
    return shards


def _shard_names(num_shards: int) -> list[str]:
    if num_shards == 1:
        return ["model.safetensors"]
    return [f"model-{number:05d}-of-{num_shards:05d}.safetensors" for number in range(1, num_shards + 1)]


def _shard_file(path: Path, tensors: Sequence[PlannedTensor], source: str) -> PartialFile:
    specs = {tensor.name: tensor.format.part_specs(tensor.shape)["values"] for tensor in tensors}
    layout = plan_layout(specs, {"format": "pt"})
    places = {name: {"values": place} for name, place in layout.places.items()}
    return PartialFile(
        path, header=layout.header, tensors=tensors, places=places, total_bytes=layout.total_bytes, source=source
    )
