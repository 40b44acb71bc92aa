"""Files of a benchmark's folder: found, checked against its manifest, read line by line; knows no benchmark.

A manifest is what `sha256sum * > SHA256SUMS` writes into the folder. Where there is one, a file that it does not name,
or whose bytes differ, is not read. What was read is told with its digest, so that a result says which data it is of.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError, CorruptFileError, IntegrityError

MANIFEST = "SHA256SUMS"
_MAX_BYTES = 1 << 30
_ENTRY = re.compile(r"(?P<digest>[0-9a-f]{64}) [ *](?P<name>.+)")


@dataclass(frozen=True)
class NotRun:
    """Why there is no figure."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file's bytes, unpacked, and which file they are."""

    path: Path
    content: bytes
    sha256: str

    def text(self) -> str:
        """As UTF-8.

        Raises:
            CorruptFileError: it is not.
        """
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise malformed(self.path, f"byte {error.start} is not UTF-8", "text in UTF-8") from error


class DataFolder:
    """A folder with a benchmark's files, and the digests of those that were read.

    Args:
        path: the folder.

    Raises:
        ConfigError: there is no such folder.
        CorruptFileError: its manifest cannot be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ConfigError(
                f"There is no folder {path}.", "Benchmarks are read from a local folder.", "Give it with --data."
            )
        self.path = path
        self.digests: dict[str, str] = {}
        self._manifest = _manifest(path / MANIFEST)

    def find(self, *names: str) -> Path | None:
        """The first of several paths that is there, also packed with gzip."""
        for name in names:
            for candidate in (self.path / name, self.path / f"{name}.gz"):
                if candidate.is_file():
                    return candidate
        return None

    def matching(self, *patterns: str) -> list[Path]:
        """Files that match the first pattern that any file matches, in order of their names."""
        for pattern in patterns:
            found = sorted(path for path in self.path.glob(pattern) if path.is_file())
            if found:
                return found
        return []

    def absent(self, wanted: str) -> NotRun:
        """That the data are not here."""
        return NotRun(f"data set absent (wanted {wanted} under {self.path})")

    def read(self, path: Path) -> DataFile:
        """A file's bytes, after the manifest was asked.

        Raises:
            IntegrityError: the manifest names other bytes, or does not name the file.
            CorruptFileError: it cannot be unpacked, or is unreasonably large.
        """
        raw = path.read_bytes()
        name, digest = path.relative_to(self.path).as_posix(), hashlib.sha256(raw).hexdigest()
        self._check(name, digest)
        self.digests[name] = digest
        return DataFile(path=path, content=_unpacked(path, raw), sha256=digest)

    def _check(self, name: str, digest: str) -> None:
        if self._manifest is not None and self._manifest.get(name) != digest:
            known = self._manifest.get(name)
            raise IntegrityError(
                f"{self.path / name} has the SHA-256 {digest}.",
                f"{MANIFEST} names {known}." if known else f"{MANIFEST} does not name this file.",
                "Fetch the file again, or write the manifest anew if the change is meant.",
            )


def json_lines(file: DataFile) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each line's object, and where it stands.

    Raises:
        CorruptFileError: a line is no JSON object, or there is none.
    """
    number = 0
    for number, line in enumerate(file.text().splitlines(), start=1):
        if line.strip():
            yield f"line {number}", json_object(file.path, line, f"line {number}")
    if number == 0:
        raise malformed(file.path, "it is empty", "one JSON object a line")


def json_object(path: Path, text: str, where: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        CorruptFileError: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise malformed(path, f"{where} is no JSON: {error}", "a JSON object") from error
    if not isinstance(value, dict):
        raise malformed(path, f"{where} is {type(value).__name__}", "a JSON object")
    return value


def csv_rows(file: DataFile) -> Iterator[tuple[str, list[str]]]:
    """Each row's cells, and where it stands.

    Raises:
        CorruptFileError: it is no CSV.
    """
    reader = csv.reader(io.StringIO(file.text(), newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise malformed(file.path, f"line {reader.line_num}: {error}", "comma-separated values") from error


def csv_records(file: DataFile, columns: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Rows below a header, by its names.

    Raises:
        CorruptFileError: the header lacks a column, or a row has another number of cells.
    """
    rows = csv_rows(file)
    _, header = next(rows, ("", []))
    missing = [name for name in columns if name not in header]
    if missing:
        raise malformed(file.path, f"its header lacks {', '.join(missing)}", f"the columns {', '.join(columns)}")
    for where, row in rows:
        if len(row) != len(header):
            raise malformed(file.path, f"{where} has {len(row)} cells", f"{len(header)}, as the header")
        yield where, dict(zip(header, row, strict=True))


def text_field(path: Path, where: str, fields: Mapping[str, Any], name: str) -> str:
    """A field that is a text which is not empty.

    Raises:
        CorruptFileError: it is not.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise malformed(path, f"{where}: {name!r} is {_shown(value)}", "a text that is not empty")
    return value


def malformed(path: Path, found: str, wanted: str) -> CorruptFileError:
    """An error in a benchmark's file."""
    return CorruptFileError(f"{path}: {found}.", f"It should be {wanted}.", "Fetch the file again from its publisher.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unpacked(path: Path, raw: bytes) -> bytes:
    if path.suffix != ".gz":
        if len(raw) > _MAX_BYTES:
            raise malformed(path, f"it has {len(raw)} bytes", f"at most {_MAX_BYTES}")
        return raw
    try:
        with gzip.open(io.BytesIO(raw)) as packed:
            content = packed.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise malformed(path, f"it cannot be unpacked: {error}", "packed with gzip") from error
    if len(content) > _MAX_BYTES:
        raise malformed(path, "it unpacks to more than 1 GB", "smaller")
    return content


def _manifest(path: Path) -> dict[str, str] | None:
    if not path.is_file():
        return None
    digests: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if line.strip():
            entry = _ENTRY.fullmatch(line)
            if entry is None:
                raise malformed(path, f"line {number} is {_shown(line)}", "what sha256sum writes")
            digests[entry["name"].removeprefix("./")] = entry["digest"]
    return digests
