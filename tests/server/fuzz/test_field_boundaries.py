"""Every field of every request, filled with what has broken servers: no 5xx, no hang, and the error names the field."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.support.boundary_values import ALL, LARGE, TEXTS
from tests.support.field_cases import SHORT, cases, new_places, others_of
from tests.support.openapi_places import Document, Place
from tests.support.probing import Answer, Probe

FLOORS = {
    "POST /v1/chat/completions": 4000,
    "POST /v1/completions": 1600,
    "POST /v1/responses": 6000,
    "POST /v1/messages": 5000,
    "POST /v1/messages/count_tokens": 1200,
    "POST /tokenize": 3000,
    "POST /v1/embeddings": 400,
    "POST /detokenize": 150,
    "POST /zaphod/plan": 500,
}
"""Requests that each must send at least: a walk that finds nothing would pass everything."""
NOT_ABOUT_A_FIELD = ("invalid_json", "too_many_fields", "body_too_large", "unknown_call")


def names_the_field(answer: Answer, place: Place) -> bool:
    """Whether the error is about this place, or about what it is in, or about something in it."""
    error = answer.error
    if "code" not in error or error["code"] in NOT_ABOUT_A_FIELD:  # Anthropic's errors name fields in the message
        return True
    if error["code"] == "context_length_exceeded" and place.path[0] == "tools":  # what they say is in the prompt
        return True
    named = error["param"] or ""
    return bool(named) and (place.name.startswith(named[:256]) or named.startswith(place.name[:256]))


def test_every_route_that_takes_a_body_is_walked(probe: Probe) -> None:
    assert set(SHORT) == set(FLOORS) == {name for name in probe.document.body_schemas() if "{" not in name}


@pytest.mark.parametrize("operation", SHORT)
def test_no_value_of_any_field_breaks_the_server(probe: Probe, operation: str) -> None:
    for place, name, fragment in cases(probe.document, operation):
        with_context = f"{operation}: {place.name} = {name}"
        try:
            answer = probe.post(operation, place.filled(fragment, others_of(place, streams=False)))
        except AssertionError as error:
            raise AssertionError(with_context) from error
        assert answer.status in (200, 400, 404), (with_context, answer.body[:300])
        assert answer.status == 200 or names_the_field(answer, place), (with_context, answer.body[:300])
    assert probe.num_sent >= FLOORS[operation]


@pytest.mark.parametrize("operation", [name for name, short in SHORT.items() if "stream" in short])
def test_no_value_breaks_a_stream(probe: Probe, operation: str) -> None:
    """The same fields, streamed: whatever is refused is refused before the first event."""
    for place in probe.document.places(operation):
        for name in ("1", "0.5", "space", "null", "true", "[]"):
            if place.is_key and name not in TEXTS:
                continue
            body = place.filled(ALL[name], others_of(place, streams=True))
            answer = probe.post(operation, body)
            assert answer.status in (200, 400, 404), (place.name, name, answer.body[:300])
            is_stream = answer.headers.get_content_type() == "text/event-stream"
            assert is_stream == (answer.status == 200 and json.loads(body).get("stream") is True), (place.name, name)
    assert probe.num_sent >= 200


@pytest.mark.parametrize("operation", SHORT)
def test_nothing_large_breaks_the_server(probe: Probe, operation: str) -> None:
    for place in new_places(probe.document, operation):
        for name, fragment in large_values(probe.document, place):
            answer = probe.post(operation, place.filled(fragment, others_of(place, streams=False)))
            assert answer.status in (200, 400, 404), (place.name, name, answer.body[:300])
            assert answer.status == 200 or names_the_field(answer, place), (place.name, name, answer.body[:300])
    assert probe.num_sent >= FLOORS[operation] // 100


def large_values(document: Document, place: Place) -> Iterator[tuple[str, bytes]]:
    """Of each type that the place takes; and everywhere a list that is none of them."""
    kinds = document.kinds(place.schema)
    for name, (kind, fragment) in LARGE.items():
        if (kind in kinds or name == "20,000 texts") and (not place.is_key or kind == "string"):
            yield name, fragment
