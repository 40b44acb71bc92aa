"""Parts of a long run, kept in a file so that it goes on where it was stopped; of other code nothing is taken over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_SOURCES = ("benchmarks/verify_faults*.py", "src/zaphod/safety/verification/**/*.py", "src/zaphod/agents/robotics/*.py")


def code() -> str:
    """Changes when anything changes that a result may depend on."""
    files = sorted(file for pattern in _SOURCES for file in _ROOT.glob(pattern))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


class Parts:
    """What was computed already.

    Args:
        file: None keeps nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file, self._code = file, code()
        found = json.loads(file.read_text()) if file is not None and file.exists() else {}
        self._parts: dict[str, Any] = found["parts"] if found.get("code") == self._code else {}

    def kept(self, name: str, compute: Callable[[], Any]) -> Any:
        """A part out of the file, or computed and put there; either way as JSON has it."""
        if name not in self._parts:
            self._parts[name] = json.loads(json.dumps(compute()))
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps({"code": self._code, "parts": self._parts}))
        return self._parts[name]

    def forget(self) -> None:
        """All is done: the next run begins anew."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
