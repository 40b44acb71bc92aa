"""Personal values that the model saw under pseudonyms, put back for whoever sent them; knows no policy.

A request's pseudonyms live as long as the request: the same value has the same one in the next request of the tenant,
because it comes from the tenant's key, so that nothing needs to be kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zaphod.safety.guard.pii.pseudonyms import Pseudonyms
from zaphod.safety.guard.verdict import Finding, redacted

if TYPE_CHECKING:
    from zaphod.safety.guard.stream import Passed, TextStream

PSEUDONYM = "pseudonym"
"""The replacement in a policy that asks for one."""


class Disguise:
    """The pseudonyms of one request.

    Args:
        key: the tenant's.
    """

    def __init__(self, key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)
        self.is_used = False

    def applied(self, text: str, findings: Sequence[Finding]) -> str:
        """The text with what is to be redacted replaced, by pseudonyms where the policy says so."""
        return redacted(text, [self._named(finding, text) for finding in findings])

    def restored(self, text: str) -> str:
        """The text with the values back in it."""
        return self._pseudonyms.restore(text) if self.is_used else text

    def restored_json(self, text: str) -> str:
        """JSON with the values back in its texts; what is no JSON stays as it is."""
        if not self.is_used:
            return text
        try:
            restored = json.dumps(self._restored(json.loads(text)), ensure_ascii=False)
            restored.encode()  # half a surrogate pair can be spelt in JSON, and not be sent
        except (ValueError, RecursionError):
            return text
        return restored

    def stream(self, checked: TextStream) -> RestoringStream | TextStream:
        """The same checked text with the values back in."""
        return RestoringStream(checked, self._pseudonyms) if self.is_used else checked

    def _named(self, finding: Finding, text: str) -> Finding:
        if finding.replacement != PSEUDONYM:
            return finding
        self.is_used = True
        word = self._pseudonyms.pseudonym(finding.hit.rule, text[finding.hit.start : finding.hit.end])
        return replace(finding, replacement=word)

    def _restored(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._pseudonyms.restore(value)
        if isinstance(value, list):
            return [self._restored(one) for one in value]
        if isinstance(value, dict):
            return {self._restored(name): self._restored(one) for name, one in value.items()}
        return value


class RestoringStream:
    """A checked text with the values back in.

    Args:
        checked: lets out what may go out, with pseudonyms.
        pseudonyms: of the request.
    """

    def __init__(self, checked: TextStream, pseudonyms: Pseudonyms) -> None:
        self._checked, self._restoring = checked, pseudonyms.stream()

    def push(self, text: str, *, num_tokens: int = 1) -> Passed:
        """Take what came, and tell what may be shown."""
        passed = self._checked.push(text, num_tokens=num_tokens)
        return replace(passed, text=self._restoring.push(passed.text))

    def finish(self) -> Passed:
        """The text is over: tell what may be shown of the rest."""
        passed = self._checked.finish()
        return replace(passed, text=self._restoring.push(passed.text) + self._restoring.finish())
