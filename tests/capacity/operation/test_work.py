import math

import numpy as np
import pytest

from zaphod.capacity.operation.work import quantile_s, run_of, samples, window_of
from zaphod.core.errors import ConfigError, UnavailableError


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def page(num_tokens: int, gaps: dict[str, int], family: str = "vllm") -> str:
    """What a server tells, of two ranks."""
    lines = ["# TYPE x gauge", f'{family}:generation_tokens_total{{model_name="a,le=\\"1\\""}} {num_tokens}']
    lines += [f'{family}:inter_token_latency_seconds_bucket{{model_name="a",le="{le}"}} {n}' for le, n in gaps.items()]
    return "\n".join([*lines, f"{family}:inter_token_latency_seconds_sum 3.5", "broken line here x"])


@pytest.mark.parametrize("family", ["vllm", "sglang"])
def test_a_window_counts_tokens_joules_and_gaps(family: str) -> None:
    clock, joules = Clock(), iter([100.0, 400.0])
    pages = iter([page(1000, {"0.02": 500, "0.04": 990, "+Inf": 1000}, family)])
    later = page(3000, {"0.02": 500, "0.04": 2970, "+Inf": 3000}, family)
    measure = window_of(
        "http://a/metrics", 20, lambda: next(joules), lambda url: next(pages, later), clock.sleep, clock
    )
    time_s, energy_j, itl_p99_s = measure()
    assert (time_s, energy_j) == (20 / 2000, 300 / 2000)
    assert itl_p99_s is not None
    assert math.isclose(itl_p99_s, 0.04)  # 1,980 of 2,000 lie below


def test_a_server_without_load_cannot_be_swept() -> None:
    clock, text = Clock(), page(5, {"+Inf": 5})
    with pytest.raises(ConfigError, match="told of no token"):
        window_of("http://a", 5, lambda: 0.0, lambda url: text, clock.sleep, clock)()


def test_a_server_that_tells_no_tokens_is_named() -> None:
    with pytest.raises(UnavailableError, match="tells of no tokens"):
        window_of("http://a", 5, lambda: 0.0, lambda url: "up 1\n", Clock().sleep, Clock())()


def test_only_the_web_is_asked() -> None:
    with pytest.raises(ConfigError, match="begin with http"):
        window_of("file:///etc/passwd", 5, lambda: 0.0)()


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        window_of("http://127.0.0.1:9/metrics", 5, lambda: 0.0)()


def test_a_quantile_lies_within_its_bucket_of_the_true_one() -> None:
    values = np.random.default_rng(0).lognormal(-3.5, 0.5, 20_000)
    bounds = [0.005 * 1.3**index for index in range(24)] + [math.inf]
    counts = {bound: float((values <= bound).sum()) for bound in bounds}
    for share in (0.1, 0.5, 0.9, 0.99):
        found = quantile_s(counts, share)
        assert found is not None
        assert abs(found / float(np.quantile(values, share)) - 1) < 0.1


def test_a_quantile_of_nothing_is_none() -> None:
    assert quantile_s({}, 0.99) is None
    assert quantile_s({0.1: 0.0, math.inf: 0.0}, 0.99) is None


def test_what_lies_above_all_bounds_counts_as_the_last() -> None:
    assert quantile_s({0.1: 1.0, math.inf: 100.0}, 0.99) == 0.1


def test_a_command_is_timed_and_metered() -> None:
    clock, joules = iter([1.0, 3.5]), iter([10.0, 60.0])
    measure = run_of(["true"], lambda: next(joules), lambda: next(clock))
    assert measure() == (2.5, 50.0, None)


@pytest.mark.parametrize(("command", "words"), [(["false"], "ended with 1"), (["no-such-program"], "does not start")])
def test_a_command_that_fails_is_no_work(command: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run_of(command, lambda: 0.0)()


def test_metrics_are_read_as_prometheus_writes_them() -> None:
    found = samples('a{x="1"} 2\na{x="2"} 3e0\n# HELP b c\nb 4 1700000000\nc{le="+Inf"} +Inf\n\n')
    assert found == {"a": [('x="1"', 2.0), ('x="2"', 3.0)], "b": [("", 4.0)], "c": [('le="+Inf"', math.inf)]}
