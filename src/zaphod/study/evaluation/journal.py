"""What was asked and what came of it, one problem a line, so that nothing is asked twice; knows no benchmark.

The first line says which run it is. A last line that was torn by a crash is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TextIO

from zaphod.core.errors import ConfigError, CorruptFileError

Record = Mapping[str, Any]


class Journal:
    """The records of one benchmark, in memory and in a file.

    Args:
        path: where; None for memory alone.
        run: what must be the same for records to belong together.

    Raises:
        ConfigError: the file is of another run.
        CorruptFileError: a line before the last one cannot be read.
    """

    def __init__(self, path: Path | None, run: Mapping[str, Any]) -> None:
        self._run: dict[str, Any] = json.loads(json.dumps(run))
        self._records: dict[str, Record] = {}
        self._file = None if path is None else self._opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, key: str) -> Record | None:
        """What came of a problem, if it was asked before."""
        return self._records.get(key)

    def keep(self, records: Sequence[Record]) -> None:
        """Write records down at once."""
        for record in records:
            self._records[record["key"]] = record
            self._write(record)

    def _opened(self, path: Path) -> TextIO:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            self._read(whole.decode(errors="replace").split("\n")[:-1], path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, len(whole))
        os.lseek(descriptor, 0, os.SEEK_END)
        file = os.fdopen(descriptor, "w", encoding="utf-8")
        if not whole:
            file.write(json.dumps({"run": self._run}, ensure_ascii=False) + "\n")
            file.flush()
        return file

    def _read(self, lines: Sequence[str], path: Path) -> None:
        for number, line in enumerate(lines, start=1):
            try:
                fields = json.loads(line)
                if number == 1:
                    self._check(fields["run"], path)
                else:
                    values = {name: float(value) for name, value in fields["values"].items()}
                    self._records[str(fields["key"])] = {**fields, "values": values}
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise CorruptFileError(
                    f"Line {number} of {path} cannot be read: {error}.",
                    "It should be a record as JSON.",
                    "Remove the file to begin again.",
                ) from error

    def _check(self, found: Mapping[str, Any], path: Path) -> None:
        names = [name for name in {**self._run, **found} if self._run.get(name) != found.get(name)]
        if names:
            raise ConfigError(
                f"{path} is of another run: {', '.join(sorted(names))} differ.",
                "Records of one file are of one model, one data set and one way of asking.",
                "Name another folder with --out, or remove the file.",
            )

    def _write(self, record: Record) -> None:
        if self._file is not None:
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
            self._file.flush()
