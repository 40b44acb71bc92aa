"""What the dashboard and the alerts read must be what `/metrics` says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from zaphod.server.caller import LOCAL
from zaphod.server.engine_process.progress import Health
from zaphod.server.observability.observation import Observer, ObserverOptions

DEPLOY = Path(__file__).parents[3] / "deploy"
# Functions, keywords and what Prometheus makes itself.
OTHER_WORDS = {
    *("sum", "min", "max", "rate", "increase", "histogram_quantile", "by", "and", "le", "up", "label_values"),
    *("instance", "job", "model_name", "reason", "status", "state", "source", "spent_on", "upstream"),
    *("finished_reason", "m"),
}


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana/zaphod.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/zaphod.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


class Server:
    name, state, models, in_flight, num_requests, num_failures = "a:8000", "healthy", ("m",), 0, 0, 0


@pytest.fixture
def exposed(watched: Any) -> Iterator[dict[str, set[str]]]:
    """Names of all samples with their labels, of servers with an engine and of those before other servers."""
    gateway = Observer(ObserverOptions(served_model_names=("m",)), None)
    gateway.watch_upstream(lambda: Health(True, "well"), lambda: (Server(),))
    watched.observer.rejected(route="/v1/completions", status=429, error_code="queue_full", request_id="r")
    gateway.begin(route="/v1/completions", model="m", caller=LOCAL, request_id="r", headers={}).end(status=200)
    watched.clock.sleep(1)
    found: dict[str, set[str]] = {}
    for observer in (watched.observer, gateway):
        for family in observer.metrics.registry.collect():
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    yield found
    gateway.close()


def expressions(dashboard: dict[str, Any], rules: list[dict[str, Any]]) -> list[str]:
    of_panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    of_variables = [one["definition"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    return of_panels + of_variables + [rule["expr"] for rule in rules]


def metric_names(expression: str) -> set[str]:
    """Words that are neither functions, labels nor values."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\[[^]]*\]", "", bare)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)) - OTHER_WORDS


def test_every_metric_named_is_exposed(
    dashboard: dict[str, Any], rules: list[dict[str, Any]], exposed: dict[str, set[str]]
) -> None:
    for expression in expressions(dashboard, rules):
        names = metric_names(expression)
        assert names or expression.startswith("up{"), expression
        assert names <= exposed.keys(), f"{names - exposed.keys()} in {expression}"


def test_every_label_named_is_on_its_metric(
    dashboard: dict[str, Any], rules: list[dict[str, Any]], exposed: dict[str, set[str]]
) -> None:
    from_prometheus = {"job", "instance"}
    for expression in expressions(dashboard, rules):
        for name, selector in re.findall(r"([a-z0-9_:]+)\{([^}]*)\}", expression):
            labels = set(re.findall(r"(\w+)\s*=", selector)) - from_prometheus
            assert labels <= exposed.get(name, set()), f"{labels} of {name} in {expression}"


def test_a_metric_that_does_not_exist_would_be_noticed(exposed: dict[str, set[str]]) -> None:
    assert not metric_names('rate(vllm:num_requests_swapped{job=~"$job"}[5m])') <= exposed.keys()


def test_parentheses_match(dashboard: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    for expression in expressions(dashboard, rules):
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression


def test_the_dashboard_has_what_grafanas_importer_needs(dashboard: dict[str, Any]) -> None:
    assert dashboard["id"] is None
    assert dashboard["uid"]
    assert dashboard["title"]
    assert dashboard["schemaVersion"] >= 36
    (asked,) = dashboard["__inputs"]
    assert (asked["type"], asked["pluginId"]) == ("datasource", "prometheus")
    kinds = {panel["type"] for panel in dashboard["panels"]} - {"row"}
    assert kinds == {one["id"] for one in dashboard["__requires"] if one["type"] == "panel"}
    assert f"${{{asked['name']}}}" in json.dumps(dashboard["templating"])


def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set[tuple[int, int]]()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_reads_the_chosen_data_source(dashboard: dict[str, Any]) -> None:
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["targets"], panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize(
    "subject",
    [
        "vllm:num_requests_waiting",
        "vllm:time_to_first_token_seconds_bucket",
        "vllm:inter_token_latency_seconds_bucket",
        "vllm:e2e_request_latency_seconds_bucket",
        "vllm:kv_cache_usage_perc",
        "vllm:prefix_cache_hits_total",
        "vllm:generation_tokens_total",
        "zaphod:requests_rejected_total",
        "zaphod:energy_joules_total",
        "zaphod:engine_restarts_total",
        "zaphod:upstream_state",
    ],
)
def test_the_dashboard_shows_each_subject(dashboard: dict[str, Any], subject: str) -> None:
    assert any(subject in metric_names(expression) for expression in expressions(dashboard, []))


def test_every_alert_says_what_is_wrong_and_where_to_look(rules: list[dict[str, Any]]) -> None:
    for rule in rules:
        assert rule["alert"].startswith("Zaphod")
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_prometheus_example_names_the_rules_and_holds_no_key() -> None:
    text = (DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert (DEPLOY / "prometheus" / config["rule_files"][0]).exists()
    (scrape,) = config["scrape_configs"]
    assert scrape["metrics_path"] == "/metrics"
    assert scrape["authorization"].keys() == {"type", "credentials_file"}
