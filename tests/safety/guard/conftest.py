"""What the guard's tests share: a small policy in a file, and a guard with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.guard import Guard

POLICY = r"""
name = "small"
version = "1"
max_delay_tokens = 1000

[stages.output.actions]
"leak.word" = "redact"
"leak.note" = { action = "redact", replacement = "[note]" }
"leak.stop" = "block"
"leak.ask" = "confirm"
mood = { action = "block", min_score = 0.9 }

[stages.input.actions]
leak = "block"

[[rules]]
id = "leak.word"
title = "the word"
patterns = ['\bthe secret (?:word|phrase) is [a-z]{1,8}\b', 'plover eggs?', 'паролями?\b', 'ab{1,4}c']
exceptions = ['xabbcx']

[[rules]]
id = "leak.note"
title = "a note"
views = ["raw"]
patterns = ['^note: .{1,20}!', '\b[a-z]{2}\d{2,4}\b']

[[rules]]
id = "leak.stop"
title = "a stop"
patterns = ['stop the (?:press|presses)\b']

[[rules]]
id = "leak.ask"
title = "a question"
patterns = ['may i leave now']
"""

MakeGuard = Callable[..., Guard]


@pytest.fixture
def make_guard(tmp_path: Path) -> MakeGuard:
    """A guard with the small policy, changed as wished, and no finders but those given."""

    def make(*changes: tuple[str, str], finders: Sequence[Finder] = ()) -> Guard:
        text = POLICY
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "small.toml"
        path.write_text('categories = ["mood"]\n' + text, "utf-8")
        return Guard.load(path, finders=finders)

    return make
