from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.rules.policies import Policies
from zaphod.safety.guard.rules.policy_file import read_policy, shipped_policies
from zaphod.safety.guard.verdict import STAGES, Hit

HEAD = 'name = "mine"\nversion = "3"\n'
RULE = '[[rules]]\nid = "leak.word"\ntitle = "a word"\npatterns = ["plover"]\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str, name: str = "mine.toml") -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return _write


def _hit(rule: str, score: float = 1.0) -> Hit:
    return Hit(rule=rule, title="", start=0, end=1, score=score)


def test_every_shipped_policy_can_be_read_and_has_a_digest_of_its_own() -> None:
    digests = {read_policy(name).digest for name in shipped_policies()}
    assert len(digests) == len(shipped_policies())
    assert read_policy("default").label == f"default@{read_policy('default').version}#{read_policy('default').digest}"


def test_the_digest_follows_what_is_said_and_not_how_it_is_written(write: Write) -> None:
    first = read_policy(write(HEAD + RULE)).digest
    spaced = '# a note\nversion  =  "3"\nname = "mine"\n' + RULE.replace('["plover"]', "[\n  'plover',\n]")
    assert read_policy(write(spaced)).digest == first
    for old, new in (
        ("plover", "plovers"),
        ('"3"', '"4"'),
        ("leak.word", "leak.words"),
        ("[[rules]]", "[authority]\n[[rules]]"),
    ):
        changed = read_policy(write((HEAD + RULE).replace(old, new))).digest
        assert (changed == first) is (new == "[authority]\n[[rules]]")


def test_the_longest_name_that_fits_decides(write: Write) -> None:
    actions = 'pii = "redact"\n"pii.national_id" = "confirm"\n"pii.national_id.de" = "block"\n"*" = "allow"\n'
    policy = read_policy(write(f"{HEAD}[stages.output.actions]\n{actions}"))
    for rule, action in (
        ("pii.card", "redact"), ("pii.national_id.fr", "confirm"), ("pii.national_id.de", "block"), ("leak.x", "allow"),
    ):  # fmt: skip
        assert policy.finding(_hit(rule), "output").action == action
    assert policy.finding(_hit("pii.card"), "input").action == "allow"


def test_scores_climb_steps(write: Write) -> None:
    steps = '[{ action = "confirm", min_score = 0.5 }, { action = "block", min_score = 0.9 }]'
    policy = read_policy(write(HEAD + f"[stages.input.actions]\ntoxicity = {steps}\n"))
    found = [policy.finding(_hit("toxicity.model", score), "input").action for score in (0.4, 0.5, 0.89, 0.9)]
    assert found == ["allow", "confirm", "confirm", "block"]


def test_a_replacement_may_be_chosen(write: Write) -> None:
    policy = read_policy(write(HEAD + '[stages.output.actions]\nsecret = { action = "redact", replacement = "***" }\n'))
    assert policy.finding(_hit("secret.key"), "output").replacement == "***"


def test_a_policy_is_laid_over_those_that_it_extends(write: Write) -> None:
    write(
        HEAD + "max_delay_tokens = 5\n" + RULE + '[stages.input.actions]\nleak = "block"\npii = "redact"\n',
        "_base.toml",
    )
    policy = read_policy(write(HEAD + 'extends = "_base.toml"\n[stages.input.actions]\npii = "allow"\n'))
    assert [rule.id for rule in policy.rules] == ["leak.word"]
    assert policy.max_delay_tokens == 5
    assert [policy.finding(_hit(rule), "input").action for rule in ("leak.word", "pii.card")] == ["block", "allow"]


def test_rules_are_replaced_disabled_and_excepted_by_who_extends_them(write: Write) -> None:
    other = RULE.replace("leak.word", "leak.other")
    write(HEAD + RULE + other, "_base.toml")
    replaced = read_policy(write(HEAD + 'extends = ["_base.toml"]\n' + RULE.replace("plover", "lark")))
    assert [rule.patterns for rule in replaced.rules] == [("lark",), ("plover",)]
    disabled = read_policy(write(HEAD + 'extends = "_base.toml"\ndisable = ["leak.other"]\n'))
    assert [rule.id for rule in disabled.rules] == ["leak.word"]
    excepted = (
        HEAD + 'extends = "_base.toml"\n[[exceptions]]\nrules = ["leak"]\npatterns = ["plover eggs"]\nreason = "food"\n'
    )
    assert [rule.exceptions for rule in read_policy(write(excepted)).rules] == [("plover eggs",)] * 2


def test_words_are_put_into_patterns(write: Write) -> None:
    words = "[words]\nbird = 'lark|plover'\nbirds = '(?&bird)s'\n"
    rule = RULE.replace('["plover"]', "['my (?&birds)!', '\\(?&not']")
    assert read_policy(write(HEAD + words + rule)).rules[0].patterns == ("my (?:(?:lark|plover)s)!", "\\(?&not")


