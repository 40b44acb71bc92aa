from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from zaphod.server.caller import LOCAL
from zaphod.server.engine_process.messages import Stats
from zaphod.server.engine_process.progress import Health
from zaphod.server.observability.observation import Observer, ObserverOptions

# As https://docs.vllm.ai/en/v0.32.0/usage/metrics/ lists them.
VLLM = {
    "vllm:num_requests_running": "gauge",
    "vllm:num_requests_waiting": "gauge",
    "vllm:kv_cache_usage_perc": "gauge",
    "vllm:prefix_cache_queries": "counter",
    "vllm:prefix_cache_hits": "counter",
    "vllm:num_preemptions": "counter",
    "vllm:prompt_tokens": "counter",
    "vllm:prompt_tokens_cached": "counter",
    "vllm:generation_tokens": "counter",
    "vllm:request_success": "counter",
    "vllm:time_to_first_token_seconds": "histogram",
    "vllm:inter_token_latency_seconds": "histogram",
    "vllm:request_time_per_output_token_seconds": "histogram",
    "vllm:e2e_request_latency_seconds": "histogram",
    "vllm:request_queue_time_seconds": "histogram",
    "vllm:request_prefill_time_seconds": "histogram",
    "vllm:request_decode_time_seconds": "histogram",
    "vllm:request_inference_time_seconds": "histogram",
    "vllm:request_prompt_tokens": "histogram",
    "vllm:request_generation_tokens": "histogram",
    "vllm:iteration_tokens_total": "histogram",
}


def families(watched: Any) -> dict[str, Any]:
    text, _ = watched.observer.render_metrics("")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def test_every_metric_that_vllm_dashboards_read_is_there_from_the_start(watched: Any) -> None:
    found = families(watched)
    assert {name: found[name].type for name in VLLM} == VLLM


def test_series_wear_vllms_labels(watched: Any) -> None:
    for name in VLLM:
        for sample in families(watched)[name].samples:
            assert {"model_name", "engine"} <= sample.labels.keys()
            assert (sample.labels["model_name"], sample.labels["engine"]) == ("builtin", "0")


def test_finished_reasons_are_vllms(watched: Any) -> None:
    reasons = {sample.labels["finished_reason"] for sample in families(watched)["vllm:request_success"].samples}
    assert reasons == {"stop", "length", "abort", "error"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("vllm:time_to_first_token_seconds", "0.001", "2560.0"),
        ("vllm:inter_token_latency_seconds", "0.01", "80.0"),
        ("vllm:e2e_request_latency_seconds", "0.3", "7680.0"),
        ("vllm:iteration_tokens_total", "1.0", "16384.0"),
        ("vllm:request_prompt_tokens", "1.0", "100000.0"),
    ],
)
def test_buckets_span_what_vllms_do(watched: Any, name: str, first: str, last: str) -> None:
    bounds = [s.labels["le"] for s in families(watched)[name].samples if s.name.endswith("_bucket")]
    assert (bounds[0], bounds[-2], bounds[-1]) == (first, last, "+Inf")


def test_the_text_format_is_what_is_told_without_another_wish(watched: Any) -> None:
    text, media_type = watched.observer.render_metrics("*/*")
    assert media_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# EOF" not in text
    assert b"_created" not in text


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text", "application/openmetrics-text; version=1.0.0;q=0.5"]
)
def test_openmetrics_is_told_to_who_asks_for_it(watched: Any, accept: str) -> None:
    text, media_type = watched.observer.render_metrics(accept)
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    names = {sample.name for family in openmetrics_families(text.decode()) for sample in family.samples}
    assert {"vllm:generation_tokens_total", "zaphod:ready"} <= names


def test_the_engines_figures_are_read_when_prometheus_asks(watched: Any) -> None:
    watched.engine.stats = Stats(num_running=3, num_waiting=5, num_used_blocks=1, num_blocks=4, rss_bytes=7)
    assert watched.value("vllm:num_requests_running") == 3
    assert watched.value("vllm:num_requests_waiting") == 5
    assert watched.value("vllm:kv_cache_usage_perc") == 0.25
    assert watched.value("zaphod:engine_memory_bytes") == 7
    assert watched.value("zaphod:engine_step_age_seconds") == 0.25
    assert watched.value("zaphod:engine_expected_step_seconds") == 0.5


def test_readiness_is_a_gauge(watched: Any) -> None:
    assert watched.value("zaphod:ready") == 1
    watched.engine.is_ready = False
    assert watched.value("zaphod:ready") == 0


@pytest.mark.parametrize("new_hits", [5, 100, 1000])
def test_counters_go_on_where_a_new_process_begins_at_0(watched: Any, new_hits: int) -> None:
    watched.engine.stats = Stats(num_hit_tokens=100, num_queried_tokens=400)
    assert watched.value("vllm:prefix_cache_hits_total") == 100
    watched.engine.num_restarts = 1
    watched.engine.stats = Stats(num_hit_tokens=new_hits, num_queried_tokens=900)
    assert watched.value("vllm:prefix_cache_hits_total") == 100 + new_hits
    assert watched.value("vllm:prefix_cache_queries_total") == 1300
    assert watched.value("zaphod:engine_restarts_total") == 1


