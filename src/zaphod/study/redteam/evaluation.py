"""Guards shown attacks and harmless texts, and what they made of them; knows no table and no file."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zaphod.core.progress import SILENT, Progress
from zaphod.safety.guard.verdict import Stage
from zaphod.study.intervals import Share
from zaphod.study.redteam.attacks import Attack, composed_attacks, plain_attacks
from zaphod.study.redteam.benign import Benign
from zaphod.study.redteam.deadline import TooLongError, deadline
from zaphod.study.redteam.entrants import Entrant
from zaphod.study.redteam.transforms.transform import Split

DEPTHS = (1, 2, 3)


class Looked(NamedTuple):
    """One attack, and who found it.

    Args:
        attack: it.
        found: by each entrant.
        is_plain_found: whether the last entrant finds the same in plain words.
        is_late: who had said nothing when the time was up; these count as not found.
    """

    attack: Attack
    found: tuple[bool, ...]
    is_plain_found: bool
    is_late: tuple[bool, ...]


class Cost(NamedTuple):
    """Processor time for texts, in µs for each kB of UTF-8, over several runs through all of them."""

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


def look(
    attacks: Sequence[Attack], tried: Sequence[Entrant], progress: Progress = SILENT, limit_s: float = 10.0
) -> list[Looked]:
    """Show every attack to everybody, on the main thread. Who takes longer than the limit has not found it."""

    @functools.cache
    def is_plain_found(plain: tuple[str, ...], stage: Stage) -> bool:
        return _finds(tried[-1], plain, stage, limit_s) is True

    looked = []
    with progress.step("attacks", len(attacks), "attacks") as advance:
        for attack in attacks:
            said = [_finds(each, attack.turns, attack.stage, limit_s) for each in tried]
            found, is_late = tuple(one is True for one in said), tuple(one is None for one in said)
            looked.append(Looked(attack, found, is_plain_found(attack.plain, attack.stage), is_late))
            advance(1)
    return looked


def _finds(entrant: Entrant, turns: Sequence[str], stage: Stage, limit_s: float) -> bool | None:
    """None when the time was up."""
    try:
        with deadline(limit_s):
            return any(entrant.catches(turn, stage) for turn in turns)
    except TooLongError:
        return None


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
    begun_s = time.process_time()  # of this process: others on the machine do not count
    for text in texts:
        entrant.reasons(text, "input")
    return time.process_time() - begun_s
