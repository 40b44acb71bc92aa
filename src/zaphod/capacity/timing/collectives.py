"""How long devices take to exchange data (F10); knows no models and no engines.

Sizes are bytes of one device's whole message, bandwidths bytes a second and direction of one device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator

_SMALL_BYTES, _LARGE_BYTES = 2e6, 64e6
_LARGE_MESSAGES = 0.75
"""Share of a link's bandwidth that libraries reach with large messages."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """What connects the devices of one replica: inside of a node, and between nodes."""

    devices_per_node: int
    link_bandwidth: float
    network_bandwidth: float
    """0 where there is none: then several nodes cannot be used together."""
    latency_s: float
    """Of one small collective inside of a node."""
    network_latency_s: float
    """Added where it crosses nodes."""
    efficiency: float = 1.0
    """Share of a link's bandwidth that small messages reach."""

    def all_reduce_s(self, num_devices: int, size_bytes: float) -> float:
        """`a + 2 (n-1)/n V/bw` in a node; across nodes the slow part moves what one node has added up, too."""
        return self.latency(num_devices) + 2 * self._moved(num_devices, size_bytes)

    def all_gather_s(self, num_devices: int, size_bytes: float) -> float:
        """`a + (n-1)/n V/bw`; a reduce-scatter takes as long."""
        return self.latency(num_devices) + self._moved(num_devices, size_bytes)

    def all_to_all_s(self, num_devices: int, size_bytes: float, *, copies: float = 1) -> float:
        """`a + copies (n-1)/n V/bw`: each device keeps its own share.

        Across nodes each other node gets what it needs once, and hands it on inside (DeepEP); both overlap.
        """
        if num_devices <= 1:
            return 0.0
        inside = min(num_devices, self.devices_per_node)
        num_nodes = -(-num_devices // self.devices_per_node)
        near = size_bytes * copies * (inside - 1) / inside
        far = size_bytes * min(copies, num_nodes) * (num_nodes - 1) / num_nodes
        over_s = max(near / self.link_bandwidth, far / self._network)
        return self.latency(num_devices) + over_s / self.reached(size_bytes * copies)

    def send_s(self, size_bytes: float, *, crosses_nodes: bool) -> float:
        """From one device to one other."""
        bandwidth = self._network if crosses_nodes else self.link_bandwidth
        latency_s = self.latency(2) + (self.network_latency_s if crosses_nodes else 0.0)
        return latency_s + size_bytes / bandwidth / self.reached(size_bytes)

    def reached(self, size_bytes: float) -> float:
        """Share of the bandwidth that messages of this size reach: more from 2 MB on, the most from 64 MB on."""
        most = max(self.efficiency, _LARGE_MESSAGES)
        place = math.log(max(size_bytes, 1.0) / _SMALL_BYTES) / math.log(_LARGE_BYTES / _SMALL_BYTES)
        return self.efficiency + (most - self.efficiency) * min(1.0, max(0.0, place))

    def latency(self, num_devices: int) -> float:
        """Of an empty collective."""
        if num_devices <= 1:
            return 0.0
        return self.latency_s + (self.network_latency_s if num_devices > self.devices_per_node else 0.0)

    def _moved(self, num_devices: int, size_bytes: float) -> float:
        """Seconds of one ring pass."""
        if num_devices <= 1:
            return 0.0
        inside = min(num_devices, self.devices_per_node)
        num_nodes = -(-num_devices // self.devices_per_node)
        near_s = size_bytes * (inside - 1) / inside / self.link_bandwidth
        far_s = size_bytes / inside * (num_nodes - 1) / num_nodes / self._network
        return (near_s + far_s) / self.reached(size_bytes)

    @property
    def _network(self) -> float:
        # A machine that was not made for clusters still has its ordinary network: 10 Gb/s.
        return self.network_bandwidth or 1.25e9


def links_of(accelerator: Accelerator, *, latency_s: float, network_latency_s: float, efficiency: float) -> Links:
    """The links of an accelerator, with the share of their bandwidth that an engine's collectives reach."""
    return Links(
        devices_per_node=accelerator.devices_per_node,
        link_bandwidth=accelerator.link_bandwidth,
        network_bandwidth=accelerator.network_bandwidth,
        latency_s=latency_s,
        network_latency_s=network_latency_s,
        efficiency=efficiency,
    )
