"""Corrupted facts with known edits: how many are found, put right, and what true text is touched by mistake.

Facts come from CLDR (through babel) and from tables that Python ships: HTTP statuses, errno, HTML entities, Unicode.
Half of the wordings are held out: the patterns were written without them. Statements that must stay are true ones,
numbers and dates in other spellings, negated and hedged sentences, subjects that no reference knows, and sentences of
the documentation under /usr/share/doc. One of three reference sources is wrong in 5 % of its facts.

    python -m benchmarks.refinement [--num 4000] [--seeds 3]
"""

from __future__ import annotations

import argparse
import calendar
import errno
import gzip
import html.entities
import http
import os
import random
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel import Locale
from babel.core import get_global

from benchmarks.common import publish
from zaphod.data.refinement.knowledge import Fact, KnowledgeBase
from zaphod.data.refinement.stage import Edit, find_edits
from zaphod.data.refinement.values import agrees, parse_value
from zaphod.study.intervals import wilson

ORDINARY = (
    "The {r} of {s} is {v}.",
    "{s}'s {r} is {v}.",
    "{s} has the {r} {v}.",
    "{s} uses {v} as its {r}.",
)
HELD_OUT = (
    "The {r} for {s} is {v}, which matters in practice.",
    "Note that the {r} of {s} is {v}.",
    "{v} is the {r} of {s}.",
    "- {s} has a {r} of {v}; see the table.",
    "Officially, the {r} of {s} is {v} (as listed).",
    "As for {s}, its {r} is {v}.",
)
HARMLESS = (
    "The {r} of {s} is not {v}.",
    "The {r} of {s} might be {v}.",
    "Is the {r} of {s} {v}?",
    "The {r} of {s} was {v} in older tables.",
    "He said that the {r} of {s} is {v}.",
    "If the {r} of {s} is {v}, nothing else changes.",
)
COUNTS = ("wrong", "found", "fixed", "right", "touched", "documentation_lines", "documentation_edited")
ALIASES = (("numeric identifier", "numeric code"),)


class Statement(NamedTuple):
    """A sentence, whether it is wrong, what stood there before, and of which group it is."""

    text: str
    is_wrong: bool
    right: str
    group: str


def facts() -> list[tuple[str, str, str]]:
    """Subject, relation, value."""
    return [*_cldr(), *_python_tables()]


def _cldr() -> Iterator[tuple[str, str, str]]:
    english = Locale("en")
    currencies = get_global("territory_currencies")
    for code, name in sorted(english.territories.items()):
        if len(code) != 2 or not re.fullmatch(r"[A-Z][A-Za-z ]+", name):
            continue
        present = [row for row in currencies.get(code, ()) if row[2] is None and row[3]]
        if len(present) == 1:
            yield name, "currency", english.currencies[present[0][0]]
            year, month, day = present[0][1]
            yield f"the currency of {name}", "introduced", f"{year:04}-{month:02}-{day:02}"
        yield name, "two-letter code", code
        yield name, "is a", "territory"
    for code, name in sorted(english.languages.items()):
        if re.fullmatch(r"[A-Z][A-Za-z]+", name) and len(code) in (2, 3):
            yield name, "language code", code
            yield name, "is a", "language"
    for code, name in sorted(english.currencies.items()):
        if re.fullmatch(r"[A-Z][A-Za-z ]+", name):
            yield name, "currency code", code
            yield name, "is a", "currency"


def _python_tables() -> Iterator[tuple[str, str, str]]:
    for status in http.HTTPStatus:
        yield f"status {status.phrase}", "status code", str(status.value)
    for number, name in errno.errorcode.items():
        yield name, "error number", str(number)
        yield name, "is a", "system error"
    for name, codepoint in html.entities.name2codepoint.items():
        if len(name) > 2:
            yield f"entity {name}", "code point", str(codepoint)
    for codepoint in range(0xA1, 0x2400):
        name = unicodedata.name(chr(codepoint), "")
        if name.isascii() and 3 < len(name) < 40 and codepoint % 7 == 0:
            yield name.title(), "numeric code", f"{codepoint:,}"


