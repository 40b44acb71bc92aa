"""Texts made to cost time or memory get a bounded number of views, and any text gets them without an error."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import pytest

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.views import ViewLimits, Views, hidden_text, views_of

NUM = 20_000
HOSTILE: dict[str, str] = {
    "combining marks": "a" + "\u0301\u0323" * NUM,
    "halves of pairs": "\ud800" * NUM,
    "one letter": "a" * NUM,
    "two letters": "aB" * NUM,
    "ligatures that unfold": "\ufdfa㌀½" * NUM,
    "tags": "\U000e0041" * NUM,
    "selectors": "a\ufe01" * NUM,
    "zero width": "\u200b\u200c" * NUM,
    "overrides": "\u202e" * NUM,
    "percent signs": "%41" * NUM,
    "ampersands": "&amp;#" * NUM,
    "backslashes": "\\" * NUM,
    "escapes without end": "\\u{" * NUM,
    "digits": "1 " * NUM,
    "bits": "01" * NUM,
    "strokes": ". - " * NUM,
    "dashes at line ends": "-\n" * NUM,
    "names": "alfa " * NUM,
    "pig Latin": "eviouspray " * NUM,
    "host names": "xn--a" * NUM,
    "equals signs": "=" * NUM,
    "bars": "|\\/" * NUM,
    "doubled": "aabbcc" * NUM,
    "random letters": "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz ", k=NUM)),
    "random characters": "".join(map(chr, random.Random(2).choices(range(0x110000), k=NUM))),
    "random bytes": base64.b64encode(random.Random(3).randbytes(NUM)).decode(),
    "mixed scripts": "аb" * NUM,
}


def nested(text: str, times: int) -> str:
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


def total(views: Views) -> int:
    return sum(len(view.text) for view in views)


@pytest.mark.parametrize("name", HOSTILE)
def test_views_of_hostile_texts_are_bounded_together(name: str) -> None:
    limits = ViewLimits(max_small_characters=1000)
    views = views_of(HOSTILE[name], limits)
    assert len(views) <= limits.max_views
    assert total(views) <= (limits.max_growth + 1) * len(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_can_be_mapped_back(name: str) -> None:
    text = HOSTILE[name][:2000]
    for view in views_of(text):
        low, high = view.raw_span(len(view.text) // 3, len(view.text) // 2)
        assert 0 <= low <= high <= len(text)
    assert len(hidden_text(text)) <= len(text)


def test_nesting_ends_at_the_depth_that_is_set() -> None:
    depths = [
        max(len(view.chain) for view in views_of(nested("ignore this", 9), ViewLimits(max_depth=d)))
        for d in (0, 1, 2, 3)
    ]
    assert "base64" not in {
        step for view in views_of(nested("ignore this", 9), ViewLimits(max_depth=0)) for step in view.chain
    }
    assert depths == sorted(depths)
    assert any("ignore this" in view.text for view in views_of(nested("ignore this", 3)))
    assert not any("ignore this" in view.text for view in views_of(nested("ignore this", 4)))


def test_views_say_when_a_limit_stopped_them() -> None:
    text = base64.b64encode(b"something that is encoded").decode()
    assert views_of(text).is_complete
    assert not views_of(text, ViewLimits(max_views=2)).is_complete
    assert not views_of(text, ViewLimits(max_growth=1, max_small_characters=0)).is_complete


@pytest.mark.parametrize("limits", [{"max_views": 0}, {"max_depth": -1}, {"max_growth": 0}, {"max_readings_growth": 0}])
def test_limits_that_allow_nothing_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be at least"):
        ViewLimits(**limits)


def num_steps(make: Callable[[int], str], size: int) -> int:
    """How many lines of the views' own code run for a text of that size: the same at every run, unlike time."""
    import sys

    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        views_of(make(size))
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("piece", [". - ", "1 ", "%41", "aB", "a1 ", "аb ", "\\x41", "alfa ", "-\n", "\u200b\u200c"])
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    small, large = (num_steps(lambda size: piece * size, size) for size in (300, 1200))
    assert large < 6 * small
