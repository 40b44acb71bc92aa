"""The guard as one thing: a text and its stage in, a verdict out; knows no finder from inside and no server.

views (readings of the text, made once) -> finders (hits) -> policy (what follows) -> verdict
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.hits import without_repeats
from zaphod.safety.guard.readings import finder_of
from zaphod.safety.guard.rules.policies import Policies
from zaphod.safety.guard.rules.policy import Policy
from zaphod.safety.guard.running import UNREAD, find
from zaphod.safety.guard.standard import standard_finders
from zaphod.safety.guard.stream import TextStream
from zaphod.safety.guard.verdict import Action, Hit, Stage, Verdict
from zaphod.safety.guard.windows import windows_of


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a check has come.

    Args:
        done, total: characters.
        verdict: what follows for the text as a whole; None until all of it was seen.
    """

    done: int
    total: int
    verdict: Verdict | None = None


class Guard:
    """Judges texts. Thread-safe.

    Args:
        policies: which policy is whose.
        finders: what looks at texts, beside the patterns of the policies.
    """

    def __init__(self, policies: Policies, finders: Sequence[Finder]) -> None:
        self._policies, self._finders = policies, tuple(finders)

    @classmethod
    def load(cls, policy: str | Path, *, finders: Sequence[Finder] | None = None) -> Guard:
        """A guard with the policies of one place.

        Args:
            policy: `default`, `strict`, `observe`; a `.toml` file; or a folder of them with one for each tenant.
            finders: what looks at texts beside the patterns; all that come with the guard if None.

        Raises:
            ConfigError: a policy cannot be used.
        """
        return cls(Policies.load(policy), standard_finders() if finders is None else finders)

    def policy_of(self, tenant: str) -> Policy:
        """By what a tenant's texts are judged."""
        return self._policies.of(tenant)

    def prepare(self) -> None:
        """Make ready what the first texts of every stage would wait for."""
        for stage in ("input", "retrieval", "tool_call", "output"):
            self.check("Nothing of note.", stage)
        stream = self.stream()
        stream.push("Nothing of note.")
        stream.finish()

    def check(self, text: str, stage: Stage, *, tenant: str = "", extra: Sequence[Finder] = ()) -> Verdict:
        """What follows for a text.

        Args:
            text: any `str`, of any length.
            stage: where it is on its way.
            tenant: whose it is.
            extra: finders for this text only, such as those for canaries.
        """
        for progress in self.check_in_steps(text, stage, tenant=tenant, extra=extra):
            if progress.verdict is not None:
                return progress.verdict
        raise AssertionError("the last step has the verdict")

    def check_in_steps(
        self, text: str, stage: Stage, *, tenant: str = "", extra: Sequence[Finder] = ()
    ) -> Iterator[Progress]:
        """The same, with a pause after each window of 16,384 characters; the last step has the verdict."""
        policy = self.policy_of(tenant)
        finders = (finder_of(policy.rules), *self._finders, *extra)
        hits: list[Hit] = []
        failures: dict[str, None] = {}
        for window in windows_of(len(text)):
            found = find(text[window.start : window.end], finders, stage, failures, window.start)
            hits += [hit for hit in found if window.own_start <= hit.start < window.own_end or hit.rule == UNREAD]
            if window.end < len(text):
                yield Progress(done=window.own_end, total=len(text))
        yield Progress(done=len(text), total=len(text), verdict=verdict_of(hits, failures, policy, stage))

    def stream(self, *, stage: Stage = "output", tenant: str = "", extra: Sequence[Finder] = ()) -> TextStream:
        """Checks a text while it comes."""
        policy = self.policy_of(tenant)
        holding = finder_of(tuple(rule for rule in policy.rules if policy.acts_on(rule, stage)))
        return TextStream(policy, finder_of(policy.rules), holding, (*self._finders, *extra), stage=stage)


def verdict_of(hits: Iterable[Hit], failures: Iterable[str], policy: Policy, stage: Stage) -> Verdict:
    """What a policy says to hits and failures."""
    errors = tuple(failures)
    floor: Action = "block" if errors and policy.at(stage).on_error == "closed" else "allow"
    findings = tuple(policy.finding(hit, stage) for hit in without_repeats(hits))
    return Verdict(findings=findings, policy=policy.label, errors=errors, floor=floor)
