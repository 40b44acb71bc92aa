"""A person's copy holds everything that is kept of them, and nothing of others."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.people import admit, events
from tests.support.records import a_response

from zaphod.core.errors import AuditError, RequestError
from zaphod.records.api_keys import ApiKey
from zaphod.records.ids import new_id
from zaphod.records.privacy.document import Document, readable
from zaphod.records.privacy.erasure import erase
from zaphod.records.privacy.exporting import export
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.restriction import restrict


def copy_of(office: Office, subject: str) -> dict[str, Any]:
    target = io.BytesIO()
    export(office, subject, target)
    found: dict[str, Any] = json.loads(target.getvalue())
    return found


def test_everything_of_the_person_is_in_it_and_nothing_of_others(office: Office) -> None:
    ids = admit(office, "ada", secret="of ada")
    admit(office, "bob", secret="of bob")
    copy = copy_of(office, "ada")
    said = {"json": {"said": "of ada"}}
    assert copy["conversations"][0]["content"] == {"record": f"conversations/{ids['conv']}", **said}
    item = {"record": f"conversations/{ids['conv']}/items/{ids['msg']}", **said}
    assert copy["conversations"][0]["items"][0]["content"] == item
    assert [copy["responses"][0][part]["json"] for part in ("body", "input")] == [said["json"]] * 2
    assert (copy["consents"][0]["purpose"], copy["consents"][0]["is_given"]) == ("training", True)
    assert copy["pseudonyms"][0]["content"]["json"] == said["json"]
    assert (copy["unreadable"], "bob" in json.dumps(copy)) == ([], False)


def test_the_audits_events_about_the_person_are_in_it(office: Office) -> None:
    ids = admit(office, "ada")
    admit(office, "bob")
    office.write("chat.request", ids["resp"], "allow")
    office.write("chat.request", "resp_of_somebody_else", "allow")
    found = copy_of(office, "ada")["audit_events"]
    assert [event["action"] for event in found] == ["privacy.consent.record", "chat.request", "privacy.export"]


def test_purposes_times_rights_and_restrictions_are_told(office: Office) -> None:
    admit(office, "ada")
    office.own.retention.set("conversations", 86400)
    restrict(office, "ada", "accuracy")
    copy = copy_of(office, "ada")
    times = {one["kind"]: one["kept_for_s"] for one in copy["activities"]}
    assert (times["conversations"], times["responses"]) == (86400, None)
    assert (copy["restricted_since"].endswith("Z"), len(copy["rights"])) == (True, 5)


def test_what_does_not_open_is_named_and_counted(office: Office) -> None:
    admit(office, "ada")
    broken = a_response(id=new_id("resp"), subject="ada", sealed_body=b"no seal", sealed_input=b"")
    office.own.responses.add(broken)
    target = io.BytesIO()
    assert export(office, "ada", target).num_unreadable == 2
    copy = json.loads(target.getvalue())
    assert {one["record"] for one in copy["unreadable"]} == {
        f"responses/{broken.id}/body", f"responses/{broken.id}/input",
    }  # fmt: skip
    assert base64.b64encode(b"no seal").decode() in json.dumps(copy["responses"])


def test_whoever_is_known_by_a_key_gets_what_is_kept_of_it(office: Office) -> None:
    keys = office.keeping.store.api_keys
    for key_id, tenant in (("key_1", office.tenant), ("key_2", "other")):
        digest = key_id.encode() * 6
        keys.add(ApiKey(id=key_id, digest=digest, name="Ada's", scopes="generate", tenant=tenant, created_s=1))
    keys.record_use({("key_1", 20000): 7}, {}, forget_before_day=0)
    own = copy_of(office, "key_1")["api_key"]
    assert (own["name"], own["tokens_used"], "digest" in own) == ("Ada's", {"2024-10-04": 7}, False)
    assert copy_of(office, "key_2")["api_key"] is None


def test_of_an_erased_person_only_the_audit_is_left(office: Office) -> None:
    admit(office, "ada")
    erase(office, "ada")
    copy = copy_of(office, "ada")
    assert all(copy[kind] == [] for kind in ("conversations", "responses", "consents", "pseudonyms", "unreadable"))
    told = [(event["action"], event["decision"]) for event in copy["audit_events"]]
    assert told[-3:-1] == [("privacy.erase", "begin"), ("privacy.erase", "done")]


def test_nothing_is_handed_out_that_cannot_be_written_down(office: Office) -> None:
    admit(office, "ada")
    assert office.keeping.audit is not None
    office.keeping.audit.close()
    target = io.BytesIO()
    with pytest.raises(AuditError):
        export(office, "ada", target)
    assert target.getvalue() == b""


def test_every_export_is_one_event(office: Office) -> None:
    copy_of(office, "ada")
    assert events(office, "privacy.export") == [("privacy.export", "allow")]


@pytest.mark.parametrize("subject", ["", "a\nb", "x" * 257, "\ud800"])
def test_nobody_can_be_called_so(office: Office, subject: str) -> None:
    with pytest.raises(RequestError):
        copy_of(office, subject)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_whatever_bytes_were_kept_come_back(plaintext: bytes) -> None:
    target = io.BytesIO()
    document = Document(target)
    document.array("contents", iter([readable(plaintext), readable(plaintext)]))
    document.end()
    first, second = json.loads(target.getvalue())["contents"]
    assert first == second
    ((form, content),) = first.items()
    back = {
        "json": lambda: json.loads(plaintext) == content,
        "text": lambda: content.encode() == plaintext,
        "base64": lambda: base64.b64decode(content) == plaintext,
    }
    assert back[form]()


@given(ANYTHING)
def test_json_that_was_kept_means_the_same_afterwards(value: object) -> None:
    plaintext = json.dumps(value).encode()
    content = readable(plaintext)
    assert content == {"json": json.loads(plaintext)} or content == {"text": plaintext.decode()}
    target = io.BytesIO()
    document = Document(target)
    document.member("content", content)
    document.end()
    assert json.loads(target.getvalue()) == {"content": content}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "1.10", "12345678901234567890", "NaN", "-0", "[" * 100_000])
def test_json_that_would_lose_something_stays_text(text: str) -> None:
    assert readable(text.encode()) == {"text": text}
