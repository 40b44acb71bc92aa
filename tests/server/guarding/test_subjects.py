from __future__ import annotations

import pytest

from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.subjects import subject_of

CALLER = Caller(key_id="key_1", name="a", scopes=frozenset(), tenant="lab")


def test_a_request_is_about_whoever_it_names() -> None:
    assert subject_of(CALLER, safety_identifier="ada", user="bob") == "ada"
    assert subject_of(CALLER, user="bob") == "bob"


@pytest.mark.parametrize("name", [None, ""])
def test_a_request_that_names_nobody_is_about_whoever_holds_the_key(name: str | None) -> None:
    assert subject_of(CALLER, safety_identifier=name, user=name) == "key_1"


def test_a_conversation_that_goes_on_stays_the_same_persons() -> None:
    assert subject_of(CALLER, past="ada") == "ada"
    assert subject_of(CALLER, safety_identifier="ada", past="ada") == "ada"


def test_what_is_kept_of_one_person_is_not_used_for_another() -> None:
    with pytest.raises(ApiError, match="about somebody else") as refused:
        subject_of(CALLER, user="bob", past="ada")
    assert (refused.value.status, refused.value.param) == (400, "previous_response_id")


@pytest.mark.parametrize("name", ["a\nb", "x" * 257, "\x7f"])
def test_a_name_that_no_key_can_be_made_for_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(ApiError, match="1 to 256 printable letters") as refused:
        subject_of(CALLER, user=name)
    assert refused.value.param == "user"
