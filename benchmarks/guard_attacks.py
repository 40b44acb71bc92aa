"""The guard against attacks that its authors have not seen, and against harmless texts that look like attacks.

    python -m benchmarks.guard_attacks [--each 30] [--system 100] [--policy default] [--misses 40]

Recall: attacks for each transform, wordings in thirteen languages, one to three transforms on a text, `development` and
`held_out` side by side. False alarms: harmless texts that come with the program (half of them held out), and manual
pages, docstrings and message catalogues of this machine. Then hostile texts of growing length, and time for each kB.
`--misses` prints development attacks that pass, and harmless development texts that do not, and nothing else: held-out
ones are for counting only.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.common import publish
from zaphod.core.progress import ProgressLines
from zaphod.safety.guard.finder import Finder
from zaphod.study.redteam.attacks import Attack, composed_attacks, plain_attacks
from zaphod.study.redteam.benign import Benign, benign_texts
from zaphod.study.redteam.driver.findings import share_dict
from zaphod.study.redteam.entrants import Entrant, entrants
from zaphod.study.redteam.growth import HOSTILE, Growth, measure_growth
from zaphod.study.redteam.intervals import Share, clopper_pearson
from zaphod.study.redteam.system_texts import system_texts
from zaphod.study.redteam.transforms.catalogue import TRANSFORMS
from zaphod.study.redteam.transforms.transform import SPLITS, Split
from zaphod.study.redteam.wordings import FAMILIES, languages

DEPTHS = (1, 2, 3)
SIZES = (2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
LINEAR = 1.3
"""Exponents above are reported as more than linear; timing is noisy, a quadratic one is near 2."""
MANY = 500
NOTE = """\
An attack counts as found where anything would be done about one of its turns (redacted, held, blocked), other than for
personal data or secrets in it; a harmless text counts as a false alarm by the same rule. Shares with 95 % intervals
(Wilson). Wordings and transforms are ours: the development half may have been looked at by the guard's authors, the
held-out half was written before any of the guard's rules had been seen. Machine texts are not read by anybody first."""


class Looked(NamedTuple):
    """One attack, and which entrants found it."""

    attack: Attack
    found: tuple[bool, ...]


def attacks_of(split_of_wordings: Split, split_of_transforms: Split, each: int, seed: int) -> list[Attack]:
    """Every depth; plain wordings only where both splits are the same."""
    plain = plain_attacks(split_of_wordings, seed) if split_of_wordings == split_of_transforms else []
    splits = {"wordings": split_of_wordings, "transforms": split_of_transforms}
    return plain + [
        attack for depth in DEPTHS for attack in composed_attacks(**splits, depth=depth, num_each=each, seed=seed)
    ]


def look(attacks: Sequence[Attack], tried: Sequence[Entrant], progress: ProgressLines, label: str) -> list[Looked]:
    """Show every attack to everybody."""
    looked = []
    with progress.step(label, len(attacks), "attacks") as advance:
        for attack in attacks:
            found = tuple(any(each.catches(turn, attack.stage) for turn in attack.turns) for each in tried)
            looked.append(Looked(attack, found))
            advance(1)
    return looked


def share(looked: Iterable[Looked], entrant: int = -1) -> Share:
    """How many an entrant found; the last one unless said."""
    found = [each.found[entrant] for each in looked]
    return Share(sum(found), len(found))


def recall_table(looked: dict[tuple[Split, Split], list[Looked]], tried: Sequence[Entrant]) -> list[str]:
    """Entrants against depths, for both splits."""
    lines = ["| attacks | " + " | ".join(each.name for each in tried) + " |", "|---|" + "---:|" * len(tried)]
    for (wordings, transforms), found in looked.items():
        for depth in (0, *DEPTHS, None):
            at_depth = [
                each for each in found if (each.attack.depth == depth if depth is not None else each.attack.depth)
            ]
            if at_depth:
                title = "plain words" if depth == 0 else "all with transforms" if depth is None else f"depth {depth}"
                cells = " | ".join(str(share(at_depth, place)) for place in range(len(tried)))
                lines.append(f"| {words(wordings)} wordings, {words(transforms)} transforms: {title} | {cells} |")
    return lines


def by(title: str, names: Sequence[str], pick: Any, looked: dict[Split, list[Looked]]) -> list[str]:
    """The whole guard's recall for each name, development and held out side by side."""
    lines = [f"| {title} | development | held out |", "|---|---:|---:|"]
    for name in names:
        cells = [share(each for each in looked[split] if pick(each.attack) == name) for split in SPLITS]
        lines.append(f"| {name} | {cells[0] if cells[0].of else '–'} | {cells[1] if cells[1].of else '–'} |")
    return lines


