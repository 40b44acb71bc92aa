"""Policies as files: read, laid over those that they extend, checked, fingerprinted; knows no text that is judged."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.authority.capabilities import AuthorityOptions
from zaphod.safety.guard.rules.policy import VIEW_GROUPS, WITHHELD, OnError, Policy, Rule, StagePolicy, Step, ViewGroup
from zaphod.safety.guard.rules.program import Program
from zaphod.safety.guard.rules.syntax import PatternError, parse
from zaphod.safety.guard.rules.tables import Table
from zaphod.safety.guard.rules.words import resolved, with_words
from zaphod.safety.guard.verdict import ACTIONS, STAGES, Action, Stage

CATEGORIES = ("injection", "jailbreak", "leak", "exfiltration", "hidden", "pii", "secret", "canary", "toxicity")
"""What the finders that come with the guard find."""
MAX_DELAY_TOKENS = 1024

_FILE_KEYS = (
    "name", "version", "description", "extends", "max_delay_tokens", "categories", "disable", "words", "stages",
    "rules", "exceptions", "authority",
)  # fmt: skip
_RULE_KEYS = ("id", "title", "category", "stages", "patterns", "exceptions", "views", "case_sensitive")
_EXCEPTION_KEYS = ("rules", "patterns", "reason")
_STEP_KEYS = ("action", "min_score", "replacement")
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_SHIPPED = re.compile(r"[a-z0-9][a-z0-9-]*")
_BESIDE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.toml")


@dataclass(kw_only=True)
class _Draft:
    """A policy while files are laid over each other."""

    max_delay_tokens: int = 16
    words: dict[str, str] = field(default_factory=dict)
    categories: dict[str, None] = field(default_factory=dict)
    on_error: dict[str, OnError] = field(default_factory=dict)
    actions: dict[str, dict[str, tuple[Step, ...]]] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    authority: dict[str, Any] = field(default_factory=dict)


def shipped_policies() -> tuple[str, ...]:
    """Names of the policies that come with the guard."""
    return tuple(sorted(path.name[:-5] for path in _folder().iterdir() if path.name.endswith(".toml")))


def read_policy(source: str | Path) -> Policy:
    """A policy by its name, if it is one of those that come with the guard, or from its file.

    Raises:
        ConfigError: there is none, or something in it is wrong; the message says what, where, and what is nearest.
    """
    draft = _Draft()
    top = _lay(draft, *_open(str(source), None), ())
    _check_actions(draft, top)
    policy = Policy(
        name=top.require("name"),
        version=top.require("version"),
        digest="",
        description=top.get("description", str, ""),
        max_delay_tokens=draft.max_delay_tokens,
        stages=MappingProxyType({stage: _stage_policy(draft, stage) for stage in STAGES}),
        rules=tuple(draft.rules.values()),
        authority=MappingProxyType(draft.authority),
    )
    return replace(policy, digest=_digest(policy))


def _folder() -> Any:
    return resources.files("zaphod.safety.guard").joinpath("policies")


def _open(source: str, beside: Path | None) -> tuple[str, Path | None, Table]:
    """The file's name, its folder (None for shipped ones) and what stands in it."""
    if _SHIPPED.fullmatch(source):
        if source not in shipped_policies():
            wanted = f"There are {', '.join(shipped_policies())}; other policies are files that end with .toml."
            raise ConfigError(f"There is no policy {source!r}.", wanted, "Correct the name, or give a path.")
        return source, None, _parsed(_folder().joinpath(f"{source}.toml").read_bytes(), source)
    path = Path(source) if beside is None else beside / source
    try:
        data = path.read_bytes()
    except OSError as error:
        found = f"The policy {path} cannot be read: {error.strerror or error}."
        raise ConfigError(found, "It must be a readable TOML file.", "Correct the path or its permissions.") from error
    return path.name, path.parent, _parsed(data, path.name)


def _parsed(data: bytes, name: str) -> Table:
    try:
        return Table(tomllib.loads(data.decode("utf-8")), name, _FILE_KEYS)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{name} is no TOML file: {error}.", "Policies are TOML, in UTF-8.", "Correct it.") from error


