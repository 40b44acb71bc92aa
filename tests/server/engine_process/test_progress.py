import os
import time

from hypothesis import given
from hypothesis import strategies as st

from zaphod.server.engine_process.progress import PassTimer, ProgressPage


def test_a_page_is_shared_by_its_descriptor() -> None:
    page = ProgressPage()
    other = ProgressPage(os.dup(page.fd))
    other.beat(7.0)
    assert page.health().is_ready
    assert page.health().expected_step_s == 7.0
    other.close()
    page.close()


def test_silence_beyond_twice_the_expected_time_is_not_ready() -> None:
    page = ProgressPage()
    page.beat(0.6)
    page._numbers[0] = time.monotonic() - 1.1
    assert page.health().is_ready
    page._numbers[0] = time.monotonic() - 1.3
    assert not page.health().is_ready
    assert "0.60 s" in page.health().reason
    page.close()


def test_before_any_pass_a_minute_is_expected() -> None:
    assert PassTimer().expected_s(1) == 60.0


@given(st.lists(st.tuples(st.integers(1, 4096), st.floats(1e-6, 1e3)), min_size=1))
def test_what_is_expected_is_never_less_than_what_was_just_seen(passes: list[tuple[int, float]]) -> None:
    timer = PassTimer()
    for num_tokens, seconds in passes:
        timer.observe(num_tokens, seconds)
        assert timer.expected_s(num_tokens) >= seconds