def transform_table(looked: dict[Split, list[Looked]]) -> list[str]:
    """Recall for each transform, by depth."""
    lines = ["| transform | split | depth 1 | depth 2 | depth 3 | all depths |", "|---|---|---:|---:|---:|---:|"]
    for transform in TRANSFORMS:
        mine = [each for each in looked[transform.split] if each.attack.focus == transform.name]
        cells = [share(each for each in mine if each.attack.depth == depth) for depth in DEPTHS]
        short = " | ".join(f"{cell.value:.0%} of {cell.of}" for cell in cells)
        lines.append(f"| {transform.name} | {words(transform.split)} | {short} | {share(mine)} |")
    return lines


def alarm_table(texts: Sequence[Benign], alarms: dict[str, list[bool]], tried: Sequence[Entrant]) -> list[str]:
    """False alarms for each source, and together."""
    lines = ["| harmless texts | " + " | ".join(each.name for each in tried) + " |", "|---|" + "---:|" * len(tried)]
    sources = list(dict.fromkeys(text.source for text in texts))
    for title, chosen in [*((source, {source}) for source in sources), ("**together**", set(sources))]:
        places = [place for place, text in enumerate(texts) if text.source in chosen]
        shares = [Share(sum(alarms[each.name][place] for place in places), len(places)) for each in tried]
        lines.append(f"| {title} | {' | '.join(map(str, shares))} |")
    return lines


def alarms_of(texts: Sequence[Benign], tried: Sequence[Entrant], progress: ProgressLines) -> dict[str, list[bool]]:
    """Who raises an alarm at which text; harmless texts come in as what people say."""
    alarms: dict[str, list[bool]] = {each.name: [] for each in tried}
    with progress.step("harmless texts", len(texts), "texts") as advance:
        for text in texts:
            for each in tried:
                alarms[each.name].append(each.catches(text.text, "input"))
            advance(1)
    return alarms


def growth_table(grown: dict[str, Growth]) -> list[str]:
    """How the time grows, worst first."""
    lines = ["| hostile text | exponent | longest, characters | ms | |", "|---|---:|---:|---:|---|"]
    for name, growth in sorted(grown.items(), key=lambda each: -each[1].exponent):
        remark = "longer ones left out" if growth.is_cut else "" if growth.exponent <= LINEAR else "more than linear"
        lines.append(
            f"| {name} | {growth.exponent:.2f} | {growth.sizes[-1]:,} | {growth.times_s[-1] * 1e3:.1f} | {remark} |"
        )
    return lines


def cost(texts: Sequence[str], entrant: Entrant, repetitions: int = 5) -> dict[str, float]:
    """µs for each kB of UTF-8 over texts, each run going through all of them."""
    size_kb = sum(len(text.encode()) for text in texts) / 1000
    runs = []
    for _ in range(repetitions):
        begun_s = time.perf_counter()
        for text in texts:
            entrant.reasons(text, "input")
        runs.append((time.perf_counter() - begun_s) * 1e6 / size_kb)
    return {"min": min(runs), "median": statistics.median(runs), "max": max(runs), "kb": size_kb}


