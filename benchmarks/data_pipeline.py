"""A crawl of this machine's own documentation, with what should not pass injected under known labels, into shards.

A server on the loopback serves the HTML pages and READMEs under /usr/share/doc, and pages of spam, exact and near
copies, other languages, and personal data. They are crawled into a web archive, built into a snapshot, and later a few
new pages are crawled and built into the next one. Real pages carry no label: how many of them each stage drops is told,
not judged. Stages run in this process, on one core.

    python -m benchmarks.data_pipeline [--pages 300] [--injected 120] [--repeats 3]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import html
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.common import publish
from zaphod.data.build_config import BuildConfig, Component
from zaphod.data.components import make_source, make_stage
from zaphod.data.documents import Document
from zaphod.data.extraction.stage import Extraction
from zaphod.data.pipeline import Build
from zaphod.data.shards import ShardSet
from zaphod.data.snapshots import Snapshot, SnapshotReport, take_snapshot
from zaphod.data.sources.crawl import CrawlOptions, crawl
from zaphod.data.sources.fetcher import Fetcher, FetchOptions
from zaphod.data.sources.folders import FolderSource
from zaphod.data.tokenizer_training import TokenizerTraining, save_tokenizer, train_tokenizer
from zaphod.study.intervals import wilson

STAGES = (
    "extraction",
    "language",
    "gopher_repetition",
    "gopher_quality",
    "exact_duplicates",
    "near_duplicates",
    "personal_data",
)
OWN_STAGES = {
    "spam": ("gopher_repetition", "gopher_quality"),
    "foreign": ("language",),
    "copy": ("exact_duplicates",),
    "near": ("near_duplicates",),
}
LANGUAGES = ("de", "fr", "es", "it", "pl", "ru", "ja", "zh_CN")
PITCHES = (
    *("buy", "cheap", "pills", "now", "best", "price", "click", "here"),
    *("limited", "offer", "win", "money", "free", "casino", "act", "fast"),
)

Pages = dict[str, tuple[str, str]]
"""Media type and content by path; the first part of a path is its label."""


def real_pages(count: int, seed: int) -> Pages:
    """HTML pages and READMEs of the machine, chosen at random."""
    root = Path("/usr/share/doc")
    files = [*root.rglob("*.html"), *root.glob("*/README*")]
    files = sorted({file.resolve() for file in files if file.is_file() and 500 < file.stat().st_size < 400_000})
    random.Random(seed).shuffle(files)
    pages: Pages = {}
    for file in files[:count]:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        is_html = file.suffix == ".html"
        name = f"/real/{len(pages)}{'.html' if is_html else '.txt'}"
        pages[name] = ("text/html" if is_html else "text/plain", data.decode("utf-8", "replace"))
    return pages


def page_of(title: str, paragraphs: list[str]) -> str:
    """A page with the usual things around its text."""
    body = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in paragraphs if paragraph.strip())
    menu = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("home", "about", "contact", "shop"))
    return (
        f"<html><head><title>{html.escape(title)}</title></head><body><nav><ul>{menu}</ul></nav><main>"
        f"<h1>{html.escape(title)}</h1>\n{body}</main><footer>All rights reserved.</footer></body></html>"
    )


def texts_of(pages: Pages) -> list[str]:
    """Extracted texts of some length that the rules of quality let pass: what good pages are made of."""
    documents = [Document(id=n, text=t, metadata={"media_type": kind}) for n, (kind, t) in pages.items()]
    texts = [document for document in Extraction()(documents) if 1500 < len(document.text) < 40_000]
    for kind in ("language", "gopher_repetition", "gopher_quality"):
        texts = list(make_stage(Component(kind=kind))(texts))
    return [document.text for document in texts]


def injected_pages(pages: Pages, count: int, seed: int) -> tuple[Pages, dict[str, list[str]]]:
    """So many pages of each label, and the personal data that stand in each page."""
    rng = random.Random(seed)
    texts = texts_of(pages)
    made: Pages = {}
    personal: dict[str, list[str]] = {}
    for number in range(count):
        made[f"/spam/{number}"] = ("text/html", page_of("Offer", spam(number, rng)))
        text = rng.choice(texts)
        # Copies come last, so that what they copy was there before: a page of its own for each.
        made[f"/first/{number}"] = ("text/html", page_of("Guide", [f"Edition {rng.random()}.", *_shuffled(text, rng)]))
        made[f"/copy/{number}"] = made[f"/first/{number}"]
        made[f"/near/{number}"] = ("text/html", _nearly(made[f"/first/{number}"][1], rng))
        data = personal_data(rng)
        mixed = [*_shuffled(text, rng), f"Write to {data[0]} or call {data[1]}; pay to {data[2]} from {data[3]}."]
        made[f"/personal/{number}"] = ("text/html", page_of("Contact", mixed))
        personal[f"/personal/{number}"] = data
    for number, text in enumerate(foreign_texts(count)):
        made[f"/foreign/{number}"] = ("text/html", page_of("Seite", text.split("\n\n")))
    return made, personal


def spam(number: int, rng: random.Random) -> list[str]:
    """One of four kinds."""
    kind = number % 4
    if kind == 0:
        return [" ".join(rng.choice(PITCHES) for _ in range(300))]
    if kind == 1:
        return [f"Item {rng.randrange(99)}" for _ in range(40)]
    if kind == 2:
        return [" ".join("".join(rng.choices("bcdfgxyz0123#", k=rng.randrange(2, 18))) for _ in range(200))]
    sentence = " ".join(rng.choice(PITCHES) for _ in range(12))
    return [f"{sentence}!"] * 25


def foreign_texts(count: int) -> list[str]:
    """Manual pages in other languages, in turns."""
    found: list[list[str]] = []
    for language in LANGUAGES:
        folder = Path("/usr/share/man") / language
        if folder.is_dir():
            documents = Extraction()(FolderSource(folder=str(folder), name="man").documents())
            # Some pages are not translated after all: they have English's commonest words.
            found.append([d.text for d in documents if len(d.text) > 2000 and not _is_english(d.text)][: count // 2])
    mixed = [texts[n] for n in range(count) for texts in found if n < len(texts)]
    return mixed[:count]


def _is_english(text: str) -> bool:
    words = text.lower().split()
    return sum(word in ("the", "of", "and", "to", "is") for word in words) > 0.05 * len(words)


def personal_data(rng: random.Random) -> list[str]:
    """An e-mail address, a telephone number, an IBAN with its check digits, and an IP address."""
    name = "".join(rng.choices("abcdefghijklmnop", k=8))
    phone = f"+44 20 7946 0{rng.randrange(100, 999)}"
    account = f"{rng.randrange(10**17, 10**18)}"
    check = 98 - int(f"{account}131400") % 97
    return [
        f"{name}@mail-{name[:3]}.org",
        phone,
        f"DE{check:02}{account}",
        f"81.{rng.randrange(2, 250)}.17.{rng.randrange(2, 250)}",
    ]


def _shuffled(text: str, rng: random.Random) -> list[str]:
    """The text's words, four and four in another order: no other page has its runs of five words."""
    words = text.split()
    pieces = [words[n : n + 4] for n in range(0, len(words), 4)]
    rng.shuffle(pieces)
    return [" ".join(word for piece in pieces[n : n + 20] for word in piece) for n in range(0, len(pieces), 20)]


