"""Documents from JSON lines: one object a line with `text` and what else is known; knows no other format.

Keys are those of `Document`; `time` may stand for `timestamp_s` as an ISO 8601 date. Other keys whose values are texts,
numbers or truth values become metadata.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.documents import Document

_TEXTS = ("url", "licence", "language", "domain")


class JsonLinesSource:
    """The lines of a `.jsonl` or `.jsonl.gz` file, or of all such files in a folder, by name.

    Args:
        name: of the source.
        path: file or folder.
        licence: of lines that name none.
    """

    def __init__(self, *, name: str, path: str, licence: str = "") -> None:
        self.name, self.licence = name, licence
        self._path = Path(path)

    def settings(self) -> Mapping[str, Any]:
        return {"name": self.name, "path": str(self._path), "licence": self.licence}

    def size_bytes(self) -> int:
        """Of all files, for progress."""
        return sum(file.stat().st_size for file in self._files())

    def documents(self) -> Iterator[Document]:
        """Raises `CorruptFileError` where a line is no object with a text."""
        for file in self._files():
            for number, line in enumerate(_lines(file), 1):
                if line.strip():
                    yield _document(line, f"{file.name}:{number}")

    def _files(self) -> list[Path]:
        folder = self._path
        files = [folder] if folder.is_file() else sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])
        if not files:
            raise ConfigError(
                f"{folder} is no file of JSON lines, and no folder that holds any.",
                "The files' names end in .jsonl or .jsonl.gz.",
                f"Check `path` of the source {self.name!r}.",
            )
        return files


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            yield from lines
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorruptFileError(
            f"{file} cannot be unpacked: {error}.", "Its name says that it is a gzip file.", "Fetch or pack it again."
        ) from error


def _document(line: bytes, place: str) -> Document:
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
        text, timestamp_s = row["text"], _timestamp(row)
        if not isinstance(text, str) or not all(isinstance(row.get(key, ""), str) for key in _TEXTS):
            raise ValueError("a value has the wrong type")
    except (msgspec.DecodeError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise CorruptFileError(
            f"Line {place} is no document: {error}.",
            'A line is a JSON object with a text, like {"id": "1", "text": "…", "time": "2026-11-21"}.',
            "Mend or remove the line.",
        ) from error
    own = {"id", "text", "time", "timestamp_s", "source", *_TEXTS}
    metadata = {key: str(value) for key, value in row.items() if key not in own and _is_plain(value)}
    return Document(
        id=str(row.get("id", place)),
        text=text,
        timestamp_s=timestamp_s,
        metadata=metadata,
        **{key: row.get(key, "") for key in _TEXTS},
    )


def _timestamp(row: Mapping[str, Any]) -> float | None:
    if row.get("timestamp_s") is not None:
        return float(row["timestamp_s"])
    if row.get("time") is None:
        return None
    moment = datetime.fromisoformat(str(row["time"]))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)
