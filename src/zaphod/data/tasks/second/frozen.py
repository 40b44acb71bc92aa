"""The frozen wordings of the test `wordings_2`, and the guard that keeps both tests' phrasings out of training."""

from __future__ import annotations

import random
import tomllib
from functools import cache
from importlib import resources

from zaphod.data.tasks import arithmetic, out_of_scope, robot_wordings, tool_words
from zaphod.data.tasks.second.grammar import Grammar, HeldOut
from zaphod.data.tasks.second.manner import carried
from zaphod.data.tasks.wording import Wording

_FILE, _PAIRS = "wordings_2.toml", "route_pairs.toml"
_MARKS = ("=", "np:", "eq:")


@cache
def wordings_2() -> dict[str, dict[str, tuple[str, ...]]]:
    """Frames by task and intent."""
    text = resources.files("zaphod.data.tasks.second").joinpath(_FILE).read_text("utf-8")
    return {
        task: {intent: tuple(frames) for intent, frames in intents.items()}
        for task, intents in tomllib.loads(text).items()
    }


@cache
def route_pairs() -> tuple[tuple[str, str], ...]:
    """Frames of questions that need live data, each with one of nearly the same words that does not."""
    text = resources.files("zaphod.data.tasks.second").joinpath(_PAIRS).read_text("utf-8")
    return tuple((live, other) for live, other in tomllib.loads(text)["pairs"])


@cache
def held_out() -> HeldOut:
    """All phrasings of both tests. Two words at least make a phrasing; less would forbid common words."""
    frames = [frame for intents in wordings_2().values() for frames in intents.values() for frame in frames]
    frames += [frame for pair in route_pairs() for frame in pair]
    for wording in _first_wordings():
        frames += wording.held_out
    return HeldOut(frames)


def phrased(frame: str, grammar: Grammar, rng: random.Random) -> str | None:
    """The frame carried by a sentence whose slots are open; None where that would say a held-out phrasing.

    To be asked before a sentence is spoilt: a held-out phrasing with a slip would be one still.
    """
    mark = next((mark for mark in _MARKS if frame.startswith(mark)), "")
    sentence = carried(mark + grammar.said(frame.removeprefix(mark), rng), rng)
    return None if held_out().is_in(sentence) else sentence


def _first_wordings() -> list[Wording]:
    modules = (arithmetic, out_of_scope, robot_wordings, tool_words)
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Wording)]
    return found + list(arithmetic.WORDINGS.values())
