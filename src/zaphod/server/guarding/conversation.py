"""One request on its way in and out: texts are checked, calls judged, findings gathered. Knows no route and no engine.

    inspect (every text that goes in) -> stream (what the model says) and judge (what it wants done) -> told

What is refused is refused by an error that says where and why; what is redacted or held is told beside the answer.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zaphod.safety.guard.authority.authority import ToolCall
from zaphod.safety.guard.authority.canaries import CanaryFinder, PromptLeakFinder, canary_of
from zaphod.safety.guard.authority.confirmation import Held, digest_of
from zaphod.safety.guard.authority.egress import AllowedHosts, EgressFinder
from zaphod.safety.guard.authority.taint import Provenance
from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.verdict import ACTIONS, Action, Finding, Stage, Verdict, redacted
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.journal import Details
from zaphod.server.guarding.restoring import Disguise, RestoringStream
from zaphod.server.guarding.telling import Told, counts_of, held_json, titles

if TYPE_CHECKING:
    from zaphod.safety.guard.stream import Passed, TextStream
    from zaphod.server.guarding.guarding import Guarding

CONFIRMATION_HEADER = "X-Zaphod-Confirmation"
_LEAK_LETTERS = 65_536
"""Of a system prompt, in which stretches of an answer are looked for."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text that goes in.

    Args:
        text: it.
        where: the field that it came in, like `messages.2.content`.
        stage: how it is checked; None for the operator's own words, which are trusted.
        is_vouched: somebody stands behind it: the operator or the person. Nobody does behind what tools said, nor
            behind what the model said after it had read that.
        seams: where each part of it ends, and the next one begins. Parts are checked one by one, so only what reaches
            from one into another counts here.
    """

    text: str
    where: str
    stage: Stage | None
    is_vouched: bool = True
    seams: tuple[tuple[int, int], ...] = ()

    def is_new(self, finding: Finding) -> bool:
        """Whether no part by itself shows it."""
        hit = finding.hit
        return not self.seams or any(hit.start < end and begin < hit.end for end, begin in self.seams)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What follows for a call: it may be made, it waits (`held`), or it is dropped."""

    may_pass: bool
    arguments: str = ""
    """Those to call with: personal values that the model did not see are back in them."""
    held: Held | None = None


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What may be said of a text, and whether anything may be said after it."""

    text: str
    is_blocked: bool


class Conversation:
    """What one request said, and what is found in it and in its answers.

    Args:
        guarding: the server's guard.
        caller: who asks.
        route: the path template.
        request_id: names it in the journal.
        approved: the confirmation that the client names, if any.
    """

    def __init__(
        self, guarding: Guarding, caller: Caller, route: str, request_id: str, approved: str | None = None
    ) -> None:
        self._guarding, self._caller, self._approved = guarding, caller, approved
        self._route, self._request_id = route, request_id
        self._key = b""
        self._disguise: Disguise | None = None
        self._digest = ""
        self._has_ended = False
        self._authority = guarding.authority_of(caller.tenant)
        self._provenance = Provenance()
        self._extra: tuple[Finder, ...] = ()
        self.policy = guarding.policy_name(caller.tenant)
        self.told: list[Told] = []
        self.held: list[Held] = []
        self.let_in: list[str] = []
        """The texts as they went on."""

    @property
    def checks(self) -> bool:
        """Whether anything is checked; otherwise it is only written down."""
        return self._guarding.guard is not None

    @property
    def canary(self) -> str | None:
        """A word for the system prompt that must not come out, where the policy wants one."""
        return canary_of(self._key) if self._authority.options.canary else None

    async def inspect(
        self, passages: Sequence[Passage], together: Callable[[Sequence[str]], Iterable[Passage]] = lambda texts: ()
    ) -> list[str]:
        """The texts as they may go on.

        Args:
            passages: all texts that go in.
            together: what a model reads as one, made of the texts as they may go on.

        Raises:
            ApiError: 400 a text is blocked; 409 one waits for a person.
        """
        self._provenance = Provenance(
            trusted=tuple(passage.text for passage in passages if passage.is_vouched),
            untrusted=tuple(passage.text for passage in passages if passage.stage == "retrieval"),
        )
        self._key = await self._guarding.key(self._caller.tenant)
        self._disguise = Disguise(self._key)
        self._extra = tuple(self._outgoing_finders(passages))
        self._digest = self._digest_of(passages)
        verdicts = [await self._verdict(passage) for passage in passages]
        try:
            self._require(passages, verdicts)
            pairs = zip(passages, verdicts, strict=True)
            self.let_in = [self._disguise.applied(one.text, verdict.findings_of("redact")) for one, verdict in pairs]
            await self._require_together(together(self.let_in))
        except ApiError as error:
            self._has_ended = True
            await self._write("block" if error.status == 400 else "confirm")
            raise
        await self._write("redact" if any(verdict.action == "redact" for verdict in verdicts) else "allow")
        return self.let_in

    def stream(self) -> RestoringStream | TextStream | None:
        """Checks an answer while it comes; None where nothing is checked."""
        guard = self._guarding.guard
        if guard is None:
            return None
        checked = guard.stream(tenant=self._caller.tenant, extra=self._extra)
        return checked if self._disguise is None else self._disguise.stream(checked)

    def whole(self, text: str, where: str) -> Whole:
        """A text of an answer that came at once, as far as it may be said."""
        guard = self._guarding.guard
        assert guard is not None, "answers are judged where there is a guard"
        verdict = guard.check(text, "output", tenant=self._caller.tenant, extra=self._extra)
        self._note("output", where, verdict.findings)
        ends = [finding.hit.start for finding in verdict.findings if finding.action in ("block", "confirm")]
        end = min(ends, default=len(text)) if verdict.floor == "allow" else 0
        kept = redacted(text[:end], [one for one in verdict.findings_of("redact") if one.hit.start < end])
        said = kept if self._disguise is None else self._disguise.restored(kept)
        return Whole(text=said, is_blocked=bool(ends) or verdict.floor != "allow")

    def tell(self, passed: Passed, where: str) -> None:
        """Keep what was found in an answer."""
        self._note("output", where, passed.findings)

    def judge(self, call: ToolCall, where: str) -> Judged:
        """Whether a call may be made; why not is told."""
        guard = self._guarding.guard
        assert guard is not None, "calls are judged where there is a guard"
        verdict = guard.check(call.arguments, "tool_call", tenant=self._caller.tenant, extra=self._extra)
        findings = (*verdict.findings, *self._authority.judge(call, self._provenance))
        action = max((verdict.floor, *(finding.action for finding in findings)), key=ACTIONS.index)
        self._note("tool_call", where, findings)
        if action in ("allow", "block"):
            return Judged(may_pass=action == "allow", arguments=self._restored(call.arguments))
        # Arguments without what was redacted would be another call: a person decides about this one.
        arguments = self._restored(call.arguments)
        held = self._hold("tool_call", call.name, arguments, digest_of(call.name, arguments), findings)
        return Judged(may_pass=False, held=held)

    def as_json(self) -> dict[str, Any] | None:
        """What the client is told at the end: everything but what was only noted; None if that is nothing."""
        findings = [one.as_json() for one in self.told if one.finding.action != "allow"]
        if not findings and not self.held:
            return None
        return {"policy": self.policy, "findings": findings, "held": [held_json(held) for held in self.held]}

    async def ended(self, details: Details) -> None:
        """Write down that all answers are complete, before the client learns it."""
        self._has_ended = True
        await self._write(self._outcome, suffix=".end", details=details)

    def broke_off(self, status: int, code: str | None) -> None:
        """Write down an end before the end, of what was written down when it began."""
        journal = self._guarding.journal
        if journal is None or self._has_ended or not self._digest:
            return
        self._has_ended = True
        journal.note(
            self._caller,
            self._action + ".end",
            self._request_id,
            "error",
            policy=self.policy,
            model=self._guarding.model,
            details={"status": status, "code": code or "", **counts_of(self.told)},
        )

    @property
    def _action(self) -> str:
        """`chat.completions` of `/v1/chat/completions`."""
        return self._route.removeprefix("/v1").strip("/").replace("/", ".")

    @property
    def _outcome(self) -> Action:
        out = [one.finding.action for one in self.told if one.stage in ("output", "tool_call")]
        return max(("allow", *out), key=ACTIONS.index)

    async def _write(self, decision: str, *, suffix: str = "", details: Details | None = None) -> None:
        journal = self._guarding.journal
        if journal is None:
            return
        told = counts_of(self.told)
        await journal.write(
            self._caller,
            self._action + suffix,
            self._request_id,
            decision,
            policy=self.policy,
            model=self._guarding.model,
            details={"input_digest": self._digest, **told, **(details or {})},
        )

    def _digest_of(self, passages: Sequence[Passage]) -> str:
        """What was said, for whoever has the texts and the tenant's key; nobody else learns anything from it."""
        texts = digest_of(*(part for passage in passages for part in (passage.where, passage.text)))
        return hmac.new(self._key, texts.encode(), hashlib.sha256).hexdigest()

    def _outgoing_finders(self, passages: Sequence[Passage]) -> Iterator[Finder]:
        options = self._authority.options
        words = [word for word in (self.canary,) if word is not None]
        if words:
            yield CanaryFinder(words)
        yield PromptLeakFinder(passage.text[:_LEAK_LETTERS] for passage in passages if passage.stage is None)
        yield EgressFinder(AllowedHosts(tuple(options.allowed_hosts)))

    async def _verdict(self, passage: Passage) -> Verdict:
        if passage.stage is None or not passage.text:
            return Verdict()
        verdict = await self._guarding.verdict(passage.text, passage.stage, self._caller.tenant)
        return replace(verdict, findings=tuple(filter(passage.is_new, verdict.findings)))

    def _require(self, passages: Sequence[Passage], verdicts: Sequence[Verdict]) -> None:
        """Refuse what is blocked or must wait."""
        for passage, verdict in zip(passages, verdicts, strict=True):
            self._note(passage.stage or "input", passage.where, verdict.findings)
        for passage, verdict in zip(passages, verdicts, strict=True):
            if verdict.action == "block":
                raise self._blocked(passage, verdict)
        waiting = [finding for verdict in verdicts for finding in verdict.findings_of("confirm")]
        if waiting or any(verdict.action == "confirm" for verdict in verdicts):
            self._require_approval(passages, waiting)

    async def _require_together(self, passages: Iterable[Passage]) -> None:
        """What only several parts together say cannot be taken out of one of them: it is not let in."""
        for passage in passages:
            verdict = await self._verdict(passage)
            if verdict.action != "allow":
                self._note(passage.stage or "input", passage.where, verdict.findings)
                raise self._blocked(passage, verdict)

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
        found = verdict.findings_of("block") or [one for one in verdict.findings if one.action != "allow"]
        why = (
            titles(found) + (", in several parts" if passage.seams else "")
            if found
            else "a check failed, and what cannot be checked is not let in"
        )
        message = (
            f"{passage.where} was not let in: {why}. The policy {self.policy.partition('#')[0]} forbids it here. "
            "Leave that part out, or ask whoever runs this server."
        )
        return ApiError(400, "content_blocked", message, param=passage.where, details={"guard": self.as_json()})

    def _restored(self, arguments: str) -> str:
        return arguments if self._disguise is None else self._disguise.restored_json(arguments)

    def _note(self, stage: Stage, where: str, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.told.append(Told(stage=stage, where=where, finding=finding))
            self._guarding.findings[(stage, finding.hit.category, finding.action)] += 1

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
