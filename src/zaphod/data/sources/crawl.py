"""Walks the allowed hosts from some addresses and writes what it gets into a web archive; reads no text but links.

What a server said of each page (ETag, Last-Modified) is kept beside the archives, so that the next walk fetches only
what has changed. Each archive is complete when it has its final name.
"""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Final
from urllib.parse import urldefrag, urljoin

from zaphod.core.errors import ConfigError, DownloadError, MissingExtraError
from zaphod.core.progress import SILENT, Progress
from zaphod.data.sources.bounded import decoded
from zaphod.data.sources.fetcher import Fetched, Fetcher, Validators
from zaphod.data.sources.http_bodies import charset_of

_STATE: Final = "validators.json"
_LEFT_OUT: Final = frozenset({"content-encoding", "transfer-encoding", "content-length", "set-cookie", "connection"})
"""Headers that do not hold for the unpacked body, or that are nobody else's business."""
_MAX_LINKS: Final = 5000


@dataclass(frozen=True, kw_only=True)
class CrawlOptions:
    """How far a walk goes.

    Args:
        max_pages: requests for pages, at most.
        max_depth: links followed from a first address; 0 fetches only these.
    """

    max_pages: int = 1000
    max_depth: int = 0


@dataclass(frozen=True, kw_only=True)
class CrawlReport:
    """What a walk did: the archive (None if it would have been empty), and counts of outcomes."""

    archive: Path | None
    outcomes: Counter[str]


async def crawl(
    urls: list[str], folder: Path, fetcher: Fetcher, options: CrawlOptions = CrawlOptions(), progress: Progress = SILENT
) -> CrawlReport:
    """Fetch pages, and those that they link to on allowed hosts, into one new archive in the folder.

    An interruption leaves a file that ends in `.part`, whose records can be read, and the validators of before.

    Raises:
        ConfigError: the folder's validators are damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder / _STATE)
    name = datetime.now(UTC).strftime("crawl-%Y%m%d-%H%M%S-%f.warc.gz")
    part = folder / f"{name}.part"
    outcomes: Counter[str] = Counter()
    with part.open("wb") as file, progress.step("fetching", options.max_pages, "pages") as advance:
        archive = _Archive(file)
        async for answer in _walk(urls, fetcher, options, known, outcomes):
            archive.add(answer)
            known[answer.url] = answer.validators
            advance(1)
    if not archive.num_records:
        part.unlink()
        return CrawlReport(archive=None, outcomes=outcomes)
    os.replace(part, folder / name)
    _remember(folder / _STATE, known)
    return CrawlReport(archive=folder / name, outcomes=outcomes)


async def _walk(
    urls: list[str], fetcher: Fetcher, options: CrawlOptions, known: dict[str, Validators], outcomes: Counter[str]
) -> AsyncIterator[Fetched]:
    """New answers, in the order in which they come; a page that has not changed is not asked for its links."""
    waiting = deque((urldefrag(url).url, 0) for url in urls)
    seen = {url for url, _ in waiting}
    num_asked = 0
    while waiting and num_asked < options.max_pages:
        url, depth = waiting.popleft()
        num_asked += 1
        try:
            answer = await fetcher.fetch(url, known.get(url, Validators()))
        except DownloadError as error:
            outcomes[error.found.rpartition(": ")[2]] += 1
            continue
        outcomes[f"status {answer.status}"] += 1
        if answer.status != 200:
            continue
        yield answer
        for link in links(answer) if depth < options.max_depth else ():
            if link not in seen and _is_allowed(fetcher, link):
                seen.add(link)
                waiting.append((link, depth + 1))


def _is_allowed(fetcher: Fetcher, url: str) -> bool:
    try:
        fetcher.check(url)
    except DownloadError:
        return False
    return True


def links(answer: Fetched) -> Iterator[str]:
    """Addresses that a page links to, without those it asks not to follow."""
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() not in (
        "text/html",
        "application/xhtml+xml",
    ):
        return
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    text = decoded(answer.body, charset_of(answer.headers.get("content-type", "")))
    try:
        page = document_fromstring(text.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError):
        return
    for element in page.xpath("//a[@href]")[:_MAX_LINKS]:
        if "nofollow" not in (element.get("rel") or "").lower().split():
            try:
                yield urldefrag(urljoin(answer.url, element.get("href").strip())).url
            except ValueError:
                continue


class _Archive:
    """Writes answers as WARC records, each compressed by itself."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            from warcio.warcwriter import WARCWriter
        except ImportError as error:
            raise MissingExtraError("warcio", "data") from error
        self._writer = WARCWriter(file, gzip=True)
        self.num_records = 0

    def add(self, answer: Fetched) -> None:
        from warcio.statusandheaders import StatusAndHeaders

        kept = [(name, value) for name, value in answer.headers.items() if name not in _LEFT_OUT]
        head = StatusAndHeaders(f"{answer.status} OK", [*kept, ("content-length", str(len(answer.body)))], "HTTP/1.1")
        date = datetime.fromtimestamp(answer.fetched_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = self._writer.create_warc_record(
            answer.url,
            "response",
            payload=BytesIO(answer.body),
            length=len(answer.body),
            http_headers=head,
            warc_headers_dict={"WARC-Date": date},
        )
        self._writer.write_record(record)
        self.num_records += 1


def _known(path: Path) -> dict[str, Validators]:
    if not path.exists():
        return {}
    try:
        return {
            url: Validators(etag=str(row[0]), last_modified=str(row[1]))
            for url, row in json.loads(path.read_text()).items()
        }
    except (ValueError, AttributeError, LookupError, TypeError) as error:
        raise ConfigError(
            f"{path} is damaged: {error}.",
            "It says what servers said of each page.",
            "Delete it: everything is fetched anew.",
        ) from error


def _remember(path: Path, known: dict[str, Validators]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps({url: [kept.etag, kept.last_modified] for url, kept in known.items()}))
    os.replace(part, path)
