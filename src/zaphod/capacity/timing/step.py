"""What one step of a replica takes: weights, experts, attention, exchange, launches; knows no requests and no queues.

The calibrated form of F8 and F9. A step decodes one token of each of some sequences, and may read a piece of a prompt.
Each kind of work takes as long as the slower of its bytes and its operations (joined smoothly), the kinds add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.memory.precisions import Precision, precision
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.shape import Attention, Layer
from zaphod.capacity.timing.collectives import links_of
from zaphod.capacity.timing.coverage import distinct_experts, fullest_rank
from zaphod.capacity.timing.engines import Calibration, FormatConstants, calibration, kind_of

_ACTIVATION_BYTES = 2
_SHARPNESS = 4
"""Of the smooth maximum: 19 % above the larger where both are equal, as kernels near the ridge of a roofline are."""
_ATTENTION_COMPUTE = 0.7
"""Share of a matrix product's efficiency that attention's products reach."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step has to do, over the whole replica (one micro-batch of a pipeline)."""

    sequences: float = 0.0
    """Sequences that each get one token."""
    context: float = 0.0
    """Tokens that each of them has, on average."""
    prompt_tokens: float = 0.0
    """Of prompts, read in this step."""
    prompt_seen: float = 0.0
    """Tokens that each of those sees on average: half of a prompt that is read at once."""
    prompts: int = 0
    """That they belong to: they can be spread over no more groups of data parallelism."""


@dataclass(frozen=True, kw_only=True)
class StepParts:
    """Seconds of a step by what takes them, and what one device moves and computes meanwhile."""

    dense_s: float
    """Attention's projections, plain and shared blocks, head."""
    experts_s: float
    attention_s: float
    """Reading keys and values, scores and sums."""
    collectives_s: float
    launch_s: float
    sequences_s: float
    touched_bytes: float
    """Read from the memory of one device; in a pipeline by all micro-batches of a step."""
    flops: float
    distinct_experts: float
    """Of one layer, expected; 0 without experts."""

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.dense_s + self.experts_s + self.attention_s + self.collectives_s + self.launch_s + self.sequences_s


