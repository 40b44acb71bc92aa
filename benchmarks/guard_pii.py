"""How much personal data is found, how much is found where none is, how long it takes, and how little a stream waits.

    python -m benchmarks.guard_pii [--count 200] [--seed 7] [--presidio PYTHON] [--misses]

Texts are our own, so that recall says that forms are covered, not that the world writes like this. Intervals are
Wilson's at 95 %. `--presidio` names a Python that has presidio-analyzer: its pattern recognisers then read the same
texts, alone: without the spaCy model that finds its names and weighs its words of context, and without its dates
and URLs. Recall is shown for kinds that its English recognisers are made for.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import guard_pii_texts as texts
from benchmarks.common import publish
from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.pii import PiiFinder, SecretFinder
from zaphod.safety.guard.verdict import Hit
from zaphod.safety.guard.views.view import RawView

_PEER_KINDS = frozenset({"card", "iban", "email", "phone", "ip address", "national id us"})
_PRESIDIO = """
import json, sys
from presidio_analyzer import PatternRecognizer, RecognizerRegistry
from presidio_analyzer.predefined_recognizers import PhoneRecognizer
registry = RecognizerRegistry(); registry.load_predefined_recognizers(languages=["en"])
rows = [r for r in registry.recognizers if isinstance(r, (PatternRecognizer, PhoneRecognizer))]
out = []
for text in json.load(sys.stdin):
    hits = []
    for row in rows:
        for hit in row.analyze(text, row.supported_entities, None) or []:
            if hit.score < 0.4: continue
            if hit.entity_type not in ("DATE_TIME", "URL"): hits.append([hit.entity_type, hit.start, hit.end])
    out.append(hits)
