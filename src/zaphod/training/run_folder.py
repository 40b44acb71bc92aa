"""The folder of a run: one log line a step; knows files, not training.

checkpoints/    all that a resumed run needs: see `training.checkpoint.folder`
log.jsonl       one JSON object a step; after a crash, the lines behind the checkpoint are cut off
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zaphod.core.errors import CorruptFileError


class RunFolder:
    """Reads and writes the files of one run.

    Args:
        path: created if need be.
        is_writer: false for processes other than the first: they read and write nothing.
    """

    def __init__(self, path: Path, is_writer: bool = True) -> None:
        self.path = path
        self.is_writer = is_writer
        if is_writer:
            path.mkdir(parents=True, exist_ok=True)

    @property
    def log_file(self) -> Path:
        return self.path / "log.jsonl"

    def log(self, line: dict[str, Any]) -> None:
        """Append one line."""
        if self.is_writer:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def cut_log(self, num_lines: int) -> None:
        """Keep the first lines: steps behind the checkpoint are done again.

        Raises:
            CorruptFileError: the log holds fewer lines than the checkpoint has steps.
        """
        if not self.is_writer:
            return
        lines = self.log_file.read_text("utf-8").splitlines(keepends=True) if self.log_file.exists() else []
        if len(lines) < num_lines:
            raise CorruptFileError(
                f"{self.log_file} has {len(lines)} lines.",
                f"The checkpoint beside it has done {num_lines} steps, and each wrote one.",
                "Put the log back, or begin again in an empty folder.",
            )
        unfinished = self.log_file.with_suffix(".partial")
        unfinished.write_text("".join(lines[:num_lines]), encoding="utf-8")
        unfinished.replace(self.log_file)

    def lines(self) -> Iterator[dict[str, Any]]:
        """What was logged, step by step."""
        if self.log_file.exists():
            with self.log_file.open(encoding="utf-8") as file:
                yield from map(json.loads, file)
