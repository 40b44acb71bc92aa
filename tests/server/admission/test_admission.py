from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.admission.test_limits import Book

from zaphod.core.errors import ConfigError
from zaphod.server.admission import Admission, AdmissionOptions, Ticket
from zaphod.server.caller import LOCAL, SCOPES, Caller, Limits
from zaphod.server.errors import ApiError


@dataclass
class Engine:
    """What an engine would say of itself."""

    num_running: int = 0
    num_waiting: int = 0
    max_num_sequences: int = 2
    tokens_per_s: float = 100.0
    free_memory_bytes: int | None = 10**9


class Bench:
    """An admission with an engine that says what the test wants."""

    def __init__(self, engine: Engine | None = None, limits: Limits | None = None, **options: Any) -> None:
        self.engine = engine or Engine()
        self.book = Book()
        self.limits = limits or Limits()
        self.now_s = 0.0
        self.admission = Admission(
            AdmissionOptions(**options), self.engine, self.book, clock=lambda: self.now_s, jitter=random.Random(1)
        )

    def admit(self, key_id: str = "a", prompt: int = 10, answer: int = 90, num_answers: int = 1) -> Ticket:
        caller = LOCAL if key_id == "local" else Caller(
            key_id=key_id, name=key_id, scopes=frozenset(SCOPES), tenant=key_id, limits=self.limits
        )  # fmt: skip
        return self.admission.admit(caller, prompt_tokens=prompt, max_tokens=answer, num_answers=num_answers)

    def fill(self, key_id: str = "a", **sizes: int) -> list[Ticket]:
        """As many as this key gets in."""
        tickets = []
        try:
            while True:
                tickets.append(self.admit(key_id, **sizes))
        except ApiError:
            return tickets

    def refusal(self, key_id: str = "a", **sizes: int) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.admit(key_id, **sizes)
        return caught.value

    def occupy(self) -> list[Ticket]:
        """Every place of the engine is taken by somebody else."""
        tickets = [self.admit("busy") for _ in range(self.engine.max_num_sequences)]
        for ticket in tickets:
            ticket.started()
        return tickets


def test_one_caller_without_keys_may_fill_the_places_and_the_whole_queue() -> None:
    bench = Bench(max_waiting=8)
    assert len(bench.fill("local")) == 10
    assert bench.refusal("local").code == "queue_full"


def test_a_full_queue_is_a_429_with_whole_seconds_to_wait() -> None:
    bench = Bench(max_waiting=1)
    error = (bench.fill("local"), bench.refusal("local"))[1]
    assert error.status == 429
    assert int(error.headers["Retry-After"]) >= 1


def test_what_started_waits_no_longer() -> None:
    bench = Bench(max_waiting=8)
    tickets = bench.fill("local")
    for ticket in tickets[:2]:
        ticket.started()
        ticket.started()
    assert (bench.admission.num_waiting, bench.admission.num_running) == (8, 2)
    bench.refusal("local")
    tickets[0].settle(prompt_tokens=1, completion_tokens=1)
    bench.admit("local")
    bench.refusal("local")


def test_a_key_gets_half_of_the_queue_and_a_second_one_always_gets_in() -> None:
    bench = Bench(max_waiting=8)
    bench.occupy()
    assert len(bench.fill("greedy")) == 4
    assert bench.refusal("greedy").code == "queue_share_full"
    assert len(bench.fill("second")) == 2
    assert len(bench.fill("third")) == 1


@given(
    max_waiting=st.integers(1, 60),
    arrivals=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["in", "start", "end"])), max_size=200),
)
def test_a_key_with_nothing_waiting_gets_in_as_long_as_a_place_is_free(
    max_waiting: int, arrivals: list[tuple[int, str]]
) -> None:
    bench = Bench(Engine(tokens_per_s=0, max_num_sequences=2), max_waiting=max_waiting)
    tickets: list[Ticket] = []
    for number, what in arrivals:
        if what == "in":
            tickets += greedily(bench, f"key_{number}")
        elif tickets:
            ticket = tickets[number % len(tickets)]
            ticket.started() if what == "start" else ticket.settle(prompt_tokens=1, completion_tokens=1)
        if bench.admission.num_waiting < max_waiting:
            bench.admit("new").settle(prompt_tokens=0, completion_tokens=0)
        assert bench.admission.num_waiting <= max_waiting + 2