json.dump(out, sys.stdout)
"""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, hits / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def share(hits: int, total: int) -> str:
    """A share with its interval and count."""
    low, high = wilson(hits, total)
    return f"{hits / total:.1%} [{low:.1%}, {high:.1%}] of {total}" if total else "–"


def found(finders: Sequence[Finder], text: str) -> list[Hit]:
    """All hits in the raw text."""
    return [hit for finder in finders for hit in finder.find([RawView(text)], "input")]


def evaluate(finders: Sequence[Finder], samples: Sequence[texts.Labelled], misses: bool) -> dict[str, dict[str, Any]]:
    """By kind: how many values were found whole, and what else was found by rule; `right` counts right hits by rule."""
    rows: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"n": 0, "found": 0, "flagged": 0, "others": Counter(), "right": Counter()}
    )
    for sample in samples:
        row, hits = rows[sample.kind], found(finders, sample.text)
        own = [hit for hit in hits if _is_right(hit, sample)]
        others = [hit for hit in hits if hit not in own]
        row["n"] += 1
        row["rule"] = sample.rule
        row["found"] += bool(own)
        row["flagged"] += bool(others)
        row["others"].update(hit.rule for hit in others)
        row["right"].update(hit.rule for hit in own)
        if misses and (others or (sample.rule and not own)):
            print(sample.kind, repr(sample.text[-300:]), [(hit.rule, sample.text[hit.start : hit.end]) for hit in hits])
    return rows


def _is_right(hit: Hit, sample: texts.Labelled) -> bool:
    return bool(sample.rule) and hit.rule.startswith(sample.rule) and _covers(hit, sample)


def _covers(hit: Hit, sample: texts.Labelled) -> bool:
    return hit.start <= sample.start and sample.end <= hit.end


def cost_us_per_kb(finders: Sequence[Finder], samples: Sequence[texts.Labelled], rounds: int) -> list[float]:
    """Microseconds of CPU per 1,000 characters of a whole round; the first round is cold."""
    size = sum(len(sample.text) for sample in samples) / 1000
    costs = []
    for _ in range(rounds):
        start = time.thread_time()
        for sample in samples:
            found(finders, sample.text)
        costs.append((time.thread_time() - start) * 1e6 / size)
    return costs


def waiting(finders: Sequence[PiiFinder | SecretFinder], samples: Sequence[texts.Labelled]) -> dict[str, float]:
    """How many characters of ordinary text wait when a stream stops after each word, and what asking costs."""
    held: list[int] = []
    start = time.thread_time()
    for sample in samples:
        for place in (place for place, letter in enumerate(sample.text) if letter == " "):
            places = [finder.pending(sample.text[:place]) for finder in finders]
            held.append(place - min((place if at is None else at) for at in places))
    cost = (time.thread_time() - start) * 1e6 / max(1, len(held))
    held.sort()
    return {
        "n": len(held),
        "mean": sum(held) / len(held),
        "p99": held[int(0.99 * len(held))],
        "most": held[-1],
        "us": cost,
    }


def presidio(python: str, samples: Sequence[texts.Labelled]) -> dict[str, tuple[int, int, int]]:
    """By kind: how many, how many values any pattern recogniser covers, and texts where one finds what is not there."""
    given = json.dumps([sample.text for sample in samples])
    done = subprocess.run([python, "-c", _PRESIDIO], input=given, capture_output=True, text=True, check=True)
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for sample, hits in zip(samples, json.loads(done.stdout), strict=True):
        row = rows[sample.kind]
        row[0] += 1
        row[1] += any(start <= sample.start and sample.end <= end for _, start, end in hits) and bool(sample.rule)
        row[2] += any(not sample.rule or end <= sample.start or sample.end <= start for _, start, end in hits)
    return {kind: (row[0], row[1], row[2]) for kind, row in rows.items()}


def table(ours: dict[str, Any], peer: dict[str, tuple[int, int, int]]) -> str:
    """Recall and precision by kind, then false hits by kind of text."""
    lines = [
        "| kind | recall: found whole | precision of its rule | Presidio's patterns: recall |",
        "|---|---|---|---|",
    ]
    for kind, row in ours.items():
        if row["rule"]:
            precision = _precision(row["rule"], ours.values())
            lines.append(f"| {kind} | {share(row['found'], row['n'])} | {precision} | {_peer(peer, kind, 1)} |")
    head = "| texts without personal data | with a hit | by rule | Presidio's patterns: with a hit |"
    lines += ["", head, "|---|---|---|---|"]
    for kind, row in ours.items():
        if not row["rule"]:
            rules = ", ".join(f"{rule} {count}" for rule, count in row["others"].most_common()) or "–"
            lines.append(f"| {kind} | {share(row['flagged'], row['n'])} | {rules} | {_peer(peer, kind, 2)} |")
    return "\n".join(lines)


def _precision(rule: str, rows: Iterable[dict[str, Any]]) -> str:
    """Of all hits of a rule in all made-up texts, how many were meant."""
    right = wrong = 0
    for row in rows:
        if row.get("is_real"):
            continue
        right += sum(count for name, count in row["right"].items() if name.startswith(rule))
        wrong += sum(count for name, count in row["others"].items() if name.startswith(rule))
    return share(right, right + wrong)


def _peer(peer: dict[str, tuple[int, int, int]], kind: str, column: int) -> str:
    is_asked = kind in peer and (column == 2 or kind in _PEER_KINDS)
    return share(peer[kind][column], peer[kind][0]) if is_asked else "not run"


def _mean_size(samples: Sequence[texts.Labelled]) -> float:
    return sum(len(sample.text) for sample in samples) / max(1, len(samples))


def main() -> None:
    """Make texts, read them, print and keep what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200, help="texts of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--presidio", metavar="PYTHON", help="a Python that has presidio-analyzer")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    finders = (PiiFinder(), SecretFinder())
    positive = list(texts.findable(draw, options.count))
    benign = [*texts.near_misses(draw, options.count // 4), *texts.hard_negatives(draw, options.count)]
    real = [*texts.man_pages(draw, options.count), *texts.git_output()]
    costs = {
        kind: cost_us_per_kb(finders, group, 4)
        for kind, group in (("labelled", positive), ("hard negatives", benign), ("manual and git", real))
        if group
    }
    peer = presidio(options.presidio, [*positive, *benign, *real]) if options.presidio else {}
    held_out = list(texts.unseen())
    unseen = [any(_is_right(hit, sample) for hit in found(finders, sample.text)) for sample in held_out]
    ours = evaluate(finders, [*positive, *benign, *real], options.misses)
    for kind in ("man page", "git output"):
        ours[kind]["is_real"] = True
    with_values = [row for row in ours.values() if row["rule"]]
    hard = [row for row in ours.values() if not row["rule"] and "is_real" not in row]
    totals = (
        share(sum(row["found"] for row in with_values), len(positive)),
        share(sum(row["flagged"] for row in hard), len(benign)),
    )
    missed = "; ".join(
        f"`{sample.text[sample.start : sample.end]}` ({sample.rule})"
        for sample, is_found in zip(held_out, unseen, strict=True)
        if not is_found
    )
    held = waiting(finders, real[:20] or benign[:20])
    sizes = {"labelled": _mean_size(positive), "hard negatives": _mean_size(benign), "manual and git": _mean_size(real)}
    costs_text = "; ".join(
        f"{kind} (texts of {sizes[kind]:.0f} characters) {group[0]:.0f} cold, {min(group[1:]):.0f} to "
        f"{max(group[1:]):.0f} warm"
        for kind, group in costs.items()
    )
    words = (
        f"All kinds: {totals[0]} found whole. Near misses and hard negatives with a hit: {totals[1]}.\n"
        "E-mail, IP and postal addresses found in manual pages and git output are those that stand there. The forms\n"
        "were known when the finders were written. Of values in sentences that were written afterwards\n"
        f"(guard_pii_unseen.txt): {share(sum(unseen), len(unseen))} found whole. Missed:\n{missed}.\n\n"
        "Cost, µs of CPU per 1,000 characters, personal data and secrets, one thread, raw view; short texts cost "
        "more:\n"
        f"{costs_text}.\n\n"
        f"Stream, after each word of manual pages: {held['mean']:.1f} characters wait on average, 99 % at most "
        f"{held['p99']}, at most {held['most']} (n = {held['n']}; {held['us']:.0f} µs for both finders)."
    )
    result = {"kinds": ours, "cost_us_per_kb": costs, "waiting": held, "presidio": peer, "seed": options.seed}
    publish("guard_pii", result, f"{table(ours, peer)}\n\n{words}")


if __name__ == "__main__":
    main()
