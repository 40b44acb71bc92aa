"""Who computes what, in which pass: answers before prompts, queues by what they were served, nobody for ever last."""

import pytest
from tests.engine.exact_runner import ExactRunner

from zaphod.core.errors import ConfigError, RequestError
from zaphod.engine import Engine, EngineConfig, Request, SamplingParams

SHORT, LONG = (1, 2, 3), tuple(range(40)) * 4


def exact_engine(num_blocks=64, block_size=4, max_len=1000, **limits):
    return Engine(ExactRunner(num_blocks=num_blocks, block_size=block_size, max_len=max_len), EngineConfig(**limits))


def request(name, prompt=SHORT, max_tokens=6, queue="", tenant="", adapter=None, **sampling):
    return Request(
        request_id=name,
        prompt_token_ids=prompt,
        sampling=SamplingParams(max_tokens=max_tokens, **sampling),
        queue=queue,
        tenant=tenant,
        adapter=adapter,
    )


def run(engine, most_steps=1000):
    """Completions of all that is here, in the order in which they end."""
    completions = {}
    for _ in range(most_steps):
        for increment in engine.step():
            assert increment.error is None
            if increment.completion is not None:
                completions[increment.request_id] = increment.completion
        if not engine.num_unfinished:
            return completions
    raise AssertionError(f"{engine.num_unfinished} requests do not end")


def passes(engine):
    return engine._runner.passes


def test_a_long_prompt_delays_no_answer_beyond_one_limited_pass():
    engine = exact_engine(max_batch_tokens=16)
    engine.add_request(request("answering", max_tokens=30))
    engine.step()
    engine.add_request(request("reading", LONG))
    for _ in range(10):
        assert [increment.request_id for increment in engine.step()] == ["answering"]
    assert passes(engine)[1:] == [[1, 15]] * 10
    run(engine)
    assert max(sum(lengths) for lengths in passes(engine)) <= 16


def test_queues_take_turns_at_reading():
    engine = exact_engine(num_blocks=128, max_batch_tokens=16)
    engine.add_request(request("a", LONG, queue="a"))
    engine.step()
    engine.add_request(request("b", LONG[:0:-1], queue="b"))
    for _ in range(6):
        engine.step()
    assert [sequence.num_cached for sequence in engine.scheduler.running] == [64, 48]


def test_a_newcomer_with_a_short_prompt_waits_one_pass_for_a_long_one():
    engine = exact_engine(max_batch_tokens=16)
    engine.add_request(request("long", LONG, queue="a"))
    engine.step()
    engine.add_request(request("short", SHORT, queue="b"))
    assert [increment.request_id for _ in range(2) for increment in engine.step()] == ["short"]


def test_a_thousand_requests_of_one_queue_do_not_delay_the_only_one_of_another():
    engine = exact_engine(max_num_sequences=4, max_batch_tokens=8)
    for number in range(1000):
        engine.add_request(request(f"many {number}", queue="many", max_tokens=50))
    for _ in range(20):
        engine.step()
    engine.add_request(request("only", queue="only", max_tokens=5))
    answered = [increment for _ in range(5) for increment in engine.step() if increment.request_id == "only"]
    assert answered[-1].completion.finish_reason == "length"


def test_two_queues_share_the_tokens_however_many_requests_each_has():
    engine = exact_engine(max_num_sequences=4, max_batch_tokens=8, shares_prefixes=False)
    for number in range(40):
        engine.add_request(request(f"a{number}", queue="a"))
    for number in range(10):
        engine.add_request(request(f"b{number}", queue="b"))
    order = list(run(engine))
    assert sum(name.startswith("b") for name in order[:20]) >= 9


def test_a_large_request_is_not_passed_for_ever_by_small_ones():
    engine = exact_engine(num_blocks=16)
    ended = set()
    for number in range(60):
        engine.add_request(request(f"small {number}", max_tokens=20))
        if number == 5:
            engine.add_request(request("large", tuple(range(50)), max_tokens=5))
        for _ in range(4):
            ended |= {increment.request_id for increment in engine.step() if increment.is_last}
    assert "large" in ended


def test_who_gives_way_is_the_last_admitted_of_the_queue_served_most():
    engine = exact_engine(num_blocks=12, max_batch_tokens=64)
    engine.add_request(request("a1", tuple(range(14)), queue="a", max_tokens=12))
    engine.add_request(request("a2", tuple(range(20, 32)), queue="a", max_tokens=12))
    engine.add_request(request("b1", tuple(range(40, 50)), queue="b", max_tokens=12))
    while not engine.stats.num_preemptions:
        engine.step()
    assert [sequence.request_id for sequence in engine.scheduler.running] == ["a1", "b1"]
    assert set(run(engine)) == {"a1", "a2", "b1"}


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0, "seed": 7}])
def test_giving_way_changes_no_token(sampling):
    requests = [request(str(n), tuple(range(n, n + 9)), max_tokens=20, **sampling) for n in range(4)]
    crowded = exact_engine(num_blocks=10)
    assert crowded.generate(requests) == [exact_engine().generate([alone])[0] for alone in requests]
    assert crowded.stats.num_preemptions > 0


