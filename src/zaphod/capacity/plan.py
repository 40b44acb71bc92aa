"""A plan: what a deployment needs, does and costs, with the reasons; plain results, computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.replica import Replica
from zaphod.capacity.workload import Workload


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """Of one device of a replica, in bytes."""

    weights: float
    kv_cache: float
    """What is left for keys and values."""
    activations: float
    overhead: float
    """Runtime, graphs, communication."""
    available: float
    """Reported memory times what the engine may take."""
    kv_tokens: int
    """Tokens that the replica's caches hold together."""


@dataclass(frozen=True, kw_only=True)
class Considered:
    """A layout that was looked at and not chosen."""

    replica: Replica
    reason: str


@dataclass(frozen=True, kw_only=True)
class Service:
    """What one replica gives at the load it is planned for."""

    concurrency: int
    """Streams that are decoded at once."""
    ttft_s: Estimate
    ttft_p95_s: Estimate
    itl_s: Estimate
    output_tokens_per_s: Estimate
    """Of the whole replica."""
    requests_per_s: Estimate


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the whole deployment takes while it runs at the planned load."""

    num_replicas: int
    """With the spare one."""
    power_w: Estimate
    """At the wall, PUE included."""
    joules_per_output_token: Estimate
    cost_per_hour: Estimate
    """US dollars."""
    cost_per_million_output_tokens: Estimate
    co2_kg_per_hour: Estimate
    co2_g_per_million_output_tokens: Estimate
    break_even_months: Estimate | None = None
    """Until buying has cost less than renting; None where that never happens, or no purchase price is known."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What `zaphod plan` answers."""

    workload: Workload
    replica: Replica
    memory: MemoryUse
    service: Service
    running: Running
    concurrent: Mapping[str, Estimate]
    """Sessions open, requests in flight, streams decoding."""
    considered: tuple[Considered, ...]
    assumptions: tuple[str, ...]
    """Sentences; each figure's own basis stands with it."""
    region: str
    """Whose electricity."""
    hall: str = "gpu-hall"
    """Whose PUE."""

    @property
    def num_devices(self) -> int:
        """Of the whole deployment."""
        return self.running.num_replicas * self.replica.num_devices
