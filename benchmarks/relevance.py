"""Whether the probability of a topic holds: area and calibration error on labels that nothing was learnt from.

Texts are the short descriptions of Debian packages (`apt-cache dumpavail`), labels the archive sections that their
maintainers chose. For each topic embedding and curve are learnt from one half of the packages and judged on the other.

    python -m benchmarks.relevance [--count 16000] [--seeds 3]
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys

from benchmarks.common import publish
from zaphod.data.relevance.calibration import Method, Quality, quality
from zaphod.data.relevance.embedding import LatentSemantics
from zaphod.data.relevance.topic import Example, learn_topic

TOPICS = {
    "network protocols, servers, mail and web": ("net", "web", "mail", "httpd"),
    "science, mathematics, astronomy and statistics": ("science", "math", "gnu-r"),
    "games to play": ("games",),
}
METHODS: tuple[Method, ...] = ("platt", "isotonic")


def packages(count: int, seed: int) -> list[tuple[str, str]]:
    """Section and description of packages, one for each description."""
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found: dict[str, str] = {}
    for stanza in dump.split("\n\n"):
        section = re.search(r"^Section: (\S+)$", stanza, re.MULTILINE)
        description = re.search(r"^Description(?:-en)?: (.+(?:\n .*)*)", stanza, re.MULTILINE)
        if section and description:
            found.setdefault(description[1], section[1].rpartition("/")[2])
    rows = sorted((section, text) for text, section in found.items())
    random.Random(seed).shuffle(rows)
    return rows[:count]


def run(count: int, seed: int) -> dict[str, Quality]:
    """Quality by topic and method on the second half."""
    rows = packages(count, seed)
    half = len(rows) // 2
    embedder = LatentSemantics.learn([text for _, text in rows[:half]], num_dimensions=256, seed=seed)
    results = {}
    for query, sections in TOPICS.items():
        examples = [Example(text=text, is_relevant=section in sections) for section, text in rows]
        for method in METHODS:
            learnt = learn_topic(query, examples[:half], embedder, method=method, seed=seed)
            probabilities = learnt.probabilities([example.text for example in examples[half:]])
            labels = [example.is_relevant for example in examples[half:]]
            results[f"{query} ({method})"] = quality(probabilities, labels)
    return results


def table(runs: list[dict[str, Quality]]) -> str:
    """Means with extremes over the seeds."""
    lines = [
        "| topic (curve) | labels, relevant | area under ROC | calibration error | Brier score |",
        "|---|---|---|---|---|",
    ]
    for name, first in runs[0].items():
        cells = []
        for field in ("area", "calibration_error", "brier"):
            values = [getattr(result[name], field) for result in runs]
            cells.append(f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
        lines.append(f"| {name} | {first.num_labels:,}, {first.num_relevant:,} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"{len(runs)} seeds, each with packages, halves and projection of its own."])


def main() -> None:
    """Run, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    try:
        runs = [run(options.count, seed) for seed in range(options.seeds)]
    except FileNotFoundError:
        sys.exit("not run: apt-cache is absent")
    publish("relevance", {"runs": [{k: v._asdict() for k, v in result.items()} for result in runs]}, table(runs))


if __name__ == "__main__":
    main()
