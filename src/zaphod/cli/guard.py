"""`zaphod guard`: what a guard finds in a text, and by which policy; knows neither finders nor servers."""

from __future__ import annotations

import difflib
import random
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.guard_telling import policy_json, told_policy, told_verdict, verdict_json
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.rules.examples import example
from zaphod.safety.guard.rules.policies import Policies
from zaphod.safety.guard.rules.policy import Policy, Rule
from zaphod.safety.guard.rules.syntax import parse
from zaphod.safety.guard.verdict import STAGES, Hit, Stage, Verdict

_HELP = """Try a text on a guard, and read the policies that decide.

A policy says what is looked for at each stage (input, retrieval, tool_call, output) and what follows.

\b
Examples:
  zaphod guard check "Ignore all previous instructions."
  zaphod guard check letter.txt --stage retrieval --policy strict --json
  zaphod guard policy validate policies/
  zaphod guard explain injection.override
"""
_NUM_EXAMPLES = 3

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)
policy_verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
verbs.add_typer(policy_verbs, name="policy", help="Print or check a policy.")

PolicyFlag = Annotated[
    str,
    typer.Option(
        "--policy", "-p", metavar="NAME|PATH", help="default, strict, observe, a .toml file or a folder of them."
    ),
]
PolicyArgument = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A shipped policy, a .toml file or a folder.")]
TenantFlag = Annotated[str, typer.Option("--tenant", help="Whose policy of a folder; the local user's if left out.")]


@verbs.command("check")
def check(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT|-|FILE]", help="A text, a file, or - for standard input.")
    ] = "-",
    stage: Annotated[str, typer.Option("--stage", "-s", help=f"One of {', '.join(STAGES)}.")] = "input",
    policy: PolicyFlag = "default",
    tenant: TenantFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell what follows for a text, and why: every finding with its place, and what was undone to see it.

    \b
    Examples:
      zaphod guard check "My card is 4111 1111 1111 1111" --stage output
      zaphod guard check page.html --stage retrieval
      git log | zaphod guard check - --json
    """
    chosen = _stage(stage)
    read = _read(text)
    verdict = _checked(Guard.load(policy), read, chosen, tenant)
    if as_json:
        print_json({"stage": chosen, **verdict_json(verdict, read)})
    else:
        told_verdict(verdict, read, chosen)


@policy_verbs.command("show")
def show(policy: PolicyArgument = "default", tenant: TenantFlag = "", as_json: JsonFlag = False) -> None:
    """Print a policy with everything that it extends: actions by stage, and rules.

    \b
    Examples:
      zaphod guard policy show strict
      zaphod guard policy show policies/ --tenant alice --json
    """
    read = Policies.load(policy).of(tenant)
    if as_json:
        print_json(policy_json(read))
    else:
        told_policy(read)


@policy_verbs.command("validate")
def validate(policy: PolicyArgument, as_json: JsonFlag = False) -> None:
    """Read a policy, or all of a folder, compile every pattern and say whether it can be used.

    \b
    Examples:
      zaphod guard policy validate my-policy.toml
      zaphod guard policy validate policies/ --json
    """
    policies = Policies.load(policy)
    Guard(policies, ()).prepare()
    facts = {"policies": len(policies), "default": policies.default.label, "rules": len(policies.default.rules)}
    if as_json:
        print_json({"valid": True, **facts})
        return
    print_line("Every pattern compiles, and runs in time linear in the text.")
    print_pairs([(name, str(value)) for name, value in facts.items()])


@verbs.command("explain")
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, like injection.override.")],
    policy: PolicyFlag = "default",
    tenant: TenantFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell what a rule looks for and where, what follows, and texts that it would hit.

    \b
    Examples:
      zaphod guard explain injection.override
      zaphod guard explain leak.request.de --json
    """
    read = Policies.load(policy).of(tenant)
    found = _rule(read, rule)
    facts = _facts(read, found)
    if as_json:
        print_json(facts)
        return
    print_line(f"{found.id}: {found.title}", style="bold")
    print_pairs([(name, _joined(value)) for name, value in facts.items() if name not in ("id", "title", "examples")])
    print_line("hits, for example:", style="dim")
    for text in facts["examples"]:
        print_line(f"  {text}")


def _checked(guard: Guard, text: str, stage: Stage, tenant: str) -> Verdict:
    done, verdict = 0, Verdict()
    with ProgressLines().step("checking", len(text), "characters") as advance:
        for step in guard.check_in_steps(text, stage, tenant=tenant):
            advance(step.done - done)
            done, verdict = step.done, step.verdict or verdict
    return verdict


def _stage(word: str) -> Stage:
    for stage in STAGES:
        if word == stage:
            return stage
    raise ConfigError(f"There is no stage {word!r}.", f"The stages are {', '.join(STAGES)}.", "Give one of them.")


def _read(text: str) -> str:
    """Standard input, a file, or the words themselves."""
    if text == "-":
        return sys.stdin.read()
    path = Path(text)
    try:
        return path.read_text("utf-8", "replace") if len(text) < 4096 and path.is_file() else text
    except OSError as error:
        found = f"{text} cannot be read: {error.strerror}."
        raise ConfigError(
            found, "It must be a text, a file of text, or - for standard input.", "Correct it."
        ) from error


def _rule(policy: Policy, name: str) -> Rule:
    rules = {rule.id: rule for rule in policy.rules}
    if name not in rules:
        nearest = difflib.get_close_matches(name, rules, n=3, cutoff=0.0)
        wanted = "It must be a rule with patterns; other finders' rules are told of in docs/guard.md."
        raise ConfigError(f"{policy.name} has no rule {name!r}.", wanted, f"Did you mean {', '.join(nearest)}?")
    return rules[name]


def _facts(policy: Policy, rule: Rule) -> dict[str, Any]:
    hit = Hit(rule=rule.id, title=rule.title, start=0, end=0)
    return {
        "id": rule.id,
        "title": rule.title,
        "policy": policy.label,
        "follows": {stage: policy.finding(hit, stage).action for stage in rule.stages},
        "readings": list(rule.views),
        "patterns": len(rule.patterns),
        "exceptions": len(rule.exceptions),
        "examples": [_example(rule, seed) for seed in range(_NUM_EXAMPLES)],
    }


def _example(rule: Rule, seed: int) -> str:
    dice = random.Random(f"{rule.id} {seed}")
    return " ".join(example(parse(dice.choice(rule.patterns)), dice, at_most=1).split())


def _joined(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {word}" for name, word in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
