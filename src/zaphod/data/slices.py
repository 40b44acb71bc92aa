"""A slice of a source on its way through the stages: what is worked on at once; knows no order of work and no disk.

A run of stages without memory is a `Segment`. It can be sent to another process or machine: what travels is how its
stages are built, and whoever receives it builds equal ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import ByteTokenizer, Tokenizer, load_tokenizer
from zaphod.data.documents import Counters, Document, Source, Stage
from zaphod.data.shard_manifest import TokenizerEntry, sha256_of
from zaphod.data.shard_writer import PackedDocument


@dataclass(slots=True)
class Slice:
    """Some documents that follow each other in a source, and what has happened to them so far."""

    number: int
    """In the whole build."""
    source: str
    input_digest: str
    documents: list[Document]
    input_ids: dict[str, str] = field(default_factory=dict)
    """Digest of each document as the source gave it, by id."""
    counters: dict[int, Counters] = field(default_factory=dict)
    """By the stage's place in the build."""
    memories: dict[int, bytes] = field(default_factory=dict)
    """What stages that remember have learnt from this slice."""
    packed: list[PackedDocument] = field(default_factory=list)
    num_input_bytes: int = 0


Executor = Callable[["Segment", Iterator[Slice]], Iterator[Slice]]
"""Applies a segment to slices and gives them back in the same order."""


class SizedSource(Protocol):
    """A source that knows how much there is to read."""

    def size_bytes(self) -> int: ...


def cut(
    source: Source,
    *,
    first: int,
    domain: str,
    max_documents: int,
    max_characters: int,
    is_known: Callable[[Document, str], bool],
) -> Iterator[Slice]:
    """The slices of a source, numbered from `first`; documents that are known already are left out."""
    documents: list[Document] = []
    digests: dict[str, str] = {}
    num_characters = 0
    for document in source.documents():
        document = replace(
            document,
            source=source.name,
            licence=document.licence or source.licence,
            domain=document.domain or domain,
        )
        digest = document_digest(document)
        if is_known(document, digest):
            continue
        documents.append(document)
        digests[document.id] = digest
        num_characters += len(document.text)
        if len(documents) >= max_documents or num_characters >= max_characters:
            yield _slice(first, source.name, documents, digests)
            first, documents, digests, num_characters = first + 1, [], {}, 0
    if documents:
        yield _slice(first, source.name, documents, digests)


def document_digest(document: Document) -> str:
    """SHA-256 of what a source says of a document: text, time, licence, address, language, domain; not how it came.

    `metadata` is left out: it tells of the visit (when, by which server), not of the text.
    """
    known = (document.id, document.text, document.timestamp_s, document.licence, document.url, document.language)
    return hashlib.sha256(msgspec.msgpack.encode((*known, document.domain))).hexdigest()


def _slice(number: int, source: str, documents: list[Document], digests: dict[str, str]) -> Slice:
    return Slice(
        number=number,
        source=source,
        input_digest=hashlib.sha256("".join(digests.values()).encode()).hexdigest(),
        documents=documents,
        input_ids=digests,
        num_input_bytes=sum(len(document.text.encode("utf-8", "replace")) for document in documents),
    )


class Segment:
    """Stages without memory that follow each other, and packing if they are the last.

    Args:
        first: place of the first stage in the build.
        stages: in order.
        packer: if documents are to be packed afterwards.
    """

    def __init__(self, first: int, stages: Sequence[Stage], packer: Packer | None = None) -> None:
        self._first, self._stages, self._packer = first, list(stages), packer

    def __getstate__(self) -> tuple[Any, ...]:
        recipes = [(type(stage), dict(stage.settings())) for stage in self._stages]
        return self._first, recipes, None if self._packer is None else self._packer.name

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._first, recipes, tokenizer = state
        self._stages = [made(**settings) for made, settings in recipes]
        self._packer = None if tokenizer is None else Packer(tokenizer)

    def __call__(self, part: Slice) -> Slice:
        """The slice after these stages."""
        for place, stage in enumerate(self._stages, self._first):
            part.documents, part.counters[place] = apply(stage, part.documents)
        if self._packer is not None:
            part.packed, counters = self._packer.pack_all(part.documents)
            part.documents, part.counters[self._first + len(self._stages)] = [], counters
        return part


