"""What a classifier reads of a text: its canonical view, and nothing else; knows no weights."""

from __future__ import annotations

from zaphod.safety.guard.views import canonical


def reading(text: str) -> str:
    """The canonical view's text, in training as in use."""
    return canonical(text).text
