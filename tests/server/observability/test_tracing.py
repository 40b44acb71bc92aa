from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from zaphod.core.errors import ConfigError, MissingExtraError
from zaphod.server.caller import LOCAL
from zaphod.server.observability.observation import Observer, ObserverOptions
from zaphod.server.observability.tracing import NoTracer, OtelTracer, open_tracer

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"


class Traced:
    """An observer whose spans stay in memory."""

    def __init__(self, watch: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.watched = watch(tracer=OtelTracer(self.exporter))

    def span(self) -> ReadableSpan:
        self.watched.observer.close()
        (span,) = self.exporter.get_finished_spans()
        return span


@pytest.fixture
def traced(watch: Any) -> Traced:
    return Traced(watch)


def ask(traced: Traced, **changes: Any) -> None:
    observation = traced.watched.begin(**changes)
    observation.admitted(prompt_tokens=20)
    traced.watched.clock.sleep(2)
    observation.piece(1)
    observation.end(status=200, finish_reason="stop", prompt_tokens=20, completion_tokens=1, cached_tokens=5)


def test_a_request_is_one_span_by_the_genai_conventions(traced: Traced) -> None:
    ask(traced)
    span = traced.span()
    assert (span.name, span.kind) == ("chat builtin", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "zaphod",
        "gen_ai.request.model": "builtin",
        "gen_ai.response.id": "req-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.response.time_to_first_chunk": 2.0,
        "gen_ai.latency.time_in_queue": 2.0,
        "gen_ai.latency.e2e": 2.0,
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "zaphod.energy_j": 20.0,
        "zaphod.energy_source": "RAPL",
    }


def test_a_span_has_an_event_for_each_turn(traced: Traced) -> None:
    ask(traced)
    assert [event.name for event in traced.span().events] == ["admitted", "first_token", "end"]


@pytest.mark.parametrize(
    ("route", "name"), [("/v1/completions", "text_completion"), ("/v1/embeddings", "embeddings"), ("/odd", "request")]
)
def test_operations_have_the_conventions_names(traced: Traced, route: str, name: str) -> None:
    ask(traced, route=route)
    assert (traced.span().attributes or {})["gen_ai.operation.name"] == name


def test_an_error_of_the_server_marks_the_span(traced: Traced) -> None:
    traced.watched.begin().end(status=503, error_code="engine_died")
    span = traced.span()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "engine_died")
    assert (span.attributes or {})["error.type"] == "engine_died"


def test_an_arriving_trace_goes_on(traced: Traced) -> None:
    ask(traced, headers={"traceparent": TRACEPARENT})
    span = traced.span()
    assert f"{span.get_span_context().trace_id:032x}" == TRACE_ID
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN_ID
    assert traced.watched.line["trace_id"] == TRACE_ID


def test_requests_to_other_servers_belong_to_the_span(traced: Traced) -> None:
    observation = traced.watched.begin(headers={"traceparent": TRACEPARENT})
    sent = observation.upstream_headers["traceparent"]
    observation.end(status=200)
    assert sent == f"00-{TRACE_ID}-{traced.span().get_span_context().span_id:016x}-01"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        TRACEPARENT + "-canary",
        "ff" + TRACEPARENT[2:],
    ],
)
def test_a_malformed_trace_begins_anew(traced: Traced, header: str) -> None:
    ask(traced, headers={"traceparent": header})
    assert traced.span().parent is None


def test_what_a_client_hangs_on_its_trace_is_dropped(traced: Traced) -> None:
    headers = {"traceparent": TRACEPARENT, "tracestate": "vendor=canary", "baggage": "user=canary"}
    observation = traced.watched.begin(headers=headers)
    assert "canary" not in str(dict(observation.upstream_headers))
    observation.end(status=200)
    assert "canary" not in traced.span().to_json()


def test_without_tracing_an_arriving_trace_is_handed_on() -> None:
    span = NoTracer().begin(route="/x", model="m", request_id="r", headers={"traceparent": TRACEPARENT})
    assert dict(span.headers) == {"traceparent": TRACEPARENT}
    assert span.trace_id is None
    assert not NoTracer().begin(route="/x", model="m", request_id="r", headers={"traceparent": "canary"}).headers


class Collector(BaseHTTPRequestHandler):
    """An OTLP/HTTP collector that keeps what it gets."""

    bodies: list[bytes]
    paths: list[str]

    def do_POST(self) -> None:
        type(self).paths.append(self.path)
        type(self).bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[tuple[str, type[Collector]]]:
    handler = type("Kept", (Collector,), {"bodies": [], "paths": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_spans_reach_a_collector_before_the_end(
    collector: tuple[str, type[Collector]], watched: Any, path: str
) -> None:
    url, kept = collector
    options = ObserverOptions(served_model_names=("m",), otlp_traces_endpoint=url + path)
    observer = Observer(options, watched.engine, log=watched.observer.log)
    observer.begin(
        route="/v1/messages", model="m", caller=LOCAL, request_id="req-9", headers={"traceparent": TRACEPARENT}
    ).end(status=200)
    observer.close()
    assert kept.paths == ["/v1/traces"]
    request = ExportTraceServiceRequest.FromString(kept.bodies[0])
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("chat m", TRACE_ID)
    resource = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "zaphod"


def test_a_dead_collector_holds_up_nobody(watched: Any) -> None:
    options = ObserverOptions(served_model_names=("m",), otlp_traces_endpoint="http://127.0.0.1:9/v1/traces")
    observer = Observer(options, watched.engine, log=watched.observer.log)
    for _ in range(2100):  # more than the queue of the batch processor holds
        observer.begin(route="/x", model="m", caller=LOCAL, request_id="r", headers={}).end(status=200)
    observer.close()
    assert re.search(r'"status": 200', watched.text.getvalue())


@pytest.mark.parametrize("endpoint", ["collector:4317", "grpc://collector:4317", "http://"])
def test_an_address_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="OTLP/HTTP"):
        open_tracer(endpoint)


@pytest.mark.parametrize("module", ["opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk.trace"])
def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"zaphod\[otel\]"):
        open_tracer("http://127.0.0.1:4318")


def test_opentelemetry_is_not_imported_where_nobody_traces() -> None:
    program = """
import sys
import zaphod.server.observability.observation
print(any("opentelemetry" in name for name in sys.modules))
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
