"""What was tried and what came of it, line by line in a file, so that nothing is asked twice; knows no server.

The first line says which campaign it is. A last line that was torn by a crash is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from zaphod.core.errors import ConfigError, CorruptFileError

_VERSION = 1
BENIGN = "benign"
"""The goal of questions without an attack."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One attack, or one question without an attack, and how it went.

    Args:
        goal: the scenario's name, or that of a question without an attack.
        number: of the attacks on this goal, from 0.
        family: of its wordings; empty without an attack.
        channel: how the words came in.
        transforms: what was done to them.
        is_adaptive: whether earlier answers led to it.
        score: the judge's, 0 to 1.
        is_refused: whether a guard or the model said no.
        is_withheld: whether it was a guard.
        is_undelivered: whether the server could not take the request, for its length or form.
        leaks: whether the canary stood in what came back, whatever the goal.
        is_right: whether the user got what they wanted; None where the attacker is the user.
        recipe: what was tried, as data.
    """

    goal: str
    number: int
    family: str = ""
    channel: str = ""
    transforms: tuple[str, ...] = ()
    is_adaptive: bool = False
    score: float = 0.0
    is_refused: bool = False
    is_withheld: bool = False
    is_undelivered: bool = False
    leaks: bool = False
    is_right: bool | None = None
    recipe: Mapping[str, Any] | None = None


class Journal:
    """The file of a campaign, or memory alone without a path.

    Args:
        path: where; may exist already.
        campaign: what must be the same for trials to be comparable.

    Raises:
        ConfigError: the file belongs to another campaign.
        CorruptFileError: a line before the last one cannot be read.
    """

    def __init__(self, path: Path | None, campaign: Mapping[str, Any]) -> None:
        self._campaign = {"version": _VERSION, **campaign}
        self._trials: dict[tuple[str, int], Trial] = {}
        self._file = None if path is None else self._opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, goal: str, number: int) -> Trial | None:
        """What came of a trial, if it was made before."""
        return self._trials.get((goal, number))

    def keep(self, trial: Trial) -> None:
        """Write a trial down at once."""
        self._trials[trial.goal, trial.number] = trial
        self._write(asdict(trial))

    @property
    def trials(self) -> list[Trial]:
        """All of them, in the order in which they were made."""
        return list(self._trials.values())

    def _opened(self, path: Path) -> Any:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            self._read(whole.decode(errors="replace").splitlines(), path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, len(whole))
        os.lseek(descriptor, 0, os.SEEK_END)
        file = os.fdopen(descriptor, "w", encoding="utf-8")
        if not whole:
            file.write(json.dumps(self._campaign) + "\n")
            file.flush()
        return file

    def _read(self, lines: list[str], path: Path) -> None:
        for number, line in enumerate(lines):
            try:
                fields = json.loads(line)
                if number == 0:
                    self._check(fields, path)
                    continue
                trial = Trial(**{**fields, "transforms": tuple(fields["transforms"])})
            except (ValueError, TypeError, KeyError) as error:
                raise CorruptFileError(
                    f"Line {number + 1} of {path} cannot be read: {error}.",
                    "It should be a trial as JSON.",
                    "Remove the file to begin again.",
                ) from error
            self._trials[trial.goal, trial.number] = trial

    def _check(self, found: Any, path: Path) -> None:
        if found != self._campaign:
            names = [
                name
                for name in self._campaign
                if not isinstance(found, dict) or found.get(name) != self._campaign[name]
            ]
            raise ConfigError(
                f"{path} is of another campaign: {', '.join(names) or 'its fields'} differ.",
                f"This one has {json.dumps(self._campaign)}.",
                "Name another file, or give the same flags.",
            )

    def _write(self, fields: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
            self._file.flush()
