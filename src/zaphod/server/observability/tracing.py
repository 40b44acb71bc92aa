"""One OpenTelemetry span for each API request, by the GenAI conventions; never content, and no route's business.

The one file that imports OpenTelemetry (the extra `otel`), and only when traces are asked for. Conventions as of
semantic-conventions 1.41: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zaphod import __version__
from zaphod.core.errors import ConfigError, MissingExtraError
from zaphod.server.observability.labels import OPERATIONS

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

Attributes = Mapping[str, str | int | float]

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_EXPORT_TIMEOUT_S = 5.0
_CLOSE_S = 3.0
_LAST_S = 0.5
_PATH = "/v1/traces"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request ended, as its span tells it. None is left out."""

    status: int
    error_code: str | None
    finish_reason: str | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    time_to_first_token_s: float | None
    queue_s: float | None
    duration_s: float
    energy_j: float | None
    energy_source: str | None


class RequestSpan(Protocol):
    """The trace of one request."""

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits; None where nobody traces."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What makes a request to another server a part of this trace."""

    def event(self, name: str) -> None:
        """Something happened now."""

    def end(self, outcome: Outcome) -> None:
        """The request is over."""


class Tracer(Protocol):
    """Makes spans."""

    def begin(self, *, route: str, model: str, request_id: str, headers: Mapping[str, str]) -> RequestSpan:
        """A request has arrived. `route` and `model` are labels, not what the client wrote."""

    def close(self) -> None:
        """Send what was not sent yet, within a few seconds."""


def open_tracer(endpoint: str | None) -> Tracer:
    """Spans to an OTLP/HTTP collector, or none if there is no endpoint.

    Args:
        endpoint: like `http://collector:4318/v1/traces`; the path may be left out.

    Raises:
        ConfigError: the endpoint is no HTTP address.
        MissingExtraError: OpenTelemetry is not installed.
    """
    return NoTracer() if endpoint is None else OtelTracer(_otlp_exporter(_full_address(endpoint)))


class NoTracer:
    """Hands an arriving trace on to other servers and records nothing."""

    def begin(self, *, route: str, model: str, request_id: str, headers: Mapping[str, str]) -> RequestSpan:
        return _PassedOn(_traceparent(headers))

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class _PassedOn:
    headers: Mapping[str, str]
    trace_id: str | None = None

    def event(self, name: str) -> None:
        """Not recorded."""

    def end(self, outcome: Outcome) -> None:
        """Not recorded."""


class OtelTracer:
    """Spans in batches, sent from a thread of their own: a request never waits for a collector.

    Args:
        exporter: where batches go.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise MissingExtraError("opentelemetry-sdk", "otel") from error
        resource = Resource.create({"service.name": "zaphod", "service.version": __version__})
        # NOTE: a provider of our own and never the global one, so that two servers in one process stay apart.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._exporter = exporter
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("zaphod.server", __version__)

    def begin(self, *, route: str, model: str, request_id: str, headers: Mapping[str, str]) -> RequestSpan:
        from opentelemetry.trace import SpanKind

        operation = OPERATIONS.get(route, "request")
        span = self._tracer.start_span(
            f"{operation} {model}",
            context=_parent(headers),
            kind=SpanKind.SERVER,
            attributes={
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": "zaphod",
                "gen_ai.request.model": model,
                "gen_ai.response.id": request_id,
                "http.route": route,
            },
        )
        return _OtelSpan(span)

    def close(self) -> None:
        """A collector that does not answer costs `_CLOSE_S` seconds, not more."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces-flush", daemon=True)
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            self._exporter.shutdown()  # which ends its waiting between attempts
            closing.join(_LAST_S)


class _OtelSpan:
    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str | None:
        from opentelemetry.trace import format_trace_id

        return format_trace_id(self._span.get_span_context().trace_id)

    @property
    def headers(self) -> Mapping[str, str]:
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def end(self, outcome: Outcome) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attributes(_attributes(outcome))
        if outcome.finish_reason is not None:
            self._span.set_attribute("gen_ai.response.finish_reasons", [outcome.finish_reason])
        if outcome.status >= 500:
            self._span.set_status(StatusCode.ERROR, outcome.error_code)
        self._span.add_event("end")
        self._span.end()


def _attributes(outcome: Outcome) -> Attributes:
    values = {
        "http.response.status_code": outcome.status,
        "error.type": outcome.error_code,
        "gen_ai.usage.input_tokens": outcome.prompt_tokens,
        "gen_ai.usage.cache_read.input_tokens": outcome.cached_tokens,
        "gen_ai.usage.output_tokens": outcome.completion_tokens,
        "gen_ai.response.time_to_first_chunk": outcome.time_to_first_token_s,
        # vLLM's names for what the conventions do not name.
        "gen_ai.latency.time_in_queue": outcome.queue_s,
        "gen_ai.latency.e2e": outcome.duration_s,
        "zaphod.energy_j": outcome.energy_j,
        "zaphod.energy_source": outcome.energy_source,
    }
    return {name: value for name, value in values.items() if value is not None}


def _traceparent(headers: Mapping[str, str]) -> dict[str, str]:
    """The arriving trace. `tracestate` and `baggage` stay outside: they may hold any text."""
    value = headers.get("traceparent", "")
    return {"traceparent": value} if _TRACEPARENT.fullmatch(value) else {}


def _parent(headers: Mapping[str, str]) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(_traceparent(headers), context=Context())


def _full_address(endpoint: str) -> str:
    scheme, _, rest = endpoint.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise ConfigError(
            f"The address for traces is {endpoint!r}.",
            "It must be an OTLP/HTTP collector's, like http://127.0.0.1:4318/v1/traces.",
            "Correct it; gRPC (port 4317) is not spoken.",
        )
    return endpoint if "/" in rest.rstrip("/") else endpoint.rstrip("/") + _PATH


def _otlp_exporter(address: str) -> SpanExporter:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise MissingExtraError("opentelemetry-exporter-otlp-proto-http", "otel") from error
    return OTLPSpanExporter(endpoint=address, timeout=_EXPORT_TIMEOUT_S)
