"""Bodies that are no requests: refused with a sentence, quickly, and the server answers the next one."""

from __future__ import annotations

import json

import pytest
from tests.support.boundary_values import BODIES
from tests.support.probing import Probe

ROUTES = (
    "POST /v1/chat/completions",
    "POST /v1/completions",
    "POST /v1/responses",
    "POST /v1/messages",
    "POST /v1/messages/count_tokens",
    "POST /v1/embeddings",
    "POST /tokenize",
    "POST /detokenize",
    "POST /zaphod/plan",
)
NO_JSON = ("cut off", "UTF-16", "form", "XML", "pickle", "last comma", "invalid UTF-8 key", "single quotes", "comment")


def test_every_route_that_takes_a_body_is_tried(probe: Probe) -> None:
    assert set(ROUTES) == {name for name in probe.document.body_schemas() if "{" not in name}


@pytest.mark.parametrize("operation", ROUTES)
def test_what_is_no_request_is_refused(probe: Probe, operation: str) -> None:
    for name, body in BODIES.items():
        answer = probe.post(operation, body)
        assert answer.status == (413 if name == "10 MB" else 400), (name, answer.body[:300])
    assert probe.num_sent >= 35


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_json_is_called_so(probe: Probe, name: str) -> None:
    error = probe.post("POST /v1/chat/completions", BODIES[name]).error
    assert (error["code"], error["param"]) == ("invalid_json", None)
    assert "JSON" in error["message"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x", "a/b; c=\xff"]
)
def test_the_content_type_decides_nothing(probe: Probe, kind: str) -> None:
    body = json.dumps({"prompt": "hi", "max_tokens": 1}).encode()
    assert probe.post("POST /v1/completions", body, **{"Content-Type": kind}).status == 200
    assert probe.post("POST /v1/completions", BODIES["XML"], **{"Content-Type": kind}).status == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_compressed_bodies_are_not_unpacked(probe: Probe, encoding: str) -> None:
    answer = probe.post("POST /v1/completions", BODIES["gzip"], **{"Content-Encoding": encoding})
    assert (answer.status, answer.error["code"]) == (415, "unsupported_encoding")


@pytest.mark.parametrize(
    "seconds", ["", "0", "-1", "nan", "inf", "1e400", "1e-400", "1_0", " ", "0x10", "1,5", "1" * 5000, "ten", "\xb2"]
)
def test_a_time_limit_that_is_none_is_refused_by_name(probe: Probe, seconds: str) -> None:
    body = json.dumps({"prompt": "hi", "max_tokens": 1}).encode()
    answer = probe.post("POST /v1/completions", body, **{"X-Zaphod-Timeout-S": seconds})
    assert (answer.status, answer.error["param"]) == (400, "X-Zaphod-Timeout-S")
