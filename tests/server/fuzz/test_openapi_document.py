"""The OpenAPI document is complete, valid and true: what it describes is what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator
from tests.support.openapi_places import Document
from tests.support.probing import Probe, events_of
from tests.support.running_server import RunningServer, StartServer

from zaphod.server.admission.access import ACCESS, PUBLIC

STREAMS = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages")


def operations(probe: Probe) -> Iterator[tuple[str, str, Any]]:
    yield from probe.document.operations()


def references(part: Any) -> Iterator[str]:
    """Every `$ref` inside."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_it_keeps_the_rules_of_openapi_3_1(probe: Probe) -> None:
    document = probe.document.content
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


def test_its_schemas_keep_the_rules_of_json_schema(probe: Probe) -> None:
    for schema in probe.document.content["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(probe: Probe) -> None:
    found = set(references(probe.document.content))
    assert len(found) > 100
    assert all(probe.document.resolved({"$ref": reference}) for reference in found)


def test_nothing_is_described_that_nothing_refers_to(probe: Probe) -> None:
    found = {reference.rpartition("/")[2] for reference in references(probe.document.content)}
    described = {
        name for kind in ("schemas", "headers", "parameters") for name in probe.document.content["components"][kind]
    }
    assert described <= found


def test_it_has_the_routes_of_the_gate_and_no_others(probe: Probe) -> None:
    described = {(method, path) for method, path, _ in operations(probe)}
    assert described == {(method, re.sub(":path}", "}", path)) for method, path in ACCESS}


def test_every_operation_has_a_name_of_its_own_and_words(probe: Probe) -> None:
    names = [operation["operationId"] for _, _, operation in operations(probe)]
    assert len(set(names)) == len(names) >= 20
    known = {tag["name"] for tag in probe.document.content["tags"]}
    for _, path, operation in operations(probe):
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= known, path


def test_every_answer_has_a_schema(probe: Probe) -> None:
    for method, path, operation in operations(probe):
        assert "400" in operation["responses"], path
        assert "default" not in operation["responses"], path
        for status, response in operation["responses"].items():
            found = probe.document.resolved(response)
            assert found["description"], (method, path, status)
            kinds = found.get("content", {}).values()
            assert status == "304" or kinds, (method, path, status)
            assert all(kind["schema"] for kind in kinds), (method, path, status)


def test_every_operation_that_posts_describes_its_body_with_an_example(probe: Probe) -> None:
    posted = [operation for method, path, operation in operations(probe) if method == "POST" and "{" not in path]
    assert len(posted) == 9
    for operation in posted:
        assert operation["requestBody"]["required"]
        assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_bounds_are_exact(probe: Probe) -> None:
    """64-bit bounds do not survive as floats, and maps whose keys have a pattern take no others."""
    schemas = probe.document.content["components"]["schemas"]
    seed = schemas["ChatRequest"]["properties"]["seed"]["anyOf"][0]
    assert (seed["minimum"], seed["maximum"]) == (-(2**63), 2**63 - 1)
    bias = schemas["ChatRequest"]["properties"]["logit_bias"]["anyOf"][0]
    assert bias["additionalProperties"] is False


def test_no_name_tells_where_our_modules_are(probe: Probe) -> None:
    assert "zaphod__" not in json.dumps(probe.document.content)


def test_public_routes_need_no_key_and_the_others_say_which(probe: Probe) -> None:
    assert set(probe.document.content["components"]["securitySchemes"]) == {"bearer", "header"}
    for method, path, operation in operations(probe):
        rule = next(
            rule
            for (known, template), rule in ACCESS.items()
            if (known, template.replace(":path}", "}")) == (method, path)
        )
        assert (operation.get("security") == []) == (rule is PUBLIC), path
        assert ("401" in operation["responses"]) == (rule is not PUBLIC), path
        assert not isinstance(rule, str) or f"`{rule}`" in operation["description"], path


def test_keys_are_optional_as_long_as_there_is_none(probe: Probe, start_server: StartServer, tmp_path: Any) -> None:
    assert {} in probe.document.content["security"]
    secret = tmp_path / "key"
    secret.write_text("a-key-of-at-least-32-characters-0123456789")
    secret.chmod(0o600)
    with start_server("--api-key-file", str(secret), key=secret.read_text()) as closed:
        assert {} not in closed.get("/openapi.json")["security"]


def examples(probe: Probe) -> Iterator[tuple[str, dict[str, Any]]]:
    for operation in probe.document.body_schemas():
        if "{" in operation:
            continue  # a request of its own must have made what it speaks of
        content = probe.document.operation(operation)["requestBody"]["content"]["application/json"]
        for example in content["examples"].values():
            yield operation, example["value"]


def test_every_example_fits_its_schema_and_is_answered(probe: Probe) -> None:
    """And each answer fits the schema of answers: `post` sees to that."""
    sent = 0
    for operation, body in examples(probe):
        probe.validator(probe.document.body_schemas()[operation]).validate(body)
        assert probe.post(operation, json.dumps(body).encode()).status == 200, (operation, body)
        sent += 1
    assert sent >= 12


@pytest.mark.parametrize("path", STREAMS)
def test_every_event_of_a_stream_is_as_it_is_described(probe: Probe, path: str) -> None:
    body = next(body for operation, body in examples(probe) if operation == f"POST {path}")
    answer = probe.post(f"POST {path}", json.dumps({**body, "stream": True}).encode())
    content = probe.document.operation(f"POST {path}")["responses"]["200"]["content"]["text/event-stream"]
    data = content["schema"]["properties"]["data"]["anyOf"][1]["contentSchema"]
    events = events_of(answer.body)
    assert len(events) >= 2
    for event in [*events, *events_of_excerpt(content["example"])]:
        probe.validator(data["anyOf"][0]).validate(event)


def events_of_excerpt(stream: str) -> list[Any]:
    texts = [line.removeprefix("data: ") for line in stream.split("\n") if line.startswith("data: ")]
    return [json.loads(text) for text in texts if text != "[DONE]"]


@pytest.mark.parametrize("path", ["/live", "/ready", "/zaphod/status", "/v1/models", "/v1/models/builtin"])
def test_what_can_be_got_is_as_it_is_described(probe: Probe, path: str) -> None:
    template = path.replace("/builtin", "/{model}")
    probe.check(f"GET {template}", probe.ask("GET", path))


def test_what_is_kept_is_as_it_is_described(probe: Probe) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c", "output": "2"}
    asked = {"input": [{"role": "user", "content": "1 + 1"}, call, result], "max_output_tokens": 4, "store": True}
    name = probe.post("POST /v1/responses", json.dumps(asked).encode()).json["id"]
    asked |= {"input": "2 + 2", "previous_response_id": name}
    last = probe.post("POST /v1/responses", json.dumps(asked).encode()).json["id"]
    for method, tail in (("GET", ""), ("GET", "/input_items"), ("POST", "/cancel"), ("DELETE", ""), ("GET", "")):
        answer = probe.ask(method, f"/v1/responses/{last}{tail}", b"{}" if method == "POST" else b"")
        probe.check(f"{method} /v1/responses/{{response_id}}{tail}", answer)


@pytest.mark.parametrize("accept", ["*/*", "application/openmetrics-text; version=1.0.0"])
def test_metrics_have_a_type_that_is_described(probe: Probe, accept: str) -> None:
    probe.check("GET /metrics", probe.ask("GET", "/metrics", headers={"Accept": accept}))


@pytest.mark.parametrize("path", ["/", "/page/app.js", "/page/icon.svg", "/page/theme.css", "/page/nothing"])
def test_files_of_the_page_have_a_type_that_is_described(probe: Probe, path: str) -> None:
    answer = probe.ask("GET", path)
    probe.check("GET /" if path == "/" else "GET /page/{name}", answer)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "a b"}, 400),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Length": "99999999"}, 413),
        ({"X-Long": "x" * 40_000}, 431),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_what_the_gate_answers_is_described(probe: Probe, path: str, headers: dict[str, str], status: int) -> None:
    answer = probe.ask("POST", path, b"{}", headers)
    assert answer.status == status
    probe.check(f"POST {path}", answer)
    probe.close()


def test_a_gateway_describes_what_it_passes_on(start_server: StartServer) -> None:
    """Its servers may be down: nobody needs them to know what can be asked."""
    with start_server("--upstream", "http://127.0.0.1:9") as gateway:
        document = Document(gateway.get("/openapi.json"))
    schemathesis.openapi.from_dict(document.content).validate()
    chat = document.operation("POST /v1/chat/completions")["responses"]
    assert {"200", "502", "504"} <= chat.keys()
    assert set(chat["200"]["content"]) == {"application/json", "text/event-stream"}
    assert all(document.resolved({"$ref": reference}) for reference in references(document.content))


def test_the_document_is_the_same_each_time(server: RunningServer) -> None:
    assert server.get("/openapi.json") == server.get("/openapi.json")