class StepModel:
    """The steps of one replica. Building it does what all steps share."""

    def __init__(self, replica: Replica, calibrated: Calibration | None = None) -> None:
        self.replica = replica
        self.calibration = calibrated or calibration()
        self.constants, self.neighbour_error = self.calibration.constants_for(replica.engine, replica.accelerator)
        shape, layout, accelerator = replica.shape, replica.layout, replica.accelerator
        kept = precision(replica.precision)
        dense = precision("bf16") if kept.experts_only and shape.num_sparse_layers else kept
        self._dense_bytes, self._expert_bytes = dense.bits_per_weight / 8, kept.bits_per_weight / 8
        self._kept_bytes = kept.kept_bits / 8
        self._kv_bytes = kv_bytes(replica.kv_precision)
        bandwidth = accelerator.bandwidth * self.calibration.bandwidth_factor(accelerator)
        self._read = bandwidth * self.constants.weight_efficiency
        self._read_kv = bandwidth * self.constants.kv_efficiency
        self._read_dense = self._read * self._format(dense).bandwidth
        own = self._format(kept)
        self._read_experts = self._read * own.bandwidth * own.experts * self.constants.expert_efficiency
        if layout.tensor * layout.data * layout.context > 1:
            self._read_experts *= self.constants.sharded_efficiency
        self._compute = accelerator.peak("bf16") * self.constants.compute_efficiency
        self._compute_dense = self._products(dense)
        self._compute_experts = self._products(kept)
        # Tiles of matrix units are filled by many rows only; processors multiply row by row.
        tiles = kind_of(accelerator) in ("nvidia", "amd")
        self._half_rows = self.calibration.grouped.half_rows if tiles else 0.0
        self._half_width = self.calibration.grouped.half_width if tiles else 0.0
        self._links = links_of(
            accelerator,
            latency_s=self.constants.all_reduce_s,
            network_latency_s=self.constants.network_latency_s,
            efficiency=self.constants.link_efficiency,
        )
        self._tensor, self._data = layout.tensor, layout.data * layout.context
        self._expert_shards = layout.tensor * layout.data * layout.context
        self._head = shape.embedding_parameters / layout.tensor
        self._weights = sum(layer.count * self._dense_parameters(layer) for layer in shape.layers)
        self._launch = sum(layer.count * self._floor(layer) for layer in shape.layers)

    def step(self, work: Work) -> StepParts:
        """All layers of the model for one micro-batch."""
        constants, shape = self.constants, self.replica.shape
        rank_sequences = math.ceil(work.sequences / self._data)
        rank_prompt = work.prompt_tokens / max(1, min(self._data, work.prompts))
        rows = rank_sequences + rank_prompt
        tokens = work.sequences + work.prompt_tokens
        dense_bytes = self._weights * self._dense_bytes
        dense_flops = 2 * self._weights * rows
        head_bytes = self._head * self._kept_bytes
        head_flops = 2 * self._head * (rank_sequences + max(1, work.prompts / self._data))
        dense_s = _slower(dense_bytes / self._read_dense, dense_flops / self._compute_dense)
        dense_s += _slower(head_bytes / self._read, head_flops / self._compute)
        dense_s += self._unpacking(self._weights, self._dense_bytes)
        experts = [self._experts(layer, tokens) for layer in shape.layers if layer.experts is not None]
        attention = [self._attention(layer, rank_sequences, rank_prompt, work) for layer in shape.layers]
        collectives_s = sum(layer.count * self._exchange(layer, rows, tokens) for layer in shape.layers)
        launch_s = self._launch
        if self.replica.layout.pipeline > 1:
            collectives_s += (self.replica.layout.pipeline - 1) * self._send_s(rows)
        busy_s = dense_s + sum(e.seconds for e in experts) + sum(a.seconds for a in attention) + collectives_s
        if work.prompt_tokens:
            # Without a captured graph the host starts kernels one by one, while the device works.
            launch_s = max(launch_s, constants.prompt_layer_s * shape.num_layers - busy_s)
        return StepParts(
            dense_s=dense_s,
            experts_s=sum(each.seconds for each in experts),
            attention_s=sum(each.seconds for each in attention),
            collectives_s=collectives_s,
            launch_s=launch_s + constants.step_s,
            sequences_s=constants.sequence_s * rank_sequences,
            touched_bytes=dense_bytes
            + head_bytes
            + sum(e.touched for e in experts)
            + sum(a.touched for a in attention),
            flops=dense_flops + head_flops + sum(e.flops for e in experts) + sum(a.flops for a in attention),
            distinct_experts=max((each.distinct for each in experts), default=0.0),
        )

    def _dense_parameters(self, layer: Layer) -> float:
        """Of one device and layer: what every token is multiplied with, head and routed experts aside."""
        hidden, attention = self.replica.shape.hidden_size, layer.attention
        whole = 0.0
        if attention.latent_rank:
            # The projections down to the latent widths stand on every device.
            whole = hidden * (attention.query_rank + attention.latent_rank + attention.rope_head_dim)
        split = attention.num_parameters(hidden) - whole + layer.num_matrices * hidden * layer.dense_width
        if layer.experts is not None:
            whole += hidden * layer.experts.num_experts
            split += layer.num_matrices * hidden * layer.experts.shared_width
        return whole + split / self._tensor

    def _floor(self, layer: Layer) -> float:
        constants = self.constants
        floor = constants.layer_s + (constants.sparse_layer_s if layer.experts is not None else 0.0)
        return floor + (constants.latent_layer_s if layer.attention.latent_rank else 0.0)

    def _format(self, stored: Precision) -> FormatConstants:
        """What an engine unpacks costs time of its own: then reading it is as good as reading others.

        A device that does not multiply a format widens its weights: that is as good as formats for weights alone.
        """
        name = stored.number_format
        if self.constants.unpack_per_s:
            name = "bf16"
        elif name not in self.replica.accelerator.peak_flops and stored.bits_per_weight < 16:
            name = "int4-weights" if stored.bits_per_weight < 8 else "int8-weights"
        return self.calibration.format_constants(name)

    def _products(self, stored: Precision) -> float:
        peak = self.replica.accelerator.peak(stored.number_format)
        return peak * self.constants.compute_efficiency * self._format(stored).compute

    def _unpacking(self, weights: float, num_bytes: float) -> float:
        unpack = self.constants.unpack_per_s
        return weights / unpack if unpack and num_bytes < 2 else 0.0

    def _experts(self, layer: Layer, tokens: float) -> _Part:
        """F7: all touched experts are read, and the fullest device is waited for."""
        experts = layer.experts
        assert experts is not None
        one = layer.num_matrices * self.replica.shape.hidden_size * experts.width
        distinct = distinct_experts(experts.num_experts, experts.top_k, tokens, skew=self.calibration.grouped.skew)
        load = fullest_rank(
            experts.num_experts, experts.top_k, tokens, self.replica.layout.expert, skew=self.calibration.grouped.skew
        )
        weights = layer.count * one * distinct / self._expert_shards
        touched = weights * self._expert_bytes
        flops = layer.count * 2 * one * tokens * experts.top_k / self._expert_shards
        rows = tokens * experts.top_k / max(distinct, 1e-9)
        width = experts.width * self.replica.layout.expert / self._expert_shards
        efficiency = rows / (rows + self._half_rows) * width / (width + self._half_width)
        seconds = _slower(
            load[0] * touched / self._read_experts,
            load[1] * flops / (self._compute_experts * efficiency),
        )
        return _Part(seconds + load[0] * self._unpacking(weights, self._expert_bytes), touched, flops, distinct)

    def _attention(self, layer: Layer, sequences: float, prompt: float, work: Work) -> _Part:
        """Keys and values of all sequences are read; tensor parallelism splits them as far as there are heads."""
        attention = layer.attention
        context_parallel = self.replica.layout.context
        heads = 1 if attention.latent_rank else min(self._tensor, attention.num_kv_heads)
        context = _seen(attention, work.context) / context_parallel
        touched = layer.count * sequences * context * attention.kv_values_per_token * self._kv_bytes / heads
        split = min(self._tensor, attention.num_heads)
        flops = layer.count * sequences * context * _decoding_flops_per_pair(attention) / split
        read = layer.count * prompt * _seen(attention, work.prompt_seen) * attention.flops_per_pair() / split
        compute = self._compute * _ATTENTION_COMPUTE
        return _Part(_slower(touched / self._read_kv, flops / compute) + read / compute, touched, flops + read, 0.0)

    def _exchange(self, layer: Layer, rows: float, tokens: float) -> float:
        """F10, of one layer: sums after attention and after the block, or tokens sent to their experts and back."""
        message = _ACTIVATION_BYTES * self.replica.shape.hidden_size
        after_attention = self._links.all_reduce_s(self._tensor, rows * message) if self._tensor > 1 else 0.0
        if layer.experts is None or self._data == 1:
            return 2 * after_attention
        if self.replica.layout.expert == 1:
            return after_attention + 2 * self._links.all_gather_s(self._expert_shards, tokens * message)
        # Out in 8 bits, back in 16 (DeepEP); every device sends its part of the rows.
        group, copies = self.replica.layout.expert, min(layer.experts.top_k, self.replica.layout.expert)
        sent = rows / self._tensor * self.replica.shape.hidden_size
        out_s = self._links.all_to_all_s(group, sent, copies=copies)
        return after_attention + out_s + self._links.all_to_all_s(group, 2 * sent, copies=copies)

    def _send_s(self, rows: float) -> float:
        crosses = self.replica.num_devices > self.replica.accelerator.devices_per_node
        size = rows * self.replica.shape.hidden_size * _ACTIVATION_BYTES / self._tensor
        return self._links.send_s(size, crosses_nodes=crosses)


@dataclass(frozen=True)
class _Part:
    seconds: float
    touched: float
    flops: float
    distinct: float


def kv_bytes(kv_precision: str) -> float:
    """Of one number in the cache."""
    return precision(kv_precision).bits_per_weight / 8


def _seen(attention: Attention, tokens: float) -> float:
    return tokens if attention.window is None else min(tokens, attention.window)


def _decoding_flops_per_pair(attention: Attention) -> int:
    """Latent attention works on the latents themselves when it decodes (arXiv 2405.04434, section 2.1.2)."""
    if not attention.latent_rank:
        return attention.flops_per_pair()
    return 2 * attention.num_heads * (2 * attention.latent_rank + attention.rope_head_dim)


def _slower(first: float, second: float) -> float:
    """A smooth maximum."""
    larger, smaller = max(first, second), min(first, second)
    if not larger:
        return 0.0
    return float(larger * (1 + (smaller / larger) ** _SHARPNESS) ** (1 / _SHARPNESS))
