"""How many generated personal values come through the privacy stage, and what it takes out of documentation.

    python -m benchmarks.data_privacy [--count 60] [--documents 1500] [--seed 5]

A value comes through when it stands in the text that the stage gives. The values are generated (the guard's
benchmarks), so that recall says that forms are covered. On documentation e-mail addresses and names of authors are real
finds; those of other rules are counted as they are, since nobody has labelled them. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from typing import Any

from benchmarks import data_texts, guard_pii_texts
from benchmarks.common import publish
from zaphod.data.documents import Document, Dropped
from zaphod.data.privacy.personal_data import PersonalData
from zaphod.study.intervals import Share


def generated(count: int, seed: int) -> dict[str, Share]:
    """By kind how many of the values are gone."""
    stage, rows = PersonalData(max_share=1.0), defaultdict(lambda: [0, 0])
    for sample in guard_pii_texts.findable(random.Random(seed), count):
        verdict = stage.judge(Document(id="", text=sample.text))
        value = sample.text[sample.start : sample.end]
        rows[sample.kind][0] += isinstance(verdict, Dropped) or value not in verdict.text
        rows[sample.kind][1] += 1
    return {kind: Share(num, of) for kind, (num, of) in sorted(rows.items())}


def harmless(count: int, seed: int) -> Share:
    """How many texts without personal data, made to look as if they had some, are changed."""
    stage, draw = PersonalData(max_share=1.0, secrets=False), random.Random(seed)
    samples = [*guard_pii_texts.near_misses(draw, count), *guard_pii_texts.hard_negatives(draw, count)]
    changed = [stage.judge(Document(id="", text=sample.text)) for sample in samples]
    return Share(
        sum(verdict.text != sample.text for verdict, sample in zip(changed, samples, strict=True)), len(samples)
    )


def on_documentation(count: int, seed: int) -> dict[str, Any]:
    """What is taken out of the machine's documentation, by rule, and how fast."""
    documents = data_texts.documentation(count, seed)
    stage, with_finds, others = PersonalData(), 0, 0
    start = time.process_time()
    for document in documents:
        before = stage.found.copy()
        stage.judge(document)
        new = stage.found - before
        with_finds += bool(new)
        others += any(rule not in ("pii.email", "pii.name") for rule in new)
    seconds = time.process_time() - start
    size_mb = sum(len(document.text.encode()) for document in documents) / 1e6
    return {
        "documents": len(documents),
        "changed": with_finds,
        "by_other_rules": others,
        "by_rule_per_mb": {rule: num / size_mb for rule, num in Counter(stage.found).most_common()},
        "mb": size_mb,
        "mb_s": size_mb / seconds,
    }


def main() -> None:
    """Measure, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    kinds = generated(arguments.count, arguments.seed)
    total = Share(sum(share.num for share in kinds.values()), sum(share.of for share in kinds.values()))
    clean = harmless(arguments.count, arguments.seed)
    real = on_documentation(arguments.documents, arguments.seed)
    changed, others = Share(real["changed"], real["documents"]), Share(real["by_other_rules"], real["documents"])
    lines = [
        f"- Generated values gone: {total} over {len(kinds)} kinds; below 98 %: "
        + (", ".join(f"{kind} {share}" for kind, share in kinds.items() if share.value < 0.98) or "none"),
        f"- Harmless texts that look like personal data and were changed: {clean}",
        f"- Documentation ({real['mb']:.1f} MB): documents changed {changed}, by other rules than e-mail and names "
        f"{others}; {real['mb_s']:.1f} MB/s on one core",
        "",
        "| rule | finds per MB of documentation |",
        "|---|---|",
        *(f"| {rule} | {rate:.2f} |" for rule, rate in real["by_rule_per_mb"].items()),
    ]
    result = {"kinds": kinds, "total": total, "harmless": clean, "documentation": real}
    publish("data_privacy", result, "\n".join(lines))


if __name__ == "__main__":
    main()
