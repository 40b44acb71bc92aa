from __future__ import annotations

import pytest
from tests.support.records import a_response

from zaphod.records.responses import Responses
from zaphod.records.store import Store


@pytest.fixture
def responses(store: Store) -> Responses:
    return store.tenant("lab").responses


def test_what_was_added_is_found_byte_for_byte(responses: Responses) -> None:
    kept = a_response(previous_id="resp_before", conversation_id="conv_1", sealed_body=b"\x00\xff", sealed_input=b"")
    responses.add(kept)
    assert responses.get(kept.id) == kept
    assert responses.get("resp_other") is None


def test_a_name_that_could_be_guessed_is_refused(responses: Responses) -> None:
    with pytest.raises(ValueError, match="guessed"):
        responses.add(a_response(id="resp_1"))


def test_a_chain_is_read_from_its_beginning(responses: Responses) -> None:
    first = a_response()
    second = a_response(previous_id=first.id)
    third = a_response(previous_id=second.id)
    for response in (first, second, third):
        responses.add(response)
    assert responses.chain(third.id) == [first, second, third]
    assert responses.chain(third.id, max_length=2) == [second, third]
    responses.delete(second.id)
    assert responses.chain(third.id) == [third]


def test_a_chain_that_bites_its_tail_ends(responses: Responses) -> None:
    one, other = a_response(), a_response()
    responses.add(a_response(id=one.id, previous_id=other.id))
    responses.add(a_response(id=other.id, previous_id=one.id))
    assert [response.id for response in responses.chain(one.id)] == [other.id, one.id]


def test_a_response_can_be_sealed_again_and_deleted(responses: Responses) -> None:
    kept = a_response()
    responses.add(kept)
    assert responses.change(kept.id, sealed_body=b"1", sealed_input=b"2")
    changed = responses.get(kept.id)
    assert changed is not None
    assert (changed.sealed_body, changed.sealed_input) == (b"1", b"2")
    assert responses.delete(kept.id)
    assert not responses.delete(kept.id)
    assert not responses.change(kept.id, sealed_body=b"1", sealed_input=b"2")
