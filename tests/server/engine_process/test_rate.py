import pytest

from zaphod.server.engine_process.messages import Stats
from zaphod.server.engine_process.rate import BusyRate


def passes(rate: BusyRate, *passes: tuple[float, int, int]) -> float:
    told = [rate.after(Stats(num_running=running, num_produced_tokens=done), at_s) for at_s, done, running in passes]
    return told[-1]


def test_idle_time_does_not_count() -> None:
    busy = passes(
        BusyRate(), (0.0, 0, 1), (0.5, 50, 1), (1.0, 100, 0), (100.0, 100, 0), (100.1, 100, 1), (100.6, 150, 1)
    )
    assert busy == pytest.approx(100.0)


def test_nothing_measured_tells_what_was_known() -> None:
    assert passes(BusyRate(7.0), (0.0, 0, 0), (1.0, 0, 0)) == 7.0


def test_what_is_new_outweighs_what_is_old() -> None:
    steps = [(0.1 * n, 10 * n, 1) for n in range(100)]
    steps += [(9.9 + 0.1 * n, 990 + 100 * n, 1) for n in range(1, 60)]
    assert passes(BusyRate(), *steps) > 900.0
