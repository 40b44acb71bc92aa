"""The frozen wordings of the test `wordings_2`, and the guard that keeps both tests' phrasings out of training."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from zaphod.data.tasks import arithmetic, out_of_scope, robot_wordings, tool_words
from zaphod.data.tasks.second.grammar import HeldOut
from zaphod.data.tasks.wording import Wording

_FILE = "wordings_2.toml"


@cache
def wordings_2() -> dict[str, dict[str, tuple[str, ...]]]:
    """Frames by task and intent."""
    text = resources.files("zaphod.data.tasks.second").joinpath(_FILE).read_text("utf-8")
    return {
        task: {intent: tuple(frames) for intent, frames in intents.items()}
        for task, intents in tomllib.loads(text).items()
    }


@cache
def held_out() -> HeldOut:
    """All phrasings of both tests. Two words at least make a phrasing; less would forbid common words."""
    frames = [frame for intents in wordings_2().values() for frames in intents.values() for frame in frames]
    for wording in _first_wordings():
        frames += wording.held_out
    return HeldOut(frames)


def _first_wordings() -> list[Wording]:
    modules = (arithmetic, out_of_scope, robot_wordings, tool_words)
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Wording)]
    return found + list(arithmetic.WORDINGS.values())
