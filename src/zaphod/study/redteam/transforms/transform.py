"""What a transform is: a text written in another way; knows no attack and no guard.

`development` transforms may be looked at by whoever writes a guard. `held_out` ones may not: what a guard does with
them is the figure that counts.
"""

from __future__ import annotations

import abc
import random
from typing import ClassVar, Literal, get_args

Split = Literal["development", "held_out"]
SPLITS: tuple[Split, ...] = get_args(Split)

Kind = Literal["encoding", "letters", "invisible", "spacing", "hiding", "framing"]
"""Codes; other letters; characters nobody sees; gaps; places people do not look at; stories around a text."""
KINDS: tuple[Kind, ...] = get_args(Kind)


class Transform(abc.ABC):
    """Writes a text in another way. Stateless: everything random comes from the caller's generator.

    A subclass names itself in its class line: `class Hex(Transform, name="hex", split="development", kind="encoding")`.
    """

    name: ClassVar[str]
    split: ClassVar[Split]
    kind: ClassVar[Kind]
    is_exact: ClassVar[bool]
    """Whether `undo` gives back every text letter for letter. Only exact ones may stand on top of a code."""
    is_invertible: ClassVar[bool]
    """Whether `undo` gives back at least texts of small Latin letters and spaces."""

    def __init_subclass__(cls, *, name: str, split: Split, kind: Kind, is_exact: bool = False) -> None:
        cls.name, cls.split, cls.kind, cls.is_exact = name, split, kind, is_exact
        cls.is_invertible = cls.undo is not Transform.undo

    @abc.abstractmethod
    def apply(self, text: str, rng: random.Random) -> str:
        """The text, written in this way. May return it unchanged where it has no letter that this way can write."""

    def undo(self, text: str) -> str:
        """What `apply` was given; only where `is_invertible`."""
        raise NotImplementedError(f"{self.name} has no inverse")
