"""Figures of known replies, under vLLM's keys; nothing is made up where nothing was measured."""

import json
from dataclasses import replace

import pytest

from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run
from zaphod.study.benchmarks.serving.prompts import Shape
from zaphod.study.benchmarks.serving.reply import Failure, Reply
from zaphod.study.benchmarks.serving.summary import details, summarise
from zaphod.study.benchmarks.serving.table import header, pairs, rows, warnings

VLLM = ["date", "backend", "model_id", "num_prompts", "request_rate", "burstiness", "max_concurrency", "duration"]
VLLM += ["completed", "failed", "total_input_tokens", "total_output_tokens", "request_throughput", "request_goodput"]
VLLM += ["output_throughput", "total_token_throughput", "max_output_tokens_per_s", "max_concurrent_requests"]
VLLM += [f"{kind}_{name}_ms" for kind in ("mean", "median", "std", "p99") for name in ("ttft", "tpot", "itl", "e2el")]

FAST = Reply(index=0, due_s=10.0, sent_s=10.0, token_times_s=(10.1, 10.2, 10.3), num_tokens=3, prompt_tokens=8)
SLOW = Reply(index=1, due_s=10.0, sent_s=10.25, token_times_s=(10.5, 11.5), num_tokens=2, prompt_tokens=4)
REFUSED = Failure(kind="429", message="too many", status=429, retry_after="1")
FAILED = Reply(index=2, due_s=11.0, sent_s=11.0, failure=REFUSED)


def summary(replies=(SLOW, FAST, FAILED), goals=None, **run):
    finished = Run(replies=replies, duration_s=2.0, client_cpu_s=0.1, num_unfinished=0, was_stopped=False)
    load = Load(arrivals=Arrivals(request_rate=1.5), num_prompts=3)
    target = Target(base_url="http://127.0.0.1:1", model="m")
    return summarise(finished, load, Shape(), target, goals or Goals())


def test_vllms_keys_are_all_there():
    assert set(VLLM) <= set(summary())
    json.dumps(summary(), allow_nan=False)


def test_answered_requests_make_the_figures():
    result = summary()
    assert (result["completed"], result["failed"]) == (2, 1)
    assert (result["total_input_tokens"], result["total_output_tokens"]) == (12, 5)
    assert (result["output_throughput"], result["total_token_throughput"]) == (2.5, 8.5)
    assert result["mean_ttft_ms"] == pytest.approx((100 + 500) / 2)
    assert result["mean_tpot_ms"] == pytest.approx((100 + 1000) / 2)
    assert result["mean_itl_ms"] == pytest.approx((100 + 100 + 1000) / 3)
    assert result["median_e2el_ms"] == pytest.approx((300 + 1500) / 2)
    assert result["std_ttft_ms"] == pytest.approx(200)
    assert result["p99_ttft_ms"] == pytest.approx(100 + 0.99 * 400)


def test_goodput_counts_requests_that_kept_every_goal():
    assert summary()["request_goodput"] is None
    assert summary(goals=Goals(ttft_ms=200))["request_goodput"] == 0.5
    assert summary(goals=Goals(ttft_ms=200, e2el_ms=200))["request_goodput"] == 0


def test_failures_are_counted_by_kind_and_whether_they_say_when_to_come_again():
    result = summary()
    assert (result["failures"], result["refused_with_retry_after"]) == ({"429": 1}, 1)
    assert result["failure_examples"] == ["too many"]


def test_peaks_are_those_of_chunks_and_of_requests_at_a_time():
    result = summary()
    assert result["max_output_tokens_per_s"] == 4
    assert result["max_concurrent_requests"] == 2


def test_a_request_that_begins_when_another_ends_is_not_beside_it():
    after = Reply(index=1, due_s=10.3, sent_s=10.3, token_times_s=(10.4,), num_tokens=1)
    assert summary((FAST, after))["max_concurrent_requests"] == 1


def test_where_nothing_was_answered_there_are_no_latencies():
    result = summary((FAILED,))
    assert (result["mean_ttft_ms"], result["p99_e2el_ms"], result["output_throughput"]) == (None, None, 0)
    assert {cell for row in rows(result) for cell in row[1:]} == {"–"}


def test_details_are_lists_in_the_order_of_sending():
    found = details(
        Run(replies=(SLOW, FAST, FAILED), duration_s=2, client_cpu_s=0, num_unfinished=0, was_stopped=False)
    )
    assert found["output_lens"] == [3, 2, 0]
    assert found["start_times"] == pytest.approx([0, 0, 1])
    assert found["queue_times"] == pytest.approx([0, 0.25, 0])
    assert found["errors"] == ["", "", "too many"]


def test_the_table_says_what_a_figure_must_stand_beside():
    text = "\n".join(f"{name} {value}" for name, value in pairs(summary(goals=Goals(ttft_ms=200))))
    for words in (
        "Poisson",
        "random words",
        "2 answered, 1 failed (1 429)",
        "cold",
        "2.50 output tokens/s",
        "5.0% of one",
    ):
        assert words in text
    assert len(rows(summary())[0]) == len(header())


def test_a_late_client_and_failures_are_warned_of():
    assert any("late" in line for line in warnings(summary()))
    assert any("too many" in line for line in warnings(summary()))
    assert warnings(summary((replace(FAST, count_source="usage"),))) == []


def test_guessed_counts_are_warned_of():
    assert [len(warnings(summary((replace(FAST, count_source=name),)))) for name in ("length", "chunks")] == [1, 2]
