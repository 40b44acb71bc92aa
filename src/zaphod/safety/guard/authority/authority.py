"""Whether a call that the model asks for may be made; knows neither the model nor who will make the call.

The model is not asked. A call is judged by the tool's capability, by its arguments, and by where they came from: text
of tools and sources may inform an answer, but may not give orders. Read this file first, then `capabilities.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from zaphod.safety.guard.authority.capabilities import AuthorityOptions, Capability
from zaphod.safety.guard.authority.taint import Provenance, texts_in
from zaphod.safety.guard.verdict import ACTIONS, Action, Finding, Hit


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """What the model wants to be done.

    Args:
        name: the tool.
        arguments: JSON text, as the model wrote it.
        parameters: JSON Schema that the tool brought; None if nobody told one.
    """

    name: str
    arguments: str
    parameters: Mapping[str, Any] | None = field(default=None)
    is_cut: bool = False
    """The arguments stop in the middle, because the answer had no more room: nobody can make such a call."""


class Authority:
    """Judges calls.

    Args:
        options: what the policy allows.
    """

    def __init__(self, options: AuthorityOptions) -> None:
        self.options = options

    def judge(self, call: ToolCall, provenance: Provenance) -> tuple[Finding, ...]:
        """What speaks against a call; nothing if it may be made. Spans are those of the arguments' text.

        Args:
            call: it.
            provenance: the conversation that it comes from.
        """
        capability = self.options.capability(call.name)
        return tuple(finding for finding in self._findings(call, provenance, capability) if finding.action != "allow")

    def _findings(self, call: ToolCall, provenance: Provenance, capability: Capability) -> Iterator[Finding]:
        options = self.options
        listed = "listed" if call.name in options.tools else "unlisted"
        yield _finding(f"authority.{listed}_tool", f"a call of {call.name!r}", call, capability.action)
        if call.is_cut:
            return
        try:
            arguments = json.loads(call.arguments or "{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            yield _finding("authority.arguments", "arguments that are no JSON", call, options.invalid_arguments)
            return
        for schema in (call.parameters, capability.arguments):
            if schema is not None and not _fits(arguments, schema):
                title = f"arguments that do not fit what {call.name!r} takes"
                yield _finding("authority.arguments", title, call, options.invalid_arguments)
                break
        if provenance.is_tainted:
            yield from self._tainted(call, arguments, provenance, capability)

    def _tainted(
        self, call: ToolCall, arguments: object, provenance: Provenance, capability: Capability
    ) -> Iterator[Finding]:
        options = self.options
        tainted = options.tainted if capability.tainted is None else capability.tainted
        yield _finding("authority.tainted", "a call after untrusted text was read", call, tainted)
        if provenance.names(call.name):
            title = f"{call.name!r} is named by untrusted text alone"
            yield _finding("authority.instructed", title, call, _stronger(options.instructed, tainted))
        foreign = options.foreign_arguments if capability.foreign_arguments is None else capability.foreign_arguments
        if any(provenance.is_foreign(text) for text in texts_in(arguments)):
            title = "an argument that untrusted text alone contains"
            yield _finding("authority.foreign_argument", title, call, foreign)


def _finding(rule: str, title: str, call: ToolCall, action: Action) -> Finding:
    return Finding(hit=Hit(rule=rule, title=title, start=0, end=len(call.arguments)), action=action)


def _stronger(one: Action, other: Action) -> Action:
    return max(one, other, key=ACTIONS.index)


def _fits(arguments: object, schema: Mapping[str, Any]) -> bool:
    """Whether arguments fit a schema; one that is none, or needs another address, is fitted by nothing."""
    try:
        validator = jsonschema_rs.Draft202012Validator(
            dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except ValueError:
        return False
    return bool(validator.is_valid(arguments))


def _refuse_constant(word: str) -> object:
    raise ValueError(word)
