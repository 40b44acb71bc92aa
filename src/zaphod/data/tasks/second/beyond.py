"""What the model cannot do, in more words than the first edition has: talk, facts, essays; one honest answer to all."""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks import out_of_scope as first
from zaphod.data.tasks.second import vocabulary
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.grammar import Grammar
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.second.wordings import beyond_wordings as wordings
from zaphod.data.tasks.second.wordings import talk_wordings
from zaphod.data.tasks.task import Example, Score, Split, fits_combinations

_GRAMMAR = Grammar(wordings.RULES)


class Beyond:
    """Small talk and general knowledge, answered as in the first edition."""

    name = "beyond"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the set of words that fill a question."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            slots = first.any_slots(rng)
            is_talk = split != "combinations" and rng.random() < 0.35
            if not is_talk and not fits_combinations(split, *slots.values()):
                continue
            slots |= _more_slots(slots, rng)
            sentence = _sentence("talk" if is_talk else "questions", split, rng)
            if sentence is not None:
                prompt = dressed(sentence, rng).format_map(slots)
                yield Example(task=self.name, prompt=prompt, answer=first.HONEST_ANSWER)

    def judge(self, example: Example, answer: str) -> Score:
        """As in the first edition."""
        return first.OutOfScope().judge(example, answer)


def _sentence(intent: str, split: Split, rng: random.Random) -> str | None:
    if split == "wordings_2":
        return rng.choice(wordings_2()["out_of_scope"][intent])
    sentence = phrased(rng.choice(talk_wordings.TALK if intent == "talk" else wordings.QUESTIONS), _GRAMMAR, rng)
    return None if sentence is None else spoilt(remarked(sentence, rng), rng)


def _more_slots(slots: dict[str, str], rng: random.Random) -> dict[str, str]:
    return {
        "noun": rng.choice(vocabulary.NOUNS),
        "city": slots["place"],
        "country": slots["place"],
        "company": slots["surname"],
        "topic2": slots["other"],
        "old_year": str(rng.randrange(1100, 2015)),
        "old_year2": str(rng.randrange(1100, 2015)),
        "century": str(rng.randrange(11, 20)),
    }
