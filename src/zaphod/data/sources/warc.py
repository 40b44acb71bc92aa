"""Documents from web archives: WARC with its responses, WET with its texts; knows no page's content.

Records are read by warcio, gzip or plain. A file that was cut ends with an error behind its last whole record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zaphod.core.errors import ConfigError, CorruptFileError, MissingExtraError
from zaphod.data.documents import Document
from zaphod.data.sources.bounded import MAX_BYTES, GzipMembers, decoded, unpacked
from zaphod.data.sources.http_bodies import charset_of, joined_chunks

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

_READ: Final = frozenset({"text/html", "application/xhtml+xml", "text/plain", "text/markdown"})


class WarcSource:
    """Every text in WARC and WET files, one document for each successful response or conversion.

    A record that holds no text, or too much, is left out and counted in `skipped`. An address that occurs again gets
    the time of its capture into its id.

    Args:
        paths: files, in order.
        licence: SPDX expression, empty where it is not known, which is the rule on the web.
        name: how documents name this source.
        max_record_bytes: larger records are left out, and those that unpack to more.

    Raises:
        ConfigError: a file is missing.
        MissingExtraError: warcio is not installed.
    """

    def __init__(
        self,
        *,
        paths: tuple[str, ...],
        licence: str = "",
        name: str = "web",
        max_record_bytes: int = MAX_BYTES,
    ) -> None:
        self.paths, self.licence, self.name, self.max_record_bytes = tuple(paths), licence, name, max_record_bytes
        self.skipped: Counter[str] = Counter()
        for path in self.paths:
            if not Path(path).is_file():
                raise ConfigError(f"{path} is no file.", "Web archives are files.", "Check the path.")

    def settings(self) -> Mapping[str, Any]:
        return {
            "paths": list(self.paths),
            "licence": self.licence,
            "name": self.name,
            "max_record_bytes": self.max_record_bytes,
        }

    def documents(self) -> Iterator[Document]:
        """All documents of all files.

        Raises:
            CorruptFileError: a file is cut or is no web archive; everything before has been given.
        """
        ids: set[int] = set()
        for path in self.paths:
            for record in records(Path(path), self.max_record_bytes):
                document = self._document(record)
                if document is not None:
                    yield _with_own_id(document, ids)

    def _document(self, record: Record) -> Document | None:
        try:
            media_type, text, published_s = record.content(self.max_record_bytes)
        except _UnreadError as error:
            self.skipped[str(error)] += 1
            return None
        except CorruptFileError as error:
            self.skipped[type(error).__name__] += 1
            return None
        url = record.header("WARC-Target-URI")
        captured_s = _seconds_of(record.header("WARC-Date"))
        return Document(
            id=url or record.header("WARC-Record-ID"),
            url=url,
            text=text,
            timestamp_s=captured_s if published_s is None else published_s,
            source=self.name,
            licence=self.licence,
            metadata={"media_type": media_type, "captured": record.header("WARC-Date")},
        )


class _UnreadError(Exception):
    """A record holds no text for us; its message says why."""


class Record:
    """One record of a web archive: its kind, its headers, and its bytes."""

    def __init__(self, kind: str, headers: Mapping[str, str], content: bytes) -> None:
        self.kind = kind
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._content = content

    def header(self, name: str) -> str:
        """The value of a header, empty where it is missing."""
        return self._headers.get(name.lower(), "").strip().encode("utf-8", "replace").decode()

    def content(self, max_bytes: int) -> tuple[str, str, float | None]:
        """Media type, text, and the time since when it is so."""
        if self.kind == "conversion":
            return "text/plain", decoded(self._content, "utf-8"), None
        if self.kind == "resource":
            return self._read(self.header("Content-Type"), self._content)
        if self.kind == "response":
            return self._response(max_bytes)
        raise _UnreadError(f"{self.kind} record")

    def _response(self, max_bytes: int) -> tuple[str, str, float | None]:
        status, headers, body = http_parts(self._content)
        if status != 200:
            raise _UnreadError(f"status {status}")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = joined_chunks(body)
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            body = unpacked(body, self.header("WARC-Target-URI"), max_bytes)
        elif encoding not in ("", "identity"):
            raise _UnreadError("unknown content encoding")
        media_type, text, _ = self._read(headers.get("content-type", ""), body)
        return media_type, text, _http_seconds(headers.get("last-modified", ""))

    def _read(self, content_type: str, body: bytes) -> tuple[str, str, float | None]:
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in _READ:
            raise _UnreadError("no text")
        return media_type, decoded(body, charset_of(content_type)), None


def records(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[Record]:
    """Every record of a file; of those with more than `max_bytes` the kind is `too large` and the bytes are missing.

    Raises:
        CorruptFileError: the file is cut or no web archive, behind its last whole record.
    """
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
    except ImportError as error:
        raise MissingExtraError("warcio", "data") from error
    num_read = 0
    with path.open("rb") as file:
        try:
            for found in ArchiveIterator(GzipMembers(file, str(path)), no_record_parse=True):
                yield _record(found, max_bytes)
                num_read += 1
        except (ArchiveLoadFailed, EOFError, ValueError, CorruptFileError, _CutError) as error:
            raise CorruptFileError(
                f"{path} breaks off or is damaged behind record {num_read:,}: {_reason(error)}.",
                "A web archive is a row of whole records.",
                "What stood before has been read; fetch the file again for the rest.",
            ) from error


def _reason(error: Exception) -> str:
    return error.found.rstrip(".") if isinstance(error, CorruptFileError) else str(error) or type(error).__name__


class _CutError(Exception):
    """A record has fewer bytes than it says."""


def _record(found: ArcWarcRecord, max_bytes: int) -> Record:
    headers = dict(found.rec_headers.headers)
    declared = found.rec_headers.get_header("Content-Length")
    if not declared:
        raise _CutError("a record does not say how long it is")
    length = int(declared)
    if length > max_bytes:
        return Record("too large", headers, b"")
    content = found.raw_stream.read()
    if len(content) < length:
        raise _CutError(f"a record of {length:,} bytes has {len(content):,}")
    return Record(found.rec_type or "unknown", headers, content)


def http_parts(message: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and body of a stored HTTP response; status 0 where it is none."""
    head, _, body = message.partition(b"\r\n\r\n")
    if b"\n\n" in head:
        head, _, body = message.partition(b"\n\n")
    lines = head.decode("latin-1").splitlines()
    words = lines[0].split(None, 2) if lines else []
    if len(words) < 2 or not words[0].startswith("HTTP/") or not (words[1].isascii() and words[1].isdigit()):
        return 0, {}, body
    pairs = (line.partition(":") for line in lines[1:])
    return int(words[1][:9]), {name.strip().lower(): value.strip() for name, _, value in pairs}, body


def _with_own_id(document: Document, ids: set[int]) -> Document:
    if hash(document.id) in ids:
        document = replace(document, id=f"{document.id} {document.metadata['captured']}")
    ids.add(hash(document.id))
    return document


def _seconds_of(date: str) -> float | None:
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _http_seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError, OSError):
        return None
