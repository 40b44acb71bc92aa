"""A real server, its engine in its own process, seen through `/metrics`."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


def scrape(server: Any) -> dict[str, float]:
    """Sums over all labels."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.endswith(("_total", "_count")):
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


def ask(server: Any) -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": "what is 4817 + 2944?"}], "max_tokens": 64}
    request = urllib.request.Request(
        f"{server.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        read: dict[str, Any] = json.load(answer)
    return read


def until_ready(server: Any) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            server.get("/ready")
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the engine did not come back")


def test_an_answer_moves_the_figures_by_what_its_usage_says(server: Any) -> None:
    before, answer, after = scrape(server), ask(server), scrape(server)
    usage = answer["usage"]
    moved = {name: after[name] - before.get(name, 0.0) for name in after}
    assert moved["vllm:prompt_tokens_total"] == usage["prompt_tokens"]
    assert moved["vllm:generation_tokens_total"] == usage["completion_tokens"]
    assert moved["vllm:request_success_total"] == 1
    assert moved["vllm:time_to_first_token_seconds_count"] == 1
    assert moved["vllm:iteration_tokens_total_count"] == moved["zaphod:engine_steps_total"] > 0
    assert moved["zaphod:requests_rejected_total"] == 0


def test_energy_comes_with_an_answer_and_says_where_it_is_from(server: Any) -> None:
    told = ask(server)["zaphod"]
    assert told["energy_j"] > 0
    assert told["energy_source"] in ("RAPL", "estimated")


def test_counters_never_fall_when_the_engine_is_killed(server: Any) -> None:
    for _ in range(2):  # the second answer finds its prompt in the cache
        ask(server)
    before = scrape(server)
    assert before["vllm:prefix_cache_queries_total"] > 0
    os.kill(server.engine.pid, signal.SIGKILL)
    while True:
        during = scrape(server)
        assert all(during[name] >= value for name, value in before.items())
        if during["zaphod:engine_restarts_total"] == 1:
            break
        time.sleep(0.05)
    until_ready(server)
    ask(server)
    after = scrape(server)
    assert all(after[name] >= value for name, value in before.items())
    assert after["vllm:prefix_cache_queries_total"] > before["vllm:prefix_cache_queries_total"]
    assert after["zaphod:engine_steps_total"] > before["zaphod:engine_steps_total"]