def greedily(bench: Bench, key_id: str) -> list[Ticket]:
    try:
        return [bench.admit(key_id)]
    except ApiError:
        return []


@pytest.mark.parametrize("num_greedy", [1, 2, 5, 10])
def test_greedy_keys_always_leave_places_for_the_next(num_greedy: int) -> None:
    bench = Bench(Engine(tokens_per_s=0), max_waiting=100)
    bench.occupy()
    shares = {f"key_{number}": 0 for number in range(num_greedy)}
    for _ in range(200):
        for key_id in shares:
            shares[key_id] += len(greedily(bench, key_id))
    assert max(shares.values()) - min(shares.values()) <= 1
    assert sum(shares.values()) == 100 - 100 // (num_greedy + 1)
    bench.admit("next")


def test_waiting_tokens_are_bounded_and_shared_like_places() -> None:
    bench = Bench(max_waiting_tokens=1000)
    bench.occupy()
    assert len(bench.fill("greedy", prompt=100, answer=0)) == 5
    assert bench.refusal("greedy", prompt=100, answer=0).code == "queue_share_full"
    bench.admit("second", prompt=400, answer=100)
    assert bench.admission.waiting_tokens == 1000
    assert bench.refusal("third").code == "queue_full"


def test_a_request_larger_than_the_queue_may_wait_alone() -> None:
    bench = Bench(max_waiting_tokens=100)
    bench.admit(prompt=1000)
    assert bench.refusal("b").code == "queue_full"


def test_who_would_wait_too_long_is_told_so() -> None:
    bench = Bench(max_wait_s=10)
    bench.occupy()
    for number in range(10):
        bench.admit(f"key_{number}")
    error = bench.refusal("late")
    assert (error.status, error.code) == (429, "queue_too_slow")
    assert "about 11 s" in error.message
    assert 1 <= int(error.headers["Retry-After"]) <= 3


def test_the_forecast_counts_of_others_only_as_much_as_of_oneself() -> None:
    bench = Bench()
    bench.occupy()
    caller = bench.fill("greedy", prompt=100, answer=0)[0]
    assert caller.is_waiting
    short = forecast_s(bench, "light")
    assert short == pytest.approx((100 + 100) / 100)
    assert forecast_s(bench, "greedy") > 10 * short


def forecast_s(bench: Bench, key_id: str) -> float:
    caller = Caller(key_id=key_id, name=key_id, scopes=frozenset(), tenant=key_id)
    return bench.admission.forecast_s(caller, prompt_tokens=100, max_tokens=0)


def test_nobody_waits_while_places_are_free_or_no_speed_is_known() -> None:
    assert forecast_s(Bench(), "a") == 0
    bench = Bench(Engine(tokens_per_s=0), max_wait_s=0.001)
    bench.occupy()
    assert forecast_s(bench, "a") == 0
    bench.admit()


def test_a_full_cache_leaves_no_place_whatever_the_count_says() -> None:
    bench = Bench(Engine(max_num_sequences=100, num_waiting=5), max_waiting=4)
    assert len(bench.fill("local")) == 4


def test_those_whose_prompt_is_being_read_have_left_the_queue_and_hold_a_place() -> None:
    bench = Bench(Engine(max_num_sequences=4, num_running=3), max_waiting=4)
    assert len(bench.fill("local")) == 3 + 1 + 4


def test_there_is_room_as_long_as_the_smallest_request_would_get_in() -> None:
    bench = Bench(max_waiting=1)
    bench.admission.require_room(LOCAL)
    bench.fill("local")
    with pytest.raises(ApiError, match="full"):
        bench.admission.require_room(LOCAL)
    bench.admission.drain()
    with pytest.raises(ApiError, match="shutting down"):
        bench.admission.require_room(LOCAL)


def test_several_answers_take_several_places() -> None:
    bench = Bench(Engine(max_num_sequences=4), max_waiting=1)
    bench.admit("local", num_answers=4).started()
    assert len(bench.fill("local")) == 1


