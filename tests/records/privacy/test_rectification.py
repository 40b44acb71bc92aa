"""What is wrong is put right in its own place, by its own name, and for its own person only."""

from __future__ import annotations

import io
import json

import pytest
from tests.support.people import admit, events

from zaphod.core.errors import RequestError
from zaphod.records.privacy.exporting import export
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.rectification import rectify


def text_of(office: Office, subject: str) -> str:
    target = io.BytesIO()
    export(office, subject, target)
    return target.getvalue().decode()


def records_of(ids: dict[str, str]) -> list[str]:
    conversation, response = f"conversations/{ids['conv']}", f"responses/{ids['resp']}"
    return [conversation, f"{conversation}/items/{ids['msg']}", f"{response}/body", f"{response}/input"]


def test_each_record_is_put_right_by_the_name_that_exports_give_it(office: Office) -> None:
    records = records_of(admit(office, "ada", secret="wrong"))
    for number, record in enumerate(records):
        assert rectify(office, "ada", record, f"right {number}".encode()).record == record
    copy = json.loads(text_of(office, "ada"))
    assert copy["unreadable"] == []
    assert [f"right {number}" in json.dumps(copy) for number in range(4)] == [True] * 4
    assert json.dumps(copy).count("wrong") == 1  # the pseudonym's word


def test_the_rest_stays_as_it_is(office: Office) -> None:
    ids = admit(office, "ada")
    rectify(office, "ada", records_of(ids)[2], b"right")
    (response,) = json.loads(text_of(office, "ada"))["responses"]
    assert (response["body"]["text"], response["input"]["json"]) == ("right", {"said": "secret"})


def test_nobody_is_given_another_persons_record(office: Office) -> None:
    ids = admit(office, "bob")
    for record in records_of(ids):
        with pytest.raises(RequestError, match="This person has no"):
            rectify(office, "ada", record, b"right")
    assert text_of(office, "bob").count("secret") == 5
    assert events(office, "privacy.rectify") == []


@pytest.mark.parametrize(
    "record", ["", "consents/consent_1", "responses/resp_1/body", "conversations/../x", "pseudonyms/NAME_abcdefgh"]
)
def test_what_cannot_be_put_right_is_refused(office: Office, record: str) -> None:
    with pytest.raises(RequestError, match="no record that can be put right"):
        rectify(office, "ada", record, b"right")


def test_it_is_one_event_that_names_the_record_and_not_the_content(office: Office) -> None:
    ids = admit(office, "ada")
    rectify(office, "ada", records_of(ids)[0], b"right")
    assert events(office, "privacy.rectify") == [("privacy.rectify", "allow")]
