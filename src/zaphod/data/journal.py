"""What of a build is done: one file a finished slice, whole or absent; knows no stages.

A slice's file appears by a rename after its bytes are on disk, so a build may be killed at any moment and goes on after
its last whole slice.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.documents import Counters
from zaphod.data.shard_writer import PackedDocument
from zaphod.data.slices import Slice


@dataclass(frozen=True, kw_only=True)
class DoneSlice:
    """What is kept of a slice; tokens as bytes of uint32, little endian."""

    number: int
    source: str
    input_digest: str
    input_ids: dict[str, str]
    num_input_bytes: int
    counters: dict[int, dict[str, Any]]
    memories: dict[int, bytes]
    packed: list[dict[str, Any]]

    def stage_counters(self) -> dict[int, Counters]:
        """Counters by the stage's place."""
        return {place: Counters(**{**row, "dropped": Counter(row["dropped"])}) for place, row in self.counters.items()}

    def documents(self) -> Iterator[PackedDocument]:
        """Documents in order."""
        for row in self.packed:
            yield PackedDocument(**{**row, "token_ids": np.frombuffer(row["token_ids"], "<u4")})


class Journal:
    """The finished slices of a build, in `folder`.

    Args:
        folder: created if need be.
        recipe: digest of everything that decides the result.

    Raises:
        ConfigError: the folder belongs to a build with another recipe.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "recipe"
        if not mark.exists():
            write_durably(mark, recipe.encode())
        elif mark.read_text("utf-8", "replace") != recipe:
            raise ConfigError(
                f"{folder.parent} holds an unfinished build with other settings.",
                "A build is finished with the settings that it began with.",
                f"Put the settings back, or choose another folder, or remove {folder} to begin anew.",
            )

    def num_done(self) -> int:
        """Slices 0 up to here are done."""
        number = 0
        while self._file(number).exists():
            number += 1
        return number

    def read(self, number: int) -> DoneSlice:
        """Raises `CorruptFileError` if what was written is not what is there."""
        file = self._file(number)
        try:
            return msgspec.msgpack.decode(file.read_bytes(), type=DoneSlice)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptFileError(
                f"{file} is damaged: {error}.",
                "It holds a finished slice of the build.",
                "Remove it; it is made again.",
            ) from error

    def write(self, part: Slice) -> None:
        done = DoneSlice(
            number=part.number,
            source=part.source,
            input_digest=part.input_digest,
            input_ids=part.input_ids,
            num_input_bytes=part.num_input_bytes,
            counters={place: msgspec.to_builtins(counters) for place, counters in part.counters.items()},
            memories=part.memories,
            packed=[_plain(document) for document in part.packed],
        )
        write_durably(self._file(part.number), msgspec.msgpack.encode(done))

    def remove(self) -> None:
        """Forget everything, once the shards hold it."""
        shutil.rmtree(self._folder)

    def _file(self, number: int) -> Path:
        return self._folder / f"slice-{number:06d}"


def _plain(document: PackedDocument) -> dict[str, Any]:
    names = ("lineage", "source", "licence", "domain", "timestamp_s", "num_bytes")
    tokens = np.asarray(document.token_ids).astype("<u4").tobytes()
    return {"token_ids": tokens} | {name: getattr(document, name) for name in names}


def write_durably(file: Path, data: bytes) -> None:
    """Write a file so that it is whole or absent at any moment."""
    unfinished = file.with_name(file.name + ".partial")
    with unfinished.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)