def _nearly(page: str, rng: random.Random) -> str:
    """One word in a hundred replaced: five-word shingles of both agree by about 0.9 (Jaccard)."""
    words = page.split(" ")
    for place, word in enumerate(words):
        if word.isalpha() and rng.random() < 0.01:
            words[place] = rng.choice(PITCHES)
    return " ".join(words)


@contextmanager
def serving(pages: Pages) -> Iterator[str]:
    """A server of these pages on the loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = pages.get(self.path, ("text/plain", ""))
            data = text.encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def crawl_into(folder: Path, base: str, paths: list[str]) -> tuple[Path, float]:
    """Fetch the pages into one archive; also the seconds that it took."""
    options = FetchOptions(allowed_hosts=("127.0.0.1",), delay_s=0.0, allows_private=True)

    async def walk() -> Path | None:
        async with Fetcher(options) as fetcher:
            wanted = [base + path for path in paths]
            return (await crawl(wanted, folder, fetcher, CrawlOptions(max_pages=len(wanted)))).archive

    started_s = time.monotonic()
    archive = asyncio.run(walk())
    assert archive is not None
    return archive, time.monotonic() - started_s


def config_for(archives: list[Path], tokenizer: Path) -> BuildConfig:
    """All stages with their published settings."""
    settings = {"paths": list(map(str, archives)), "name": "crawl"}
    return BuildConfig(
        sources=(Component(kind="web-archive", settings=settings),),
        stages=tuple(Component(kind=kind) for kind in STAGES),
        tokenizer=str(tokenizer),
        allow_unknown_licences=True,
    )


def trace(config: BuildConfig) -> tuple[dict[str, str], dict[str, Document]]:
    """Which stage drops each document, and what is left of the others; by path."""
    documents = list(make_source(config.sources[0]).documents())
    fate: dict[str, str] = {}
    for component in config.stages:
        kept = list(make_stage(component)(documents))
        for path in {_path(d) for d in documents} - {_path(d) for d in kept}:
            fate[path] = component.kind
        documents = kept
    return fate, {_path(document): document for document in documents}


def _path(document: Document) -> str:
    return "/" + document.url.split("/", 3)[3]


def score(fate: dict[str, str], kept: dict[str, Document], pages: Pages, personal: dict[str, list[str]]) -> list[str]:
    """Rows of the table: recall and precision by label."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for path in pages:
        by_label[path.split("/")[1]].append(path)
    rows = []
    for label, stages in OWN_STAGES.items():
        paths = by_label[label]
        dropped = sum(path in fate for path in paths)
        by_own = sum(fate.get(path) in stages for path in paths)
        others = [path for path, stage in fate.items() if stage in stages]
        real = sum(path.startswith("/real/") for path in others)
        wrong = sum(path.startswith(("/first/", "/personal/")) for path in others)
        clean = len(by_label["first"]) + len(by_label["personal"])
        cells = [label, " and ".join(stages), _rate(dropped, len(paths)), _rate(by_own, by_own + wrong)]
        cells += [_rate(wrong, clean), f"{real} of {len(by_label['real'])}"]
        rows.append(f"| {' | '.join(cells)} |")
    planted = [value for path, values in personal.items() if path in kept for value in values]
    left = sum(value in kept[path].text for path, values in personal.items() if path in kept for value in values)
    cells = ["personal data", "personal_data", _rate(len(planted) - left, len(planted)), "", "", ""]
    return [*rows, f"| {' | '.join(cells)} |"]


