from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.server.observability.energy import Account, EnergyLedger


class World:
    """A machine that takes 10 W idle and 50 W under load, and an engine whose prompt tokens the test computes."""

    source = "RAPL"

    def __init__(self, *, assumed_busy_w: float = 30.0) -> None:
        self.now_s, self.joules, self.num_computed, self.watts = 0.0, 0.0, 0, 10.0
        self.is_broken = False
        self.failures: list[str] = []
        self.reads_at_s: list[float] = []
        self.ledger = EnergyLedger(
            self,
            num_computed=lambda: self.num_computed,
            assumed_busy_w=assumed_busy_w,
            fallback=lambda: Estimate(self),
            on_failure=self.failures.append,
            clock=lambda: self.now_s,
        )

    def read_j(self) -> float:
        self.reads_at_s.append(self.now_s)
        if self.is_broken:
            raise PermissionError("no longer yours")
        return self.joules

    def sleep(self, seconds: float, watts: float | None = None) -> None:
        self.watts = self.watts if watts is None else watts
        self.now_s += seconds
        self.joules += seconds * self.watts

    def warm_up(self) -> None:
        """Measure idle and busy power once, as a server that has run for a while has."""
        self.sleep(2, 10.0)
        account = self.ledger.open()
        self.sleep(2, 50.0)
        self.ledger.produced(account, 1)
        self.ledger.close(account)
        self.sleep(2, 10.0)
        self.ledger.advance()

    def assert_nothing_is_lost(self) -> None:
        ledger = self.ledger
        assert ledger.total_j == pytest.approx(
            ledger.requests_j + ledger.idle_j + ledger.unsettled_j, rel=1e-12, abs=1e-9
        )


class Estimate:
    source = "estimated"

    def __init__(self, world: World) -> None:
        self._world = world

    def read_j(self) -> float:
        return self._world.joules


def test_a_window_is_split_by_the_tokens_computed_in_it() -> None:
    world = World()
    one, other = world.ledger.open(), world.ledger.open()
    world.sleep(0.9, 50.0)
    world.ledger.produced(one, 30)
    world.sleep(0.1)
    world.ledger.produced(other, 10)
    assert (one.joules, other.joules) == (pytest.approx(37.5), pytest.approx(12.5))
    assert world.ledger.idle_j == 0


def test_prompt_tokens_weigh_as_much_as_answer_tokens() -> None:
    world = World()
    reader, writer = world.ledger.open(), world.ledger.open()
    world.num_computed = 90
    world.ledger.prompted(reader, 90)
    world.sleep(1, 50.0)
    world.ledger.produced(writer, 10)
    assert (reader.joules, writer.joules) == (pytest.approx(45.0), pytest.approx(5.0))


def test_a_long_prompt_is_paid_for_by_its_own_request_over_many_windows() -> None:
    world = World()
    reader, writer = world.ledger.open(), world.ledger.open()
    for _ in range(4):
        world.num_computed += 99
        world.sleep(1, 50.0)
        world.ledger.produced(writer, 1)
    world.ledger.prompted(reader, 396)
    world.sleep(1, 50.0)
    world.ledger.produced(writer, 1)
    assert reader.joules == pytest.approx(4 * 49.5)
    assert writer.joules == pytest.approx(4 * 0.5 + 50.0)
    world.assert_nothing_is_lost()


def test_prompts_one_after_another_are_paid_for_apart() -> None:
    world = World()
    for _ in range(2):
        world.num_computed += 100
        account = world.ledger.open()
        world.ledger.prompted(account, 100)
        world.sleep(1, 50.0)
        world.ledger.advance()
        assert account.joules == pytest.approx(50.0)
    world.ledger.close(account)


def test_cached_tokens_cost_nothing() -> None:
    world = World()
    cached, fresh = world.ledger.open(), world.ledger.open()
    world.num_computed = 10  # of the 1000 tokens of the first, all but these were in the cache
    world.ledger.prompted(cached, 1000)
    world.sleep(1, 50.0)
    world.ledger.produced(fresh, 90)
    assert cached.joules == pytest.approx(5.0)


def test_a_pass_longer_than_a_window_is_paid_for_when_its_token_comes() -> None:
    world = World()
    account = world.ledger.open()
    for _ in range(5):
        world.sleep(1, 50.0)
        world.ledger.advance()
    assert account.joules == 0
    world.sleep(1, 50.0)
    world.ledger.produced(account, 1)
    assert account.joules == pytest.approx(300.0)


def test_idle_time_is_for_nobody() -> None:
    world = World()
    world.sleep(10, 10.0)
    world.ledger.advance()
    assert (world.ledger.idle_j, world.ledger.requests_j) == (100.0, 0.0)


def test_the_time_before_a_request_in_its_window_is_idle() -> None:
    world = World()
    world.warm_up()
    idle_j = world.ledger.idle_j
    world.sleep(0.5, 10.0)
    account = world.ledger.open()
    world.sleep(0.5, 50.0)
    world.ledger.produced(account, 1)
    assert world.ledger.idle_j - idle_j == pytest.approx(5.0)
    assert account.joules == pytest.approx(25.0)


def test_an_answer_shorter_than_a_window_gets_the_power_that_is_known() -> None:
    world = World()
    world.warm_up()
    account = world.ledger.open()
    world.sleep(0.2, 50.0)
    world.ledger.produced(account, 5)
    energy = world.ledger.close(account)
    assert (energy.joules, energy.source) == (pytest.approx(10.0), "RAPL")
    world.assert_nothing_is_lost()


