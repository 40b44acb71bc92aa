"""What is tried at each place of each request, and the fields that keep the answers to it short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.boundary_values import ALL, HARSHEST, TEXTS
from tests.support.openapi_places import TEXT, Document, Place

SHORT: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/chat/completions": {"max_tokens": 1, "stream": True, "logprobs": True},
    "POST /v1/completions": {"max_tokens": 1, "stream": True},
    "POST /v1/responses": {"max_output_tokens": 1, "stream": True, "include": ["message.output_text.logprobs"]},
    "POST /v1/messages": {"max_tokens": 1, "stream": True},
    "POST /tokenize": {"prompt": TEXT},
    "POST /v1/embeddings": {},
    "POST /v1/messages/count_tokens": {},
    "POST /detokenize": {},
    "POST /zaphod/plan": {"prompt_tokens": 1_000_000},  # beyond every context: said at once
}
"""By operation, the fields that keep answers short and that others go with. A new route needs a row."""


def cases(document: Document, operation: str) -> Iterator[tuple[Place, str, bytes]]:
    """What is sent to a route. Fields of models that other routes have tried with everything get the harshest only."""
    tried = tried_before(document, operation)
    for place in document.places(operation):
        values = {name: ALL[name] for name in HARSHEST} if place.model in tried else ALL
        for name, fragment in values.items():
            if not place.is_key or name in TEXTS:
                yield place, name, fragment


def tried_before(document: Document, operation: str) -> set[tuple[str, str]]:
    """Fields of models that routes before this one have, too."""
    return {place.model for other in SHORT if other < operation for place in document.places(other)}


def others_of(place: Place, *, streams: bool) -> dict[str, Any]:
    """Fields beside this place."""
    others = dict(SHORT[place.operation])
    if not streams and place.path[0] != "stream_options":
        others.pop("stream", None)
    if place.operation == "POST /tokenize" and place.path[0] == "messages":
        del others["prompt"]
    return others


def new_places(document: Document, operation: str) -> Iterator[Place]:
    """Each field of each model once."""
    seen = tried_before(document, operation)
    for place in document.places(operation):
        if place.model not in seen:
            seen.add(place.model)
            yield place