def _rate(count: int, total: int) -> str:
    if not total:
        return "none"
    low, high = wilson(count, total)
    return f"{count / total:.1%} ({count} of {total}; {low:.1%} to {high:.1%})"


def run(num_pages: int, num_injected: int, seed: int, scratch: Path) -> dict[str, Any]:
    """One crawl, one build for speed, two snapshots, and the fate of every page."""
    pages = real_pages(num_pages, seed)
    injected, personal = injected_pages(pages, num_injected, seed)
    texts = texts_of(pages)
    pages |= injected
    training = TokenizerTraining(vocab_size=8192)
    save_tokenizer(train_tokenizer(texts, training), training, scratch / "tokenizer")
    order = sorted(pages, key=lambda path: path.startswith(("/copy/", "/near/")))
    rng = random.Random(seed + 1)
    late = {f"/late/{n}": ("text/html", page_of("News", _shuffled(rng.choice(texts), rng))) for n in range(20)}
    with serving(pages | late) as base:
        archive, crawl_s = crawl_into(scratch / "archives", base, order)
        config = config_for([archive], scratch / "tokenizer")
        first = take_snapshot(config, scratch / "days", "1")
        later, _ = crawl_into(scratch / "archives", base, list(late))
        second = take_snapshot(config_for([archive, later], scratch / "tokenizer"), scratch / "days", "2")
    assert len(Snapshot.open(scratch / "days")) >= len(ShardSet.open(scratch / "days" / "1"))
    started_s = time.process_time()
    build = Build(config, scratch / "again")  # once more, with everything imported
    setup_s = time.process_time() - started_s
    report = build.run()
    fate, kept = trace(config)
    return {
        "rows": score(fate, kept, pages, personal),
        "num_pages": len(pages),
        "raw_mb": report.num_input_bytes / 1e6,
        "mb_per_cpu_s": report.num_input_bytes / 1e6 / report.cpu_s,
        "mb_per_s": report.num_input_bytes / 1e6 / report.seconds,
        "crawl_s": crawl_s,
        "kept": report.manifest.num_documents,
        "tokens": report.manifest.num_tokens,
        "setup_s": setup_s,
        "stage_s": stage_seconds(config),
        "lags_s": [_lag(snapshot) for snapshot in (first, second)],
        "unchanged": second.num_unchanged,
    }


