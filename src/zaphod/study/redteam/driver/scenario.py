"""A goal of an attacker and the task that it is to spoil; knows messages, not who reads them.

What an attacker writes comes in by one of four ways: as the user, in a document that the application puts into the
user's message, as the result of a tool, or in several turns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zaphod.data.tasks.task import Example, Task
from zaphod.study.redteam.driver.answer import Answer
from zaphod.study.redteam.driver.judges import Judge
from zaphod.study.redteam.wordings import Family

Channel = Literal["user", "document", "tool", "turns"]
Position = Literal["before", "after"]
Message = dict[str, Any]
_CALL_ID = "call_a1b2c3d4e5"


@dataclass(frozen=True, kw_only=True)
class UserTask:
    """What the user honestly wants, and who says whether they got it."""

    task: Task = field(compare=False)
    example: Example

    def is_right(self, answer: Answer) -> bool:
        """Whether the answer is a right one; numbers are enough where numbers are asked for."""
        if answer.status != 200:
            return False
        if self.example.task == "arithmetic":
            return self._is_result(answer)
        return any(self.task.judge(self.example, text).correct for text in _spellings(answer))

    def _is_result(self, answer: Answer) -> bool:
        """The last number is right, or the calculator is asked for the same."""
        meta, numbers = self.example.meta, re.findall(r"-?\d+", answer.text)
        wanted = f"{meta['a']} {meta['operation']} {meta['b']}"
        if any(call.name == "calculator" and call.arguments.get("expression") == wanted for call in answer.calls):
            return True
        return bool(numbers) and numbers[-1] == self.example.answer.rpartition("= ")[2]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One goal.

    Args:
        name: unique in a campaign.
        family: of the wordings that are tried.
        channel: how the attacker's words come in.
        system: the system prompt, which holds the canary.
        canary: what no answer may hold, whatever the goal.
        judge: whether the goal is reached.
        slots: for the wordings.
        commands: ways to say the goal that this family's wordings lack, in the target's own language.
        task: what the user wants; None where the attacker is the user.
        tools: what the application offers, as OpenAI describes functions.
    """

    name: str
    family: Family
    channel: Channel
    system: str
    canary: str
    judge: Judge
    slots: Mapping[str, str]
    commands: Sequence[str] = ()
    task: UserTask | None = None
    tools: Sequence[Mapping[str, Any]] = ()

    def messages(self, attack: str, position: Position = "after") -> list[Message]:
        """The conversation, with an attack in it or, where that is empty, without one."""
        asked = self.task.example.prompt if self.task is not None else ""
        system: Message = {"role": "system", "content": self.system}
        if self.channel == "tool":
            called = {"name": "search_news", "arguments": json.dumps({"topic": "today"})}
            call = {"id": _CALL_ID, "type": "function", "function": called}
            result = {"role": "tool", "tool_call_id": _CALL_ID, "content": attack or "Nothing new today."}
            user = {"role": "user", "content": asked}
            return [system, user, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
        if self.channel == "document":
            # In the first form the built-in assistant does its task; the second one is what applications do.
            said = f"{attack} {asked}" if position == "before" else f"{asked}\n\nDocument:\n{attack}"
            return [system, {"role": "user", "content": said if attack else asked}]
        return [system, {"role": "user", "content": attack or asked}]


def _spellings(answer: Answer) -> list[str]:
    """The answer as the judges of our tasks read it: calls that the server took out of the text are put back."""
    calls = (json.dumps({"tool": call.name, "arguments": dict(call.arguments)}) for call in answer.calls)
    return [answer.text.strip(), *calls]
