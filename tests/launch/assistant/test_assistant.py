"""What surrounds the model; the model's own answers are given here, since what it says is judged elsewhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from zaphod.core.tokenizers import ChatMessage
from zaphod.data.tasks.second.tools import KNOWN
from zaphod.launch.assistant.assistant import NO_DICTIONARY, Assistant, tools
from zaphod.launch.assistant.dictionary import TextDictionary
from zaphod.training.tokenizer import CHAT_TEMPLATE_2


class Saying:
    """A model that says these things one after the other, and what it was shown."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.shown: list[tuple[Sequence[ChatMessage], Sequence[Mapping[str, Any]]]] = []

    def __call__(self, messages: Sequence[ChatMessage], told: Sequence[Mapping[str, Any]]) -> str:
        self.shown.append((messages, told))
        return self._answers.pop(0)


@pytest.fixture
def glossary(tmp_path: Path) -> TextDictionary:
    (tmp_path / "words.txt").write_text("quorum: enough members to decide\nkeel: a beam under a ship\n")
    return TextDictionary(tmp_path)


NOT_LIVE = '{"live":false,"use":"calculator"}'


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ('{"tool":"calculator","arguments":{"expression":"12 * 13"}}', "= 156"),
        ('{"tool":"convert_units","arguments":{"value":2,"from":"hours","to":"minutes"}}', "= 120 minutes"),
        ('{"ask":"expression","for":"calculator"}', "Say the expression, please."),
        ("2+2+0=04\n= 4", "checked: every step is right"),
        ("2+2+0=05\n= 4", "WRONG: the steps of operation 1 are not those of its numbers"),
        ('{"plan":[{"do":"go","to":"shelf"}]}', ""),
        ("I plan, call tools and do arithmetic", ""),
        ('{"tool":"launch","arguments":{}}', "launch cannot be run"),
        ('{"tool":"calculator","arguments":{"expression":"1/0"}}', "divides by zero"),
        ("[" * 5000, ""),
    ],
)
def test_what_comes_of_an_answer(said: str, note: str) -> None:
    outcome = Assistant(Saying(NOT_LIVE, said), None).answer("what?")
    assert outcome.said == said
    assert note in outcome.note if note else outcome.note == ""


def test_a_word_is_copied_from_the_dictionarys_entry(glossary: TextDictionary) -> None:
    model = Saying('{"live":false,"use":"definition"}', "enough members to decide")
    outcome = Assistant(model, glossary).answer("What is a quorum?")
    assert outcome == ("enough members to decide", f"from {glossary.name}")
    assert model.shown[1][0][0]["content"] == "Text:quorum: enough members to decide"


def test_an_answer_that_is_no_copy_is_shown_beside_the_text(glossary: TextDictionary) -> None:
    outcome = Assistant(Saying('{"live":false,"use":"definition"}', "a fish"), glossary).answer("define keel")
    assert outcome.note == "Not as it stands there:\nkeel: a beam under a ship"


def test_without_a_dictionary_or_the_word_the_model_is_not_asked(glossary: TextDictionary) -> None:
    assert Assistant(Saying('{"live":false,"use":"definition"}'), None).answer("define keel").note == NO_DICTIONARY
    missing = Assistant(Saying('{"live":false,"use":"definition"}'), glossary).answer("define zyzzyva")
    assert "None of its words" in missing.note


def test_a_route_that_cannot_be_read_changes_nothing() -> None:
    assert Assistant(Saying("nonsense", "2+2+0=04\n= 4"), None).answer("2+2").note.startswith("checked")


def test_tools_are_told_as_they_were_trained(glossary: TextDictionary) -> None:
    from zaphod.core.tokenizers.chat import stream_chat

    user: list[ChatMessage] = [{"role": "user", "content": "hi"}]
    pieces = stream_chat(CHAT_TEMPLATE_2, {}, user, tools=tools(glossary), add_generation_prompt=True)
    told = "".join(pieces).partition("<|user|>")[0]
    assert told == "".join(f"<|tool|>{KNOWN[name]}" for name in ("convert_units", "calculator", "define_word"))
