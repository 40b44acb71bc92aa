"""The finders that come with the guard; the one place that knows them all."""

from __future__ import annotations

import functools

from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.pii.finder import PiiFinder, SecretFinder
from zaphod.safety.guard.views import HiddenTextFinder


@functools.cache
def standard_finders() -> tuple[Finder, ...]:
    """Hidden text, personal data, secrets. Thread-safe, so everybody shares them."""
    return (HiddenTextFinder(), PiiFinder(), SecretFinder())
