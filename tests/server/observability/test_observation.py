from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.engine_process.messages import Stats
from zaphod.server.errors import ApiError
from zaphod.server.observability.observation import Observer, ObserverOptions


def answered(watched: Any, **end: Any) -> Any:
    """A request of 20 tokens that waits 1 s, is read for 2 s, and brings 4 tokens in 3 s."""
    observation = watched.begin()
    observation.admitted(prompt_tokens=20)
    watched.clock.sleep(1)
    observation.started()
    watched.clock.sleep(2)
    watched.engine.stats = Stats(num_steps=1, num_prompt_tokens=20, num_produced_tokens=1)
    for _ in range(3):
        observation.piece(1)
        watched.clock.sleep(1)
    observation.piece(1)
    facts = {"status": 200, "finish_reason": "stop", "prompt_tokens": 20, "completion_tokens": 4, "cached_tokens": 5}
    return observation.end(**{**facts, **end})


def test_a_complete_request_is_told_in_all_its_parts(watched: Any) -> None:
    answered(watched)
    for name, seconds in {
        "time_to_first_token": 3,
        "e2e_request_latency": 6,
        "request_queue_time": 1,
        "request_prefill_time": 2,
        "request_decode_time": 3,
        "request_inference_time": 5,
        "request_time_per_output_token": 1,
        "inter_token_latency": 3,
    }.items():
        assert watched.value(f"vllm:{name}_seconds_sum") == pytest.approx(seconds), name
    assert watched.value("vllm:inter_token_latency_seconds_count") == 3


def test_tokens_and_ends_are_counted(watched: Any) -> None:
    answered(watched)
    assert watched.value("vllm:prompt_tokens_total") == 20
    assert watched.value("vllm:prompt_tokens_cached_total") == 5
    assert watched.value("vllm:generation_tokens_total") == 4
    assert watched.value("vllm:request_prompt_tokens_sum") == 20
    assert watched.value("vllm:request_generation_tokens_sum") == 4
    assert watched.value("vllm:request_success_total", finished_reason="stop") == 1
    assert watched.value("zaphod:requests_total", route="/v1/chat/completions", status="200") == 1


def test_the_log_has_one_line_with_the_same_facts(watched: Any) -> None:
    answered(watched)
    (line,) = watched.lines
    assert line.pop("time")
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": "req-1",
        "key_id": "local",
        "route": "/v1/chat/completions",
        "model": "builtin",
        "status": 200,
        "finish_reason": "stop",
        "prompt_tokens": 20,
        "cached_tokens": 5,
        "completion_tokens": 4,
        "time_to_first_token_s": 3.0,
        "queue_s": 1.0,
        "prefill_s": 2.0,
        "decode_s": 3.0,
        "duration_s": 6.0,
        "energy_j": 60.0,
        "energy_source": "RAPL",
    }


def test_energy_is_told_to_who_ends_the_request(watched: Any) -> None:
    energy = answered(watched)
    assert (energy.joules, energy.source) == (pytest.approx(60.0), "RAPL")


def test_ending_twice_counts_once_and_tells_the_same(watched: Any) -> None:
    observation = watched.begin()
    observation.admitted(prompt_tokens=1)
    first = observation.end(status=200, finish_reason="stop")
    assert observation.end(status=500, error_code="internal_error") is first
    assert watched.value("vllm:request_success_total") == 1
    assert len(watched.lines) == 1


def test_a_request_that_nobody_ends_counts_as_cut_off(watched: Any) -> None:
    observation = watched.begin()
    observation.admitted(prompt_tokens=1)
    del observation
    gc.collect()
    assert watched.line["status"] == 499
    assert watched.value("vllm:request_success_total", finished_reason="abort") == 1
    assert watched.observer.in_flight() == (0, 0)


def test_closing_the_observer_ends_what_is_open(watched: Any) -> None:
    observation = watched.begin()
    watched.observer.close()
    assert (watched.line["status"], watched.line["error_code"]) == (503, "shutting_down")
    assert observation.end(status=200) is None
    assert len(watched.lines) == 1


def test_a_refusal_is_counted_by_its_reason_and_not_as_work(watched: Any) -> None:
    with pytest.raises(ApiError), watched.begin():
        raise ApiError(429, "rate_limit_exceeded", "too many")
    assert watched.value("zaphod:requests_rejected_total", reason="rate_limit_exceeded") == 1
    assert watched.value("vllm:request_success_total") == 0
    assert watched.value("vllm:e2e_request_latency_seconds_count") == 0
    assert watched.line["error_code"] == "rate_limit_exceeded"


def test_a_stream_that_broke_off_is_an_error_and_has_no_latency(watched: Any) -> None:
    answered(watched, status=503, finish_reason=None, error_code="engine_died")
    assert watched.value("vllm:request_success_total", finished_reason="error") == 1
    assert watched.value("vllm:e2e_request_latency_seconds_count") == 0
    assert watched.value("zaphod:requests_rejected_total") == 0
    assert watched.line["level"] == "error"