def statements(all_facts: list[tuple[str, str, str]], num: int, rng: random.Random) -> list[Statement]:
    """A third wrong, a third right, a third that must stay for other reasons."""
    by_relation: dict[str, list[str]] = defaultdict(list)
    for _, relation, value in all_facts:
        by_relation[relation].append(value)
    made = []
    for _ in range(num):
        subject, relation, value = rng.choice(all_facts)
        kind = rng.random()
        if kind < 1 / 3:
            wrong = _corrupted(value, by_relation[relation], rng)
            if wrong is not None:
                text, group = _worded(subject, relation, wrong, rng)
                made.append(Statement(text, True, value, group))
        elif kind < 2 / 3:
            text, group = _worded(subject, relation, _respelt(value, rng), rng)
            made.append(Statement(text, False, value, f"true, {group}"))
        else:
            made.append(_harmless(subject, relation, value, by_relation[relation], rng))
    return made


def _corrupted(value: str, others: list[str], rng: random.Random) -> str | None:
    """Another value of the relation, or, one time in five, one that no subject has."""
    parsed = parse_value(value)
    for _ in range(20):
        wrong = rng.choice(others)
        if rng.random() < 0.2:
            if value.replace(",", "").isdigit():
                wrong = str(int(value.replace(",", "")) + rng.randint(1, 9))
            elif re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                wrong = f"{int(value[:4]) + rng.randint(1, 9)}{value[4:]}"
            elif value[:1].isupper():
                wrong = value[0] + "".join(rng.sample(value[1:].lower(), len(value) - 1)).capitalize()
        if not agrees(parse_value(wrong), parsed) and not agrees(parsed, parse_value(wrong)):
            return wrong
    return None


def _respelt(value: str, rng: random.Random) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        year, month, day = value.split("-")
        names = list(calendar.month_name)[1:]
        name = names[int(month) - 1]
        written = [f"{int(day)} {name} {year}", f"{name} {int(day)}, {year}", f"{name} {year}"]
        return rng.choice([value, *written, year])
    if "," in value:
        return rng.choice([value, value.replace(",", "")])
    return value


def _worded(subject: str, relation: str, value: str, rng: random.Random) -> tuple[str, str]:
    if relation == "is a":
        article = "an" if value[0] in "aeiou" else "a"
        ordinary, held_out = f"{subject} is {article} {value}.", f"Today, {subject} is {article} {value}, and so on."
        return (ordinary, "ordinary wordings") if rng.random() < 0.5 else (held_out, "held-out wordings")
    if relation == "introduced":
        at = "in" if re.fullmatch(r"(\w+ )?\d{4}", value) else "on"
        begin = subject[0].upper() + subject[1:]
        ordinary, held_out = (
            f"{begin} was introduced {at} {value}.",
            f"{begin} was first introduced {at} {value}; see below.",
        )
        return (ordinary, "ordinary wordings") if rng.random() < 0.5 else (held_out, "held-out wordings")
    if rng.random() < 0.5:
        return rng.choice(ORDINARY).format(s=subject, r=relation, v=value), "ordinary wordings"
    if relation == "numeric code" and rng.random() < 0.5:
        relation = ALIASES[0][0]
    return rng.choice(HELD_OUT).format(s=subject, r=relation, v=value), "held-out wordings"


def _harmless(subject: str, relation: str, value: str, others: list[str], rng: random.Random) -> Statement:
    kind = rng.randrange(3)
    if kind == 0 and relation not in ("is a", "introduced"):
        text = rng.choice(HARMLESS).format(s=subject, r=relation, v=rng.choice(others))
        return Statement(text, False, value, "negated, hedged, past or asked")
    if kind == 1 and relation not in ("is a", "introduced"):
        text = rng.choice(ORDINARY).format(s=f"New {subject}", r=relation, v=rng.choice(others))
        return Statement(text, False, value, "unknown subjects")
    predicate = rng.choice(["stable", "easy to remember", "described below", "in wide use"])
    text = f"The {relation} of {subject} is {predicate}."
    return Statement(text, False, value, "other predicates")


def documentation(limit: int) -> list[str]:
    """Real sentences: texts under /usr/share/doc, cut by line."""
    lines: list[str] = []
    for file in sorted(Path("/usr/share/doc").glob("*/README*")):
        data = file.read_bytes() if file.is_file() else b""
        text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8", "replace")
        lines += [line.strip() for line in text.splitlines() if len(line.split()) > 5]
        if len(lines) >= limit:
            break
    return lines[:limit]


