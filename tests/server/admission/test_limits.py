from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.server.admission.limits import Bucket, Budgets, Reservation, whole_seconds
from zaphod.server.caller import Caller, Limits
from zaphod.server.errors import ApiError

DAY_S = 86400
NOON_S = 20_000 * DAY_S + DAY_S / 2


@dataclass
class Book:
    """A ledger in memory."""

    days: dict[tuple[str, int], int] = field(default_factory=dict)

    def used_tokens(self, key_id: str, day: int) -> int:
        return self.days.get((key_id, day), 0)

    def add_tokens(self, key_id: str, day: int, num_tokens: int) -> None:
        self.days[key_id, day] = self.used_tokens(key_id, day) + num_tokens


class Bench:
    """Budgets whose time goes on by hand."""

    def __init__(self, **limits: int) -> None:
        self.now_s = 0.0
        self.book = Book()
        self.limits = Limits(**limits)
        self.budgets = Budgets(
            self.book, clock=lambda: self.now_s, wall_clock=lambda: NOON_S + self.now_s, jitter=random.Random(1)
        )

    def caller(self, key_id: str = "a") -> Caller:
        return Caller(key_id=key_id, name=key_id, scopes=frozenset(), tenant=key_id, limits=self.limits)

    def reserve(self, num_tokens: int = 1, key_id: str = "a") -> Reservation:
        return self.budgets.reserve(self.caller(key_id), num_tokens)

    def refusal(self, num_tokens: int = 1, key_id: str = "a") -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.reserve(num_tokens, key_id)
        return caught.value


# (seconds since the last, tokens reserved, share of them that is used, seconds until it is known)
Requests = st.lists(
    st.tuples(st.floats(0, 30), st.integers(1, 120), st.floats(0, 1), st.floats(0, 60)), min_size=1, max_size=60
)


@given(limit=st.integers(1, 100), steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 100)), max_size=60))
def test_no_window_sees_more_than_a_full_bucket_and_what_flowed_in(limit: int, steps: list[tuple[float, int]]) -> None:
    bucket, now_s, taken = Bucket(limit, 0.0), 0.0, []
    for passed_s, amount in steps:
        now_s += passed_s
        if not bucket.wait_s(amount, now_s):
            bucket.take(amount, now_s)
            taken.append((now_s, amount))
    assert not any(used > allowed for used, allowed in windows(taken, limit))


def windows(taken: list[tuple[float, int]], limit: int) -> list[tuple[int, float]]:
    """For every window: what was taken in it, and what may be."""
    found = []
    for first, (start_s, _) in enumerate(taken):
        total = 0
        for at_s, amount in taken[first:]:
            total += amount
            found.append((total, limit * (1 + (at_s - start_s) / 60) + 1e-3))
    return found


@given(limit=st.integers(1, 200), requests=Requests)
@example(limit=160, requests=[(0.0, 1, 0.0, 2.0), (1.0, 99, 1.0, 0.0), (3.0, 50, 1.0, 0.0), (0.0, 20, 1.0, 0.0)])
def test_no_window_uses_more_than_the_limit_though_reservations_are_given_back(
    limit: int, requests: list[tuple[float, int, float, float]]
) -> None:
    bench = Bench(tokens_per_minute=limit)
    used: list[tuple[float, int]] = []
    open_: list[tuple[float, int, Reservation]] = []
    clock_s = 0.0
    for passed_s, reserved, share, known_s in requests:
        clock_s += passed_s
        open_ = settle_until(bench, open_, clock_s)
        bench.now_s = clock_s
        try:
            reservation = bench.reserve(reserved)
        except ApiError:
            continue
        used.append((clock_s, int(share * reserved)))
        open_.append((clock_s + known_s, int(share * reserved), reservation))
    assert not any(total > allowed for total, allowed in windows(used, limit))


def settle_until(
    bench: Bench, open_: list[tuple[float, int, Reservation]], end_s: float
) -> list[tuple[float, int, Reservation]]:
    for at_s, used, reservation in sorted(open_, key=lambda one: one[0]):
        if at_s <= end_s:
            bench.now_s = at_s
            reservation.settle(used)
    return [one for one in open_ if one[0] > end_s]


@given(limit=st.integers(1, 1000), amount=st.integers(1, 1000), level=st.integers(0, 1000))
def test_who_waits_as_long_as_told_gets_in_and_not_before(limit: int, amount: int, level: int) -> None:
    bucket = Bucket(limit, 0.0)
    bucket.take(max(0, limit - level), 0.0)
    wait_s = bucket.wait_s(amount, 0.0)
    if amount > limit:
        assert wait_s == float("inf")
    elif wait_s:
        assert bucket.wait_s(amount, wait_s * 0.99) > 0
    assert amount > limit or bucket.wait_s(amount, wait_s) == 0


@given(reserved=st.integers(1, 1000), used=st.integers(0, 1000))
def test_settling_gives_back_what_was_not_used(reserved: int, used: int) -> None:
    bench = Bench(tokens_per_minute=1000, tokens_per_day=1000)
    used = min(used, reserved)
    bench.reserve(reserved).settle(used)
    if used < 1000:
        bench.reserve(1000 - used).settle(0)
    bench.refusal(1001 - used)
    assert bench.book.used_tokens("a", 20_000) == used


