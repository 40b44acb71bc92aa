from zaphod.launch.forecast import speed_limit


def test_the_limit_is_bandwidth_over_the_bytes_of_a_token() -> None:
    assert speed_limit(47e9, 290e9) == "6.2 tokens/s: 47.0 GB a token at 290.0 GB/s"


def test_fast_models_get_no_decimals() -> None:
    assert speed_limit(1e6, 17e9) == "17,000 tokens/s: 1.00 MB a token at 17.0 GB/s"
