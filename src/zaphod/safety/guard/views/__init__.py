"""Canonical views: what a text may mean, with the way back to its raw characters. Read `views.py` first."""

from zaphod.safety.guard.views.hidden import HiddenText, HiddenTextFinder, hidden_text
from zaphod.safety.guard.views.views import ViewLimits, Views, canonical, views_of

__all__ = ["HiddenText", "HiddenTextFinder", "ViewLimits", "Views", "canonical", "hidden_text", "views_of"]
