import math

import pytest

from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.training.spikes import SpikeConfig, SpikeWatch


def quiet(watch: SpikeWatch, count: int = 40) -> None:
    for step in range(count):
        assert watch.reason_to_skip(3.0 - 0.01 * step + 0.02 * math.sin(step), 1.0 + 0.2 * math.cos(step)) is None


def test_a_loss_far_above_the_median_is_skipped_with_its_reason() -> None:
    watch = SpikeWatch(SpikeConfig())
    quiet(watch)
    reason = watch.reason_to_skip(5.0, 1.0)
    assert reason is not None
    assert reason.startswith("loss 5 against a median of 2.8")


def test_a_gradient_far_above_the_median_is_skipped() -> None:
    watch = SpikeWatch(SpikeConfig())
    quiet(watch)
    assert "gradient norm 50" in str(watch.reason_to_skip(2.6, 50.0))


def test_nothing_is_an_outlier_before_there_is_a_history() -> None:
    watch = SpikeWatch(SpikeConfig(min_history=10, window=20))
    quiet(watch, 9)
    assert watch.reason_to_skip(99.0, 99.0) is None


def test_a_lasting_change_is_accepted_after_a_while() -> None:
    watch = SpikeWatch(SpikeConfig(window=32, min_history=16))
    quiet(watch)
    skipped = [watch.reason_to_skip(6.0, 1.0) is not None for _ in range(40)]
    assert skipped[0]
    assert not skipped[-1]


def test_skipping_can_be_turned_off_but_not_for_broken_numbers() -> None:
    watch = SpikeWatch(SpikeConfig(skip=False))
    quiet(watch)
    assert watch.reason_to_skip(9.0, 99.0) is None
    assert "not finite" in str(watch.reason_to_skip(math.nan, 1.0))


def test_broken_numbers_without_end_are_an_error() -> None:
    watch = SpikeWatch(SpikeConfig(max_broken=3))
    for _ in range(3):
        assert watch.reason_to_skip(1.0, math.inf) is not None
    with pytest.raises(ZaphodError, match="4 steps in a row"):
        watch.reason_to_skip(math.nan, math.nan)


def test_one_sound_step_forgives_the_broken_ones() -> None:
    watch = SpikeWatch(SpikeConfig(max_broken=1))
    for _ in range(5):
        watch.reason_to_skip(math.nan, 1.0)
        watch.reason_to_skip(1.0, 1.0)


def test_a_watch_goes_on_where_another_stopped() -> None:
    first, second = SpikeWatch(SpikeConfig()), SpikeWatch(SpikeConfig())
    quiet(first)
    second.load_state(first.state())
    assert second.reason_to_skip(5.0, 1.0) == first.reason_to_skip(5.0, 1.0)


def test_a_window_without_room_for_the_history_is_refused() -> None:
    with pytest.raises(ConfigError, match="min_history"):
        SpikeConfig(window=8, min_history=9)
