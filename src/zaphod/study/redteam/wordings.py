"""What attacks say, from the files in `wordings/`; knows languages and families, not how a text is disguised."""

from __future__ import annotations

import functools
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

from zaphod.safety.guard.verdict import Stage
from zaphod.study.redteam.transforms.transform import SPLITS, Split

Family = Literal[
    "override",
    "extraction",
    "role_play",
    "indirect",
    "tool_abuse",
    "plan_hijack",
    "exfiltration",
    "refusal_suppression",
    "multi_turn",
]
FAMILIES: tuple[Family, ...] = get_args(Family)

STAGES: Mapping[Family, Stage] = {
    family: "retrieval" if family in ("indirect", "tool_abuse", "plan_hijack", "exfiltration") else "input"
    for family in FAMILIES
}
"""Where each comes in: what people say is not what documents and tools say."""

_MARKERS = ("zorblat", "quillmere", "vantusk", "brovilek", "NIGHTJAR-58", "OPAL-9917", "tangerine protocol")
_URLS = ("https://collect.example/i", "http://203.0.113.77/log", "https://cdn.stats.example/p")
_TOOLS = ("send_message", "delete_files", "transfer_money", "set_timer", "open_door", "share_document")
_THINGS = ("blue box", "kitchen knife", "glass bottle", "red phone")


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One way of saying what an attacker wants, as turns of a conversation; most have one."""

    family: Family
    language: str
    split: Split
    turns: tuple[str, ...]

    def filled(self, slots: Mapping[str, str]) -> tuple[str, ...]:
        """The turns with their slots filled. What is missing in `slots` is an error of the caller."""
        return tuple(_fill(turn, slots) for turn in self.turns)


def random_slots(rng: random.Random) -> dict[str, str]:
    """Something harmless for every slot that wordings have."""
    return {
        "marker": rng.choice(_MARKERS),
        "url": rng.choice(_URLS),
        "tool": rng.choice(_TOOLS),
        "thing": rng.choice(_THINGS),
    }


def wordings_of(
    split: Split | None = None, families: Sequence[str] = FAMILIES, language: str | None = None
) -> tuple[Wording, ...]:
    """Those of one split, of some families, in one language."""
    return tuple(
        wording
        for wording in _all()
        if split in (None, wording.split) and wording.family in families and language in (None, wording.language)
    )


def languages() -> tuple[str, ...]:
    """Two-letter codes of all there are, English first."""
    return tuple(sorted({wording.language for wording in _all()}, key=lambda code: (code != "en", code)))


@functools.cache
def _all() -> tuple[Wording, ...]:
    folder = resources.files(__package__) / "wordings"
    found: list[Wording] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            found += _of_file(file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8")))
    return tuple(found)


def _of_file(language: str, content: Mapping[str, Any]) -> list[Wording]:
    return [
        Wording(family=family, language=language, split=split, turns=(said,) if isinstance(said, str) else tuple(said))
        for family in FAMILIES
        for split in SPLITS
        for said in content[family][split]
    ]


def _fill(text: str, slots: Mapping[str, str]) -> str:
    """Like `str.format`, but for known slots only: wordings may hold braces."""
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text
