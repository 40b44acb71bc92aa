"""Finders at work: what they find, and what fails; knows neither policies nor verdicts."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Sequence

from zaphod.safety.guard.finder import Finder, View
from zaphod.safety.guard.hits import moved
from zaphod.safety.guard.verdict import Hit, Stage
from zaphod.safety.guard.views import Views, views_of

UNREAD = "hidden.unread"
"""Found where a limit of the views stopped them: what else the text may say is not known."""

_log = logging.getLogger(__name__)


def find(text: str, finders: Iterable[Finder], stage: Stage, failures: dict[str, None], offset: int = 0) -> list[Hit]:
    """What all finders find in a text, which begins at `offset` of another one. Failures are added to `failures`."""
    try:
        views = views_of(text)
    except Exception as error:
        note(failures, "views", error)
        return []
    return [*find_in(views, finders, stage, failures, offset), *unread(views, offset)]


def unread(views: Views, offset: int = 0) -> list[Hit]:
    """A hit over the whole text if not all of its readings were made."""
    if views.is_complete:
        return []
    end = offset + len(views[0].text)
    return [Hit(rule=UNREAD, title="more encodings than were undone", start=offset, end=end)]


def find_in(
    views: Sequence[View], finders: Iterable[Finder], stage: Stage, failures: dict[str, None], offset: int = 0
) -> list[Hit]:
    """What all finders find in readings of a text."""
    hits: list[Hit] = []
    for finder in finders:
        try:
            hits += [moved(hit, offset) for hit in finder.find(views, stage)]
        except Exception as error:
            note(failures, finder.name, error)
    return hits


def note(failures: dict[str, None], name: str, error: Exception) -> None:
    """Keep that a finder failed, and where. Not the message: it may quote the text."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    failure = f"{name}: {type(error).__name__}{place}"
    if failure not in failures:
        _log.error("a check failed: %s", failure)
    failures[failure] = None
