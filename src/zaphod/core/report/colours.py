"""The colours of reports, on light pages, dark ones and paper; knows their names, not what is drawn in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIGHT: Final[Mapping[str, str]] = {
    "ink": "#1c1c1e",
    "dim": "#5c5c64",
    "page": "#ffffff",
    "wash": "#f4f4f6",
    "grid": "#e2e2e7",
    "line-1": "#1f6fd0",
    "line-2": "#c2570c",
    "line-3": "#2e7d32",
    "line-4": "#8e4fc0",
    "limit": "#b3261e",
}
"""By name; `line-N` are told apart by most who see few colours."""
DARK: Final[Mapping[str, str]] = {
    "ink": "#ececf0",
    "dim": "#a9a9b3",
    "page": "#16161a",
    "wash": "#1f1f25",
    "grid": "#34343c",
    "line-1": "#6cb0ff",
    "line-2": "#ff9d52",
    "line-3": "#81c995",
    "line-4": "#c39bf0",
    "limit": "#ff8a80",
}
_PAPER: Final[Mapping[str, str]] = {**LIGHT, "ink": "#000000", "dim": "#444444", "grid": "#cccccc", "wash": "#f2f2f2"}


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


VARIABLES: Final = (
    f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
    f"@media(prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}\n"
    f"@media print{{:root{{color-scheme:light;{_variables(_PAPER)}}}}}\n"
)
"""A style sheet that sets them all."""
