"""The finders that come with the guard; the one place that knows them all."""

from __future__ import annotations

import functools

from zaphod.safety.guard.classifiers.classifier import load_classifier
from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.pii.finder import PiiFinder, SecretFinder
from zaphod.safety.guard.views import HiddenTextFinder


@functools.cache
def standard_finders() -> tuple[Finder, ...]:
    """Hidden text, personal data, secrets, toxicity, injection. Thread-safe, so everybody shares them."""
    classifiers = (load_classifier("toxicity"), load_classifier("injection"))
    return (HiddenTextFinder(), PiiFinder(), SecretFinder(), *classifiers)