def stage_seconds(config: BuildConfig) -> dict[str, float]:
    """CPU seconds of each stage alone, in order."""
    started_s = time.process_time()
    documents = list(make_source(config.sources[0]).documents())
    spent = {"reading the archive": time.process_time() - started_s}
    for component in config.stages:
        stage = make_stage(component)
        started_s = time.process_time()
        documents = list(stage(documents))
        spent[component.kind] = time.process_time() - started_s
    return spent


def _lag(report: SnapshotReport) -> float:
    assert report.freshness is not None
    return report.freshness.max_s


def table(results: list[dict[str, Any]]) -> str:
    """Speed and lag over the repeats; the labels' table of the first one."""
    first = results[0]
    speeds = [float(str(result["mb_per_cpu_s"])) for result in results]
    walls = [float(str(result["mb_per_s"])) for result in results]
    spent: dict[str, float] = first["stage_s"]
    lags = [result["lags_s"] for result in results]
    rows: list[str] = first["rows"]
    per_stage = ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
    return "\n".join(
        [
            "| injected | stages | dropped or taken out | precision on labelled pages | labelled good pages dropped "
            "| real pages dropped |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"{first['num_pages']} pages of {first['raw_mb']:.1f} MB, {first['kept']} documents of {first['tokens']:,} "
            "tokens kept.",
            f"End to end {statistics.median(speeds):.2f} MB of raw pages per CPU second (median of {len(speeds)}; "
            f"{min(speeds):.2f} to {max(speeds):.2f}), {statistics.median(walls):.2f} MB/s by the clock; "
            f"the stages are set up once before, in {first['setup_s']:.2f} CPU seconds.",
            f"CPU seconds by stage: {per_stage}.",
            f"From fetch to readable shard, the slowest document: {max(lag[0] for lag in lags):.1f} s for the first "
            f"snapshot, {max(lag[1] for lag in lags):.1f} s for the second with 20 new pages "
            f"({first['unchanged']} unchanged ones left out).",
        ]
    )


def main() -> None:
    """Repeat, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--injected", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    results = []
    for seed in range(options.repeats):
        with tempfile.TemporaryDirectory() as scratch:
            results.append(run(options.pages, options.injected, seed, Path(scratch)))
            print(json.dumps({k: v for k, v in results[-1].items() if k != "rows"}), file=sys.stderr)
    publish("data_pipeline", {"results": results}, table(results))


if __name__ == "__main__":
    main()
