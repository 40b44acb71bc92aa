"""Tasks with tools in the prompt: those that need none, and the first edition's calls with theirs shown."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from zaphod.data.tasks.second import tools
from zaphod.data.tasks.second.calls import some_tool
from zaphod.data.tasks.second.tools import KNOWN
from zaphod.data.tasks.task import Context, Example, Score, Split, Task
from zaphod.data.tasks.tool_call import ToolCall

_SHARE_WITH_TOOLS = 0.3
_MIGHT_ANSWER = ("define_word", "get_weather", "search_news", "play_music")
"""Known tools that might do what is beyond the model, or define: they are not shown beside such requests."""
_NO_TOOL_WOULD = re.compile(
    r"(?!.*\b(cold|defin|happen|listen|mean|music|news?\b|play|sing|song|warm|weather|what are|what is|what's))",
    re.IGNORECASE,
)
"""Requests beyond the model that none of the known tools might do."""


@dataclass(frozen=True)
class BesideTools:
    """A task that is answered without tools, whether or not some are shown.

    Args:
        task: answered as ever.
    """

    task: Task

    @property
    def name(self) -> str:
        return self.task.name

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`. Three of ten show tools, mostly one to three, sometimes the eight well known."""
        rng = random.Random(f"tools/{self.name}/{split}/{seed}")
        for example in self.task.examples(split, seed):
            shown = self._shown(example.prompt, rng) if rng.random() < _SHARE_WITH_TOOLS else []
            told = tuple(Context("tool", str(tool)) for tool in shown)
            yield replace(example, context=told + example.context)

    def judge(self, example: Example, answer: str) -> Score:
        """As the task judges."""
        return self.task.judge(example, answer)

    def _shown(self, prompt: str, rng: random.Random) -> list[tools.ToolSignature]:
        is_open = self.name not in ("beyond", "definitions")
        if (is_open or (self.name == "beyond" and _NO_TOOL_WOULD.match(prompt))) and rng.random() < 0.3:
            return list(KNOWN.values())
        if is_open:
            return [some_tool(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
        might = {said for name in _MIGHT_ANSWER for said in tools.descriptions()[name]}
        shown = (some_tool(rng) for _ in range(rng.choice((1, 2, 3, 4))))
        return [tool for tool in shown if tool.description not in might]


@dataclass(frozen=True)
class ShownTools:
    """The first edition's calls, whose eight tools are in the prompt."""

    name: str = "tool_call"

    def examples(self, split: Split, seed: int) -> Iterator[Example]:
        """See `Task`: the questions of `ToolCall`."""
        context = tuple(Context("tool", str(tool)) for tool in KNOWN.values())
        for example in ToolCall().examples(split, seed):
            yield replace(example, context=context)

    def judge(self, example: Example, answer: str) -> Score:
        """As `ToolCall` judges."""
        return ToolCall().judge(example, answer)
