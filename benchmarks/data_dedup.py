"""How many similar documents meet by MinHash, how many others do, and how fast: beside datasketch and datatrove.

    python -m benchmarks.data_dedup [--count 1500] [--seed 1] [--spacy SITE_PACKAGES]

Documents are what the machine's packages document, and to each a copy in which words were replaced, so many that the
similarities spread over 0.5 to 1. The truth is exact: the Jaccard similarity of the sets of shingles of every pair of
documents, generated or natural, by one product of sparse matrices. All three use runs of 5 words and 14 bands of 8; all
three are judged by the same truth. datatrove simplifies and cuts texts itself, with spaCy from `--spacy`, else it is
given our words. Seconds are of CPU, of one core; the three read slices of the documents in turns.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import data_texts
from benchmarks.common import publish
from zaphod.data.dedup.minhash import MinHasher, normalised_words
from zaphod.data.dedup.passages import RepeatedPassages
from zaphod.data.dedup.stages import ExactDuplicates, NearDuplicates
from zaphod.data.documents import Document
from zaphod.study.intervals import wilson

Keys = Callable[[str], list[Any]]
Pairs = set[tuple[int, int]]

_BINS = ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0), (1.0, 1.01))
_BANDS, _ROWS = 14, 8


def with_copies(originals: list[Document], seed: int) -> list[Document]:
    """Each document, and behind all of them each one's copy with replaced words."""
    draw = random.Random(seed)
    copies = []
    for number, document in enumerate(originals):
        share = draw.choice((0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12))
        words = document.text.split(" ")
        for place in range(len(words)):
            if draw.random() < share:
                words[place] = f"replaced{chr(97 + draw.randrange(26))}{chr(97 + draw.randrange(26))}"
        copies.append(replace(document, id=f"copy-{number}", text=" ".join(words)))
    return [*originals, *copies]


def true_similarities(documents: list[Document]) -> dict[tuple[int, int], float]:
    """Every pair with a Jaccard similarity of 0.3 or more."""
    from scipy.sparse import csr_matrix

    hasher = MinHasher()
    sets = [np.unique(hasher.shingles(document.text)) for document in documents]
    sizes = np.array([len(found) for found in sets])
    _, columns = np.unique(np.concatenate(sets), return_inverse=True)
    matrix = csr_matrix((np.ones(len(columns), dtype=np.int32), columns, np.concatenate(([0], np.cumsum(sizes)))))
    common = (matrix @ matrix.T).tocoo()
    is_pair = common.row < common.col
    left, right, num = common.row[is_pair], common.col[is_pair], common.data[is_pair]
    similarity = num / (sizes[left] + sizes[right] - num)
    near = similarity >= 0.3
    return dict(
        zip(zip(left[near].tolist(), right[near].tolist(), strict=True), similarity[near].tolist(), strict=True)
    )


def ours() -> Keys:
    """Our keys."""
    stage = NearDuplicates()
    return lambda text: list(enumerate(stage.keys(Document(id="", text=text)).tolist()))


def datasketch_keys() -> Keys:
    """datasketch's MinHash, its bands as its LSH index cuts them; shingles are our words, joined."""
    from datasketch import MinHash

    def keys(text: str) -> list[Any]:
        words = [word for chunk in text.split() for word in normalised_words(chunk)]
        shingles = {" ".join(words[place : place + 5]).encode() for place in range(max(1, len(words) - 4))}
        made = MinHash(num_perm=_BANDS * _ROWS, seed=1)
        made.update_batch(list(shingles))
        return _banded(made.hashvalues.tolist()) if words else []

    return keys


def datatrove_keys(own_words: bool, folder: str) -> Keys:
    """datatrove's signatures, as its first step of deduplication makes them."""
    from datatrove.pipeline.dedup import minhash
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig

    class _Words:
        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

    if own_words:
        minhash.load_word_tokenizer = lambda language: _Words()
    # NOTE: its default hash function, xxhash, refuses the text it is given (datatrove 0.10.1 with xxhash 4).
    hashes = HashConfig(precision=64, hash_fc="sha1")
    options = MinhashConfig(n_grams=5, num_buckets=_BANDS, hashes_per_bucket=_ROWS, hash_config=hashes)
    step = MinhashDedupSignature(folder, config=options)

    def keys(text: str) -> list[Any]:
        shingles = step.get_shingles(text)
        return [(band, tuple(part)) for band, part in enumerate(step.get_signature(shingles))] if shingles.size else []

    return keys


def _banded(values: list[int]) -> list[Any]:
    return [(band, tuple(values[band * _ROWS : (band + 1) * _ROWS])) for band in range(_BANDS)]


