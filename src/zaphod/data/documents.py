"""What a document is and what a stage may do with it; knows no source, no filter and no file format."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

CAPTURED = "captured"
"""Key of `metadata` under which a fetcher says when it fetched (ISO 8601); freshness counts from there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One text and where it comes from.

    `timestamp_s` is the time of publication (seconds since 1970, UTC), None when nobody says. `licence` is an SPDX
    identifier, "" when unknown. `lineage` names the stages that it has passed, in order. Letters that UTF-8 cannot
    hold do not occur in `text`: sources replace them.
    """

    id: str
    text: str
    url: str = ""
    timestamp_s: float | None = None
    source: str = ""
    licence: str = ""
    language: str = ""
    domain: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    lineage: tuple[str, ...] = ()

    def passed(self, stage: str, **changes: Any) -> "Document":
        """This document after a stage let it through, with what the stage changed."""
        return replace(self, lineage=(*self.lineage, stage), **changes)


@dataclass(slots=True)
class Counters:
    """What one stage has seen: documents, characters, and the reasons for which it dropped some."""

    num_seen: int = 0
    num_kept: int = 0
    num_changed: int = 0
    num_characters_seen: int = 0
    num_characters_kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def see(self, document: Document) -> None:
        self.num_seen += 1
        self.num_characters_seen += len(document.text)

    def keep(self, document: Document, *, changed: bool = False) -> None:
        self.num_kept += 1
        self.num_changed += changed
        self.num_characters_kept += len(document.text)

    def drop(self, reason: str) -> None:
        self.dropped[reason] += 1

    def add(self, other: "Counters") -> None:
        """Add what another run of the same stage has counted."""
        self.num_seen += other.num_seen
        self.num_kept += other.num_kept
        self.num_changed += other.num_changed
        self.num_characters_seen += other.num_characters_seen
        self.num_characters_kept += other.num_characters_kept
        self.dropped.update(other.dropped)


class Source(Protocol):
    """Where documents come from: the same ones in the same order each time, until what is read has changed.

    `licence` is that of documents which bring none of their own. Each document's `id` is unique in the source and stays
    the same when the text changes (a URL, a path).
    """

    name: str
    licence: str

    def settings(self) -> Mapping[str, Any]: ...

    def documents(self) -> Iterator[Document]: ...


class Stage(Protocol):
    """Documents in, those worth keeping out, in the same order.

    `settings()` are the keyword arguments that build an equal stage, `type(stage)(**stage.settings())`, as plain
    values that JSON can hold: a run is described by them, and a worker builds its own stage from them. A stage keeps
    nothing from one document to the next, so that any slice may be worked on anywhere; one that must is a
    `RememberingStage`. A document that passes is handed on by `document.passed(self.name, ...)`.
    """

    name: str
    counters: Counters

    def settings(self) -> Mapping[str, Any]: ...

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]: ...


@runtime_checkable
class RememberingStage(Stage, Protocol):
    """A stage that judges a document by those before it, as deduplication does.

    It sees every document once, in order, in one process. What it has learnt since it was last asked is handed over
    as bytes and written down beside each finished slice; a later run, or the next snapshot, recalls it. The same `id`
    comes again when a snapshot brings a changed text: a document is no duplicate of what had its own id before.
    """

    def take_memory(self) -> bytes: ...

    def recall(self, memory: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Dropped:
    """The verdict that a document goes no further, and why: a short lower-case reason without its figures."""

    reason: str


class DocumentStage:
    """A stage that judges one document at a time; subclasses give `name`, `settings` and `judge`."""

    name: str

    def __init__(self) -> None:
        self.counters = Counters()

    def settings(self) -> Mapping[str, Any]:
        return {}

    def judge(self, document: Document) -> Document | Dropped:
        """The document, changed or not and without a new line in its lineage, or why it is dropped."""
        raise NotImplementedError

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            self.counters.see(document)
            verdict = self.judge(document)
            if isinstance(verdict, Dropped):
                self.counters.drop(verdict.reason)
            else:
                self.counters.keep(verdict, changed=verdict.text != document.text)
                yield verdict.passed(self.name)