def reference(all_facts: list[tuple[str, str, str]], coverage: float, rng: random.Random) -> KnowledgeBase:
    """Three sources; the last one is wrong in 5 % of what it says, and each lacks a tenth of the facts covered."""
    by_relation: dict[str, list[str]] = defaultdict(list)
    for _, relation, value in all_facts:
        by_relation[relation].append(value)
    made = []
    for subject, relation, value in all_facts:
        if rng.random() > coverage:
            continue
        for source in ("first", "second", "third"):
            if rng.random() < 0.9:
                is_wrong = source == "third" and rng.random() < 0.05
                wrong = _corrupted(value, by_relation[relation], rng) if is_wrong else None
                made.append(Fact(subject, relation, wrong or value, source))
    return KnowledgeBase(made, ALIASES)


def run(num: int, coverage: float, seed: int) -> dict[str, Any]:
    """Counts of one seed."""
    rng = random.Random(seed)
    all_facts = facts()
    unique = list({(s.casefold(), r): (s, r, v) for s, r, v in all_facts}.values())
    knowledge = reference(unique, coverage, rng)
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    found = fixed = wrong = touched = right = 0
    started_s = time.process_time()
    num_bytes = 0
    for statement in statements(unique, num, rng):
        edits = find_edits(statement.text, knowledge)
        num_bytes += len(statement.text)
        groups[statement.group if statement.is_wrong else f"must stay: {statement.group}"][0] += 1
        groups[statement.group if statement.is_wrong else f"must stay: {statement.group}"][1] += bool(edits)
        if statement.is_wrong:
            wrong, found = wrong + 1, found + bool(edits)
            fixed += bool(edits) and _is_right(edits[0], statement.right)
        else:
            right, touched = right + 1, touched + bool(edits)
    lines = documentation(5 * num)
    edited = sum(bool(find_edits(line, knowledge)) for line in lines)
    num_bytes += sum(map(len, lines))
    return {
        "seed": seed,
        "wrong": wrong,
        "found": found,
        "fixed": fixed,
        "right": right,
        "touched": touched,
        "documentation_lines": len(lines),
        "documentation_edited": edited,
        "groups": {name: tuple(counts) for name, counts in groups.items()},
        "mb_per_cpu_s": num_bytes / 1e6 / (time.process_time() - started_s),
        "num_facts": len(unique),
    }


def _is_right(edit: Edit, value: str) -> bool:
    return bool(edit.new) and agrees(parse_value(edit.new), parse_value(value))


def table(runs: dict[float, list[dict[str, Any]]]) -> str:
    """Rates with their counts and Wilson intervals at 95 %."""
    lines = [
        "| reference holds | found (recall) | precision | F1 | put right, of wrong | true text touched | "
        "documentation touched |",
        "|---|---|---|---|---|---|---|",
    ]
    for coverage, results in runs.items():
        total = {key: sum(int(str(r[key])) for r in results) for key in COUNTS}
        edited = total["found"] + total["touched"]
        recall, precision = total["found"] / total["wrong"], total["found"] / max(edited, 1)
        cells = [
            f"{coverage:.0%} of the facts",
            _rate(total["found"], total["wrong"]),
            _rate(total["found"], edited),
            f"{2 * recall * precision / max(recall + precision, 1e-9):.3f}",
            _rate(total["fixed"], total["wrong"]),
            _rate(total["touched"], total["right"]),
            _rate(total["documentation_edited"], total["documentation_lines"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "By group, with the whole reference:", "", "| group | edited |", "|---|---|"]
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for result in runs[1.0]:
        for name, (count, edited) in result["groups"].items():
            groups[name][0] += count
            groups[name][1] += edited
    lines += [f"| {name} | {_rate(edited, count)} |" for name, (count, edited) in sorted(groups.items())]
    speeds = [float(str(r["mb_per_cpu_s"])) for results in runs.values() for r in results]
    speed = f"{min(speeds):.1f} to {max(speeds):.1f} MB per CPU second"
    lines += ["", f"{runs[1.0][0]['num_facts']} facts, {len(runs[1.0])} seeds, {speed}."]
    return "\n".join(lines)


def _rate(count: int, total: int) -> str:
    if not total:
        return "none"
    interval = wilson(count, total)
    return f"{count / total:.2%} ({count} of {total}; {interval.low:.2%} to {interval.high:.2%})"


def main() -> None:
    """Run, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    runs = {c: [run(options.num, c, seed) for seed in range(options.seeds)] for c in (1.0, 0.8, 0.5)}
    publish("refinement", {"runs": {str(c): results for c, results in runs.items()}}, table(runs))


if __name__ == "__main__":
    main()