def test_a_counter_that_fell_shows_a_new_process_that_nobody_told_of(watched: Any) -> None:
    watched.engine.stats = Stats(num_preemptions=7, num_steps=50)
    assert watched.value("vllm:num_preemptions_total") == 7
    watched.engine.stats = Stats(num_preemptions=9, num_steps=20)
    assert watched.value("vllm:num_preemptions_total") == 16


def test_tokens_of_each_pass_are_counted(watched: Any) -> None:
    watched.engine.stats = Stats(num_steps=1, num_prompt_tokens=100, num_produced_tokens=1)
    with watched.begin() as observation:
        observation.admitted(prompt_tokens=100)
        observation.piece(1)
        watched.engine.stats = Stats(num_steps=2, num_prompt_tokens=100, num_produced_tokens=2)
        observation.piece(1)
    assert watched.value("vllm:iteration_tokens_total_count") == 2
    assert watched.value("vllm:iteration_tokens_total_sum") == 102
    assert watched.value("vllm:iteration_tokens_total_bucket", le="1.0") == 1
    assert watched.value("vllm:iteration_tokens_total_bucket", le="128.0") == 2


def test_ten_thousand_model_names_make_no_series(watched: Any) -> None:
    """Serving.md 4.1, row 19. Routes, codes, keys and ids from outside make none either."""

    def ask(number: int) -> None:
        observation = watched.begin(model=f"m{number}", route=f"/r{number}", request_id=f"id{number}")
        observation.admitted(prompt_tokens=1)
        observation.piece(1)
        observation.end(status=200, finish_reason=f"why{number}")
        watched.begin(model=f"m{number}").end(status=418, error_code=f"code{number}")
        watched.observer.rejected(
            route=f"/r{number}", status=1000 + number, error_code=f"code{number}", request_id="x", key_id=f"k{number}"
        )

    ask(0)
    before = watched.samples().keys()
    for number in range(1, 10_000):
        ask(number)
    assert watched.samples().keys() == before
    assert watched.value("vllm:request_success_total", model_name="other") == 10_000


def test_names_that_are_served_have_series_of_their_own_up_to_a_bound(watched: Any) -> None:
    watched.observer.name_models(tuple(f"adapter-{number}" for number in range(1000)))
    names = {dict(labels).get("model_name") for _, labels in watched.samples()} - {None}
    assert "adapter-0" in names
    assert len(names) <= 65


def test_what_the_gate_refused_is_counted_with_the_rest(watched: Any) -> None:
    watched.observer.watch_gate({"invalid_api_key": 3, "made_up": 2})
    watched.begin().end(status=401, error_code="invalid_api_key")
    assert watched.value("zaphod:requests_rejected_total", reason="invalid_api_key") == 4
    assert watched.value("zaphod:requests_rejected_total", reason="other") == 2


@dataclass(frozen=True)
class Status:
    name: str
    state: str
    models: tuple[str, ...] | None = None
    in_flight: int = 1
    num_requests: int = 5
    num_failures: int = 2


@pytest.fixture
def gateway() -> Iterator[Observer]:
    observer = Observer(ObserverOptions(served_model_names=("",)), None)
    servers = (Status("http://user:hunter2@a:8000?key=hunter2", "healthy", ("grok-1",)), Status("b:8000", "open"))
    observer.watch_upstream(lambda: Health(True, "one answers"), lambda: servers)
    yield observer
    observer.close()


def test_servers_behind_the_gateway_are_shown_without_their_passwords(gateway: Observer) -> None:
    text = gateway.render_metrics("")[0].decode()
    assert 'zaphod:upstream_state{state="healthy",upstream="http://a:8000"} 1.0' in text
    assert 'zaphod:upstream_state{state="open",upstream="b:8000"} 1.0' in text
    assert 'zaphod:upstream_state{state="open",upstream="http://a:8000"} 0.0' in text
    assert 'zaphod:upstream_failures_total{upstream="b:8000"} 2.0' in text
    assert "zaphod:ready 1.0" in text
    assert "hunter2" not in text


def test_models_of_other_servers_become_labels_and_others_do_not(gateway: Observer) -> None:
    for model in ("grok-1", "made-up"):
        gateway.begin(route="/v1/completions", model=model, caller=LOCAL, request_id="r", headers={}).end(status=200)
    text = gateway.render_metrics("")[0].decode()
    assert 'finished_reason="stop",model_name="grok-1"} 1.0' in text
    assert 'finished_reason="stop",model_name="other"} 1.0' in text
    assert "made-up" not in text


def test_without_an_engine_requests_in_flight_are_counted_by_the_gateway(watched: Any) -> None:
    waiting, running = watched.begin(), watched.begin()
    running.piece(1)
    assert watched.observer.in_flight() == (1, 1)
    waiting.end(status=200)
    assert watched.observer.in_flight() == (0, 1)


def test_two_observers_in_one_process_do_not_meet(watch: Any) -> None:
    one, other = watch("a"), watch("b")
    one.begin(model="a").end(status=200)
    assert one.value("vllm:request_success_total", model_name="a") == 1
    assert other.value("vllm:request_success_total", model_name="b") == 0
