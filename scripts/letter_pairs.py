"""Writes src/zaphod/safety/guard/views/letter_pairs.txt: how likely one letter follows another in English.

    .venv/bin/python scripts/letter_pairs.py

Counted in the reference texts that come with Python (`pydoc_data.topics`) and in Zaphod's own pages. A row is the
letter before, a column the letter after, from a to z and then the border of a word; a figure is log2 of the
probability, times 10.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import log2
from pathlib import Path
from pydoc_data.topics import topics

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src/zaphod/safety/guard/views/letter_pairs.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyz "
WORD = re.compile(r"(?<![\w.`'\"-])[a-z]{2,}(?![\w(`'\"=])", re.IGNORECASE)


def main() -> None:
    """Count and write."""
    texts = [*topics.values(), *(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))]
    counts = {a: dict.fromkeys(LETTERS, 1.0) for a in LETTERS}  # one each, so that nothing is impossible
    for text in texts:
        for word in WORD.findall(text):
            letters = f" {word.lower()} "
            for before, after in pairwise(letters):
                counts[before][after] += 1
    rows = [[round(10 * log2(row[b] / sum(row.values()))) for b in LETTERS] for row in counts.values()]
    head = "# log2 of the probability of a letter after another, times 10: a to z, border; scripts/letter_pairs.py\n"
    TARGET.write_text(head + "".join(" ".join(map(str, row)) + "\n" for row in rows))


if __name__ == "__main__":
    main()
