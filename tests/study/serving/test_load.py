"""Who sends when: clients in a closed loop wait for answers, the clock of an open loop waits for nobody."""

import asyncio
import math
from itertools import pairwise

import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client, Target
from zaphod.study.benchmarks.serving.load import Load, measure
from zaphod.study.benchmarks.serving.prompts import Prompt


def overlap(replies):
    """Most requests on their way at one time."""
    changes = sorted([(r.sent_s, 1) for r in replies] + [(r.token_times_s[-1], -1) for r in replies])
    sums, most = 0, 0
    for _, change in changes:
        sums += change
        most = max(most, sums)
    return most


def test_a_closed_loop_never_has_more_on_their_way_than_clients(measured):
    replies = measured(num=12, arrivals=Arrivals(max_concurrency=3), delay_s=0.002).replies
    assert sorted(reply.index for reply in replies) == list(range(12))
    assert overlap(replies) <= 3


def test_a_closed_loop_counts_from_the_sending(measured):
    assert {reply.lag_s for reply in measured().replies} == {0.0}


def test_a_refused_client_comes_again_when_it_was_told_to(measured):
    first, second = measured("refuses", num=2, arrivals=Arrivals(max_concurrency=1), again_s="1").replies
    # Event loops' clocks have steps of a millisecond, so a pause may end a little early.
    assert second.sent_s - first.ended_s >= 0.99


def test_an_open_loop_sends_while_the_server_answers_nothing(measured):
    # The server holds every answer until all ten requests have come: whoever waits for an answer first waits for ever.
    run = measured(num=10, arrivals=Arrivals(request_rate=200, burstiness=math.inf), wait_for=10)
    assert [reply.failure for reply in run.replies] == [None] * 10


def test_a_stall_is_seen_by_every_request_that_was_due_meanwhile(measured):
    run = measured(num=10, arrivals=Arrivals(request_rate=200, burstiness=math.inf), wait_for=10)
    last_due_s = max(reply.due_s for reply in run.replies)
    assert all(reply.due_s + reply.ttft_s >= last_due_s for reply in run.replies)
    by_number = sorted(run.replies, key=lambda reply: reply.index)
    dues_s = [reply.due_s - by_number[0].due_s for reply in by_number]
    assert dues_s == pytest.approx([number / 200 for number in range(10)])


def test_latency_counts_from_when_a_request_was_due_even_if_the_client_is_late(measured):
    # All are due at once, but only one may be on its way: each waits for those before it, and that wait counts.
    run = measured(num=4, arrivals=Arrivals(request_rate=1e6, max_concurrency=1), delay_s=0.005)
    replies = sorted(run.replies, key=lambda reply: reply.sent_s)
    for earlier, later in pairwise(replies):
        assert later.sent_s >= earlier.token_times_s[-1]
        assert later.ttft_s >= later.lag_s > 0


def test_warm_up_requests_are_sent_first_and_do_not_count(server, measured):
    run = measured(num=3, num_warmups=2)
    assert len(run.replies) == 3
    assert [body["prompt"] for body in server.asked[:2]] == ["word -2", "word -1"]
    assert len(server.asked) == 5


def test_a_duration_ends_a_closed_loop_and_what_is_on_its_way_is_waited_for(server):
    load = Load(arrivals=Arrivals(max_concurrency=2), duration_s=0.1)
    run = asyncio.run(sent(server, load, delay_s=0.01))
    assert not run.was_stopped
    assert run.replies
    assert all(reply.failure is None for reply in run.replies)
    assert len(run.replies) == len(server.asked)


def test_a_duration_and_a_rate_make_a_number(server):
    load = Load(arrivals=Arrivals(request_rate=100), duration_s=0.1)
    assert load.num_offered == 10
    assert len(asyncio.run(sent(server, load)).replies) == 10


def test_a_stopped_run_keeps_what_it_has_and_counts_what_was_cut_off(server):
    async def go():
        stop = asyncio.Event()
        async with Client(Target(base_url=server.base_url, model="good", extra_body={"delay_s": 0.01})) as client:
            load = Load(arrivals=Arrivals(max_concurrency=2), num_prompts=1_000_000)
            running = asyncio.ensure_future(measure(client, numbered, load, stop=stop))
            while len(server.asked) < 8:
                await asyncio.sleep(0.005)
            stop.set()
            return await running

    run = asyncio.run(go())
    assert run.was_stopped
    assert run.num_unfinished == 2
    assert len(run.replies) >= 6
    assert run.duration_s > 0


def test_the_clients_own_time_is_measured(measured):
    run = measured(num=20)
    assert run.client_cpu_s > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"num_prompts": 3, "duration_s": 3},
        {"num_prompts": 0},
        {"duration_s": 0},
        {"duration_s": math.inf},
        {"duration_s": 3, "arrivals": Arrivals()},
        {"num_prompts": 3, "num_warmups": -1},
    ],
)
def test_a_load_without_exactly_one_end_is_refused(wrong):
    with pytest.raises(ConfigError):
        Load(**wrong)


def numbered(index):
    return Prompt(text=f"word {index}", max_tokens=3)


async def sent(server, load, **extra):
    async with Client(Target(base_url=server.base_url, model="good", extra_body=extra)) as client:
        return await measure(client, numbered, load)
