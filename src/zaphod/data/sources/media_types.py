"""What kind of text a file holds, by its name; knows no content."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

_BY_SUFFIX: Final = {
    ".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml",
    ".md": "text/markdown", ".markdown": "text/markdown",
    ".txt": "text/plain", ".text": "text/plain", ".rst": "text/plain", ".org": "text/plain", ".adoc": "text/plain",
    ".pod": "text/plain", ".tex": "text/plain",
    ".info": "text/x-info",
}  # fmt: skip
_MANUAL: Final = re.compile(r"\.(?:[1-9]|[1-9][a-z]{1,8}|man|mdoc)\Z")
_INFO_PART: Final = re.compile(r"\.info-\d+\Z")
_PLAIN_NAMES: Final = frozenset(
    {"readme", "news", "authors", "copying", "licence", "license", "changelog", "changes", "faq", "install", "thanks",
     "todo", "history", "intro", "release-notes", "bugs"}
)  # fmt: skip


def media_type_of(path: PurePath) -> str:
    """The media type of a file, `.gz` left out of account; empty where its name says nothing of text."""
    name = path.name.removesuffix(".gz")
    suffix = PurePath(name).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if _INFO_PART.search(name):
        return "text/x-info"
    if _MANUAL.search(name) and any(part.startswith("man") for part in path.parts[:-1]):
        return "text/troff"
    return "text/plain" if name.lower().split(".")[0] in _PLAIN_NAMES else ""
