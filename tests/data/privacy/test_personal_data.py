"""Personal data in documents, and what stays of it."""

import random

import pytest
from benchmarks import guard_pii_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, Dropped
from zaphod.data.privacy.personal_data import PersonalData

_TEXT = "Write to ada.lovelace@mail.org or call +44 20 7946 0958 about the engine that reads each file once, please."


_STAGE = PersonalData(max_share=1.0)


def cleaned(text: str, **changes) -> Document | Dropped:
    stage = PersonalData(**{"max_share": 1.0} | changes) if changes else _STAGE
    return stage.judge(Document(id="", text=text))


def test_what_points_to_a_person_is_replaced_by_its_kind():
    assert cleaned(_TEXT).text == "Write to <EMAIL> or call <PHONE> about the engine that reads each file once, please."


def test_a_text_without_any_is_the_same_document():
    document = Document(id="", text="The engine reads each file once.")
    assert PersonalData().judge(document) is document


def test_what_was_found_is_counted_and_not_kept():
    stage = PersonalData()
    stage.judge(Document(id="", text=_TEXT))
    assert stage.found == {"pii.email": 1, "pii.phone": 1}


def test_rules_can_be_left_alone():
    assert "ada.lovelace@mail.org" in cleaned(_TEXT, without=("pii.email",)).text


def test_secrets_are_taken_out_unless_they_may_stay():
    text = "export AWS_SECRET=1; password = hunter2-Xy7!q and so on"
    assert "hunter2" not in cleaned(text).text
    assert "hunter2" in cleaned(text, secrets=False).text


def test_a_document_of_little_else_is_dropped():
    assert cleaned("ada@mail.org, bob@mail.org", max_share=0.3) == Dropped("mostly personal data")


def test_pseudonyms_are_equal_for_equal_values_and_keys(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 32)
    first, again, other = (
        cleaned(f"{_TEXT} {_TEXT}", method="pseudonymise", key_file=str(tmp_path / name)).text for name in "aab"
    )
    assert first == again != other
    assert first.count(first.split()[2]) == 2, "who is who can still be learnt"


@pytest.mark.parametrize(
    "wrong", [{"method": "hide"}, {"method": "pseudonymise"}, {"method": "pseudonymise", "key_file": "/dev/null"}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        PersonalData(**wrong)


def test_generated_values_do_not_come_through():
    samples = list(guard_pii_texts.findable(random.Random(3), 4))
    left = [s for s in samples if s.text[s.start : s.end] in _STAGE.judge(Document(id="", text=s.text)).text]
    assert len(left) <= 0.02 * len(samples)


@settings(max_examples=12)
@given(st.integers(0, 60_000), st.sampled_from(["\n\n", "\n", " ", ""]))
def test_a_value_is_found_wherever_it_stands_in_a_long_text(place, mark):
    filler = ("plain words here" + (mark or "x")) * 4000
    text = f"{filler[:place]} ada.lovelace@mail.org {filler[place:]}"
    assert "ada.lovelace" not in cleaned(text).text


@given(st.text(max_size=200))
def test_no_text_breaks_the_stage(text):
    cleaned(text)


def test_settings_build_an_equal_stage():
    stage = PersonalData(without=("pii.name",), secrets=False)
    assert PersonalData(**stage.settings()).settings() == stage.settings()
