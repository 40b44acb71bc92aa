import pytest

from zaphod.core.units import format_bytes, format_count, format_duration, format_rate


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (318_239_886_140, "318.2 GB"), (999_999, "1.00 MB")],
)
def test_bytes_are_decimal(num_bytes: int, text: str) -> None:
    assert format_bytes(num_bytes) == text


@pytest.mark.parametrize(("count", "text"), [(7, "7"), (21_000_000, "21.0 M"), (315_684_820_992, "315.7 B")])
def test_counts_use_the_words_of_the_field(count: int, text: str) -> None:
    assert format_count(count) == text


def test_a_rate_carries_its_unit() -> None:
    assert format_rate(1.2e9, "B") == "1.20 GB/s"
    assert format_rate(2.5e11, "FLOP") == "250.0 GFLOP/s"


@pytest.mark.parametrize(
    ("duration_s", "text"), [(0.25, "250 ms"), (3.04, "3.0 s"), (75, "1 min 15 s"), (3725, "1 h 02 min")]
)
def test_durations_keep_two_places(duration_s: float, text: str) -> None:
    assert format_duration(duration_s) == text
