"""What classifiers read of a text; knows no weights and no models.

Our own models read the canonical view, in training as in use. Models of others were trained on texts as people write
them, so they read the raw text and whatever was decoded from it, unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.views import canonical

_FORMS = frozenset({"fold", "join", "leet", "squeeze", "compact", "word-order"})
"""Last steps of views that are forms of a reading, not readings of their own."""


def reading(text: str) -> str:
    """The canonical view's text."""
    return canonical(text).text


def readings_of(views: Sequence[View]) -> Iterator[View]:
    """The raw text and what was decoded from it, each text once."""
    seen: set[str] = set()
    for view in views:
        is_form = bool(view.chain) and view.chain[-1] in _FORMS
        if not is_form and view.text not in seen:
            seen.add(view.text)
            yield view