def _lay(draft: _Draft, name: str, folder: Path | None, table: Table, path: tuple[str, ...]) -> Table:
    """Put a file over what is there, after those that it extends."""
    if name in path:
        table.refuse(f"extends itself: {' -> '.join((*path, name))}", "Policies form no circle.", "Cut it.")
    for parent in table.texts("extends"):
        if not _SHIPPED.fullmatch(parent) and (folder is None or not _BESIDE.fullmatch(parent)):
            wanted = f"It may extend {', '.join(shipped_policies())}, or a .toml file in its own folder."
            table.refuse(f"extends {parent!r}", wanted, "Correct it.")
        _lay(draft, *_open(parent, folder), (*path, name))
    draft.max_delay_tokens = _max_delay(table, draft.max_delay_tokens)
    draft.categories |= dict.fromkeys(table.texts("categories"))
    _lay_words(draft, table)
    _lay_stages(draft, table)
    _lay_rules(draft, table)
    _lay_exceptions(draft, table)
    _lay_authority(draft, table)
    return table


def _max_delay(table: Table, inherited: int) -> int:
    tokens = table.get("max_delay_tokens", int, inherited)
    if not 0 <= tokens <= MAX_DELAY_TOKENS:
        table.refuse(f"has max_delay_tokens = {tokens}", f"It must be 0 to {MAX_DELAY_TOKENS}.", "Correct it.")
    return tokens


def _lay_words(draft: _Draft, table: Table) -> None:
    words = table.table("words")
    try:
        draft.words = resolved({name: words.get(name, str, "") for name in words.values}, draft.words)
    except PatternError as error:
        words.refuse(error.found, error.wanted, error.remedy)


def _lay_stages(draft: _Draft, table: Table) -> None:
    stages = table.table("stages", STAGES)
    for name in stages.values:
        stage = stages.table(name, ("on_error", "actions"))
        if "on_error" in stage.values:
            draft.on_error[name] = cast(
                OnError, stage.one_of("on_error", stage.require("on_error"), ("closed", "open"))
            )
        actions = stage.table("actions")
        laid = {rule: _steps(actions, rule, value) for rule, value in actions.values.items()}
        draft.actions[name] = draft.actions.get(name, {}) | laid


def _steps(table: Table, rule: str, value: Any) -> tuple[Step, ...]:
    """An action; or a table with an action and a score; or a list of such tables."""
    if isinstance(value, str):
        return (Step(action=_action(table, rule, value)),)
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in listed):
        wanted = 'It must be an action, or { action = "…", min_score = 0.9 }, or a list of those.'
        table.refuse(f"has {rule} = {str(value)[:80]!r}", wanted, "Correct the file.")
    return tuple(_step(Table(one, f"{table.where}, {rule}", _STEP_KEYS)) for one in listed)


def _step(table: Table) -> Step:
    min_score = table.get("min_score", float, 0.0)
    if not 0.0 <= min_score <= 1.0:
        table.refuse(f"has min_score = {min_score}", "It must be 0 to 1.", "Correct the file.")
    action = _action(table, "action", table.require("action"))
    return Step(action=action, min_score=min_score, replacement=table.get("replacement", str, WITHHELD))


def _action(table: Table, key: str, text: str) -> Action:
    return cast(Action, table.one_of(key, text, ACTIONS))


def _lay_rules(draft: _Draft, table: Table) -> None:
    for rule in table.tables("rules", _RULE_KEYS):
        read = _rule(rule, draft.words)
        if read.id in [one.get("id") for one in table.values["rules"] if one is not rule.values]:
            rule.refuse(f"is there twice: {read.id}", "Ids name one rule each.", "Rename one of them.")
        draft.rules[read.id] = read
    for name in table.texts("disable"):
        gone = [rule for rule in draft.rules if rule == name or rule.startswith(f"{name}.")]
        if not gone:
            table.refuse(
                f"disables {name!r}", "It must be a rule, or a category of rules, that is there.", "Correct it."
            )
        for rule_id in gone:
            del draft.rules[rule_id]


