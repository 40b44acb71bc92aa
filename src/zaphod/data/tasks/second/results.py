"""What a tool gave, told to the user as it is: the model adds nothing that it does not know."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from zaphod.data.tasks.out_of_scope import HONEST_ANSWER
from zaphod.data.tasks.second import vocabulary
from zaphod.data.tasks.second.calls import Calls
from zaphod.data.tasks.task import Context, Example, Score, Split


class Results:
    """Copying a tool's result."""

    name = "results"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`: the questions of `Calls` that have an answer, now with a result."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        for example in Calls().examples(split, seed):
            if example.answer != HONEST_ANSWER and not example.answer.startswith('{"ask"'):
                result = _result(rng)
                yield replace(
                    example, task=self.name, answer=result, context=(*example.context, Context("result", result))
                )

    def judge(self, example: Example, answer: str) -> Score:
        """Right if it is the result, word for word."""
        correct = answer.strip() == example.answer
        return Score(correct, "as the tool gave it" if correct else f"wanted {example.answer!r}")


def _result(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.3:
        return str(rng.randrange(100000))
    if chance < 0.5:
        return f"{rng.randrange(1000)} {vocabulary.any_word(rng)}"
    if chance < 0.6:
        return f"{rng.randrange(1000)}.{rng.randrange(100)}"
    return vocabulary.free_text(rng, 1, 14)