def cost_table(costs: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Time for each kB, for each entrant and kind of text."""
    lines = ["| µs for each kB | texts | min | median | max |", "|---|---|---:|---:|---:|"]
    for entrant, kinds in costs.items():
        for kind, each in kinds.items():
            lines.append(f"| {entrant} | {kind} | {each['min']:.0f} | {each['median']:.0f} | {each['max']:.0f} |")
    return lines


def words(split: str) -> str:
    """As people write it."""
    return split.replace("_", "-")


def classifiers_of() -> list[Finder]:
    """Those that come with the guard."""
    from zaphod.safety.guard.classifiers import load_classifier

    return [load_classifier("injection"), load_classifier("toxicity")]


def show_misses(tried: Entrant, each: int, seed: int, most: int) -> None:
    """Development texts only."""
    missed = [
        attack
        for attack in attacks_of("development", "development", each, seed)
        if not any(tried.catches(turn, attack.stage) for turn in attack.turns)
    ]
    for attack in random.Random(seed).sample(missed, min(most, len(missed))):
        how = " < ".join(reversed(attack.transforms)) or "plain"
        print(f"MISS {attack.wording.family}/{attack.wording.language} {how}: {ascii(attack.turns[-1])[:300]}")
    for text in benign_texts("development"):
        reasons = tried.reasons(text.text, "input")
        if reasons:
            print(f"FALSE ALARM {text.source} {reasons}: {text.text[:200]}")


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=30, help="attacks for each transform and depth")
    parser.add_argument("--system", type=int, default=100, help="texts of each source of this machine")
    parser.add_argument("--policy", default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", type=int, default=0, help="print so many development misses and stop")
    parser.add_argument("--without-classifiers", action="store_true")
    options = parser.parse_args()
    tried = entrants(options.policy, [] if options.without_classifiers else classifiers_of())
    if options.misses:
        show_misses(tried[-1], max(1, options.each // 6), options.seed, options.misses)
        return
    measure(options, tried, ProgressLines())


def measure(options: argparse.Namespace, tried: Sequence[Entrant], progress: ProgressLines) -> None:
    """All tables."""
    pairs: list[tuple[Split, Split]] = [
        ("development", "development"),
        ("development", "held_out"),
        ("held_out", "development"),
        ("held_out", "held_out"),
    ]
    looked = {
        (first, second): look(
            attacks_of(first, second, options.each, options.seed), tried, progress, f"{first} x {second}"
        )
        for first, second in pairs
    }
    same: dict[Split, list[Looked]] = {split: looked[split, split] for split in SPLITS}
    composed = {split: [each for each in found if each.attack.depth] for split, found in same.items()}
    benign, system = benign_texts(), system_texts(options.system, options.seed)
    alarms, system_alarms = (alarms_of(texts, tried, progress) for texts in (benign, system))
    halves = {split: [place for place, text in enumerate(benign) if text.split == split] for split in SPLITS}
    whole = tried[-1]
    with progress.step("hostile texts", len(HOSTILE), "kinds") as advance:
        grown = {}
        for name, grow in HOSTILE.items():
            grown[name] = measure_growth(lambda text: whole.reasons(text, "input"), grow, SIZES)
            advance(1)
    kinds = {
        "harmless, one by one": [text.text for text in benign],
        "harmless, 10 kB each": _joined([text.text for text in system[:2000]], 10_000)[:30],
        "attacks, one by one": [turn for each in composed["development"][:MANY] for turn in each.attack.turns],
    }
    costs = {each.name: {kind: cost(texts, each) for kind, texts in kinds.items()} for each in tried}
    half = {
        split: Share(sum(alarms[whole.name][place] for place in places), len(places))
        for split, places in halves.items()
    }
    exact = clopper_pearson(*half["held_out"])
    parts = [
        NOTE,
        f"Policy `{options.policy}`, {options.each} attacks for each transform and depth, seed {options.seed}.",
        "## Recall\n",
        "\n".join(recall_table(looked, tried)),
        f"## Recall of the {whole.name}, for each transform\n",
        "\n".join(transform_table(same)),
        "\n".join(by("family", FAMILIES, lambda attack: attack.wording.family, composed)),
        "\n".join(by("language", languages(), lambda attack: attack.wording.language, composed)),
        "## False alarms\n",
        f"{whole.name}: development half {half['development']}, held-out half {half['held_out']}, "
        f"exact interval {exact.low:.2%} to {exact.high:.2%}.\n",
        "\n".join(alarm_table(benign, alarms, tried)),
        "\n".join(alarm_table(system, system_alarms, tried)),
        f"## Hostile texts, {whole.name}\n",
        "\n".join(growth_table(grown)),
        "## Cost\n",
        "\n".join(cost_table(costs)),
    ]
    recall = {
        f"{first}/{second}/depth {depth}": {
            each.name: share_dict(share([one for one in found if one.attack.depth == depth], place))
            for place, each in enumerate(tried)
        }
        for (first, second), found in looked.items()
        for depth in (0, *DEPTHS)
    }
    result = {
        "options": vars(options),
        "recall": recall,
        "false_alarms": {split: share_dict(each) for split, each in half.items()},
        "false_alarms_machine": share_dict(Share(sum(system_alarms[whole.name]), len(system))),
        "growth": {name: {"exponent": each.exponent, "is_cut": each.is_cut} for name, each in grown.items()},
        "us_per_kb": costs,
    }
    publish("guard_attacks", result, "\n\n".join(parts))


def _joined(texts: Sequence[str], size: int) -> list[str]:
    """Texts put together until they are long enough."""
    joined, current = [], ""
    for text in texts:
        current += text + "\n\n"
        if len(current.encode()) >= size:
            joined.append(current)
            current = ""
    return joined


if __name__ == "__main__":
    main()
