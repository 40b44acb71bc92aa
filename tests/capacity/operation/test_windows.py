import datetime
import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.capacity.operation.windows import Forecast, best_window, read_forecast
from zaphod.core.errors import ConfigError

START = datetime.datetime(2026, 3, 1, 18, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
VALUES = st.lists(st.floats(0, 900), min_size=1, max_size=10)


def forecast(values: list[float], step: datetime.timedelta = HOUR) -> Forecast:
    return Forecast(start=START, step=step, g_per_kwh=tuple(values))


def grams(values: list[float], chosen: tuple[int, ...], restart_h: float) -> float:
    """By definition: a kilowatt for each chosen hour, and what each start but the first costs more."""
    starts = [step for step in chosen if step - 1 not in chosen]
    return sum(values[step] for step in chosen) + restart_h * sum(values[step] for step in starts[1:])


@given(VALUES, st.data())
def test_without_pauses_no_other_window_is_better(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    window = best_window(forecast(values), count)
    every = [grams(values, tuple(range(first, first + count)), 0) for first in range(len(values) - count + 1)]
    assert window.steps == tuple(range(window.steps[0], window.steps[0] + count))
    assert math.isclose(window.g_per_kw, min(every), abs_tol=1e-9)


@settings(deadline=None)
@given(VALUES, st.data())
def test_with_pauses_no_other_choice_is_better(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    restart_h = data.draw(st.sampled_from([0.0, 0.1, 0.5, 2.0]))
    window = best_window(forecast(values), count, restart_h=restart_h)
    every = [grams(values, chosen, restart_h) for chosen in itertools.combinations(range(len(values)), count)]
    assert len(set(window.steps)) == count
    assert math.isclose(window.g_per_kw, grams(values, window.steps, restart_h), abs_tol=1e-9)
    assert math.isclose(window.g_per_kw, min(every), abs_tol=1e-9)


@given(VALUES, st.data())
def test_pauses_never_cost_more_than_none(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    free = best_window(forecast(values), count, restart_h=0).g_per_kw
    dear = best_window(forecast(values), count, restart_h=1).g_per_kw
    never = best_window(forecast(values), count).g_per_kw
    assert free <= dear + 1e-9
    assert dear <= never + 1e-9
    assert never <= best_window(forecast(values), count).at_once_g_per_kw + 1e-9


def test_free_pauses_choose_the_cleanest_hours() -> None:
    window = best_window(forecast([300, 50, 400, 60, 200, 70]), 3, restart_h=0)
    assert (window.steps, window.num_starts, window.mean_g_per_kwh) == ((1, 3, 5), 3, 60)
    assert (window.g_per_kw, window.at_once_g_per_kw) == (180, 750)
    assert math.isclose(window.saved, 1 - 180 / 750)


def test_dear_restarts_keep_a_job_together() -> None:
    values = [300.0, 50, 90, 60, 400, 55]
    assert best_window(forecast(values), 3, restart_h=0).steps == (1, 3, 5)
    assert best_window(forecast(values), 3, restart_h=2).steps == (1, 2, 3)


def test_the_job_has_ended_by_the_deadline() -> None:
    values = [300.0, 200, 100, 10, 10]
    assert best_window(forecast(values), 2, deadline=START + 3 * HOUR).steps == (1, 2)
    assert best_window(forecast(values), 2, deadline=START + 3.9 * HOUR).steps == (1, 2)
    assert best_window(forecast(values), 2).steps == (3, 4)


def test_a_deadline_is_understood_in_any_zone() -> None:
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    deadline = (START + 3 * HOUR).astimezone(berlin)
    assert best_window(forecast([300.0, 200, 100, 10, 10]), 2, deadline=deadline).steps == (1, 2)


def test_a_started_hour_counts_whole() -> None:
    assert len(best_window(forecast([1.0] * 5), 2.2).steps) == 3
    assert len(best_window(forecast([1.0] * 5), 0.1 + 0.2 + 2.7).steps) == 3


def test_half_hours_are_half_hours() -> None:
    window = best_window(forecast([100.0, 50, 50, 100], HOUR / 2), 1)
    assert (window.steps, window.g_per_kw) == ((1, 2), 50)


def test_equal_windows_begin_early() -> None:
    assert best_window(forecast([7.0] * 6), 2).steps == (0, 1)


@pytest.mark.parametrize(
    ("hours", "options", "words"),
    [
        (0, {}, "takes 0 hours"),
        (math.nan, {}, "takes nan hours"),
        (7, {}, "6 are left"),
        (2, {"deadline": START + HOUR}, "1 are left"),
        (2, {"deadline": START - HOUR}, "0 are left"),
        (2, {"restart_h": -1}, "restart takes -1"),
        (2, {"deadline": datetime.datetime(2026, 3, 2)}, "time zone"),
    ],
)
def test_what_cannot_be_is_refused(hours: float, options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        best_window(forecast([100.0] * 6), hours, **options)  # type: ignore[arg-type]


def test_a_forecast_is_read(tmp_path: Path) -> None:
    file = tmp_path / "forecast.csv"
    file.write_text(
        "\ufefftime, g_per_kwh\n2026-03-01T18:00+00:00,310\n2026-03-01T20:00+01:00,290.5\n", encoding="utf-8"
    )
    read = read_forecast(file)
    assert (read.start, read.step, read.g_per_kwh) == (START, HOUR, (310, 290.5))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["2026-03-01T18:00,1"], "has 1 rows"),
        (["2026-03-01T18:00,1", "2026-03-01T18:00,2"], "line 3"),
        (["2026-03-01T18:00,1", "2026-03-01T19:00,2", "2026-03-01T21:00,2"], "line 4"),
        (["2026-03-01T18:00,1", "noon,2"], "line 3"),
        (["2026-03-01T18:00,1", "2026-03-01T19:00,-5"], "line 3.*-5"),
        (["2026-03-01T18:00,1", "2026-03-01T19:00,nan"], "line 3"),
        (["2026-03-01T18:00,1", "2026-03-01T19:00+01:00,2"], "have a zone"),
    ],
)
def test_a_forecast_that_is_none_is_refused(tmp_path: Path, rows: list[str], words: str) -> None:
    file = tmp_path / "forecast.csv"
    file.write_text("\n".join(["time,g_per_kwh", *rows]))
    with pytest.raises(ConfigError, match=words):
        read_forecast(file)
