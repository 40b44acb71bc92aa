"""How much of pages' main text is found and how much else, against what the pages' generators say is main.

    python -m benchmarks.data_extraction [--count 400]

Pages are the HTML documentation on this machine whose generator is known: each names the element of its text, or the
parts that only navigate. These labels are read from the page's elements by rules of this file, one for each generator;
our extractor does not know them. Scores compare words with their counts: precision, recall and F1, averaged over pages.
Manual pages are compared with what groff sets of them (`man -l`). Beside ours trafilatura, with precision favoured, and
all text of the page. Seconds are of CPU, of one core.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxml import html as lxml_html

from benchmarks.common import publish, spread
from zaphod.data.extraction.main_text import main_text
from zaphod.data.extraction.man_pages import text_of_man_page
from zaphod.data.extraction.precise import precise_text
from zaphod.data.sources.bounded import decoded

Scores = tuple[float, float, float]

_PLACES = ("/usr/share/doc", "/usr/share/gtk-doc", "/usr/lib/node_modules/npm/docs")
_NAVIGATION = "//div[@class='navheader' or @class='navfooter']"
_TABLE = "//table[contains(@class,'navigation')]"
_TEXINFO = "//div[@class='header']|//div[contains(@class,'nav-panel')]"
_PERMALINKS = "//a[@class='headerlink']|//nav[contains(@class,'contents')]"
_LABELS: tuple[tuple[str, str, str, str], ...] = (
    ("Node.js", "//*[@id='apicontent']", "//*[@id='apicontent']", ""),
    ("npm", "//*[@id='content']", "//*[@id='content']", "//*[@id='_table_of_contents']"),
    ("Sphinx", "//div[@role='main']", "//div[@role='main']", _PERMALINKS),
    ("gtk-doc", _TABLE, "//body", f"{_TABLE}|//div[@class='footer']|//div[@class='toc']"),
    (
        "DocBook",
        f"{_NAVIGATION}|//table//a[@accesskey]",
        "//body",
        f"{_NAVIGATION}|//table[.//a[@accesskey]]|//div[@class='toc']",
    ),
    ("Texinfo", "//div[@class='header']//a[@accesskey]|//div[contains(@class,'nav-panel')]", "//body", _TEXINFO),
)
"""A generator, what shows that a page is of it, where its text is, and what of that is not."""


def words(text: str) -> Counter[str]:
    """Words and how often each comes."""
    return Counter(re.findall(r"\w+", text))


def score(found: Counter[str], wanted: Counter[str]) -> Scores:
    """Precision, recall and F1."""
    common = (found & wanted).total()
    precision, recall = common / max(1, found.total()), common / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def labelled_pages() -> Iterator[tuple[str, str, bytes, Counter[str]]]:
    """Generator, path, bytes and main words of each page whose generator is known."""
    for path in sorted(path for place in _PLACES for path in Path(place).rglob("*.html") if path.is_file()):
        data = path.read_bytes()
        if not data.strip():
            continue
        tree = lxml_html.document_fromstring(data)
        for generator, shows, main, without in _LABELS:
            if tree.xpath(shows):
                for element in tree.xpath("//script|//style" + (f"|{without}" if without else "")):
                    if element.getparent() is not None:
                        element.drop_tree()
                wanted = words(" ".join(" ".join(part.itertext()) for part in tree.xpath(main)[:1]))
                if wanted.total() >= 30:
                    yield generator, str(path), data, wanted
                break


def everything(html: str) -> str:
    """All text of a page but its scripts."""
    tree = lxml_html.document_fromstring(html.encode())
    for element in tree.xpath("//script|//style"):
        element.drop_tree()
    return str(tree.text_content())


_WAYS: dict[str, Callable[[str], str]] = {"Zaphod": main_text, "trafilatura": precise_text, "all text": everything}


def pages(count: int) -> tuple[dict[str, dict[str, list[Scores]]], dict[str, list[float]]]:
    """Scores of each way by generator, and each way's MB/s in three rounds."""
    found = list(labelled_pages())
    random.Random(1).shuffle(found)
    found = found[:count]
    scores: dict[str, dict[str, list[Scores]]] = defaultdict(lambda: defaultdict(list))
    speeds: dict[str, list[float]] = defaultdict(list)
    size_mb = sum(len(data) for _, _, data, _ in found) / 1e6
    for round_number in range(3):
        for name, way in _WAYS.items():
            start = time.process_time()
            texts = [way(decoded(data)) for _, _, data, _ in found]
            speeds[name].append(size_mb / (time.process_time() - start))
            if round_number == 0:
                for (generator, _, _, wanted), text in zip(found, texts, strict=True):
                    scores[generator][name].append(score(words(text), wanted))
    return scores, speeds


def manuals(count: int) -> tuple[list[Scores], float]:
    """Scores of manual pages against groff's, and MB/s."""
    paths = sorted(Path("/usr/share/man").glob("man[1-8]/*.gz"))
    paths = random.Random(1).sample(paths, min(count, len(paths)))
    sources = [decoded(gzip.decompress(path.read_bytes())) for path in paths]
    start = time.process_time()
    texts = [text_of_man_page(source) for source in sources]
    speed = sum(map(len, sources)) / 1e6 / (time.process_time() - start)
    found = []
    for path, text in zip(paths, texts, strict=True):
        environment = {"MANWIDTH": "100000", "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        set_text = subprocess.run(
            ["man", "-Tutf8", "-l", str(path)], capture_output=True, text=True, env=environment
        ).stdout
        wanted = words(re.sub(r"\x1b\[[0-9;]*m|.\x08", "", set_text))
        if wanted.total() >= 30:
            found.append(score(words(text), wanted))
    return found, speed


def mean(rows: list[Scores]) -> str:
    """Mean precision, recall and F1."""
    return " / ".join(f"{sum(row[place] for row in rows) / len(rows):.3f}" for place in range(3))


def main() -> None:
    """Measure, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    arguments = parser.parse_args()
    scores, speeds = pages(arguments.count)
    lines = [
        "Precision / recall / F1, means over pages.",
        "",
        "| generator | pages | " + " | ".join(_WAYS) + " |",
        "|---" * 5 + "|",
    ]
    total: dict[str, list[Scores]] = defaultdict(list)
    for generator, ways in sorted(scores.items()):
        lines.append(
            f"| {generator} | {len(ways['Zaphod'])} | " + " | ".join(mean(ways[name]) for name in _WAYS) + " |"
        )
        for name in _WAYS:
            total[name] += ways[name]
    lines.append(f"| **all** | {len(total['Zaphod'])} | " + " | ".join(mean(total[name]) for name in _WAYS) + " |")
    lines.append("| MB/s of HTML | | " + " | ".join(f"{spread(speeds[name])['median']:.2f}" for name in _WAYS) + " |")
    result: dict[str, Any] = {"pages": scores, "speeds": speeds}
    if shutil.which("man") and shutil.which("groff"):
        found, speed = manuals(arguments.count)
        result["manuals"] = found
        lines += ["", f"{len(found)} manual pages against groff: {mean(found)}; {speed:.1f} MB/s."]
    else:
        lines += ["", "Manual pages: not run, man or groff is not installed."]
    publish("data_extraction", result, "\n".join(lines))


if __name__ == "__main__":
    main()
