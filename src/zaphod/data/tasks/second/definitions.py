"""Questions about words, answered from a text that is given: by copying, or by saying that it is not there.

The text is a page of entries, one a line, `word: definition`. Most words and all definitions mean nothing much, so that
nothing can be learnt by heart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from zaphod.data.tasks.second import vocabulary as words
from zaphod.data.tasks.second.frozen import phrased, wordings_2
from zaphod.data.tasks.second.manner import dressed, remarked, spoilt
from zaphod.data.tasks.second.wordings import definition_wordings as wordings
from zaphod.data.tasks.task import Context, Example, Score, Split, fits_combinations
from zaphod.data.tasks.tool_words import WORDS
from zaphod.data.tasks.wording import invented_word

NOT_THERE = "The text does not say."


class Definitions:
    """Copying the right definition out of a page, or saying that it is not there."""

    name = "definitions"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. A held-out combination is the word with its definition."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        while True:
            page = {_word(rng): _gloss(rng) for _ in range(rng.choice((1, 2, 3, 3, 4, 5, 6)))}
            is_there = rng.random() < 0.75
            word = rng.choice(list(page)) if is_there else _word(rng)
            if (word in page) is is_there and fits_combinations(split, word, page.get(word, "")):
                sentence = _sentence(split, rng)
                if sentence is not None:
                    asked = word.capitalize() if rng.random() < 0.05 else word
                    prompt = dressed(sentence, rng).format_map({"word": asked})
                    text = "\n".join(f"{entry}: {gloss}" for entry, gloss in page.items())
                    yield Example(
                        task=self.name,
                        prompt=prompt,
                        answer=page.get(word, NOT_THERE),
                        context=(Context("text", text),),
                    )

    def judge(self, example: Example, answer: str) -> Score:
        """Right if it is the definition, word for word."""
        correct = answer.strip() == example.answer
        return Score(correct, "as it stands in the text" if correct else f"wanted {example.answer!r}")


def _sentence(split: Split, rng: random.Random) -> str | None:
    if split == "wordings_2":
        return rng.choice(wordings_2()["definitions"]["ask"])
    sentence = phrased(rng.choice(wordings.FRAMES), wordings.GRAMMAR, rng)
    return None if sentence is None else spoilt(remarked(sentence, rng), rng)


def _word(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.4:
        return invented_word(rng)
    if chance < 0.55:
        return rng.choice(WORDS)
    return words.any_word(rng) if chance < 0.9 else f"{words.any_word(rng)} {words.any_word(rng)}"


def _gloss(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return words.free_text(rng, 2, 10)
    verb, noun = rng.choice(words.VERBS), rng.choice(words.NOUNS)
    gloss = rng.choice(wordings.GLOSSES).format(
        adj=rng.choice(words.ADJECTIVES),
        adj2=rng.choice(words.ADJECTIVES),
        noun=noun,
        noun2=rng.choice(words.NOUNS),
        nouns=rng.choice(words.NOUNS) + "s",
        verb=verb,
        verbs=verb + "s",
        invented=invented_word(rng),
        number=rng.randrange(2, 100),
        name=invented_word(rng).capitalize(),
    )
    return gloss + rng.choice(("", "", f", {words.free_text(rng, 2, 5)}", f"; also a {rng.choice(words.NOUNS)}"))
