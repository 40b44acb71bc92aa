"""Documents from what the distribution's packages document: READMEs, manuals, changelogs, each with licence and time.

Knows Debian's layout (`/usr/share/doc/PACKAGE/`, beside it `copyright` and a changelog); installs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.documents import Document
from zaphod.data.sources.bounded import MAX_BYTES, decoded, read_bounded
from zaphod.data.sources.changelogs import Release, releases
from zaphod.data.sources.copyright_files import documentation_licence
from zaphod.data.sources.folders import files_below
from zaphod.data.sources.media_types import media_type_of

_CHANGELOGS: Final = ("changelog.Debian.gz", "changelog.Debian", "changelog.gz", "changelog")


class PackageSource:
    """Every text below the documentation folders of packages.

    A document's time is that of its package's newest release: a file's own time is when it was installed. With
    `changelogs` each release is a document of its own, with its own time. Which licences are wanted is not decided
    here; a package whose copyright file does not say has none.

    Args:
        folder: where each package has a folder.
        packages: their names; none at all reads every package.
        changelogs: whether each release's entry is given too.
        licence: SPDX expression for packages that do not say.
        name: how documents name this source.

    Raises:
        ConfigError: there is no such folder, or one of the packages has none.
    """

    def __init__(
        self,
        *,
        folder: str = "/usr/share/doc",
        packages: tuple[str, ...] = (),
        changelogs: bool = False,
        licence: str = "",
        name: str = "packages",
    ) -> None:
        self.folder, self.packages, self.changelogs = folder, tuple(packages), changelogs
        self.licence, self.name = licence, name
        self.skipped: Counter[str] = Counter()
        for place in [Path(folder), *(Path(folder, package) for package in self.packages)]:
            if not place.is_dir():
                raise ConfigError(
                    f"{place} is no folder.",
                    "Packages document themselves there.",
                    "Install the package's documentation.",
                )

    def settings(self) -> Mapping[str, Any]:
        return {
            "folder": self.folder,
            "packages": list(self.packages),
            "changelogs": self.changelogs,
            "licence": self.licence,
            "name": self.name,
        }

    def documents(self) -> Iterator[Document]:
        for place in sorted(Path(self.folder).iterdir()):
            if place.is_dir() and not place.is_symlink() and (not self.packages or place.name in self.packages):
                yield from self._package(place)

    def _package(self, place: Path) -> Iterator[Document]:
        licence = documentation_licence(self._text(place / "copyright")) or self.licence
        entries = self._releases(place)
        newest_s = max((entry.timestamp_s for entry in entries), default=None)
        for path in files_below(place):
            media_type = media_type_of(path)
            if media_type and not path.name.startswith(("copyright", "changelog.Debian")):
                text = self._text(path)
                if text:
                    yield self._document(path.relative_to(self.folder).as_posix(), text, licence, newest_s, media_type)
        seen: set[str] = set()
        for entry in entries if self.changelogs else ():
            identity = f"{place.name}/changelog/{entry.version}"
            if entry.text and identity not in seen:
                seen.add(identity)
                yield self._document(identity, entry.text, licence, entry.timestamp_s, "text/plain")

    def _releases(self, place: Path) -> list[Release]:
        for name in _CHANGELOGS:
            if (place / name).is_file():
                found = list(releases(self._text(place / name)))
                if found:
                    return found
        return []

    def _text(self, path: Path) -> str:
        if not path.is_file():
            return ""
        try:
            return decoded(read_bounded(path, MAX_BYTES))
        except (OSError, CorruptFileError) as error:
            self.skipped[type(error).__name__] += 1
            return ""

    def _document(self, identity: str, text: str, licence: str, timestamp_s: float | None, media_type: str) -> Document:
        identity = identity.encode("utf-8", "replace").decode()
        return Document(
            id=identity,
            text=text,
            url=f"file://{self.folder}/{identity}",
            timestamp_s=timestamp_s,
            source=self.name,
            licence=licence,
            metadata={"media_type": media_type, "package": identity.partition("/")[0]},
        )
