"""How often the rules notice a serious sentence, and how often they spoil a harmless one; knows no other judge.

`python -m zaphod.server.modes.measure tests/server/modes/held_out.toml` prints the table of `docs/modes.md`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zaphod.server.modes.modes import Modes


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """How many sentences about one subject some rule noticed."""

    subject: str
    num_noticed: int
    missed: tuple[str, ...]
    """Sentences that no rule noticed."""

    @property
    def num_sentences(self) -> int:
        """All of them."""
        return self.num_noticed + len(self.missed)


def measure(modes: Modes, sentences: Mapping[str, Sequence[str]]) -> list[Noticed]:
    """How many sentences of each subject are answered as `regular` though another mode was asked for."""
    playful = next(mode.name for mode in modes if mode.name != "regular")
    return [_noticed(modes, playful, subject, texts) for subject, texts in sentences.items()]


def table(modes: Modes, held_out: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """What the page about modes shows, in Markdown."""
    serious, harmless = measure(modes, held_out["serious"]), measure(modes, held_out["harmless"])
    lines = ["| subject | sentences | answered as `regular` |", "|---|---:|---:|"]
    lines += [f"| {one.subject} | {one.num_sentences} | {one.num_noticed} |" for one in serious]
    lines += [_sum("**all serious ones**", serious), _sum("**harmless ones** (none should be)", harmless)]
    return "\n".join(lines) + "\n"


def _noticed(modes: Modes, playful: str, subject: str, texts: Sequence[str]) -> Noticed:
    missed = tuple(text for text in texts if modes.choose(playful, [{"role": "user", "content": text}]).name == playful)
    return Noticed(subject=subject, num_noticed=len(texts) - len(missed), missed=missed)


def _sum(label: str, parts: Sequence[Noticed]) -> str:
    num_noticed, total = sum(one.num_noticed for one in parts), sum(one.num_sentences for one in parts)
    return f"| {label} | {total} | {num_noticed} ({num_noticed / total:.0%}) |"


if __name__ == "__main__":
    print(table(Modes.load(), tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))), end="")
