"""How pip builds Zaphod: with scikit-build-core, and without the compiled part where there is no CMake.

A compiler that is missing or fails is an override in `pyproject.toml`, which scikit-build-core obeys once CMake runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scikit_build_core import build as scikit_build
from scikit_build_core.build import build_sdist, get_requires_for_build_sdist, get_requires_for_build_wheel
from scikit_build_core.errors import NotFoundError

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]


def build_wheel(folder: str, settings: dict[str, Any] | None = None, metadata_folder: str | None = None) -> str:
    """Write a wheel into `folder` and give its name; it is pure Python where nothing can be compiled."""
    try:
        return scikit_build.build_wheel(folder, settings, metadata_folder)
    except NotFoundError as reason:
        print(f"*** {reason}", flush=True)
    os.environ["ZAPHOD_PURE_PYTHON"] = "1"
    return scikit_build.build_wheel(folder, settings, metadata_folder)


def build_editable(folder: str, settings: dict[str, Any] | None = None, metadata_folder: str | None = None) -> str:
    """Write a wheel that only points at `src`, and give its name.

    Those of scikit-build-core put an import hook before `sys.path`: neither PYTHONPATH nor a type checker sees past it.
    """
    pointer = Path("build/zaphod-editable.pth")
    pointer.parent.mkdir(exist_ok=True)
    pointer.write_text(f"{Path('src').resolve()}\n", encoding="utf-8")
    os.environ["ZAPHOD_EDITABLE"] = "1"
    return scikit_build.build_wheel(folder, settings, metadata_folder)
