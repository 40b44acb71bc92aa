"""One text of an answer on its way through the guard, with what spells it; knows no event's shape.

Log-probabilities and token ids spell the text that they belong to. They wait with it, go out when it is out, and are
dropped where something of it is withheld.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from zaphod.server.guarding.conversation import Conversation

if TYPE_CHECKING:
    from zaphod.safety.guard.stream import Passed


class Text:
    """Begins empty, and ends with `finish`.

    Args:
        conversation: judges it.
        where: how the client is told where something was found.
    """

    def __init__(self, conversation: Conversation, where: str) -> None:
        stream = conversation.stream()
        assert stream is not None, "answers are rewritten where there is a guard"
        self._stream, self._conversation, self._where = stream, conversation, where
        self._said: list[str] = []
        self._num_came = self._num_out = 0
        self._withheld: list[tuple[int, int]] = []
        self._spellings: deque[tuple[int, int, dict[str, Any]]] = deque()
        self._is_over = False
        self.is_blocked = False

    @property
    def said(self) -> str:
        """All that went out."""
        return "".join(self._said)

    def push(self, more: str, spelling: dict[str, Any] | None = None) -> str:
        """What may go out now."""
        if self._is_over:
            return ""
        begin, self._num_came = self._num_came, self._num_came + len(more)
        if spelling and more:
            self._spellings.append((begin, self._num_came, spelling))
        return self._passed(self._stream.push(more))

    def whole(self, text: str) -> None:
        """All of it, at once."""
        passed = self._conversation.whole(text, self._where)
        self._said, self._is_over, self.is_blocked = [passed.text], True, passed.is_blocked

    def finish(self) -> str:
        """The rest. What is pushed after it does not go out."""
        if self._is_over:
            return ""
        self._is_over = True
        return self._passed(self._stream.finish())

    def spelling(self) -> dict[str, Any]:
        """What spells the text that went out since the last question."""
        spelt: dict[str, Any] = {}
        while self._spellings and self._spellings[0][1] <= self._num_out:
            begin, end, spelling = self._spellings.popleft()
            if not any(first < end and begin < last for first, last in self._withheld):
                spelt = joined(spelt, spelling)
        return spelt

    def _passed(self, passed: Passed) -> str:
        self._conversation.tell(passed, self._where)
        self.is_blocked = self.is_blocked or passed.is_blocked
        self._is_over = self._is_over or passed.is_blocked
        self._num_out = passed.end
        self._withheld += [(one.hit.start, one.hit.end) for one in passed.findings if one.action != "allow"]
        self._said.append(passed.text)
        return passed.text


def joined(first: Any, second: Any) -> Any:
    """Two pieces of the same shape as one: lists one behind the other, in objects name by name."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first | {name: joined(first.get(name), one) for name, one in second.items()}
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    return first if second is None else second
