"""What a folder of shards says of itself: files and digests, sources, licences, stages; knows no tokens.

`manifest.json` is written last, so a folder without one is an unfinished build. It carries its own digest, and that of
every file beside it. Nothing in it depends on when or how often a build was interrupted: the same texts, settings and
tokenizer give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from zaphod.core.errors import ConfigError, CorruptFileError

MANIFEST = "manifest.json"
FORMAT = "zaphod-shards"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file: its name in the folder, its size and its SHA-256."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One shard: tokens, index of documents, lineage of documents."""

    tokens: FileEntry
    documents: FileEntry
    lineage: FileEntry
    num_documents: int
    num_tokens: int


@dataclass(frozen=True, kw_only=True)
class SourceEntry:
    """What one source gave; `licences` counts tokens by licence, "" for those that are unknown."""

    name: str
    num_documents: int
    num_tokens: int
    num_bytes: int
    """Of the texts as UTF-8."""
    licences: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StageEntry:
    """One stage: how it was set and what it did."""

    name: str
    settings: dict[str, Any]
    num_seen: int
    num_kept: int
    num_changed: int
    num_characters_seen: int
    num_characters_kept: int
    dropped: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class TokenizerEntry:
    """Which vocabulary the token ids belong to."""

    name: str
    digest: str
    vocab_size: int
    end_token_id: int | None
    """Closes every document, if the vocabulary has such a token."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All of `manifest.json`."""

    tokenizer: TokenizerEntry
    token_dtype: Literal["uint16", "uint32"]
    seed: int
    recipe: dict[str, Any]
    """The settings of the build, as its configuration has them."""
    sources: list[SourceEntry]
    domains: list[str]
    stages: list[StageEntry]
    shards: list[ShardEntry]
    num_documents: int
    num_tokens: int
    num_bytes: int
    format: str = FORMAT
    version: int = VERSION
    sha256: str = ""
    """Of this manifest with an empty text in this place."""

    def licences(self) -> dict[str, int]:
        """Tokens by licence, over all sources."""
        total: dict[str, int] = {}
        for source in self.sources:
            for licence, num_tokens in source.licences.items():
                total[licence] = total.get(licence, 0) + num_tokens
        return dict(sorted(total.items()))


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write it at once and durably; returns it with its digest."""
    signed = replace(manifest, sha256=_digest(manifest))
    unfinished = folder / (MANIFEST + ".partial")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(signed, order="deterministic"), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / MANIFEST)
    return signed


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished folder.

    Raises:
        ConfigError: there is none.
        CorruptFileError: it is damaged, or of a form that this program does not know.
    """
    file = folder / MANIFEST
    try:
        data = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(
            f"{folder} holds no {MANIFEST}.",
            "A folder of shards has one; it is written when the build is done.",
            "Finish the build with the command that began it: zaphod data build CONFIG --out FOLDER",
        ) from error
    _require_known_form(file, data)
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(file, str(error)) from error
    if manifest.sha256 != _digest(manifest):
        raise damaged(file, "its digest is another than the one it names")
    return manifest


def require_file(folder: Path, entry: FileEntry, *, verify: bool) -> Path:
    """The path of a file whose size, and if wanted whose digest, are those of the manifest.

    Raises:
        CorruptFileError: it is missing or another than it was.
    """
    if Path(entry.name).name != entry.name:
        raise damaged(folder / MANIFEST, f"it names the file {entry.name!r}, which is not in its folder")
    file = folder / entry.name
    size_bytes = file.stat().st_size if file.is_file() else None
    if size_bytes != entry.size_bytes:
        found = "it is missing" if size_bytes is None else f"it has {size_bytes} bytes instead of {entry.size_bytes}"
        raise damaged(file, found)
    if verify and sha256_of(file) != entry.sha256:
        raise damaged(file, "its SHA-256 is another than the manifest's")
    return file


def describe_file(file: Path) -> FileEntry:
    """The entry of a file that was just written."""
    return FileEntry(name=file.name, size_bytes=file.stat().st_size, sha256=sha256_of(file))


def sha256_of(file: Path) -> str:
    """The digest of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def damaged(file: Path, what: str) -> CorruptFileError:
    """The error for a file of a shard folder that is not what it was."""
    return CorruptFileError(
        f"{file} is damaged: {what}.",
        "Shards are read only as they were written.",
        "Copy the folder again, or build it again with its configuration.",
    )


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """SHA-256 of settings, whatever the order of their keys."""
    return hashlib.sha256(msgspec.json.encode(recipe, order="deterministic")).hexdigest()


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(replace(manifest, sha256=""), order="deterministic")).hexdigest()


def _require_known_form(file: Path, data: bytes) -> None:
    try:
        head = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(file, f"it is no JSON ({error})") from error
    form = (head.get("format"), head.get("version")) if isinstance(head, dict) else (None, None)
    if form != (FORMAT, VERSION):
        raise CorruptFileError(
            f"{file} is of the form {form[0]!r}, version {form[1]!r}.",
            f"This program reads {FORMAT!r}, version {VERSION}.",
            "Read it with the program that wrote it, or build the shards again.",
        )
