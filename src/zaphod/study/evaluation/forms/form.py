"""What every way of asking has in common; knows none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from zaphod.study.evaluation.models.asked import AskedModel


class Form(Protocol):
    """One way of asking problems of one kind."""

    def ask(self, model: AskedModel, problems: Sequence[Any]) -> list[dict[str, Any]]:
        """A record of each problem; `key`, `group` and `values` are in all of them, the rest is for people."""

    def settings(self) -> Mapping[str, Any]:
        """What must be the same for figures to be comparable."""
