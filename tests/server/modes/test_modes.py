import tomllib
from pathlib import Path
from typing import Any

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.api.turns import Tool
from zaphod.server.errors import ApiError
from zaphod.server.modes import Mode, Modes, Rule

MODES = Modes.load()
KNOWN = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
SERIOUS = [text for texts in KNOWN["serious"].values() for text in texts]
HARMLESS = KNOWN["harmless"]["small_talk"]

# For each rule: a sentence that meets it and no other rule, and a sentence beside it that meets none.
PAIRS = {
    "machines": ("Describe a forklift in a poem.", "Describe a fork in a poem."),
    "medicine": ("Write a rhyme about insulin.", "Write a rhyme about insects."),
    "self_harm": ("Write a rhyme about suicide.", "Write a rhyme about suits."),
    "emergency": ("Write a rhyme about an earthquake.", "Write a rhyme about an earthworm."),
    "weapons": ("Write a rhyme about a crossbow.", "Write a rhyme about a rainbow."),
    "law": ("Write a rhyme about a lawyer.", "Write a rhyme about a layer of paint."),
    "money": ("Write a rhyme about an invoice.", "Write a rhyme about a voice."),
    "energy": ("Write a rhyme about a short circuit.", "Write a rhyme about a short walk."),
    "chemicals": ("Write a rhyme about asbestos.", "Write a rhyme about asparagus."),
    "children": ("Write a rhyme about toddlers.", "Write a rhyme about poodles."),
    "advice": ("Is it safe to whistle at night?", "Is it common to whistle at night?"),
    "report": ("Somebody whistles at night.", "Explain who whistles at night."),
}


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def chosen(*texts: str, name: str | None = "fun") -> Mode:
    return MODES.choose(name, [user(text) for text in texts])


def test_there_are_three_modes_and_regular_is_the_servers_own() -> None:
    assert [mode.name for mode in MODES] == ["regular", "fun", "concise"]
    assert chosen("Tell me a joke.", name=None).name == "regular"


def test_regular_changes_nothing() -> None:
    regular = chosen("Tell me a joke.", name="regular")
    assert (regular.prompt, regular.temperature, regular.reason) == ("", None, None)


def test_a_mode_that_is_asked_for_is_used() -> None:
    assert chosen("Tell me a joke.").name == "fun"
    assert chosen("Tell me a joke.", name="concise").name == "concise"


def test_the_servers_own_mode_can_be_another() -> None:
    assert Modes.load(default="concise").choose(None, [user("Tell me a joke.")]).name == "concise"


def test_a_servers_own_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'fun'"):
        Modes.load(default="funny")


def test_an_unknown_mode_is_refused_with_the_nearest() -> None:
    with pytest.raises(ApiError, match="Did you mean 'concise'") as refused:
        chosen("Tell me a joke.", name="consice")
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "unknown_mode", "mode")


def test_modes_tell_the_model_that_facts_stay() -> None:
    prompts = {mode.name: mode.prompt for mode in MODES}
    assert "Facts, figures, names, warnings, steps" in prompts["fun"]
    assert "Leave out no fact, figure, condition, warning or step" in prompts["concise"]


def test_every_rule_is_tried_below() -> None:
    assert {rule.name for rule in MODES.rules} == set(PAIRS)


@pytest.mark.parametrize("rule", MODES.rules, ids=lambda rule: rule.name)
def test_each_rule_is_met_by_one_sentence_and_not_by_its_neighbour(rule: Rule) -> None:
    serious, harmless = PAIRS[rule.name]
    alone = Modes(list(MODES), [rule])
    assert rule.title in (alone.choose("fun", [user(serious)]).reason or "")
    assert alone.choose("fun", [user(harmless)]).name == chosen(harmless).name == "fun"


@pytest.mark.parametrize("text", SERIOUS)
def test_known_serious_sentences_are_answered_in_earnest(text: str) -> None:
    assert chosen(text).name == "regular"


@pytest.mark.parametrize("text", HARMLESS)
def test_known_harmless_sentences_keep_the_mode(text: str) -> None:
    assert chosen(text).name == "fun"


@pytest.mark.parametrize("text", KNOWN["spoiled"]["small_talk"])
def test_the_price_is_known_in_harmless_sentences_that_are_spoiled(text: str) -> None:
    assert chosen(text).name == "regular"


def test_the_reason_names_the_subject_and_not_the_words() -> None:
    reason = chosen("Where is my insulin?").reason
    assert reason == "The conversation touches on health, medicine or dosage: answered as 'regular', not as 'fun'."


def test_no_reason_is_given_where_the_mode_is_the_one_asked_for() -> None:
    assert chosen("Where is my insulin?", name="regular").reason is None


def test_the_first_message_counts_as_much_as_the_last() -> None:
    assert chosen("Write a rhyme about insulin.", "Thanks. Another one about the sea.").name == "regular"


def test_what_a_tool_returned_counts() -> None:
    result: Any = {"role": "tool", "content": "dose: 40 mg", "tool_call_id": "t"}
    assert MODES.choose("fun", [user("Look it up."), result]).name == "regular"


def test_what_a_tool_can_do_counts() -> None:
    arm = Tool(name="move_robot_arm")
    assert MODES.choose("fun", [user("Continue.")], tools=[arm]).name == "regular"


def test_instructions_count() -> None:
    rules: Any = {"role": "system", "content": "You steer a forklift."}
    assert MODES.choose("fun", [rules, user("Left.")]).name == "regular"


def test_what_the_model_said_does_not_count() -> None:
    said: Any = {"role": "assistant", "content": "A robot walks into a bar."}
    assert MODES.choose("fun", [user("Tell me a joke."), said, user("Another one.")]).name == "fun"


def test_a_remark_in_passing_counts_until_it_is_answered() -> None:
    talk: list[Any] = [user("I love this.")]
    assert MODES.choose("fun", talk).name == "regular"
    talk += [{"role": "assistant", "content": "Thank you."}, user("Tell me a joke.")]
    assert MODES.choose("fun", talk).name == "fun"


@pytest.mark.parametrize(
    "text",
    [
        "Write about INSULIN.",
        "Write about ｉｎｓｕｌｉｎ.",
        "Write about in\u200bsulin.",
        "Write about ínsulin.",
        "write_about_insulin",
    ],
)
def test_another_spelling_is_the_same_word(text: str) -> None:
    assert chosen(text).name == "regular"


def test_a_long_conversation_is_read_to_its_end() -> None:
    assert "medicine" in (chosen("la " * 30_000 + "insulin").reason or "")
    assert chosen("la " * 30_000).name == "fun"


def test_a_conversation_too_long_to_be_read_is_taken_for_serious() -> None:
    assert "too long to be looked through" in (chosen("la " * 20_000, "la " * 20_000).reason or "")
