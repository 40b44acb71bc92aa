"""Modes: how an answer sounds. Prompt, temperature and style only; never facts, and never a guard's verdict."""

from __future__ import annotations

import difflib
import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import ChatMessage
from zaphod.server.api.turns import Tool
from zaphod.server.errors import ApiError
from zaphod.server.modes.rules import Rule, Rules

SERIOUS = "regular"
"""The mode that serious conversations get."""
MAX_CHARACTERS = 100_000
"""Longer conversations are not looked through, which would hold up everybody else, and are taken for serious."""


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A way of answering."""

    name: str
    title: str
    description: str
    prompt: str = ""
    """Goes before the conversation as a system text; nothing if empty."""
    temperature: float | None = None
    """For requests that name none; None leaves it as it is."""
    reason: str | None = None
    """Why this one and not the one that was asked for."""


class Modes:
    """All modes, and the rules that overrule a wish.

    Args:
        modes: one of them is `regular`.
        rules: subjects that are always answered in the mode `regular`.
        default: the mode of requests that ask for none.

    Raises:
        ConfigError: there is no `regular`, or no mode named `default`.
    """

    def __init__(self, modes: Sequence[Mode], rules: Sequence[Rule], *, default: str = SERIOUS) -> None:
        self._modes = {mode.name: mode for mode in modes}
        self.rules = tuple(rules)
        self._always = Rules(rule for rule in rules if rule.scope == "conversation")
        self._now = Rules(rule for rule in rules if rule.scope == "latest")
        for name in (SERIOUS, default):
            if name not in self._modes:
                raise ConfigError(f"No mode is named {name!r}.", f"There are {self._names}.", self._nearest(name))
        self.default = default

    @classmethod
    def load(cls, *, default: str = SERIOUS) -> Modes:
        """The modes of `modes.toml`."""
        table = tomllib.loads(resources.files(__package__).joinpath("modes.toml").read_text("utf-8"))
        modes = [Mode(name=name, **fields) for name, fields in table["modes"].items()]
        return cls(modes, [_rule(name, fields) for name, fields in table["rules"].items()], default=default)

    def __iter__(self) -> Iterator[Mode]:
        return iter(self._modes.values())

    def choose(self, name: str | None, messages: Sequence[ChatMessage], *, tools: Sequence[Tool] = ()) -> Mode:
        """The mode for a conversation: the one asked for, or `regular` where a rule says that the matter is serious.

        All that people, programs and tools said counts, the first message as much as the last; what the model said
        does not. Rules whose scope is `latest` look at what was said since the model spoke last.

        Raises:
            ApiError: there is no such mode.
        """
        wanted = self._named(self.default if name is None else name)
        if wanted.name == SERIOUS:
            return wanted
        found = self._found(messages, tools)
        if found is None:
            return wanted
        return replace(self._modes[SERIOUS], reason=f"{found}: answered as {SERIOUS!r}, not as {wanted.name!r}.")

    def _found(self, messages: Sequence[ChatMessage], tools: Sequence[Tool]) -> str | None:
        # A phrase ends where a message ends, so that each is looked at alone.
        said = [message["content"] for message in messages if message["role"] != "assistant"]
        said += [f"{tool.name} {tool.description}" for tool in tools]
        if sum(map(len, said)) > MAX_CHARACTERS:
            return f"The conversation is too long to be looked through (more than {MAX_CHARACTERS:,} characters)"
        everywhere = map(self._always.first, said)
        latest = (self._now.first(message["content"]) for message in _latest(messages))
        rule = next((rule for rule in itertools.chain(everywhere, latest) if rule is not None), None)
        return None if rule is None else f"The conversation touches on {rule.title}"

    def _named(self, name: str) -> Mode:
        if name in self._modes:
            return self._modes[name]
        message = f"No mode is named {name[:64]!r}. There are {self._names}. {self._nearest(name)}"
        raise ApiError(400, "unknown_mode", message, param="mode")

    @property
    def _names(self) -> str:
        return ", ".join(self._modes)

    def _nearest(self, name: str) -> str:
        near = difflib.get_close_matches(name[:64].casefold(), self._modes, n=1, cutoff=0.0)
        return f"Did you mean {near[0]!r}?"


def _latest(messages: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    """What people and tools said since the model spoke last."""
    since = itertools.takewhile(lambda message: message["role"] != "assistant", reversed(messages))
    return (message for message in since if message["role"] != "system")


def _rule(name: str, fields: dict[str, Any]) -> Rule:
    """A rule of the file: `words` by language, `fragments` by script; the language is for people to read."""
    patterns = [pattern for words in fields["words"].values() for pattern in words]
    fragments = [fragment for words in fields.get("fragments", {}).values() for fragment in words]
    scope = fields.get("scope", "conversation")
    return Rule(name=name, title=fields["title"], patterns=patterns, fragments=fragments, scope=scope)
