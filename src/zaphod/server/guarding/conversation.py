"""One request on its way in and out: texts are checked, calls judged, findings gathered. Knows no route and no engine.

    inspect (every text that goes in) -> stream (what the model says) and judge (what it wants done) -> told

What is refused is refused by an error that says where and why; what is redacted or held is told beside the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zaphod.safety.guard.authority.authority import Authority, ToolCall
from zaphod.safety.guard.authority.canaries import CanaryFinder, PromptLeakFinder, canary_of
from zaphod.safety.guard.authority.confirmation import Held, digest_of
from zaphod.safety.guard.authority.egress import AllowedHosts, EgressFinder
from zaphod.safety.guard.authority.taint import Provenance
from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.verdict import ACTIONS, Finding, Stage, Verdict
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.telling import Told, held_json, titles

if TYPE_CHECKING:
    from zaphod.safety.guard.stream import Passed, TextStream
    from zaphod.server.guarding.guarding import Guarding

CONFIRMATION_HEADER = "X-Zaphod-Confirmation"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text that goes in.

    Args:
        text: it.
        where: the field that it came in, like `messages.2.content`.
        stage: how it is checked; None for the operator's own words, which are trusted.
    """

    text: str
    where: str
    stage: Stage | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What follows for a call: it may be made, it waits (`held`), or it is dropped."""

    may_pass: bool
    held: Held | None = None


class Conversation:
    """What one request said, and what is found in it and in its answers.

    Args:
        guarding: the server's guard.
        caller: who asks.
        approved: the confirmation that the client names, if any.
    """

    def __init__(self, guarding: Guarding, caller: Caller, approved: str | None = None) -> None:
        self._guarding, self._caller, self._approved = guarding, caller, approved
        self._authority = guarding.authority_of(caller.tenant)
        self._provenance = Provenance()
        self._extra: tuple[Finder, ...] = ()
        self.policy = guarding.policy_name(caller.tenant)
        self.told: list[Told] = []
        self.held: list[Held] = []

    @property
    def canary(self) -> str | None:
        """A word for the system prompt that must not come out, where the policy wants one."""
        return canary_of(self._guarding.key_of(self._caller.tenant)) if self._authority.options.canary else None

    async def inspect(self, passages: Sequence[Passage]) -> list[str]:
        """The texts as they may go on.

        Raises:
            ApiError: 400 a text is blocked; 409 one waits for a person.
        """
        self._provenance = Provenance(
            trusted=tuple(passage.text for passage in passages if passage.stage != "retrieval"),
            untrusted=tuple(passage.text for passage in passages if passage.stage == "retrieval"),
        )
        self._extra = tuple(self._outgoing_finders(passages))
        verdicts = [await self._verdict(passage) for passage in passages]
        self._require(passages, verdicts)
        return [verdict.redacted(passage.text) for passage, verdict in zip(passages, verdicts, strict=True)]

    def stream(self) -> TextStream:
        """Checks an answer while it comes."""
        return self._guarding.guard.stream(stage="output", tenant=self._caller.tenant, extra=self._extra)

    def tell(self, passed: Passed, where: str) -> list[Told]:
        """Keep what was found in an answer; what is new for the client."""
        new = [Told(stage="output", where=where, finding=finding) for finding in passed.findings]
        self.told += new
        return [one for one in new if one.finding.action != "allow"]

    def judge(self, name: str, arguments: str, parameters: Any, where: str) -> tuple[Judged, list[Told]]:
        """Whether a call may be made, and why not."""
        verdict = self._guarding.guard.check(arguments, "tool_call", tenant=self._caller.tenant, extra=self._extra)
        call = ToolCall(name=name, arguments=arguments, parameters=parameters)
        findings = (*verdict.findings, *self._authority.judge(call, self._provenance))
        action = max((verdict.floor, *(finding.action for finding in findings)), key=ACTIONS.index)
        told = [Told(stage="tool_call", where=where, finding=finding) for finding in findings]
        self.told += told
        new = [one for one in told if one.finding.action != "allow"]
        if action == "allow":
            return Judged(may_pass=True), new
        if action == "block":
            return Judged(may_pass=False), new
        # Arguments without what was redacted would be another call: a person decides about this one.
        held = self._hold("tool_call", name, arguments, digest_of(name, arguments), findings)
        return Judged(may_pass=False, held=held), new

    def as_json(self) -> dict[str, Any]:
        """What the client is told at the end: everything but what was only noted."""
        return {
            "policy": self.policy,
            "findings": [one.as_json() for one in self.told if one.finding.action != "allow"],
            "held": [held_json(held) for held in self.held],
        }

    def _outgoing_finders(self, passages: Sequence[Passage]) -> Iterator[Finder]:
        options = self._authority.options
        words = [word for word in (self.canary,) if word is not None]
        if words:
            yield CanaryFinder(words)
        yield PromptLeakFinder(passage.text for passage in passages if passage.stage is None)
        yield EgressFinder(AllowedHosts(tuple(options.allowed_hosts)))

    async def _verdict(self, passage: Passage) -> Verdict:
        if passage.stage is None or not passage.text:
            return Verdict()
        return await self._guarding.verdict(passage.text, passage.stage, self._caller.tenant)

    def _require(self, passages: Sequence[Passage], verdicts: Sequence[Verdict]) -> None:
        """Refuse what is blocked or must wait."""
        for passage, verdict in zip(passages, verdicts, strict=True):
            stage = passage.stage or "input"
            self.told += [Told(stage=stage, where=passage.where, finding=finding) for finding in verdict.findings]
        for passage, verdict in zip(passages, verdicts, strict=True):
            if verdict.action == "block":
                raise self._blocked(passage, verdict)
        waiting = [finding for verdict in verdicts for finding in verdict.findings_of("confirm")]
        if waiting or any(verdict.action == "confirm" for verdict in verdicts):
            self._require_approval(passages, waiting)

    def _require_approval(self, passages: Sequence[Passage], findings: Sequence[Finding]) -> None:
        digest = digest_of(*(part for passage in passages for part in (passage.where, passage.text)))
        tenant = self._caller.tenant
        if self._approved is not None and self._guarding.confirmations.use(tenant, self._approved, digest):
            return
        held = self._hold("input", "", "", digest, findings)
        message = (
            f"A person must confirm this first: {titles(findings)}. "
            f"It waits as {held.id}. Have it approved, then send it again with {CONFIRMATION_HEADER}: {held.id}"
        )
        raise ApiError(409, "confirmation_required", message, details={"guard": self.as_json()})

    def _blocked(self, passage: Passage, verdict: Verdict) -> ApiError:
        found = verdict.findings_of("block")
        why = titles(found) if found else "a check failed, and what cannot be checked is not let in"
        message = (
            f"{passage.where} was not let in: {why}. The policy {self.policy.partition('#')[0]} forbids it here. "
            "Leave that part out, or ask whoever runs this server."
        )
        return ApiError(400, "content_blocked", message, param=passage.where, details={"guard": self.as_json()})

    def _hold(self, kind: Any, name: str, content: str, digest: str, findings: Sequence[Finding]) -> Held:
        held = self._guarding.confirmations.hold(
            tenant=self._caller.tenant,
            actor=self._caller.key_id,
            kind=kind,
            name=name,
            content=content,
            digest=digest,
            findings=[finding for finding in findings if finding.action != "allow"],
        )
        self.held.append(held)
        return held