def test_the_forecast_learns_how_long_answers_are() -> None:
    bench = Bench()
    for _ in range(200):
        ticket = bench.admit(answer=100_000)
        ticket.started()
        ticket.settle(prompt_tokens=10, completion_tokens=20)
    for ticket in (bench.admit(answer=100_000), bench.admit(answer=100_000)):
        ticket.started()
    bench.admit("b", answer=100_000)
    assert forecast_s(bench, "a") == pytest.approx((30 + 30) / 100, rel=0.01)


def test_draining_lets_nothing_in_and_lets_go_on_what_is_in() -> None:
    bench = Bench()
    ticket = bench.admit()
    bench.admission.drain()
    error = bench.refusal()
    assert (error.status, error.code) == (503, "draining")
    assert "Retry-After" in error.headers
    ticket.started()
    ticket.settle(prompt_tokens=1, completion_tokens=1)


def test_without_memory_nothing_new_is_let_in() -> None:
    bench = Bench(Engine(free_memory_bytes=99_999_999), memory_reserve_bytes=100_000_000)
    assert (bench.refusal().status, bench.refusal().code) == (503, "out_of_memory")
    bench.engine.free_memory_bytes = 100_000_000
    bench.admit()
    bench.engine.free_memory_bytes = None
    bench.admit()


def test_the_limits_of_the_key_hold_here_too() -> None:
    bench = Bench(limits=Limits(tokens_per_minute=150, max_concurrent=1))
    ticket = bench.admit()
    assert ticket.rate_limit_headers["x-ratelimit-remaining-tokens"] == "50"
    assert bench.refusal().code == "rate_limit_exceeded"
    ticket.settle(prompt_tokens=10, completion_tokens=10)
    bench.admit()


def test_a_full_queue_costs_the_key_none_of_its_limit() -> None:
    bench = Bench(limits=Limits(requests_per_minute=6), max_waiting=2)
    tickets = bench.fill()
    for _ in range(50):
        assert bench.refusal().code.startswith("queue")
    tickets[0].settle(prompt_tokens=0, completion_tokens=0)
    bench.admit()


def test_leaving_settles_what_never_started_for_nothing() -> None:
    bench = Bench()
    with pytest.raises(KeyError), bench.admit():
        raise KeyError
    assert bench.book.days == {}
    assert bench.admission.num_waiting == 0


def test_leaving_charges_what_was_produced_and_for_lack_of_a_count_everything() -> None:
    bench = Bench()
    with bench.admit() as ticket:
        ticket.produced(3)
        ticket.produced(4)
    assert sum(bench.book.days.values()) == 10 + 7
    with bench.admit() as ticket:
        ticket.started()
    assert sum(bench.book.days.values()) == 17 + 100
    assert bench.admission.num_running == 0


def test_a_ticket_is_settled_once_whatever_happens() -> None:
    bench = Bench()
    with bench.admit() as ticket:
        ticket.started()
        ticket.settle(prompt_tokens=10, completion_tokens=5)
        ticket.settle(prompt_tokens=10, completion_tokens=50)
        ticket.started()
    assert sum(bench.book.days.values()) == 15
    assert (bench.admission.num_waiting, bench.admission.num_running) == (0, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["start", "settle", "leave", "produce"]), st.integers(0, 50))
    )
)
def test_the_counts_come_back_to_nothing(events: list[tuple[str, str, int]]) -> None:
    bench = Bench(Engine(tokens_per_s=0))
    tickets = [ticket for key_id in "aabbcc" for ticket in greedily(bench, key_id)]
    for _, what, number in events:
        ticket = tickets[number % len(tickets)]
        {
            "start": ticket.started,
            "produce": lambda ticket=ticket: ticket.produced(1),
            "settle": lambda ticket=ticket: ticket.settle(prompt_tokens=1, completion_tokens=1),
            "leave": lambda ticket=ticket: ticket.__exit__(None, None, None),
        }[what]()
    for ticket in tickets:
        ticket.settle(prompt_tokens=0, completion_tokens=0)
    admission = bench.admission
    assert (admission.num_waiting, admission.num_running, admission.waiting_tokens) == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong", [{"max_waiting": 0}, {"max_wait_s": -1}, {"max_waiting_tokens": 0}, {"memory_reserve_bytes": -1}]
)
def test_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        AdmissionOptions(**wrong)
