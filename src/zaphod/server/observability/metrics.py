"""What requests do to Prometheus: vLLM's names, types and buckets, so that dashboards made for it read us; and ours.

Names as of vLLM 0.32 (https://docs.vllm.ai/en/v0.32.0/usage/metrics/). Labels are bounded by `labels.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from zaphod import __version__
from zaphod.server.observability.collectors import ENGINE, MODEL_LABELS, RejectionCollector
from zaphod.server.observability.labels import FINISH_REASONS, ModelLabels

_STEP_S = (*(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5), *(0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80))
_FIRST_TOKEN_S = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160),
    *(640, 2560),
)
_REQUEST_S = (*(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680),)
_PASS_TOKENS = tuple(float(2**k) for k in (0, *range(3, 15)))
_ENERGY_J = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The figures of a request that was let in, at its end. None where a part of it never came."""

    finish: str
    duration_s: float
    queue_s: float | None
    prefill_s: float | None
    decode_s: float | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    energy_j: float | None

    @property
    def inference_s(self) -> float | None:
        """Since the engine began."""
        return None if self.prefill_s is None or self.decode_s is None else self.prefill_s + self.decode_s

    @property
    def time_per_token_s(self) -> float | None:
        """Mean of the tokens after the first."""
        if self.decode_s is None or self.completion_tokens < 2:
            return None
        return self.decode_s / (self.completion_tokens - 1)


