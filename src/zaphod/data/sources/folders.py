"""Documents from a folder: text, Markdown, HTML, manual pages and Info files; knows no licence but the one it is told.

Files are read in the order of their names. Links are followed to files and not to folders, so that there is no circle
to run in. Each file's time is that of its last change.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.documents import Document
from zaphod.data.sources.bounded import MAX_BYTES, decoded, read_bounded
from zaphod.data.sources.media_types import media_type_of


class FolderSource:
    """Every text in a folder and below.

    What cannot be read is left out and counted in `skipped` by its reason.

    Args:
        folder: where to look.
        licence: SPDX expression of the texts.
        name: how documents name this source.
        suffixes: if there are any, only names that end so (`.gz` aside) are read.
        max_file_bytes: larger files are left out, and files that unpack to more.

    Raises:
        ConfigError: there is no such folder.
    """

    def __init__(
        self,
        *,
        folder: str,
        licence: str = "",
        name: str = "folder",
        suffixes: tuple[str, ...] = (),
        max_file_bytes: int = MAX_BYTES,
    ) -> None:
        self.folder, self.licence, self.name = folder, licence, name
        self.suffixes, self.max_file_bytes = tuple(suffixes), max_file_bytes
        self.skipped: Counter[str] = Counter()
        if not Path(folder).is_dir():
            raise ConfigError(f"{folder} is no folder.", "Documents are read from a folder.", "Check the path.")

    def settings(self) -> Mapping[str, Any]:
        return {
            "folder": self.folder,
            "licence": self.licence,
            "name": self.name,
            "suffixes": list(self.suffixes),
            "max_file_bytes": self.max_file_bytes,
        }

    def documents(self) -> Iterator[Document]:
        for path in files_below(Path(self.folder)):
            media_type = media_type_of(path)
            if media_type and (not self.suffixes or path.name.removesuffix(".gz").endswith(self.suffixes)):
                document = self._document(path, media_type)
                if document is not None:
                    yield document

    def _document(self, path: Path, media_type: str) -> Document | None:
        try:
            text, changed_s = decoded(read_bounded(path, self.max_file_bytes)), path.stat().st_mtime
        except (OSError, CorruptFileError) as error:
            self.skipped[type(error).__name__] += 1
            return None
        return Document(
            id=path.relative_to(self.folder).as_posix().encode("utf-8", "replace").decode(),
            text=text,
            url=path.absolute().as_uri(),
            timestamp_s=changed_s,
            source=self.name,
            licence=self.licence,
            metadata={"media_type": media_type},
        )


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file, in the order of names."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file():
                yield path
