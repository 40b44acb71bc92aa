"""What reference sources say, and how sure that makes it; knows no text.

A reference is a file of JSON lines. A fact is `{"subject", "relation", "value", "source"}`, with `"trust"` if the
source is right less often, or more often, than nine times in ten. A line `{"relation", "aliases": [...]}` gives a
relation further names. Facts of the relation `is a` make classes; a class that is a subject itself has classes in turn.

Where sources differ, each value gets the probability that follows from their trust, if they err apart from each other
and an error takes any of ten wrong values.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.refinement.claims import IS_A
from zaphod.data.refinement.values import Value, normal_name, parse_value

DEFAULT_TRUST = 0.9
_NUM_WRONG_VALUES = 10


class Fact(NamedTuple):
    """One statement of one source."""

    subject: str
    relation: str
    value: str
    source: str
    trust: float = DEFAULT_TRUST


class Known(NamedTuple):
    """One value of a relation, how sure it is, and who says so."""

    value: Value
    text: str
    confidence: float
    sources: tuple[str, ...]


class KnowledgeBase:
    """Facts by subject and relation."""

    def __init__(self, facts: Iterable[Fact], aliases: Iterable[tuple[str, str]] = ()) -> None:
        self._aliases = {normal_name(alias): normal_name(relation) for alias, relation in aliases}
        self._facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        self._classes: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._common: set[str] = set()
        for fact in facts:
            key = self._key(fact.subject, fact.relation)
            self._facts[key].append(fact)
            self._names[key[1]].add(normal_name(fact.value))
            if not is_proper(fact.value):
                self._common.add(key[1])
            if key[1] == IS_A:
                self._classes[key[0]].add(normal_name(fact.value))
        self._class_names = {name for names in self._classes.values() for name in names}

    def __len__(self) -> int:
        return sum(map(len, self._facts.values()))

    def known(self, subject: str, relation: str) -> list[Known]:
        """What is known of a relation of a subject, the surest first."""
        facts = self._facts.get(self._key(subject, relation), [])
        return _weighed(facts) if facts else []

    def may_be_value(self, relation: str, text: str) -> bool:
        """Whether a text could be a value of a relation at all: one that a subject has, or a name where all are names.

        `The currency of Chile is stable` names no currency.
        """
        relation = self._key("", relation)[1]
        return normal_name(text) in self._names.get(relation, ()) or (is_proper(text) and relation not in self._common)

    def ancestors(self, name: str) -> set[str]:
        """All classes of a subject, those of its classes too."""
        found: set[str] = set()
        waiting = [normal_name(name)]
        while waiting:
            for parent in self._classes.get(waiting.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    def is_class(self, name: str) -> bool:
        """Whether some subject is one."""
        return normal_name(name) in self._class_names

    def _key(self, subject: str, relation: str) -> tuple[str, str]:
        relation = relation if relation == IS_A else normal_name(relation)
        return normal_name(subject), self._aliases.get(relation, relation)


def is_proper(text: str) -> bool:
    """Whether a text is written like a name or a code: its first letter after an article is a capital or a digit."""
    first = re.sub(r"^(?:the|an?) ", "", text.strip(), flags=re.IGNORECASE)[:1]
    return first.isupper() or first.isdigit()


def read_knowledge(files: Iterable[Path]) -> KnowledgeBase:
    """The facts of some files.

    Raises:
        ConfigError: a file is missing.
        CorruptFileError: a line is no fact.
    """
    facts: list[Fact] = []
    aliases: list[tuple[str, str]] = []
    for file in files:
        if not file.is_file():
            raise ConfigError(f"{file} is no file.", "A reference is a file of JSON lines.", "Check the path.")
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    _read_line(line, f"{file.name}:{number}", facts, aliases)
    return KnowledgeBase(facts, aliases)


def _read_line(line: bytes, place: str, facts: list[Fact], aliases: list[tuple[str, str]]) -> None:
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
        if "aliases" in row:
            aliases += [(_text(alias), _text(row["relation"])) for alias in row["aliases"]]
            return
        trust = float(row.get("trust", DEFAULT_TRUST))
        if not 0 < trust < 1:
            raise ValueError("trust lies between 0 and 1")
        subject, relation, value, source = (_text(row[key]) for key in ("subject", "relation", "value", "source"))
        facts.append(Fact(subject, relation, value, source, trust))
    except (msgspec.DecodeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise CorruptFileError(
            f"Line {place} is no fact: {error}.",
            'A fact is like {"subject": "Chile", "relation": "currency", "value": "Chilean Peso", "source": "CLDR"}.',
            "Mend or remove the line.",
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a value is no text")
    return value


def _weighed(facts: list[Fact]) -> list[Known]:
    """Values with their probabilities. A source that gives several values holds all of them."""
    values = {parse_value(fact.value): fact.value for fact in reversed(facts)}
    by_source: dict[str, dict[Value, float]] = defaultdict(dict)
    for fact in facts:
        by_source[fact.source][parse_value(fact.value)] = fact.trust
    known = []
    for value, text in values.items():
        odds = 0.0
        for said in by_source.values():
            trust = min(max(max(said.values()), 1e-6), 1 - 1e-6)
            wrong = (1 - trust) / _NUM_WRONG_VALUES
            odds += math.log(trust / wrong) if value in said else math.log(wrong / trust)
        # One value in eleven would be the right one by chance.
        odds -= math.log(_NUM_WRONG_VALUES)
        supporters = tuple(sorted(source for source, said in by_source.items() if value in said))
        known.append(Known(value, text, 1 / (1 + math.exp(-max(-700.0, min(700.0, odds)))), supporters))
    return sorted(known, key=lambda entry: (-entry.confidence, entry.text))
