"""Which replica gets a request; knows how many requests each has, nothing of their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zaphod.core.errors import ConfigError

Router = Literal["random", "two_choices", "least_loaded", "prefix_aware"]
"""`two_choices`: the less loaded of two drawn by chance (M. Mitzenmacher, "The power of two choices in randomized load
balancing", 2001). `prefix_aware`: where the session was served last, unless that replica is far above the mean; then
`two_choices`."""

ROUTERS: tuple[Router, ...] = get_args(Router)
_FEW = 4.0


def check_router(name: str) -> Router:
    """The same name. Raises `ConfigError` for one that is not known."""
    for router in ROUTERS:
        if name == router:
            return router
    raise ConfigError(f"The router is {name!r}.", f"Known are {', '.join(ROUTERS)}.", "Choose one of them.")


def too_loaded(load: float, mean: float) -> bool:
    """Whether a prefix-aware router passes a replica by: its load is 1.5 times the mean, and four requests, above."""
    return load > mean + max(_FEW, mean / 2)


def choose(router: Router, loads: Sequence[int], home: int, random: np.random.Generator) -> int:
    """The replica for one request, whose session was last served at `home` (-1: nowhere)."""
    count = len(loads)
    if router == "prefix_aware" and home >= 0 and not too_loaded(loads[home], sum(loads) / count):
        return home
    if router == "least_loaded":
        lowest = min(loads)
        best = [number for number, load in enumerate(loads) if load == lowest]
        return best[int(random.random() * len(best))]
    first = int(random.random() * count)
    if router == "random" or count == 1:
        return first
    second = (first + 1 + int(random.random() * (count - 1))) % count
    return second if loads[second] < loads[first] else first


def choose_many(
    router: Router, loads: NDArray[np.int32], home: NDArray[np.int32], random: np.random.Generator
) -> NDArray[np.int64]:
    """`choose` for several fleets at once: `loads` is [fleets, replicas], `home` [fleets]."""
    num_fleets, count = loads.shape
    if router == "least_loaded":
        return np.asarray((loads + random.random(loads.shape, dtype=np.float32)).argmin(axis=1))
    draws = random.random((2, num_fleets))
    first = (draws[0] * count).astype(np.int64)
    if router == "random" or count == 1:
        return np.asarray(first)
    rows = np.arange(num_fleets)
    second = (first + 1 + (draws[1] * (count - 1)).astype(np.int64)) % count
    chosen = np.where(loads[rows, second] < loads[rows, first], second, first)
    if router == "two_choices":
        return np.asarray(chosen)
    mean = loads.mean(axis=1)
    stays = (home >= 0) & (loads[rows, home] <= mean + np.maximum(_FEW, mean / 2))
    return np.asarray(np.where(stays, home, chosen))