def apply(stage: Stage, documents: Iterable[Document]) -> tuple[list[Document], Counters]:
    """What a stage lets through of these documents, and what it counted for them alone."""
    stage.counters = Counters()
    kept = list(stage(documents))
    return kept, stage.counters


def in_process(segment: Segment, slices: Iterator[Slice]) -> Iterator[Slice]:
    """The executor that needs nothing: one slice after the other, here."""
    return map(segment, slices)


class Packer:
    """Turns texts into token ids.

    Args:
        name: `"bytes"`, a tokenizer file, or a folder that holds one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.tokenizer, digest = open_tokenizer(name)
        stops = self.tokenizer.eos_token_ids
        self.entry = TokenizerEntry(
            name=Path(name).name,
            digest=digest,
            vocab_size=self.tokenizer.vocab_size,
            end_token_id=stops[0] if stops else None,
        )

    def pack_all(self, documents: Iterable[Document]) -> tuple[list[PackedDocument], Counters]:
        """Those that have tokens, and the count of all."""
        packed, counters = [], Counters()
        for document in documents:
            counters.see(document)
            candidate = self.pack(document)
            if len(candidate.token_ids):
                counters.keep(document)
                packed.append(candidate)
            else:
                counters.drop("no tokens")
        return packed, counters

    def pack(self, document: Document) -> PackedDocument:
        """Names of special tokens in the text are ordinary text; the document is closed by the end token."""
        data = document.text.encode("utf-8", "replace")
        token_ids = self.tokenizer.encode(data.decode(), allow_special=False)
        if self.entry.end_token_id is not None:
            token_ids = [*token_ids, self.entry.end_token_id]
        return PackedDocument(
            token_ids=np.asarray(token_ids, np.uint32),
            lineage=_lineage(document, data),
            source=document.source,
            licence=document.licence,
            domain=document.domain,
            timestamp_s=document.timestamp_s,
            num_bytes=len(data),
        )


def _lineage(document: Document, data: bytes) -> bytes:
    return msgspec.json.encode(
        {
            "id": document.id,
            "url": document.url,
            "source": document.source,
            "licence": document.licence,
            "language": document.language,
            "domain": document.domain,
            "timestamp_s": document.timestamp_s,
            "stages": document.lineage,
            "metadata": dict(document.metadata),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )


def open_tokenizer(name: str) -> tuple[Tokenizer, str]:
    """A tokenizer and its digest.

    Args:
        name: `"bytes"`, a file `tokenizer.json` or `tokenizer.model`, or a folder with one of them.

    Raises:
        ConfigError: there is none.
        TokenizerError: it is malformed.
    """
    if name == "bytes":
        return ByteTokenizer(), hashlib.sha256(b"bytes").hexdigest()
    place = Path(name)
    main = next((place / file for file in _TOKENIZER_FILES if (place / file).is_file()), place)
    if not main.is_file():
        raise ConfigError(
            f"{place} is no tokenizer.",
            f'It is {" or ".join(_TOKENIZER_FILES)}, a folder with one of them, or "bytes".',
            "Train one: zaphod tokenizer train TEXT --out FOLDER",
        )
    kind = "tokenizer.model" if main.suffix == ".model" else "tokenizer.json"
    beside = {file.name: file for file in main.parent.iterdir() if file.name in _SETTINGS_FILES}
    return load_tokenizer({**beside, kind: main}, {}), sha256_of(main)


_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model")
_SETTINGS_FILES = ("tokenizer_config.json", "special_tokens_map.json", "generation_config.json")
