"""Guards shown attacks and harmless texts, and what they made of them; knows no table and no file."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zaphod.core.progress import SILENT, Progress
from zaphod.study.redteam.attacks import Attack, composed_attacks, plain_attacks
from zaphod.study.redteam.benign import Benign
from zaphod.study.redteam.entrants import Entrant
from zaphod.study.redteam.intervals import Share
from zaphod.study.redteam.transforms.transform import Split

DEPTHS = (1, 2, 3)


class Looked(NamedTuple):
    """One attack, and who found it.

    Args:
        attack: it.
        found: by each entrant.
        is_plain_found: whether the last entrant finds the same in plain words.
    """

    attack: Attack
    found: tuple[bool, ...]
    is_plain_found: bool


class Cost(NamedTuple):
    """Time for texts, in µs for each kB of UTF-8, over several runs through all of them."""

    low: float
    median: float
    high: float


def attacks_of(wordings: Split, transforms: Split, num_each: int, seed: int) -> list[Attack]:
    """Attacks of every depth for each transform; plain wordings, too, where both splits are the same."""
    plain = plain_attacks(wordings, seed) if wordings == transforms else []
    made = (
        composed_attacks(wordings=wordings, transforms=transforms, depth=depth, num_each=num_each, seed=seed)
        for depth in DEPTHS
    )
    return [*plain, *(attack for of_depth in made for attack in of_depth)]


def look(attacks: Sequence[Attack], tried: Sequence[Entrant], progress: Progress = SILENT) -> list[Looked]:
    """Show every attack to everybody."""

    @functools.cache
    def is_plain_found(plain: tuple[str, ...], stage: str) -> bool:
        return any(tried[-1].catches(turn, stage) for turn in plain)  # type: ignore[arg-type]

    looked = []
    with progress.step("attacks", len(attacks), "attacks") as advance:
        for attack in attacks:
            found = tuple(any(each.catches(turn, attack.stage) for turn in attack.turns) for each in tried)
            looked.append(Looked(attack, found, is_plain_found(attack.plain, attack.stage)))
            advance(1)
    return looked


def recall(looked: Iterable[Looked], entrant: int = -1) -> Share:
    """How many attacks an entrant found; the last one unless said."""
    found = [each.found[entrant] for each in looked]
    return Share(sum(found), len(found))


def retention(looked: Iterable[Looked]) -> Share:
    """Of attacks that the last entrant finds in plain words, how many it finds as they were sent.

    This tells what a transform hides; recall tells, too, what the wordings alone hide.
    """
    return recall(each for each in looked if each.is_plain_found)


def alarms_of(texts: Sequence[Benign], tried: Sequence[Entrant], progress: Progress = SILENT) -> list[tuple[bool, ...]]:
    """Who raises an alarm at which text; harmless texts come in as what people say."""
    alarms = []
    with progress.step("harmless texts", len(texts), "texts") as advance:
        for text in texts:
            alarms.append(tuple(each.catches(text.text, "input") for each in tried))
            advance(1)
    return alarms


def cost_of(texts: Sequence[str], entrant: Entrant, repetitions: int = 5) -> Cost:
    """How long an entrant looks at texts."""
    size_kb = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1000
    runs = [_run_s(texts, entrant) * 1e6 / size_kb for _ in range(repetitions)]
    return Cost(min(runs), statistics.median(runs), max(runs))


def _run_s(texts: Sequence[str], entrant: Entrant) -> float:
    begun_s = time.perf_counter()
    for text in texts:
        entrant.reasons(text, "input")
    return time.perf_counter() - begun_s
