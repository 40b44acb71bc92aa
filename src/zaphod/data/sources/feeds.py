"""Documents from RSS and Atom feeds that lie in files; knows no network: whoever fetches a feed keeps its bytes.

feedparser is given bytes only: a text it would take for an address or a path and open.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError, CorruptFileError, MissingExtraError
from zaphod.data.documents import Document
from zaphod.data.sources.bounded import read_bounded
from zaphod.data.sources.folders import files_below


class FeedSource:
    """Each entry of each feed: its content, or its summary where it has no content.

    What is no feed is left out and counted in `skipped`.

    Args:
        paths: files or folders of files.
        licence: SPDX expression for entries whose feed names none.
        name: how documents name this source.

    Raises:
        ConfigError: a path does not exist.
        MissingExtraError: feedparser is not installed.
    """

    def __init__(self, *, paths: tuple[str, ...], licence: str = "", name: str = "feeds") -> None:
        self.paths, self.licence, self.name = tuple(paths), licence, name
        self.skipped: Counter[str] = Counter()
        for path in self.paths:
            if not Path(path).exists():
                raise ConfigError(f"{path} does not exist.", "Feeds are read from files.", "Check the path.")

    def settings(self) -> Mapping[str, Any]:
        return {"paths": list(self.paths), "licence": self.licence, "name": self.name}

    def documents(self) -> Iterator[Document]:
        ids: set[str] = set()
        for path in map(Path, self.paths):
            for file in files_below(path) if path.is_dir() else [path]:
                for document in self._entries(file):
                    if document.id not in ids:
                        ids.add(document.id)
                        yield document

    def _entries(self, path: Path) -> Iterator[Document]:
        try:
            feed = parsed(read_bounded(path))
        except (OSError, CorruptFileError) as error:
            self.skipped[type(error).__name__] += 1
            return
        if not feed.get("version"):
            self.skipped["no feed"] += 1
        for entry in feed.get("entries", ()):
            document = self._document(entry, str(feed["feed"].get("title", "")))
            if document is not None:
                yield document

    def _document(self, entry: Mapping[str, Any], title: str) -> Document | None:
        contents = [part for part in entry.get("content", ()) if part.get("value")]
        part = contents[0] if contents else entry.get("summary_detail", {})
        text = str(part.get("value", ""))
        identity = _clean(str(entry.get("id") or entry.get("link") or ""))
        if not text or not identity:
            self.skipped["entry without text or id"] += 1
            return None
        return Document(
            id=identity,
            url=_clean(str(entry.get("link", ""))),
            text=_clean(text),
            timestamp_s=_time_s(entry),
            source=self.name,
            licence=self.licence,
            metadata={
                "media_type": str(part.get("type") or "text/html"),
                "title": _clean(str(entry.get("title", ""))),
                "feed": _clean(title),
            },
        )


def parsed(data: bytes) -> Mapping[str, Any]:
    """What feedparser makes of a feed's bytes.

    Raises:
        CorruptFileError: it cannot make anything of them.
        MissingExtraError: feedparser is not installed.
    """
    try:
        import feedparser
    except ImportError as error:
        raise MissingExtraError("feedparser", "data") from error
    try:
        feed: Mapping[str, Any] = feedparser.parse(data)
    except Exception as error:  # its parsers raise whatever the damage leads them to
        raise CorruptFileError(
            f"A feed cannot be read: {type(error).__name__}: {error}.", "It should be RSS or Atom.", "Fetch it again."
        ) from error
    return feed


def _time_s(entry: Mapping[str, Any]) -> float | None:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return float(calendar.timegm(moment)) if moment else None
    except (ValueError, OverflowError):
        return None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
