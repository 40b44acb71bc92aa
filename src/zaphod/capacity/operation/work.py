"""What a sweep measures: a command that is run again and again, or a server that answers others meanwhile.

Knows no devices; joules come from a function.
"""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from zaphod.core.errors import ConfigError, UnavailableError

_LINE = re.compile(r"(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)")
_BOUND = re.compile(r'(?:^|,)le="([^"]+)"')
_TOKENS = ("vllm:generation_tokens_total", "sglang:generation_tokens_total")
_GAPS = (
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:time_per_output_token_seconds_bucket",
    "sglang:inter_token_latency_seconds_bucket",
    "sglang:time_per_output_token_seconds_bucket",
)


def run_of(
    command: Sequence[str], joules: Callable[[], float], clock: Callable[[], float] = time.monotonic
) -> Callable[[], tuple[float, float, None]]:
    """One run of a command, whose work must be the same each time.

    Raises (when called):
        ConfigError: the command is not there, or fails.
    """

    def measure() -> tuple[float, float, None]:
        began_s, began_j = clock(), joules()
        try:
            code = subprocess.run(list(command), check=False).returncode
        except OSError as error:
            raise ConfigError(
                f"{command[0]} does not start: {error}", "It is the work.", "Check the command."
            ) from error
        if code != 0:
            raise ConfigError(
                f"The command ended with {code}.", "What fails cannot be compared.", "Make it end with 0."
            )
        return clock() - began_s, joules() - began_j, None

    return measure


def window_of(
    url: str,
    seconds: float,
    joules: Callable[[], float],
    read: Callable[[str], str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[], tuple[float, float, float | None]]:
    """A server under load, for some seconds: time and joules of one token, and the time between two tokens.

    Args:
        url: of its metrics, vLLM's, SGLang's or ours.
        seconds: of one window.
        joules: so far.
        read, sleep, clock: stand for the web and for time.

    Raises (when called):
        UnavailableError: the server does not answer, or does not tell its tokens.
        ConfigError: it produced no token.
    """
    ask = read or _read

    def measure() -> tuple[float, float, float | None]:
        before, began_s, began_j = samples(ask(url)), clock(), joules()
        sleep(seconds)
        after, took_s, used_j = samples(ask(url)), clock() - began_s, joules() - began_j
        num_tokens = _tokens(after, url) - _tokens(before, url)
        if num_tokens <= 0:
            raise ConfigError(
                f"{url} told of no token in {seconds:g} s.", "A server is swept under load.", "Send it requests."
            )
        return took_s / num_tokens, used_j / num_tokens, _p99_s(before, after)

    return measure


def samples(text: str) -> Mapping[str, list[tuple[str, float]]]:
    """Metrics as Prometheus reads them: by name, labels and value of each."""
    found: dict[str, list[tuple[str, float]]] = {}
    for line in text.splitlines():
        match = None if line.startswith("#") else _LINE.match(line)
        if match is None:
            continue
        try:
            found.setdefault(match["name"], []).append((match["labels"] or "", float(match["value"])))
        except ValueError:
            continue
    return found


def quantile_s(counts: Mapping[float, float], share: float) -> float | None:
    """Of a histogram's cumulative counts by upper bound, straight inside of a bucket; None without any.

    What lies above the last finite bound counts as at that bound, as in Prometheus.
    """
    bounds = sorted(counts)
    whole = counts[bounds[-1]] if bounds else 0.0
    if whole <= 0:
        return None
    wanted, low, below = share * whole, 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            if bound == float("inf"):
                return low
            inside = counts[bound] - below
            return bound if inside <= 0 else low + (bound - low) * (wanted - below) / inside
        low, below = bound, counts[bound]
    return low


def _p99_s(before: Mapping[str, list[tuple[str, float]]], after: Mapping[str, list[tuple[str, float]]]) -> float | None:
    for name in _GAPS:
        if name in after:
            former = _buckets(before.get(name, []))
            new = {bound: count - former.get(bound, 0.0) for bound, count in _buckets(after[name]).items()}
            return quantile_s(new, 0.99)
    return None


def _buckets(found: Sequence[tuple[str, float]]) -> dict[float, float]:
    """Of all models and ranks together."""
    counts: dict[float, float] = {}
    for labels, value in found:
        match = _BOUND.search(labels)
        if match is not None:
            bound = float(match[1])
            counts[bound] = counts.get(bound, 0.0) + value
    return counts


def _tokens(found: Mapping[str, list[tuple[str, float]]], url: str) -> float:
    for name in _TOKENS:
        if name in found:
            return sum(value for _, value in found[name])
    raise UnavailableError(
        f"{url} tells of no tokens.", f"One of {', '.join(_TOKENS)} must be there.", "SGLang wants --enable-metrics."
    )


def _read(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"The address is {url!r}.", "It must begin with http.", "Like http://127.0.0.1:8000/metrics")
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode("utf-8", "replace"))
    except OSError as error:
        raise UnavailableError(
            f"{url} does not answer: {error}", "", "Start the server, or mend the address."
        ) from error
