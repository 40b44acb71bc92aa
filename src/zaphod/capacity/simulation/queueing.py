"""Closed forms of queueing theory, which the simulations are held against; knows no models and no tokens.

All are textbook results (L. Kleinrock, "Queueing Systems", volume 1, 1975). Rates are per second, times in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Means of a queue in its steady state."""

    utilisation: float
    """Share of the servers' time that is spent serving."""
    wait_s: float
    """Before service begins."""
    sojourn_s: float
    """From arrival to departure."""
    in_system: float
    """Waiting or being served."""


def little(arrivals_per_s: float, sojourn_s: float) -> float:
    """Mean number in the system: Little's law, L = lambda W."""
    return arrivals_per_s * sojourn_s


def mg1(arrivals_per_s: float, service_s: float, service_cv: float) -> Queue:
    """One server, first come first served, any service time of this mean and coefficient of variation.

    Pollaczek and Khinchine's formula. `service_cv` is 1 for M/M/1 and 0 for M/D/1.

    Raises:
        ConfigError: the queue would grow for ever.
    """
    utilisation = _stable(arrivals_per_s * service_s)
    wait_s = utilisation * service_s * (1 + service_cv**2) / (2 * (1 - utilisation))
    return _queue(arrivals_per_s, service_s, wait_s, utilisation)


def mm1(arrivals_per_s: float, service_s: float) -> Queue:
    """One server, exponential service. Raises as `mg1`."""
    return mg1(arrivals_per_s, service_s, 1.0)


def md1(arrivals_per_s: float, service_s: float) -> Queue:
    """One server, constant service. Raises as `mg1`."""
    return mg1(arrivals_per_s, service_s, 0.0)


def mm1_sojourn_quantile(arrivals_per_s: float, service_s: float, share: float) -> float:
    """The time from arrival to departure that this share of M/M/1's customers stay under. Raises as `mg1`."""
    return mm1(arrivals_per_s, service_s).sojourn_s * -math.log1p(-share)


def mmc(arrivals_per_s: float, service_s: float, servers: int) -> Queue:
    """Several servers with one queue, exponential service (Erlang C).

    Raises:
        ConfigError: the queue would grow for ever.
    """
    offered = arrivals_per_s * service_s
    utilisation = _stable(offered / servers)
    blocked = 1.0  # Erlang B by its recursion, which does not overflow.
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    waits = blocked / (1 - utilisation * (1 - blocked))
    return _queue(arrivals_per_s, service_s, waits * service_s / (servers * (1 - utilisation)), utilisation)


@dataclass(frozen=True, kw_only=True)
class FiniteQueue:
    """A queue that holds at most so many, in its steady state."""

    probabilities: tuple[float, ...]
    """Of 0, 1, ..., K in the system."""
    throughput_per_s: float
    in_system: float
    sojourn_s: float
    """Of those who were let in."""

    @property
    def refused_share(self) -> float:
        """Of the arrivals: those that find it full."""
        return self.probabilities[-1]


def mm1k(arrivals_per_s: float, rates_per_s: Sequence[float]) -> FiniteQueue:
    """M/M/1/K whose service rate depends on the state: `rates_per_s[n - 1]` departures a second with n in the system.

    An engine that decodes n sequences of `out` tokens at ITL(n) seconds a step has `n / (out * ITL(n))` (F12).
    """
    logarithms = [0.0]
    for rate in rates_per_s:
        logarithms.append(logarithms[-1] + math.log(arrivals_per_s) - math.log(rate))
    highest = max(logarithms)
    weights = [math.exp(each - highest) for each in logarithms]
    whole = sum(weights)
    probabilities = tuple(weight / whole for weight in weights)
    throughput = arrivals_per_s * (1 - probabilities[-1])
    in_system = sum(count * probability for count, probability in enumerate(probabilities))
    return FiniteQueue(
        probabilities=probabilities,
        throughput_per_s=throughput,
        in_system=in_system,
        sojourn_s=in_system / throughput,
    )


def _queue(arrivals_per_s: float, service_s: float, wait_s: float, utilisation: float) -> Queue:
    sojourn_s = wait_s + service_s
    return Queue(
        utilisation=utilisation, wait_s=wait_s, sojourn_s=sojourn_s, in_system=little(arrivals_per_s, sojourn_s)
    )


def _stable(utilisation: float) -> float:
    if not 0 <= utilisation < 1:
        raise ConfigError(
            f"The servers are asked for {utilisation:.2f} of their time.",
            "A queue has a steady state below 1 only.",
            "Lower the arrivals or add servers.",
        )
    return utilisation