def test_who_leaves_while_its_prompt_is_read_pays_for_that(watched: Any) -> None:
    observation = watched.begin()
    observation.admitted(prompt_tokens=1000)
    watched.engine.stats = Stats(num_steps=1, num_prompt_tokens=512)
    watched.clock.sleep(2)
    energy = observation.end(status=499, finish_reason="cancelled")
    assert energy.joules == pytest.approx(20.0)
    assert watched.value("vllm:prompt_tokens_total") == 0


@pytest.mark.parametrize("is_admitted", [True, False])
def test_a_client_that_goes_away_is_status_499(watched: Any, is_admitted: bool) -> None:
    async def leave() -> None:
        with watched.begin() as observation:
            if is_admitted:
                observation.admitted(prompt_tokens=9)
            await asyncio.sleep(60)

    async def run() -> None:
        task = asyncio.create_task(leave())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert watched.value("zaphod:requests_total", status="499") == 1
    assert watched.value("vllm:request_success_total", finished_reason="abort") == float(is_admitted)
    assert watched.value("zaphod:requests_rejected_total", reason="client_disconnected") == float(not is_admitted)


def test_an_exception_is_an_internal_error(watched: Any) -> None:
    with pytest.raises(ZeroDivisionError), watched.begin():
        raise ZeroDivisionError
    assert (watched.line["status"], watched.line["error_code"]) == (500, "internal_error")


@pytest.mark.parametrize(
    ("finish_reason", "label"), [("stop", "stop"), ("tool_calls", "stop"), ("length", "length"), ("cancelled", "abort")]
)
def test_finish_reasons_have_vllms_words(watched: Any, finish_reason: str, label: str) -> None:
    answered(watched, finish_reason=finish_reason)
    assert watched.value("vllm:request_success_total", finished_reason=label) == 1


def test_until_the_first_token_is_queued_time_where_the_engines_start_is_not_known(watched: Any) -> None:
    observation = watched.begin()
    observation.admitted(prompt_tokens=1)
    watched.clock.sleep(2)
    observation.piece(1)
    observation.end(status=200, finish_reason="stop")
    assert watched.value("vllm:request_queue_time_seconds_sum") == 2
    assert watched.value("vllm:request_prefill_time_seconds_count") == 0


def test_the_engines_start_may_be_told_later(watched: Any) -> None:
    observation = watched.begin()
    observation.admitted(prompt_tokens=1)
    watched.clock.sleep(3)
    observation.started(queue_s=1)
    observation.piece(1)
    observation.end(status=200, finish_reason="stop")
    assert watched.value("vllm:request_queue_time_seconds_sum") == 1
    assert watched.value("vllm:request_prefill_time_seconds_sum") == 2


def test_gaps_are_those_between_pieces_of_one_answer(watched: Any) -> None:
    observation = watched.begin()
    for answer in (0, 1, 0, 1):
        observation.piece(1, answer=answer)
        watched.clock.sleep(1)
    assert watched.value("vllm:inter_token_latency_seconds_count") == 2
    assert watched.value("vllm:inter_token_latency_seconds_sum") == 4


def test_an_embedding_counts_its_prompt_without_any_piece(watched: Any) -> None:
    observation = watched.begin(route="/v1/embeddings")
    observation.admitted(prompt_tokens=30)
    observation.end(status=200, prompt_tokens=30)
    assert watched.value("vllm:prompt_tokens_total") == 30
    assert watched.value("vllm:generation_tokens_total") == 0


def test_tokens_that_no_piece_told_are_counted_at_the_end(watched: Any) -> None:
    watched.begin().end(status=200, finish_reason="stop", prompt_tokens=7, completion_tokens=11)
    assert watched.value("vllm:generation_tokens_total") == 11
    assert watched.value("vllm:prompt_tokens_total") == 7


def test_a_request_that_names_no_model_means_the_servers_own(watched: Any) -> None:
    watched.begin(model=None).end(status=200)
    assert watched.value("vllm:request_success_total", model_name="builtin") == 1


def test_windows_below_a_second_are_refused() -> None:
    """Serving.md 4.1, row 20: finer figures tell what a neighbour computes."""
    with pytest.raises(ConfigError, match="neighbour"):
        ObserverOptions(served_model_names=("m",), energy_window_s=0.5)


def test_power_is_not_told_before_a_window_is_complete(watched: Any) -> None:
    assert watched.observer.power().watts is None
    watched.clock.sleep(0.99)
    assert watched.observer.power().watts is None
    watched.clock.sleep(0.01)
    assert watched.observer.power().watts == pytest.approx(10.0)


def test_an_observer_of_this_machine_measures_or_estimates(capsys: pytest.CaptureFixture[str], watched: Any) -> None:
    observer = Observer(ObserverOptions(served_model_names=("m",), log_style="json"), watched.engine)
    assert observer.power().source in ("RAPL", "estimated")
    left_out = '"event": "energy_meter_left_out"' in capsys.readouterr().err
    assert left_out == (observer.power().source == "estimated")
    observer.close()


def test_without_an_engine_there_is_no_energy_to_tell() -> None:
    observer = Observer(ObserverOptions(served_model_names=("m",)), None)
    assert observer.power().watts is None
    assert b"zaphod:energy_joules" not in observer.render_metrics("")[0]
    observer.close()