def _rule(table: Table, words: Mapping[str, str]) -> Rule:
    rule_id = table.require("id")
    if not _ID.fullmatch(rule_id):
        table.refuse(f"has id = {rule_id!r}", "It must be category.name in small letters.", "Correct it.")
    if table.get("category", str, rule_id.partition(".")[0]) != rule_id.partition(".")[0]:
        table.refuse(f"has category = {table.require('category')!r}", "It is what the id begins with.", "Leave it out.")
    is_case_sensitive = table.get("case_sensitive", bool, False)
    rule = Rule(
        id=rule_id,
        title=table.require("title"),
        stages=cast(tuple[Stage, ...], table.choices("stages", STAGES) or STAGES),
        patterns=_patterns(table, "patterns", words),
        exceptions=_patterns(table, "exceptions", words),
        views=cast(tuple[ViewGroup, ...], table.choices("views", VIEW_GROUPS) or VIEW_GROUPS),
        is_case_sensitive=is_case_sensitive,
    )
    if not rule.patterns:
        table.refuse("has no patterns", "It must have at least one: patterns = ['…'].", "Add one.")
    return replace(rule, views=("raw",)) if is_case_sensitive else rule


def _patterns(table: Table, key: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """Patterns with their words put in, each of which can be run."""
    found = []
    for pattern in table.texts(key):
        try:
            found.append(with_words(pattern, words))
            _try(found[-1])
        except PatternError as error:
            table.refuse(f"has the pattern {pattern[:120]!r}, which {error.found}", error.wanted, error.remedy)
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _try(pattern: str) -> None:
    """See that a pattern runs; once, because many policies extend the same files."""
    Program(parse(pattern)).check()


def _lay_exceptions(draft: _Draft, table: Table) -> None:
    for exception in table.tables("exceptions", _EXCEPTION_KEYS):
        patterns = _patterns(exception, "patterns", draft.words)
        exception.require("reason")
        for name in exception.texts("rules"):
            meant = [rule for rule in draft.rules.values() if rule.id == name or rule.id.startswith(f"{name}.")]
            if not meant:
                wanted = "It must be a rule with patterns, or a category of such rules."
                exception.refuse(f"speaks of {name!r}", wanted, "Correct it.")
            for rule in meant:
                draft.rules[rule.id] = replace(rule, exceptions=(*rule.exceptions, *patterns))


def _lay_authority(draft: _Draft, table: Table) -> None:
    authority = table.table("authority").values
    AuthorityOptions.parse(authority)
    tools = {**draft.authority.get("tools", {}), **authority.get("tools", {})}
    draft.authority = {**draft.authority, **authority} | ({"tools": tools} if tools else {})


def _check_actions(draft: _Draft, table: Table) -> None:
    """An action for something that nobody finds is a slip of the pen."""
    known = dict.fromkeys(("*", *CATEGORIES, *draft.categories, *(rule.category for rule in draft.rules.values())))
    for stage, actions in draft.actions.items():
        where = Table({name.partition(".")[0]: "" for name in actions}, f"{table.where}, [stages.{stage}.actions]")
        for category in where.values:
            where.one_of("category", category, known)


def _stage_policy(draft: _Draft, stage: Stage) -> StagePolicy:
    actions = MappingProxyType(draft.actions.get(stage, {}))
    return StagePolicy(on_error=draft.on_error.get(stage, "closed"), actions=actions)


def _digest(policy: Policy) -> str:
    """Over everything that a verdict may depend on, whatever file it stood in and however that was written."""
    content = {
        "format": 1,
        "name": policy.name,
        "version": policy.version,
        "max_delay_tokens": policy.max_delay_tokens,
        "stages": {
            name: {"on_error": stage.on_error, "actions": {key: [*map(asdict, s)] for key, s in stage.actions.items()}}
            for name, stage in policy.stages.items()
        },
        "rules": [asdict(rule) for rule in policy.rules],
        "authority": dict(policy.authority),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
