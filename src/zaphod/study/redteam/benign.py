"""Harmless texts that look suspicious, from the files in `benign/`; knows no guard.

Half of them, chosen by a hash, are for those who write a guard; the other half tells how often it is wrong.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources

from zaphod.study.redteam.transforms.transform import Split


@dataclass(frozen=True, kw_only=True)
class Benign:
    """A harmless text, and where it is from: a language or a kind of document."""

    source: str
    split: Split
    text: str


def benign_texts(split: Split | None = None) -> tuple[Benign, ...]:
    """Those of one split, or all."""
    return tuple(text for text in _all() if split in (None, text.split))


@functools.cache
def _all() -> tuple[Benign, ...]:
    folder = resources.files(__package__) / "benign"
    return tuple(
        Benign(source=file.name.removesuffix(".txt"), split=split_of(text), text=text)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".txt")
        for text in file.read_text(encoding="utf-8").strip("\n").split("\n\n")
    )


def split_of(text: str) -> Split:
    """Which half a text belongs to, for good."""
    return "held_out" if hashlib.blake2b(text.encode(), digest_size=1).digest()[0] % 2 else "development"
