"""Names that clients may ask for; knows nothing of what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelNames:
    """Names that clients may ask for."""

    own: str
    aliases: Sequence[str] = ()
    adapters: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """All of them, the model's own first."""
        return [self.own, *self.aliases, *self.adapters]
