"""What there is in the scene of the fragile load, by name: one thing, where it stands and where it may go; no numbers.

All names in one place: the words of people, those of plans, and those that the built-in model was taught.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from zaphod.data.tasks.robot_world import KINDS, PLACES

_ARTICLES: Final = re.compile(r"^(?:(?:the|a|an|my|our|your|that|this)\s+)+")
_DESCRIBED: Final = ("fragile", "delicate", "breakable", "thin", "empty", "clean", "valuable", "single", "only")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A thing or a place."""

    name: str
    """In plans, in refusals, and on pictures."""
    called: tuple[str, ...] = ()
    """What people may call it instead."""
    taught: str = ""
    """What the built-in model was taught to call it; empty where that is its name."""
    where: str = ""
    """For a place: how it lies, in words."""

    @property
    def told(self) -> str:
        """How the built-in model is told of it."""
        return self.taught or self.name

    def is_meant(self, words: str) -> bool:
        """Whether these words mean it, articles and descriptions aside."""
        bare = _bare(words)
        return bool(bare) and bare in {_bare(name) for name in (self.name, self.taught, *self.called)}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All that can be spoken of: what is not here does not exist for a planner."""

    load: Named
    start: Named
    goal: Named

    @property
    def fact(self) -> str:
        """Where the load is, said behind a sentence about it: of five ways the model follows this one best."""
        return f"it is on the {self.start.told}"

    @property
    def offer(self) -> str:
        """What can be asked for here."""
        return f"Here the {self.load.name} can be carried from the {self.start.name} to the {self.goal.name}."

    def restated(self, sentence: str) -> str:
        """The sentence with each name as the built-in model was taught it."""
        for named in (self.load, self.start, self.goal):
            sentence = _pattern(named).sub(named.told, sentence)
        return sentence


def _pattern(named: Named) -> re.Pattern[str]:
    """Any name of it with its descriptions; not where it describes something else: a glass bottle is no glass."""
    names = sorted({named.name, named.told, *named.called}, key=len, reverse=True)
    described = "|".join(_DESCRIBED)
    others = "|".join(sorted({*KINDS, *PLACES}, key=len, reverse=True))
    wanted = "|".join(map(re.escape, names))
    return re.compile(rf"\b(?:(?:{described})\s+)*(?:{wanted})\b(?!\s+(?:{others})\b)", re.IGNORECASE)


def _bare(words: str) -> str:
    bare = _ARTICLES.sub("", " ".join(words.lower().split()))
    while (first := bare.split(" ", 1))[0] in _DESCRIBED and len(first) == 2:
        bare = first[1]
    return bare


GLASS_OVER_A_WALL: Final = Setting(
    load=Named(name="glass", called=("drinking glass", "wine glass", "fragile load"), taught="glass cup"),
    start=Named(name="table", where="this side of the wall"),
    goal=Named(name="shelf", where="beyond the wall"),
)
"""The scenes of `scene.draw`. The built-in model was taught glass as what things are made of, not as a thing."""
