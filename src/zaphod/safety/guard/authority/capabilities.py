"""What each tool may do, as a policy says it; knows no conversation.

[authority]
unlisted_tools = "allow"          # what follows for tools that have no table of their own
tainted = "allow"                 # the least that follows once untrusted text has been read
foreign_arguments = "confirm"     # arguments that only untrusted text contains
instructed = "confirm"            # a tool that only untrusted text names
allowed_hosts = ["example.org", "*.internal.example"]
canary = true

[authority.tools.send_email]
action = "confirm"
tainted = "block"
arguments = { type = "object", properties = { to = { pattern = "@example[.]org$" } } }
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.verdict import ACTIONS, Action

_TOOL_ACTIONS = tuple(action for action in ACTIONS if action != "redact")
"""A call whose arguments are rewritten is another call: nobody asked for that one."""


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What one tool may do.

    Args:
        action: what follows for each call.
        tainted: the least that follows once untrusted text has been read; the policy's own if None.
        foreign_arguments: the same, for arguments that only untrusted text contains.
        arguments: JSON Schema that arguments must fit, beside the one that the tool brings; None for no more.
    """

    action: Action = "allow"
    tainted: Action | None = None
    foreign_arguments: Action | None = None
    arguments: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _require_actions(self, ("action", "tainted", "foreign_arguments"))
        if self.arguments is not None:
            _require_schema(self.arguments)


@dataclass(frozen=True, kw_only=True)
class AuthorityOptions:
    """The table `[authority]` of a policy; see the head of this file."""

    unlisted_tools: Action = "allow"
    tainted: Action = "allow"
    foreign_arguments: Action = "confirm"
    instructed: Action = "confirm"
    invalid_arguments: Action = "block"
    allowed_hosts: Sequence[str] = ()
    canary: bool = False
    tools: Mapping[str, Capability] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_actions(self, ("unlisted_tools", "tainted", "foreign_arguments", "instructed", "invalid_arguments"))

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> AuthorityOptions:
        """From a policy's table.

        Raises:
            ConfigError: a key is unknown or a value is not what it must be.
        """
        _require_known(table, cls, "[authority]")
        tools = table.get("tools", {})
        if not isinstance(tools, Mapping) or not all(isinstance(fields, Mapping) for fields in tools.values()):
            raise ConfigError("authority.tools is no table of tables.", "Each tool has one.", "Correct the policy.")
        for name, fields in tools.items():
            _require_known(fields, Capability, f"[authority.tools.{name}]")
        hosts = table.get("allowed_hosts", ())
        if not isinstance(hosts, list | tuple) or not all(isinstance(host, str) for host in hosts):
            raise ConfigError("allowed_hosts is no list of texts.", "It must be one.", "Correct the policy.")
        if not isinstance(table.get("canary", False), bool):
            raise ConfigError(f"canary is {table['canary']!r}.", "It must be true or false.", "Correct the policy.")
        capabilities = {name: Capability(**fields) for name, fields in tools.items()}
        return cls(**{**table, "tools": capabilities, "allowed_hosts": tuple(hosts)})

    def capability(self, tool: str) -> Capability:
        """What a tool may do."""
        return self.tools.get(tool) or Capability(action=self.unlisted_tools)


def _require_known(table: Mapping[str, Any], kind: type, where: str) -> None:
    known = [one.name for one in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Leave it out."
            raise ConfigError(f"{where} of the policy has a key {key!r}.", f"There are {', '.join(known)}.", hint)


def _require_actions(holder: object, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(holder, name)
        if value is not None and value not in _TOOL_ACTIONS:
            wanted = f"It must be one of {', '.join(_TOOL_ACTIONS)}."
            raise ConfigError(f"{name} of the policy's authority is {value!r}.", wanted, "Correct it.")


def _require_schema(schema: Mapping[str, Any]) -> None:
    try:
        jsonschema_rs.Draft202012Validator(dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions())
    except ValueError as error:
        raise ConfigError(
            f"A tool's arguments have a schema that cannot be used: {str(error).splitlines()[0]}.",
            "It must be JSON Schema, draft 2020-12, without look-around and without other addresses.",
            "Correct the policy.",
        ) from error
