from zaphod.capacity.measurement import best_rate, read_bandwidth


def test_a_rate_is_amount_per_second_of_all_but_the_first_call() -> None:
    calls: list[int] = []
    assert best_rate(lambda: calls.append(1), 10.0, repetitions=3) > 0
    assert len(calls) == 4


def test_bandwidth_is_measured_with_any_number_of_threads() -> None:
    assert read_bandwidth(1, buffer_bytes=80_000) > 0
    assert read_bandwidth(3, buffer_bytes=80_000) > 0