class Metrics:
    """All series of one server.

    Args:
        models: the names that may be labels.
        max_tokens: the longest sequence, for the buckets of token counts.
    """

    def __init__(self, models: ModelLabels, max_tokens: int) -> None:
        self._models = models
        self.registry = CollectorRegistry()
        self._of_model = cache(self._children)
        tokens = _one_two_five(max_tokens)
        self._prompt = self._counter("vllm:prompt_tokens", "Prompt tokens of requests whose prompt is complete.")
        self._cached = self._counter("vllm:prompt_tokens_cached", "Prompt tokens that were in the prefix cache.")
        self._generated = self._counter("vllm:generation_tokens", "Tokens of answers.")
        self._success = self._counter(
            "vllm:request_success", "Requests that were let in, by how they ended.", "finished_reason"
        )
        self._first = self._histogram("vllm:time_to_first_token_seconds", "From arrival.", _FIRST_TOKEN_S)
        self._gap = self._histogram("vllm:inter_token_latency_seconds", "Between the pieces of an answer.", _STEP_S)
        self._ended = {
            "duration_s": self._histogram("vllm:e2e_request_latency_seconds", "Arrival to end.", _REQUEST_S),
            "queue_s": self._histogram("vllm:request_queue_time_seconds", "Before the engine began.", _REQUEST_S),
            "prefill_s": self._histogram("vllm:request_prefill_time_seconds", "Engine to first token.", _REQUEST_S),
            "decode_s": self._histogram("vllm:request_decode_time_seconds", "First to last token.", _REQUEST_S),
            "inference_s": self._histogram("vllm:request_inference_time_seconds", "Engine to last token.", _REQUEST_S),
            "time_per_token_s": self._histogram(
                "vllm:request_time_per_output_token_seconds", "A request's mean after its first token.", _STEP_S
            ),
            "prompt_tokens": self._histogram("vllm:request_prompt_tokens", "Tokens of a prompt.", tokens),
            "completion_tokens": self._histogram("vllm:request_generation_tokens", "Tokens of an answer.", tokens),
            "energy_j": self._histogram("zaphod:request_energy_joules", "Energy of a request.", _ENERGY_J),
        }
        self._passes = self._histogram("vllm:iteration_tokens_total", "Tokens of a forward pass.", _PASS_TOKENS)
        self._requests = Counter(
            "zaphod:requests", "Requests by route and HTTP status.", ("route", "status"), registry=self.registry
        )
        self._rejections = RejectionCollector()
        self.registry.register(self._rejections)
        Info("zaphod:build", "What runs.", registry=self.registry).info({"version": __version__})
        ProcessCollector(registry=self.registry)
        self.add_models([self._models.own])

    def add_models(self, names: list[str]) -> None:
        """Series of these begin at 0 now, not at their first request."""
        for name in names:
            self._of_model(self._models.label(name))
            for reason in FINISH_REASONS:
                self._success.labels(self._models.label(name), ENGINE, reason)

    def add_collector(self, collector: Collector) -> None:
        """Figures that somebody else holds."""
        self.registry.register(collector)

    def render(self, accept: str) -> tuple[bytes, str]:
        """All series in the format that the header `Accept` asks for, and its media type."""
        if "application/openmetrics-text" in accept.lower():
            return _openmetrics(self.registry, openmetrics.ALLOWUTF8), openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(_WithoutBirthdays(self.registry), openmetrics.ALLOWUTF8), CONTENT_TYPE_PLAIN_0_0_4

    def passed(self, num_tokens: float) -> None:
        """The engine made a pass over so many tokens."""
        self._of_model(self._models.own).passes.observe(num_tokens)

    def first_token(self, model: str, seconds: float) -> None:
        """A request's first token came so long after its arrival."""
        self._of_model(model).first.observe(seconds)

    def next_tokens(self, model: str, seconds: float) -> None:
        """More of an answer came so long after what came before."""
        self._of_model(model).gap.observe(seconds)

    def prompted(self, model: str, num_tokens: int) -> None:
        """A prompt is complete."""
        self._of_model(model).prompt.inc(num_tokens)

    def generated(self, model: str, num_tokens: int) -> None:
        """Tokens for an answer came."""
        self._of_model(model).generated.inc(num_tokens)

    def ended(self, model: str, ended: Ended) -> None:
        """A request that was let in is over. Times and sizes are counted of complete ones only, as vLLM does."""
        self._success.labels(model, ENGINE, ended.finish).inc()
        children = self._of_model(model)
        children.cached.inc(ended.cached_tokens)
        if ended.finish not in ("stop", "length"):
            return
        for name, histogram in children.ended.items():
            value = getattr(ended, name)
            if value is not None:
                histogram.observe(value)

    def answered(self, route: str, status: str) -> None:
        """A request is over, let in or not."""
        self._requests.labels(route, status).inc()

    def rejected(self, reason: str) -> None:
        """A request was turned away."""
        self._rejections.counts[reason] += 1

    def watch_gate(self, refusals: Mapping[str, int]) -> None:
        """What the gate refused, by the error's code, is counted with the rest."""
        self._rejections.gate = refusals

    def _counter(self, name: str, meaning: str, *more_labels: str) -> Counter:
        return Counter(name, meaning, (*MODEL_LABELS, *more_labels), registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, meaning, MODEL_LABELS, buckets=buckets, registry=self.registry)

    def _children(self, model: str) -> _Children:
        return _Children(
            prompt=self._prompt.labels(model, ENGINE),
            cached=self._cached.labels(model, ENGINE),
            generated=self._generated.labels(model, ENGINE),
            first=self._first.labels(model, ENGINE),
            gap=self._gap.labels(model, ENGINE),
            passes=self._passes.labels(model, ENGINE),
            ended={name: histogram.labels(model, ENGINE) for name, histogram in self._ended.items()},
        )


# NOTE: with any other escaping prometheus_client 0.26 writes `vllm_…` for `vllm:…`.
_openmetrics: Callable[[Collector, str], bytes] = openmetrics.generate_latest


class _WithoutBirthdays(Collector):
    """The text format has no place for when a series began: there it would be one more series for each."""

    def __init__(self, registry: Collector) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


@dataclass(frozen=True, kw_only=True)
class _Children:
    """The series of one model, found once: looking labels up costs more than counting."""

    prompt: Counter
    cached: Counter
    generated: Counter
    first: Histogram
    gap: Histogram
    passes: Histogram
    ended: dict[str, Histogram]


def _one_two_five(largest: int) -> tuple[float, ...]:
    """1, 2, 5, 10, 20, … up to `largest`."""
    steps = (float(digit * 10**exponent) for exponent in range(12) for digit in (1, 2, 5))
    return tuple(step for step in steps if step <= max(1, largest))
