"""Whether the rules of quality decide as datatrove's filters do, which made FineWeb, and how fast both are.

    python -m benchmarks.data_filters [--count 2000] [--seed 1] [--spacy SITE_PACKAGES]

Texts are what the machine's packages document, extracted, and as many generated pages of spam. datatrove cuts English
with spaCy: `--spacy` names a folder in which it is installed. Without it datatrove is given our words, so that only
the rules are compared; the result says which it was. Both read the same texts in turns; intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks import data_texts
from benchmarks.common import publish
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.c4 import C4Quality
from zaphod.data.filters.fineweb import FineWebQuality
from zaphod.data.filters.gopher_quality import GopherQuality
from zaphod.data.filters.repetition import Repetition
from zaphod.data.filters.sentences import num_sentences
from zaphod.data.filters.tokens import split_chunk
from zaphod.study.intervals import wilson

Pair = tuple[str, DocumentStage, Any]


def pairs() -> list[Pair]:
    """Our stage and datatrove's filter, with the same settings."""
    from datatrove.pipeline import filters

    return [
        ("Gopher quality", GopherQuality(), filters.GopherQualityFilter()),
        ("Gopher repetition", Repetition(), filters.GopherRepetitionFilter()),
        ("C4", C4Quality(), filters.C4QualityFilter()),
        (
            "C4 as in FineWeb",
            C4Quality(needs_terminal_mark=False),
            filters.C4QualityFilter(filter_no_terminal_punct=False),
        ),
        ("FineWeb", FineWebQuality(), filters.FineWebQualityFilter()),
    ]


def give_our_words() -> None:
    """Let datatrove cut texts as we do."""
    from datatrove.pipeline.filters import (
        c4_filters,
        fineweb_quality_filter,
        gopher_quality_filter,
        gopher_repetition_filter,
    )

    def words(text: str, language: str) -> list[str]:
        return [word for chunk in text.split() for word in split_chunk(chunk)]

    for module in (fineweb_quality_filter, gopher_quality_filter, gopher_repetition_filter):
        module.split_into_words = words
    c4_filters.split_into_sentences = lambda text, language: ["s"] * num_sentences(text)


def timed(deed: Callable[[], Any]) -> tuple[Any, float]:
    """What a deed gives, and its seconds of CPU."""
    start = time.process_time()
    return deed(), time.process_time() - start


def compare(pair: Pair, documents: list[Document], num_slices: int = 10) -> dict[str, Any]:
    """Verdicts, disagreements and speed; slices of the texts are read in turns."""
    from datatrove.data import Document as PeerDocument

    name, ours, theirs = pair
    row: dict[str, Any] = {"filter": name, "n": len(documents), "kept": 0, "texts_differ": 0, "disagreements": []}
    seconds, reasons = [0.0, 0.0], Counter[str]()
    for number in range(num_slices):
        part = documents[number::num_slices]
        verdicts, our_s = timed(lambda part=part: [ours.judge(document) for document in part])
        peers = [PeerDocument(text=document.text, id=document.id) for document in part]
        answers, their_s = timed(lambda peers=peers: [theirs.filter(peer) for peer in peers])
        seconds = [seconds[0] + our_s, seconds[1] + their_s]
        for document, verdict, answer, peer in zip(part, verdicts, answers, peers, strict=True):
            is_kept, is_kept_there = not isinstance(verdict, Dropped), answer is True
            row["kept"] += is_kept_there
            reasons[verdict.reason if isinstance(verdict, Dropped) else "kept"] += 1
            if is_kept != is_kept_there:
                row["disagreements"].append([document.source, document.id, str(verdict)[:80], str(answer)])
            elif is_kept:
                row["texts_differ"] += verdict.text != peer.text
    size_mb = sum(len(document.text.encode()) for document in documents) / 1e6
    row["ours_mb_s"], row["theirs_mb_s"] = size_mb / seconds[0], size_mb / seconds[1]
    row["reasons"] = dict(reasons.most_common())
    return row


def table(rows: list[dict[str, Any]], about: str) -> str:
    """The rows as Markdown, with each disagreement below."""
    lines = [
        about,
        "",
        "| filter | texts | kept by datatrove | same verdict | same text | ours MB/s | datatrove MB/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        same = row["n"] - len(row["disagreements"])
        low, high = wilson(same, row["n"])
        lines.append(
            f"| {row['filter']} | {row['n']:,} | {row['kept']:,} | {same / row['n']:.2%} [{low:.2%}, {high:.2%}] "
            f"| {1 - row['texts_differ'] / max(1, row['kept']):.2%} "
            f"| {row['ours_mb_s']:.1f} | {row['theirs_mb_s']:.2f} |"
        )
    lines += ["", "Disagreements:", ""]
    found = [f"- {row['filter']}: {' · '.join(entry)}" for row in rows for entry in row["disagreements"][:30]]
    return "\n".join([*lines, *(found or ["none"])])


def main() -> None:
    """Measure, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spacy")
    arguments = parser.parse_args()
    words = "our words given to datatrove"
    if arguments.spacy:
        sys.path.append(arguments.spacy)
        import spacy

        words = f"datatrove with spaCy {spacy.__version__}"
    else:
        give_our_words()
    documents = data_texts.documentation(arguments.count, arguments.seed)
    documents += data_texts.spam(arguments.count, arguments.seed)
    rows = [compare(pair, documents) for pair in pairs()]
    about = (
        f"{len(documents):,} texts, half of them documentation, half generated spam; {words}; one core, seconds of CPU."
    )
    publish("data_filters", {"rows": rows, "words": words, "seed": arguments.seed}, table(rows, about))


if __name__ == "__main__":
    main()
