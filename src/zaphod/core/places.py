"""Where the program keeps what it must not lose; knows folders, nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(chosen: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Keys, records, vault and audit: the chosen folder, or `zaphod` in `XDG_DATA_HOME`, or in `~/.local/share`."""
    if chosen is not None:
        return chosen
    base = (os.environ if environment is None else environment).get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "zaphod"
