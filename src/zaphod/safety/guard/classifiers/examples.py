"""Makes labelled texts of wordings, the same ones each time; knows nothing of n-grams and models.

Wordings and fillers of slots are dealt out: what a model is tested on uses none of the sentences, and none of the
insults, demands or disguises, that it was trained on. Names, places and groups of people are the same in all splits.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from zaphod.safety.guard.classifiers.wordings import SPLITS, Family, Split, Wordings, dealt, read_wordings, written

Task = Literal["toxicity", "injection"]
TASKS: tuple[Task, ...] = ("toxicity", "injection")
FOLDER = Path(__file__).parent / "data"

SEED = 4
_PER_TEMPLATE = {"train": 24, "validation": 10, "test": 12}
_PER_GROUP = {"train": 3, "validation": 2, "test": 6}
_TRIES = 4
"""Draws for each text that is wanted: a wording with few choices has fewer texts."""
_SHARE_OF_TYPOS = 0.12
_SHARE_OF_COMPOUNDS = 0.2
_JOINTS = (", ", "; ", " - ", ": ", " ", ", ")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text and what is known of it.

    Args:
        text: as somebody would write it.
        is_harmful: what the model should say.
        family: the kind of wording.
        language: its code.
        group: whom it speaks of, where the wording is about groups of people.
        wording: names the wording; folds are made of whole wordings.
    """

    text: str
    is_harmful: bool
    family: str
    language: str
    group: str
    wording: str


@cache
def examples_of(task: Task, split: Split, seed: int = SEED, known_words: bool = False) -> tuple[Example, ...]:
    """All examples of a split: those of the task, and what is harmless whatever the task.

    Args:
        task: what a model is to tell apart.
        split: which wordings.
        seed: of the dealing and of all choices.
        known_words: fill the slots of these wordings with what training fills them with.
    """
    found: dict[str, Example] = {}
    earlier = _texts_before(task, split, seed)
    for wordings in _wordings_of(task):
        for example in _examples_of_file(wordings, split, seed, "train" if known_words else split):
            if example.text.casefold() not in earlier:
                found.setdefault(example.text.casefold(), example)
    single = tuple(found.values())
    return single + tuple(_compounds(single, random.Random(f"{seed}/{task}/{split}/{known_words}")))


def _compounds(examples: Sequence[Example], dice: random.Random) -> Iterator[Example]:
    """Long harmless sentences, joined of several, so that length is no sign of anything."""
    harmless: dict[str, list[str]] = {}
    for example in examples:
        if not example.is_harmful:
            harmless.setdefault(example.language, []).append(example.text)
    for example in examples:
        if not example.is_harmful and dice.random() < _SHARE_OF_COMPOUNDS:
            parts = [_pick(harmless[example.language], dice) for _ in range(1 + int(dice.random() * 3))]
            parts.insert(int(dice.random() * (len(parts) + 1)), example.text)
            text = _pick(_JOINTS, dice).join(part.rstrip(".!?。") for part in parts)
            yield replace(example, text=text, group="")


def _texts_before(task: Task, split: Split, seed: int) -> set[str]:
    """Texts of the splits before this one. Two wordings may have a text in common, which then counts for the first."""
    before = SPLITS[: SPLITS.index(split)]
    return {example.text.casefold() for other in before for example in examples_of(task, other, seed)}


def data_digest(task: Task, seed: int = SEED) -> str:
    """SHA-256 of the training and the validation examples, in order."""
    digest = hashlib.sha256()
    splits: tuple[Split, ...] = ("train", "validation")
    for split in splits:
        for example in examples_of(task, split, seed):
            digest.update(json.dumps(asdict(example), sort_keys=True).encode())
    return digest.hexdigest()


@cache
def _wordings_of(task: Task) -> tuple[Wordings, ...]:
    return tuple(_read_wordings_of(task))


def _read_wordings_of(task: Task) -> Iterator[Wordings]:
    """The files of the task; files for both; and the other task's harmless families."""
    other: Task = "injection" if task == "toxicity" else "toxicity"
    for folder in (task, "common", other):
        for path in sorted((FOLDER / folder).glob("*.toml")):
            wordings = read_wordings(path)
            yield wordings if folder != other else _harmless_part(wordings)


def _harmless_part(wordings: Wordings) -> Wordings:
    harmless = tuple(family for family in wordings.families if not family.is_harmful)
    return Wordings(
        language=wordings.language,
        slots=wordings.slots,
        shared=wordings.shared,
        groups=wordings.groups,
        families=harmless,
    )


def _examples_of_file(wordings: Wordings, split: Split, seed: int, words: Split) -> Iterator[Example]:
    for family in wordings.families:
        salt = f"{seed}/{wordings.language}/{family.name}"
        for template in dealt(family.templates, split, salt):
            for group in wordings.groups if family.has_groups else ("",):
                yield from _examples_of_template(wordings, family, template, group, split, seed, words)


def _examples_of_template(
    wordings: Wordings, family: Family, template: str, group: str, split: Split, seed: int, words: Split
) -> Iterator[Example]:
    wording = hashlib.sha256(f"{wordings.language}/{family.name}/{template}".encode()).hexdigest()[:12]
    dice = random.Random(f"{seed}/{split}/{wording}/{group}")
    wanted = _PER_GROUP[split] if group else _PER_TEMPLATE[split]
    seen: set[str] = set()
    for _ in range(wanted * _TRIES):
        text = _write(wordings, template, group, words, seed, dice)
        if text in seen:
            continue
        seen.add(text)
        yield Example(
            text=_mistyped(text, dice),
            is_harmful=family.is_harmful,
            family=family.name,
            language=wordings.language,
            group=group,
            wording=wording,
        )
        if len(seen) == wanted:
            return


def _write(wordings: Wordings, template: str, group: str, words: Split, seed: int, dice: random.Random) -> str:
    def fill(slot: str) -> str:
        if slot in ("group", "group_adj"):
            return wordings.groups[group][slot == "group_adj"]
        return _pick(wordings.fillers(slot, words, seed), dice)

    text = written(template, fill, lambda count: int(dice.random() * count))
    return text[:1].upper() + text[1:]


def _pick(things: Sequence[str], dice: random.Random) -> str:
    """One of them. `Random.random` gives the same numbers in every version of Python; `choice` need not."""
    return things[int(dice.random() * len(things))]


def _mistyped(text: str, dice: random.Random) -> str:
    """Some texts with one letter lost, doubled or exchanged with the next one: typos are no sign of anything."""
    if dice.random() >= _SHARE_OF_TYPOS or len(text) < 8:
        return text
    place = 1 + int(dice.random() * (len(text) - 3))
    pair = text[place : place + 2]
    return text[:place] + _pick((pair[1], pair[0] + pair, pair[::-1]), dice) + text[place + 2 :]