def test_before_any_load_was_measured_a_short_answer_is_estimated() -> None:
    world = World(assumed_busy_w=30.0)
    account = world.ledger.open()
    world.sleep(0.2, 50.0)
    world.ledger.produced(account, 5)
    energy = world.ledger.close(account)
    assert (energy.joules, energy.source) == (pytest.approx(6.0), "estimated")


def test_the_meter_is_not_read_more_than_once_a_second() -> None:
    """Serving.md 4.1, row 20: CVE-2020-8694."""
    world = World()
    reads = world.reads_at_s
    for _ in range(200):
        account = world.ledger.open()
        world.sleep(0.03, 50.0)
        world.ledger.produced(account, 1)
        world.ledger.close(account)
        world.ledger.power()
    assert len(reads) >= 5
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(reads))


def test_what_a_short_answer_is_told_does_not_show_its_own_power() -> None:
    """Two answers of one length are told the same, whatever a neighbour computed beside them."""
    told = []
    for watts in (11.0, 90.0):
        world = World()
        world.warm_up()
        account = world.ledger.open()
        world.sleep(0.3, watts)
        world.ledger.produced(account, 1)
        told.append(world.ledger.close(account).joules)
    assert told[0] == told[1]


def test_too_much_told_is_taken_from_what_follows() -> None:
    world = World(assumed_busy_w=1000.0)
    account = world.ledger.open()
    world.sleep(0.5, 10.0)
    world.ledger.produced(account, 1)
    assert world.ledger.close(account).joules == pytest.approx(500.0)
    for _ in range(60):
        world.sleep(1, 10.0)
        world.ledger.advance()
    assert world.ledger.unsettled_j == pytest.approx(0.0, abs=1e-9)
    assert world.ledger.total_j == pytest.approx(world.ledger.requests_j + world.ledger.idle_j)


def test_the_energy_of_a_cancelled_prompt_is_its_own() -> None:
    world = World()
    cut_off = world.ledger.open()
    world.num_computed = 50
    world.sleep(1, 50.0)
    world.ledger.advance()
    world.ledger.prompted(cut_off, 1000)
    assert world.ledger.close(cut_off).joules == pytest.approx(50.0)


def test_what_nobody_claims_becomes_idle() -> None:
    world = World()
    account = world.ledger.open()
    world.num_computed = 50
    world.sleep(1, 50.0)
    world.ledger.advance()
    world.ledger.close(account)
    world.sleep(1, 10.0)
    world.ledger.advance()
    assert world.ledger.idle_j == pytest.approx(60.0)


def test_a_meter_that_breaks_is_replaced_and_the_reason_told() -> None:
    world = World()
    world.warm_up()
    total_j = world.ledger.total_j
    world.is_broken = True
    account = world.ledger.open()
    world.sleep(2, 50.0)
    world.ledger.produced(account, 1)
    assert world.failures == ["RAPL can no longer be read: no longer yours"]
    assert world.ledger.close(account).source == "estimated"
    assert world.ledger.total_j > total_j
    world.assert_nothing_is_lost()


def test_closing_twice_tells_the_same() -> None:
    world = World()
    account = world.ledger.open()
    world.sleep(0.5, 50.0)
    world.ledger.produced(account, 1)
    assert world.ledger.close(account) == world.ledger.close(account)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sleep"), st.floats(0.001, 3.0), st.floats(0.0, 300.0)),
        st.tuples(st.just("open")),
        st.tuples(st.just("compute"), st.integers(1, 2000)),
        st.tuples(st.just("prompted"), st.integers(0, 9), st.integers(1, 3000)),
        st.tuples(st.just("produced"), st.integers(0, 9), st.integers(1, 20)),
        st.tuples(st.just("close"), st.integers(0, 9)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_nothing_is_lost_or_counted_twice(steps: list[tuple[object, ...]]) -> None:
    world, accounts, spent = World(), list[Account](), dict[object, float]()
    do: dict[str, Callable[..., object]] = {
        "sleep": world.sleep,
        "open": lambda: accounts.append(world.ledger.open()),
        "compute": lambda number: setattr(world, "num_computed", world.num_computed + number),
        "prompted": lambda which, number: world.ledger.prompted(accounts[which % len(accounts)], number),
        "produced": lambda which, number: world.ledger.produced(accounts[which % len(accounts)], number),
        "close": lambda which: world.ledger.close(accounts.pop(which % len(accounts))),
    }
    told = 0.0
    for name, *arguments in steps:
        if accounts or name in ("sleep", "open", "compute"):
            result = do[str(name)](*arguments)
            told += getattr(result, "joules", 0.0)
        world.assert_nothing_is_lost()
        for key, joules in world.ledger.spent_j.items():
            assert joules >= spent.get(key, 0.0)
            spent[key] = joules
    told += sum(account.joules for account in accounts)
    assert told == pytest.approx(world.ledger.requests_j, abs=1e-6)
    for account in accounts:
        world.ledger.close(account)
    for _ in range(3):
        world.sleep(10.0, 1e6)
        world.ledger.advance()
    assert world.ledger.total_j == pytest.approx(world.joules)
    assert world.ledger.total_j == pytest.approx(world.ledger.requests_j + world.ledger.idle_j)
