"""Reports as files, whose ending says which kind; knows no plans."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from zaphod.capacity.report.content import Report
from zaphod.capacity.report.html import as_html
from zaphod.capacity.report.pictures import pictures_of
from zaphod.capacity.report.tables import as_csv, as_json, as_markdown
from zaphod.core.errors import ConfigError
from zaphod.core.report.picture import Picture, as_svg_file

_DOCUMENTS: Final[Mapping[str, Callable[[Report], str]]] = {
    ".html": as_html,
    ".json": lambda report: json.dumps(as_json(report), indent=1) + "\n",
    ".md": as_markdown,
    ".csv": as_csv,
}
_PICTURES: Final = (".svg", ".png")


def write(report: Report, target: Path) -> tuple[Path, ...]:
    """Write one file, or a folder with everything where `target` has no ending; returns what was written.

    Pictures go beside each other: `plan.svg` writes `plan-latency.svg`, `plan-memory.svg` and so on.

    Raises:
        ConfigError: there is no such kind of report.
        MissingExtraError: PNG is asked for and Pillow is not installed.
        OSError: it cannot be written.
    """
    ending = target.suffix.lower()
    if not ending:
        return _folder(report, target)
    if ending in _DOCUMENTS:
        return (_put(target, _DOCUMENTS[ending](report).encode()),)
    if ending in _PICTURES:
        return _pictures(report, target.parent, f"{target.stem}-", ending)
    known = ", ".join((*_DOCUMENTS, *_PICTURES))
    raise ConfigError(
        f"{target} ends in {ending!r}.",
        f"Reports are {known}, or a folder with all of them.",
        "Give the file another ending.",
    )


def _folder(report: Report, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    written = [_put(folder / f"plan{ending}", made(report).encode()) for ending, made in _DOCUMENTS.items()]
    for ending in _PICTURES:
        written += _pictures(report, folder, "", ending)
    return tuple(written)


def _pictures(report: Report, folder: Path, prefix: str, ending: str) -> tuple[Path, ...]:
    encode = _png if ending == ".png" else _svg
    return tuple(
        _put(folder / f"{prefix}{name}{ending}", encode(one.picture)) for name, one in pictures_of(report).items()
    )


def _svg(picture: Picture) -> bytes:
    return as_svg_file(picture).encode()


def _png(picture: Picture) -> bytes:
    from zaphod.core.report.png import as_png  # here, because it needs an optional library

    return as_png(picture)


def _put(file: Path, data: bytes) -> Path:
    """At every moment the file is whole or absent."""
    unfinished = file.with_name(file.name + ".partial")
    unfinished.write_bytes(data)
    return unfinished.replace(file)
