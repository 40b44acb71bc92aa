"""One measurement of one program, and the file that keeps them, so that an interrupted comparison goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.noise import Noise


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one program did in one pair of one case on one file."""

    file: str
    case: str
    engine: str
    pair: int
    value: float
    """Tokens a second; for `load` seconds; for `memory` bytes; for `accuracy` the mean divergence."""
    noise: Noise | None = None
    details: dict[str, Any] = field(default_factory=dict)
    """What else belongs to it: the variant, seconds after imports, parts of the memory."""


class Record:
    """All samples so far; kept in a file, a line each, if one is named.

    Args:
        file: where they are kept. What is in it already counts as measured.
        settings: what must be the same for figures to be comparable; they stand in the file's first line.

    Raises:
        ConfigError: the file is of a comparison with other settings, or of something else.
    """

    def __init__(self, file: Path | None = None, settings: dict[str, Any] | None = None) -> None:
        self.samples: list[Sample] = []
        self._file = file
        if file is None:
            return
        settings = json.loads(json.dumps(settings or {}))
        if file.exists():
            self._read(file, settings)
        else:
            file.write_text(json.dumps({"settings": settings}) + "\n", encoding="utf-8")

    def has(self, file: str, case: str, engine: str, pair: int) -> bool:
        wanted = (file, case, engine, pair)
        return any((sample.file, sample.case, sample.engine, sample.pair) == wanted for sample in self.samples)

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(sample)) + "\n")

    def _read(self, file: Path, settings: dict[str, Any]) -> None:
        # NOTE: an interrupted run may leave half a last line.
        lines = file.read_text(encoding="utf-8").split("\n")[:-1]
        try:
            found = json.loads(lines[0])["settings"]
            self.samples = [_sample(json.loads(line)) for line in lines[1:]]
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{file} is no record of a comparison.", "It must be one, or not exist yet.", "Name another file."
            ) from error
        if found != settings:
            raise ConfigError(
                f"{file} was recorded with {found}.",
                f"This comparison has {settings}.",
                "Repeat the options it was begun with, or name another file.",
            )
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sample(fields: dict[str, Any]) -> Sample:
    noise = fields.pop("noise")
    return Sample(**fields, noise=None if noise is None else Noise(**noise))