WRONG = {
    "nmae = 'x'\n": ("'nmae'", "Did you mean 'name'?"),
    HEAD + "[stages.inptu]\n": ("'inptu'", "Did you mean 'input'?"),
    HEAD + "[stages.input]\non_eror = 'open'\n": ("'on_eror'", "Did you mean 'on_error'?"),
    HEAD + "[stages.input]\non_error = 'opne'\n": ("'opne'", "Did you mean 'open'?"),
    HEAD + "[stages.input.actions]\ninjecton = 'block'\n": ("'injecton'", "Did you mean 'injection'?"),
    HEAD + "[stages.input.actions]\npii = 'blokc'\n": ("'blokc'", "Did you mean 'block'?"),
    HEAD + "[stages.input.actions]\npii = 7\n": ("pii = '7'", "Correct the file."),
    HEAD + "[stages.input.actions]\npii = { action = 'block', min_scor = 1 }\n": ("'min_scor'", "'min_score'"),
    HEAD + "[stages.input.actions]\npii = { action = 'block', min_score = 7 }\n": ("7.0", "Correct the file."),
    HEAD + "max_delay_tokens = 9999\n": ("9999", "Correct it."),
    HEAD + "max_delay_tokens = true\n": ("True", "Correct the file."),
    HEAD + "extends = 'defualt'\n": ("'defualt'", "Correct the name, or give a path."),
    HEAD + "extends = '../other.toml'\n": ("'../other.toml'", "Correct it."),
    HEAD + "extends = 'mine.toml'\n": ("extends itself", "Cut it."),
    HEAD + "disable = ['leak.nothing']\n": ("'leak.nothing'", "Correct it."),
    HEAD + RULE.replace("patterns", "patterm"): ("'patterm'", "Did you mean 'patterns'?"),
    HEAD + RULE.replace('"leak.word"', '"word"'): ("'word'", "Correct it."),
    HEAD + RULE + RULE: ("twice", "Rename one of them."),
    HEAD + RULE.replace('["plover"]', "[]"): ("no patterns", "Add one."),
    HEAD + RULE + 'stages = ["ouput"]\n': ("'ouput'", "Did you mean 'output'?"),
    HEAD + RULE + 'views = ["foldde"]\n': ("'foldde'", "Did you mean 'folded'?"),
    HEAD + RULE + 'category = "injection"\n': ("'injection'", "Leave it out."),
    HEAD + RULE.replace("plover", "plo(?=ver)"): ("look-ahead", "exceptions"),
    HEAD + RULE.replace("plover", "(?&brid)"): ("'brid'", "[words]"),
    HEAD + "[words]\nbird = 'lark*'\n": ("'bird'", "Say how often"),
    HEAD + RULE + "[[exceptions]]\nrules = ['pii']\npatterns = ['x']\nreason = 'y'\n": ("'pii'", "Correct it."),
    HEAD + RULE + "[[exceptions]]\nrules = ['leak']\npatterns = ['x']\n": ("no reason", "Add it."),
    HEAD + "[authority]\ntanted = 'block'\n": ("tanted", "tainted"),
    HEAD.replace("name", "nam", 1).replace("nam ", "description "): ("no name", "Add it."),
    "name = ": ("no TOML", "Correct it."),
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=[str(number) for number in range(len(WRONG))])
def test_what_is_wrong_is_refused_with_what_was_found_and_what_to_do(
    write: Write, text: str, said: tuple[str, str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_policy(write(text))
    assert said[0] in refused.value.found
    assert said[1] in str(refused.value)
    assert all((refused.value.found, refused.value.wanted, refused.value.remedy))


def test_an_error_names_file_rule_and_pattern(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml, \[\[rules\]\] leak\.word has the pattern 'plo\(\?=ver\)'"):
        read_policy(write(HEAD + RULE.replace("plover", "plo(?=ver)")))


@given(st.binary(max_size=200))
def test_any_file_is_a_policy_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("policy") / "any.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        read_policy(path)


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for place in ("nowhere", str(tmp_path / "none.toml")):
        with pytest.raises(ConfigError):
            Policies.load(place)


def test_tenants_have_the_policy_that_is_named_for_them(write: Write, tmp_path: Path) -> None:
    for name in ("default", "local", "t-alice"):
        write(HEAD.replace("mine", f"of-{name}"), f"{name}.toml")
    write("not read", "_part.toml")
    policies = Policies.load(tmp_path)
    found = [policies.of(tenant).name for tenant in ("", "alice", "bob", "Alice", "../default")]
    assert found == ["of-local", "of-t-alice", "of-default", "of-default", "of-default"]


def test_a_folder_without_a_default_falls_back_to_the_shipped_one(write: Write, tmp_path: Path) -> None:
    write(HEAD, "t-alice.toml")
    assert Policies.load(tmp_path).of("bob").digest == read_policy("default").digest


def test_a_file_that_is_for_no_tenant_is_refused_with_the_name_that_it_should_have(
    write: Write, tmp_path: Path
) -> None:
    write(HEAD, "alice.toml")
    with pytest.raises(ConfigError, match=r"name it t-alice\.toml"):
        Policies.load(tmp_path)


def test_observe_finds_what_default_finds_and_changes_nothing() -> None:
    default, observe = read_policy("default"), read_policy("observe")
    assert {rule.id for rule in observe.rules} == {rule.id for rule in default.rules}
    assert all(not observe.at(stage).actions and observe.at(stage).on_error == "open" for stage in STAGES)


def test_strict_never_does_less_than_default() -> None:
    default, strict = read_policy("default"), read_policy("strict")
    order = ("allow", "redact", "confirm", "block")
    names = {name for policy in (default, strict) for stage in STAGES for name in policy.at(stage).actions}
    for stage in STAGES:
        for name in names - {"*"}:
            weak, strong = (policy.finding(_hit(name), stage).action for policy in (default, strict))
            assert order.index(strong) >= order.index(weak), (stage, name)
