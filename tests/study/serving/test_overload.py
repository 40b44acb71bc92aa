"""Ten times too much for a real server with four places: refusals count apart from failures, memory is weighed."""

from dataclasses import replace

import pytest
from tests.study.serving.small_server import ROOM

from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.overload import Overload, run_overload
from zaphod.study.benchmarks.serving.prompts import Shape

SHORT = Overload(
    clients=ROOM,
    capacity_s=0.3,
    overload_s=0.5,
    shape=Shape(input_tokens=23, output_tokens=4),
    weighing_period_s=0.05,
)


@pytest.fixture(scope="module")
def findings(small_process):
    target = Target(base_url=small_process.launch.base_url, model="small", extra_body={"delay_s": 0.01})
    return run_overload(SHORT, small_process, target)


def test_capacity_refuses_nobody_and_the_overload_many(findings):
    assert findings.capacity["failed"] == 0
    assert findings.num_refused > 0
    assert (findings.num_other_failures, findings.refused_without_retry_after) == (0, 0)


def test_ten_times_what_was_answered_is_offered(findings):
    assert findings.offered_rate == pytest.approx(10 * findings.capacity["request_throughput"])
    assert findings.overload["num_sent"] == round(findings.offered_rate * 0.5)
    assert findings.overload["completed"] + findings.num_refused == findings.overload["num_sent"]


def test_a_latency_has_a_ratio_to_that_at_capacity(findings):
    before, under = findings.capacity["p50_ttft_ms"], findings.overload["p50_ttft_ms"]
    assert findings.ratio("p50_ttft_ms") == pytest.approx(under / before)


def test_other_failures_are_not_called_refusals(findings):
    broken = findings.overload | {"failed": findings.overload["failed"] + 2}
    assert replace(findings, overload=broken).num_other_failures == 2


def test_memory_of_the_server_is_in_the_result(findings):
    [track] = findings.processes
    [told] = findings.as_dict()["processes"]
    assert told["max_bytes"] == max(track.resident_bytes) > 1_000_000
    assert len(told["times_s"]) > 2


def test_refusals_at_capacity_are_no_failures(small_process):
    target = Target(base_url=small_process.launch.base_url, model="small", extra_body={"delay_s": 0.01})
    crowded = run_overload(replace(SHORT, clients=8 * ROOM), small_process, target)
    assert crowded.capacity["failures"]["429"] > 0
    assert crowded.num_other_failures == 0
