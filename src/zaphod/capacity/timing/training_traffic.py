"""What training sends between devices, and how long that takes alone (F10); knows no products and hides nothing.

Devices are numbered as Megatron does: tensor fastest, then context, data, pipeline slowest; experts take devices of the
first three in order. A ring over whole nodes crosses each node's border over all of its network cards at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.collectives import Links
from zaphod.capacity.timing.training_job import Common, TrainingJob
from zaphod.capacity.timing.training_work import Work, device_tokens

_BF16_BYTES = 2
_LATENCY_S = 10e-6
"""Of one collective."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Seconds, nothing hidden. The first four for each micro-batch, the last for each step."""

    tensor_s: float
    expert_s: float
    context_s: float
    boundary_s: float
    """Between pipeline stages."""
    gather_s: float
    """Of sharded weights, forward and backward, and of their gradients' reduction."""
    data_s: float
    """Of gradients and weights of unsharded stacks."""


def traffic(
    shape: ModelShape,
    accelerator: Accelerator,
    layout: Layout,
    job: TrainingJob,
    work: Work,
    common: Common,
    sharded: bool,
) -> Traffic:
    """Of one device."""
    wires = _Wires(accelerator=accelerator, common=common)
    tokens = device_tokens(layout, job)
    stream = tokens * shape.hidden_size * _BF16_BYTES
    sparse = work.sparse_layers
    dense = shape.num_layers / layout.pipeline - sparse
    # Each half of a layer gathers and scatters forward, gathers and scatters backward, and gathers again for gradients
    # of weights; recomputing it gathers and scatters once more. Experts' transfers take the place of the second half.
    passes = 5 + (2 if job.recompute == "full" else 0)
    halves = (
        2 * dense
        + sparse
        + sum(
            layer.count / layout.pipeline
            for layer in shape.layers
            if layer.experts is not None and (layer.experts.shared_width or layer.dense_width)
        )
    )
    tensor_s = halves * passes * wires.ring(stream * layout.tensor, layout.tensor, stride=1)
    expert_s = sum(
        layer.count / layout.pipeline * _expert_s(stream, layer.experts.top_k, layout, job, wires)
        for layer in shape.layers
        if layer.experts is not None
    )
    keys = sum(
        layer.count
        / layout.pipeline
        * (layer.attention.num_kv_heads * (layer.attention.head_dim + layer.attention.value_head_dim) / layout.tensor)
        for layer in shape.layers
    )
    context_s = wires.ring(
        3 * keys * job.micro_batch * job.sequence_length * _BF16_BYTES, layout.context, stride=layout.tensor
    )
    boundary_s = 0.0
    if layout.pipeline > 1:
        inside = layout.num_devices <= accelerator.devices_per_node
        boundary_s = 2 * layout.virtual * wires.send(stream, crosses_nodes=not inside)
    dense_parameters = work.parameters - work.expert_parameters
    expert_data = max(layout.tensor * layout.context * layout.data // (layout.expert * job.expert_tensor), 1)
    rings = (
        (dense_parameters, layout.data * layout.context, layout.tensor),
        (work.expert_parameters, expert_data, layout.expert * job.expert_tensor),
    )
    # Weights twice and gradients once in bfloat16; unsharded gradients in float32 once, weights once.
    gather_s = (
        sum(3 * wires.ring(_BF16_BYTES * count, size, stride) for count, size, stride in rings) if sharded else 0.0
    )
    data_s = (
        0.0 if sharded else sum(wires.ring((4 + _BF16_BYTES) * count, size, stride) for count, size, stride in rings)
    )
    return Traffic(
        tensor_s=tensor_s,
        expert_s=expert_s,
        context_s=context_s,
        boundary_s=boundary_s,
        gather_s=gather_s,
        data_s=data_s,
    )


@dataclass(frozen=True, kw_only=True)
class _Wires:
    """Seconds of single transfers between devices that lie `stride` apart: fewer of them share a node."""

    accelerator: Accelerator
    common: Common

    def _links(self, stride: int) -> Links:
        return Links(
            devices_per_node=max(self.accelerator.devices_per_node // stride, 1),
            link_bandwidth=self.accelerator.link_bandwidth * self.common.link,
            network_bandwidth=self.accelerator.network_bandwidth * self.common.network,
            latency_s=_LATENCY_S,
            network_latency_s=_LATENCY_S,
        )

    def ring(self, num_bytes: float, size: int, stride: int) -> float:
        """Gathering `num_bytes` over `size` devices, or reducing and scattering them."""
        return self._links(stride).all_gather_s(size, num_bytes) if size > 1 and num_bytes else 0.0

    def send(self, num_bytes: float, *, crosses_nodes: bool) -> float:
        return self._links(1).send_s(num_bytes, crosses_nodes=crosses_nodes)

    def all_to_all(self, num_bytes: float, size: int, stride: int, visits: int, deduplicates: bool) -> float:
        """Each device sends `num_bytes` in parts, `visits` of them for each token, to `size` devices.

        Deduplicated, what goes to several devices of one node crosses the network once and is spread inside of it.
        """
        links = self._links(stride)
        nodes = size / links.devices_per_node
        if not deduplicates or nodes <= 1:
            return links.all_to_all_s(size, num_bytes)
        # Nodes that so many equal draws reach, its own aside.
        reached = (nodes - 1) * (1 - (1 - 1 / nodes) ** visits)
        near = num_bytes * (size - 1) / size / links.link_bandwidth
        return links.latency(size) + max(near, num_bytes / visits * reached / (links.network_bandwidth or math.inf))


def _expert_s(stream: float, top_k: int, layout: Layout, job: TrainingJob, wires: _Wires) -> float:
    """One sparse layer's dispatch and combination, forward and backward, and its experts' own tensor parallelism."""
    routed = stream * top_k
    passes = 4 + (2 if job.recompute == "full" else 0)
    sent = wires.all_to_all(routed, layout.expert, job.expert_tensor, top_k, job.deduplicates)
    gathered = wires.ring(routed * job.expert_tensor, job.expert_tensor, stride=1)
    return passes * (sent + gathered)
