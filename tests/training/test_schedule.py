import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.training.schedule import Kind, ScheduleConfig

KINDS: tuple[Kind, ...] = ("wsd", "cosine", "linear")


@pytest.mark.parametrize(
    ("kind", "shares"),
    [("wsd", [1, 1, 1, 0.5, 0]), ("cosine", [1, 0.8536, 0.5, 0.1464, 0]), ("linear", [1, 0.75, 0.5, 0.25, 0])],
)
def test_each_kind_has_its_shape(kind: Kind, shares: list[float]) -> None:
    schedule = ScheduleConfig(kind=kind, warmup_steps=1, decay_from=0.5)
    assert [schedule.rate_share(9, quarter / 4) for quarter in range(5)] == pytest.approx(shares, abs=1e-4)


@given(st.sampled_from(KINDS), st.integers(0, 500), st.floats(0, 1.5), st.floats(0, 1))
def test_a_rate_lies_between_nothing_and_the_peak(kind: Kind, step: int, progress: float, floor: float) -> None:
    assert 0 <= ScheduleConfig(kind=kind, floor=floor).rate_share(step, progress) <= 1


def test_the_floor_is_what_is_left_at_the_end() -> None:
    assert all(ScheduleConfig(kind=kind, floor=0.1).rate_share(99, 1.0) == pytest.approx(0.1) for kind in KINDS)


def test_the_first_steps_rise() -> None:
    assert [ScheduleConfig(warmup_steps=4).rate_share(step, 0.0) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]


@pytest.mark.parametrize("settings", [{"warmup_steps": 0}, {"decay_from": 1.0}, {"floor": 1.5}])
def test_impossible_schedules_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        ScheduleConfig(**settings)  # type: ignore[arg-type]