def test_only_the_first_settlement_counts() -> None:
    bench = Bench(tokens_per_day=100)
    reservation = bench.reserve(100)
    for _ in range(3):
        reservation.settle(40)
    assert bench.book.days == {("a", 20_000): 40}
    bench.refusal(61)
    bench.reserve(60)


def test_more_than_was_reserved_is_owed() -> None:
    bench = Bench(tokens_per_minute=60)
    bench.reserve(10).settle(90)
    bench.now_s = 30
    assert bench.refusal(1).code == "rate_limit_exceeded"
    bench.now_s = 32
    bench.reserve(1)


def test_requests_of_a_minute_run_out_and_come_back() -> None:
    bench = Bench(requests_per_minute=2)
    for _ in range(2):
        bench.reserve().settle(1)
    error = bench.refusal()
    assert (error.status, error.code) == (429, "rate_limit_exceeded")
    assert int(error.headers["Retry-After"]) >= 30
    bench.now_s = 30
    bench.reserve()


def test_the_day_ends_at_midnight_utc() -> None:
    bench = Bench(tokens_per_day=100)
    bench.reserve(100).settle(100)
    error = bench.refusal()
    assert (error.code, error.headers["x-should-retry"]) == ("insufficient_quota", "false")
    assert int(error.headers["Retry-After"]) >= DAY_S / 2
    bench.now_s = DAY_S / 2
    bench.reserve(100)


def test_a_request_over_midnight_counts_for_the_day_on_which_it_came() -> None:
    bench = Bench(tokens_per_day=100)
    reservation = bench.reserve(60)
    bench.now_s = DAY_S / 2 + 1
    bench.reserve(100)
    reservation.settle(60)
    assert bench.book.days == {("a", 20_000): 60}


def test_reservations_count_towards_the_day_before_they_are_settled() -> None:
    bench = Bench(tokens_per_day=100)
    bench.reserve(60)
    bench.refusal(41)
    bench.reserve(40)


def test_what_can_never_fit_is_told_so_and_not_to_try_again() -> None:
    for limits in ({"tokens_per_minute": 100}, {"tokens_per_day": 100}):
        error = Bench(**limits).refusal(101)
        assert (error.status, error.code) == (429, "request_too_large")
        assert error.headers == {"x-should-retry": "false"}
        assert "max_tokens" in error.message


def test_as_many_run_at_one_time_as_the_key_allows() -> None:
    bench = Bench(max_concurrent=2)
    first = bench.reserve()
    bench.reserve()
    assert "2 requests of it at one time" in bench.refusal().message
    first.settle(1)
    bench.reserve()


def test_a_refused_request_takes_nothing_from_any_limit() -> None:
    bench = Bench(requests_per_minute=10, tokens_per_minute=100, tokens_per_day=100)
    bench.reserve(100).settle(50)
    for _ in range(20):
        bench.refusal(60)
    bench.reserve(50)


def test_keys_do_not_share_limits() -> None:
    bench = Bench(requests_per_minute=1)
    bench.reserve(key_id="a")
    bench.refusal(key_id="a")
    bench.reserve(key_id="b")


def test_headers_say_what_is_left_in_the_words_of_openai() -> None:
    bench = Bench(requests_per_minute=60, tokens_per_minute=6000)
    assert bench.reserve(1200).headers == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "4800",
        "x-ratelimit-reset-tokens": "12s",
    }
    bench.reserve(60)
    assert bench.refusal(5000).headers["x-ratelimit-remaining-tokens"] == "4740"


@pytest.mark.parametrize(("limit", "reset"), [(600, "100ms"), (1, "1m0s"), (7, "9s")])
def test_times_are_spelled_as_openai_does(limit: int, reset: str) -> None:
    assert Bench(requests_per_minute=limit).reserve().headers["x-ratelimit-reset-requests"] == reset


def test_a_key_without_limits_has_no_headers_and_is_counted_all_the_same() -> None:
    bench = Bench()
    reservation = bench.reserve(10**12)
    assert reservation.headers == {}
    reservation.settle(7)
    assert bench.book.days == {("a", 20_000): 7}


def test_keys_that_were_away_take_no_memory() -> None:
    bench = Bench(requests_per_minute=10)
    for number in range(1000):
        bench.now_s += 1
        bench.reserve(key_id=f"key_{number}").settle(1)
    assert bench.budgets.num_tracked <= 61
    held = bench.reserve(key_id="held")
    bench.now_s += 1000
    bench.reserve(key_id="late")
    assert bench.budgets.num_tracked == 2
    held.settle(1)


def test_limits_that_cannot_be_checked_let_nobody_in() -> None:
    class Broken(Book):
        def used_tokens(self, key_id: str, day: int) -> int:
            raise ConfigError("The disk is gone.")

    bench = Bench(tokens_per_day=1)
    with pytest.raises(ApiError) as caught:
        Budgets(Broken()).reserve(bench.caller(), 1)
    assert (caught.value.status, caught.value.code) == (503, "keys_unavailable")


@given(st.floats(0, 10_000), st.integers())
def test_retry_after_is_never_too_early_and_little_too_late(wait_s: float, seed: int) -> None:
    again_s = whole_seconds(wait_s, random.Random(seed))
    assert wait_s <= again_s <= wait_s + 1 + 0.25 * min(wait_s, 60) + 1


def test_not_all_come_back_at_the_same_second() -> None:
    assert len({whole_seconds(20, random.Random(seed)) for seed in range(20)}) > 3