def test_a_prompt_found_in_the_cache_is_not_read_again():
    engine = exact_engine()
    (first,) = engine.generate([request("first", LONG)])
    (again,) = engine.generate([request("again", LONG)])
    assert again.token_ids == first.token_ids
    assert passes(engine)[6] == [4]
    assert (engine.stats.num_queried_tokens, engine.stats.num_hit_tokens) == (320, 156)


def test_an_answer_is_found_by_the_prompt_that_continues_it():
    engine = exact_engine()
    (first,) = engine.generate([request("first", LONG, max_tokens=9)])
    engine.generate([request("next turn", (*LONG, *first.token_ids, 1, 2, 3))])
    assert engine.stats.num_hit_tokens == 168


def test_another_tenant_cannot_tell_what_was_asked():
    engine = exact_engine()
    engine.generate([request("one", LONG, tenant="one")])
    engine.generate([request("other", LONG, tenant="other")])
    assert passes(engine)[0] == passes(engine)[6] == [160]
    assert engine.stats.num_hit_tokens == 0


def test_an_adapter_reaches_the_runner_and_shares_nothing_with_the_plain_network():
    engine = exact_engine()
    plain, adapted = engine.generate([request("plain", LONG), request("adapted", LONG, adapter="pirate")])
    assert plain.token_ids == ExactRunner(num_blocks=1, block_size=1).continuation(LONG, 6)
    assert adapted.token_ids == ExactRunner(num_blocks=1, block_size=1).continuation(LONG, 6, adapter_id=6)


def test_a_prompt_beyond_the_cache_is_refused_with_numbers():
    engine = exact_engine(num_blocks=5)
    engine.add_request(request("fits", tuple(range(19))))
    with pytest.raises(RequestError, match=r"20 tokens.\nThe cache holds 20"):
        engine.add_request(request("does not", tuple(range(20))))
    assert run(engine)["fits"].token_ids == ExactRunner(num_blocks=1, block_size=1).continuation(range(19), 1)


def test_an_answer_that_outgrows_the_cache_ends_there():
    engine = exact_engine(num_blocks=5)
    (completion,) = engine.generate([request("long", SHORT, max_tokens=500)])
    assert (len(completion.token_ids), completion.finish_reason) == (17, "length")


@pytest.mark.parametrize("num_steps", [0, 1, 2, 5])
def test_blocks_are_free_in_the_step_of_a_cancellation(num_steps):
    """While it waits, reads its prompt in two pieces, and answers."""
    engine = exact_engine(max_batch_tokens=100)
    engine.add_request(request("a", LONG, max_tokens=50))
    for _ in range(num_steps):
        engine.step()
    assert engine.cancel("a").finish_reason == "cancelled"
    assert (engine.stats.num_used_blocks, engine.stats.num_running, engine.stats.num_waiting) == (0, 0, 0)
    assert engine.step() == []


def test_a_request_that_gave_way_can_be_cancelled():
    engine = exact_engine(num_blocks=8)
    for name in ("a", "b"):
        engine.add_request(request(name, tuple(range(10)), tenant=name, max_tokens=20))
    while not engine.stats.num_preemptions:
        engine.step()
    assert engine.stats.num_waiting == 1
    assert len(engine.cancel("b").token_ids) > 1
    assert set(run(engine)) == {"a"}


def test_statistics_count_what_happened():
    engine = exact_engine(max_num_sequences=1)
    for name in ("a", "b"):
        engine.add_request(request(name, max_tokens=3))
    engine.step()
    now = engine.stats
    assert (now.num_running, now.num_waiting, now.num_used_blocks, now.num_blocks) == (1, 1, 1, 64)
    run(engine)
    assert (engine.stats.num_steps, engine.stats.num_produced_tokens) == (6, 6)


@pytest.mark.parametrize("name", ["max_batch_tokens", "max_num_sequences"])
def test_a_limit_below_one_is_refused(name):
    with pytest.raises(ConfigError, match=f"{name} is 0"):
        EngineConfig(**{name: 0})


def test_more_sequences_than_a_pass_has_tokens_take_turns():
    engine = exact_engine(max_batch_tokens=2, max_num_sequences=50)
    requests = [request(str(n), max_tokens=4) for n in range(7)]
    assert len(engine.generate(requests)) == 7
    assert max(sum(lengths) for lengths in passes(engine)) == 2