def met_pairs(keys: Iterable[list[Any]]) -> Pairs:
    """Pairs of documents that share a key."""
    buckets: dict[Any, list[int]] = defaultdict(list)
    for number, found in enumerate(keys):
        for key in found:
            buckets[key].append(number)
    return {(a, b) for members in buckets.values() for i, a in enumerate(members) for b in members[i + 1 :]}


def measured(makers: dict[str, Keys], documents: list[Document]) -> tuple[dict[str, Pairs], dict[str, float]]:
    """For each way the pairs that meet, and its MB/s; slices are read in turns."""
    size_mb = sum(len(document.text.encode()) for document in documents) / 1e6
    found: dict[str, list[list[Any]]] = {name: [] for name in makers}
    seconds = dict.fromkeys(makers, 0.0)
    for start in range(0, len(documents), 100):
        for name, keys in makers.items():
            begun = time.process_time()
            found[name] += [keys(document.text) for document in documents[start : start + 100]]
            seconds[name] += time.process_time() - begun
    return {name: met_pairs(rows) for name, rows in found.items()}, {name: size_mb / seconds[name] for name in makers}


def stage_speeds(documents: list[Document]) -> dict[str, float]:
    """MB/s of whole stages, with what they look up and keep."""
    size_mb = sum(len(document.text.encode()) for document in documents) / 1e6
    speeds = {}
    for stage in (ExactDuplicates(), NearDuplicates(), RepeatedPassages(), RepeatedPassages(every=8)):
        begun = time.process_time()
        for _ in stage(documents):
            pass
        name = (
            f"{stage.name}, 1 window in {stage.settings().get('every', 1)}"
            if "every" in stage.settings()
            else stage.name
        )
        speeds[name] = size_mb / (time.process_time() - begun)
    return speeds


def scored(met: Pairs, truth: dict[tuple[int, int], float]) -> dict[str, Any]:
    """Recall by similarity, and how many of those that met are similar."""
    row: dict[str, Any] = {"recall": {}}
    for low, high in (*_BINS, (0.8, 1.01)):
        wanted = [pair for pair, similarity in truth.items() if low <= similarity < high]
        row["recall"][f"{low:g}-{min(high, 1):g}"] = [sum(pair in met for pair in wanted), len(wanted)]
    for bound in (0.5, 0.7, 0.8):
        row[f"precision_{bound}"] = [sum(truth.get(pair, 0.0) >= bound for pair in met), len(met)]
    return row


def expected_recall(truth: dict[tuple[int, int], float]) -> float:
    """What the formula promises for the pairs of 0.8 and more."""
    options = NearDuplicates().options
    return float(np.mean([options.probability(similarity) for similarity in truth.values() if similarity >= 0.8]))


def table(rows: dict[str, dict[str, Any]], about: str, stages: dict[str, float]) -> str:
    """All figures as Markdown."""
    bins = list(next(iter(rows.values()))["recall"])
    lines = [about, "", "| | " + " | ".join(f"recall at {name}" for name in bins) + " | of those met J >= 0.7 | MB/s |"]
    lines.append("|---" * (len(bins) + 3) + "|")
    for name, row in rows.items():
        cells = []
        for num, of in row["recall"].values():
            low, high = wilson(num, of) if of else (0, 1)
            cells.append(f"{num / of:.3f} [{low:.3f}, {high:.3f}] of {of:,}" if of else "–")
        num, of = row["precision_0.7"]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {num / max(1, of):.3f} of {of:,} | {row['mb_s']:.1f} |")
    lines += [
        "",
        "| whole stage | MB/s |",
        "|---|---|",
        *(f"| {name} | {speed:.1f} |" for name, speed in stages.items()),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spacy")
    arguments = parser.parse_args()
    if arguments.spacy:
        sys.path.append(arguments.spacy)
    originals = data_texts.documentation(arguments.count, arguments.seed, least_characters=400, most_characters=50_000)
    documents = with_copies(originals, arguments.seed)
    truth = true_similarities(documents)
    with tempfile.TemporaryDirectory() as folder:
        makers = {
            "Zaphod": ours(),
            "datasketch": datasketch_keys(),
            "datatrove": datatrove_keys(not arguments.spacy, folder),
        }
        met, speeds = measured(makers, documents)
    rows = {name: {**scored(met[name], truth), "mb_s": speeds[name]} for name in makers}
    about = (
        f"{len(documents):,} documents, half of them copies with replaced words; the formula promises "
        f"{expected_recall(truth):.3f} for the pairs of 0.8 and more; datatrove "
        f"{'with spaCy' if arguments.spacy else 'given words between spaces'}. Wilson's intervals at 95 %."
    )
    stages = stage_speeds(documents)
    publish("data_dedup", {"rows": rows, "stages": stages, "seed": arguments.seed}, table(rows, about, stages))


if __name__ == "__main__":
    main()
