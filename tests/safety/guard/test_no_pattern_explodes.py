"""Every regular expression that the guard runs in Python's own engine, on texts that make bad ones run for years.

An exponential pattern does not come back from 64 characters: the test then ends by its time limit. One was found so.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import zaphod.safety.guard

ATOMS = (
    "a", "l", "1", "0", " ", "-", ".", "=", "A", "/", "_", "\\", "<", "&", "%", "\n", "aA", "a1", "1 ", "a ", "a.",
    "=\n", "ab", "aab", "a-", "1.", "1-", "\u200b", "é", "+", "(", "[", "!", "\"", "'", "aa ", "; ", "&#", "\\u", "0x",
    ".-", "<a ",
)  # fmt: skip
TAILS = ("", "!", "\0", "a", "1")


def every_pattern() -> Iterator[tuple[str, re.Pattern[str]]]:
    for found in pkgutil.walk_packages(zaphod.safety.guard.__path__, "zaphod.safety.guard."):
        if found.name.endswith(".train"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            several = (
                value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else (value,)
            )
            for one in several:
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    yield f"{found.name}.{name}", one


PATTERNS = dict(every_pattern())


def test_there_are_patterns_to_try() -> None:
    assert len(PATTERNS) > 40


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_no_pattern_takes_exponential_time(name: str) -> None:
    for text in ((atom * 64)[:64] + tail for atom in ATOMS for tail in TAILS):
        for match in PATTERNS[name].finditer(text):
            assert match.end() <= len(text)
