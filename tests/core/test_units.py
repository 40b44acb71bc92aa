import pytest

from zaphod.core.units import format_bytes, format_count, format_duration, format_rate, parse_bytes


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


@pytest.mark.parametrize(
    ("text", "num_bytes"), [("1.5 GB", 1_500_000_000), ("512", 512), ("64MB", 64_000_000), (" 2 k ", 2000), ("3B", 3)]
)
def test_bytes_are_read_as_they_are_written(text: str, num_bytes: int) -> None:
    assert parse_bytes(text) == num_bytes


@pytest.mark.parametrize("text", ["", "GB", "4 XB", "four", "1 GiB", "1.2.3"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_bytes(text)
