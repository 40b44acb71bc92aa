"""What a fleet is asked to do and how it reacts; knows no results."""

from __future__ import annotations

from dataclasses import dataclass, field

from zaphod.capacity.simulation.arrivals import DAY_S, DayCurve
from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.routing import Router, check_router
from zaphod.capacity.simulation.serving import Serving, check_lengths
from zaphod.capacity.workload import Workload
from zaphod.core.errors import ConfigError


def cold_start_s(weight_bytes: float, storage_bandwidth: float, preparation_s: float = 60.0) -> float:
    """From starting a replica to its first request: weights over storage (bytes a second), then graphs and warm-up."""
    return weight_bytes / storage_bandwidth + preparation_s


@dataclass(frozen=True, kw_only=True)
class Autoscaler:
    """Up at once, down slowly, as the Kubernetes autoscaler does with a stabilisation window."""

    min_replicas: int = 2
    max_replicas: int
    target_utilisation: float = 0.7
    """Of saturation: requests in flight per replica are held at what a replica has at this load."""
    spare: int = 1
    """Replicas beyond the need (N + 1)."""
    interval_s: int = 15
    down_after_s: int = 300
    """A replica is stopped when none of the last so many seconds wanted it."""
    start_s: float = 300.0
    """See `cold_start_s`."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise ConfigError(
                f"From {self.min_replicas} to {self.max_replicas} replicas.", "1 <= min <= max.", "Change one of them."
            )
        if not 0 < self.target_utilisation < 1:
            raise ConfigError(f"target_utilisation is {self.target_utilisation}.", "It lies in (0, 1).", "Try 0.7.")
        if min(self.interval_s, self.down_after_s, self.spare + 1) < 1 or self.start_s < 0:
            raise ConfigError("The autoscaler has a negative time or spare.", "Times of 1 s or more.", "Raise them.")


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Replicas break independently. What they were answering begins again elsewhere."""

    mean_time_between_h: float
    """Of one replica."""
    repair_s: float = 900.0
    """Mean, exponential; its cold start included."""

    def __post_init__(self) -> None:
        if not (self.mean_time_between_h > 0 and self.repair_s >= 0):
            raise ConfigError(
                f"A failure every {self.mean_time_between_h} h, mended in {self.repair_s} s.",
                "Hours above 0, seconds of 0 or more.",
                "Change them.",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class FleetOptions:
    """Replicas of one kind behind one router, for a day.

    `workload.users` have a session open at the busiest hour and `day` says how many at the others; each sends a
    request, reads its answer to the end, thinks for `workload.think_s` on average and sends the next.
    `workload.cached_share` of each prompt is found in every replica's cache (a system prompt), `history_share` only
    where the session's last turn was served.
    """

    serving: Serving
    workload: Workload
    num_replicas: int
    """At midnight; an autoscaler changes it."""
    lengths: Lengths
    devices_per_replica: int = 1
    router: Router = "two_choices"
    arrival_cv: float = 1.0
    """Of the gaps between the whole fleet's requests: 1 for Poisson, more for bursts."""
    history_share: float = 0.0
    day: DayCurve = field(default_factory=DayCurve)
    duration_s: float = DAY_S
    autoscaler: Autoscaler | None = None
    failures: Failures | None = None
    num_windows: int = 96
    """Pieces of the day in which requests are followed one by one."""
    window_s: float = 40.0
    group_size: int = 16
    """Replicas of a larger fleet that are followed in each of them."""
    seed: int = 0

    def __post_init__(self) -> None:
        check_router(self.router)
        check_lengths(self.serving, self.lengths)
        for name in ("num_replicas", "devices_per_replica", "num_windows", "group_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.", f"Raise {name}.")
        if not (self.history_share >= 0 and self.history_share + self.workload.cached_share < 1):
            raise ConfigError(
                f"history_share {self.history_share} and cached_share {self.workload.cached_share}.",
                "Together they lie in [0, 1).",
                "Some of every prompt is new.",
            )
        if not (self.arrival_cv > 0 and self.duration_s >= 60 and self.window_s > 0):
            raise ConfigError(
                f"arrival_cv {self.arrival_cv}, duration_s {self.duration_s}, window_s {self.window_s}.",
                "All above 0, the duration 60 s or more.",
                "Raise them.",
            )

    @property
    def most_replicas(self) -> int:
        """That can ever run."""
        return max(self.num_replicas, self.autoscaler.max_replicas if self.autoscaler else 0)
