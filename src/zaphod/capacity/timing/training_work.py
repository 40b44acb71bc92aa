"""What one device multiplies, moves and keeps for one micro-batch of training; knows no speeds and no networks.

A pipeline stage is taken to hold the mean of all layers, head included: recipes place layers so. Attention counts as
causal (F3: a token sees half of its sequence), whatever convention a published utilisation has.
"""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.capacity.timing.training_job import TrainingJob

_BF16_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Product:
    """A forward matrix product of `rows` by `inner` with `inner` by `columns`, `count` times; the backward pass has
    two more of the same size.
    """

    rows: float
    inner: float
    columns: float
    count: float = 1.0
    grouped: bool = False
    """One of many experts' products in one call."""
    keeps_bf16: bool = False
    """In fp8 training too."""

    @property
    def flops(self) -> float:
        """Forward."""
        return 2.0 * self.rows * self.inner * self.columns * self.count

    @property
    def intensity(self) -> float:
        """Multiplications for each number that must be read or written: half of F3's operations over F6's numbers."""
        return 1.0 / (1.0 / self.rows + 1.0 / self.inner + 1.0 / self.columns)


@dataclass(frozen=True, kw_only=True)
class Work:
    """Of one device, for one micro-batch."""

    products: tuple[Product, ...]
    attention_flops: float
    """Forward, causal."""
    moved_bytes: float
    """Of plain passes, forward and backward."""
    sparse_layers: float
    parameters: float
    """That the device multiplies with: its part of the dense weights and its experts'."""
    expert_parameters: float


def rows_per_expert(experts: Experts, layout: Layout, job: TrainingJob) -> float:
    """Tokens that one expert sees in one micro-batch on the devices that hold it, if all are chosen alike.

    The devices of one expert group put the tokens of their micro-batches together: `expert * expert_tensor` devices,
    each with its part of a micro-batch.
    """
    return _group_tokens(layout, job) * experts.top_k / experts.num_experts


def _group_tokens(layout: Layout, job: TrainingJob) -> float:
    return device_tokens(layout, job) * layout.expert * job.expert_tensor


def device_tokens(layout: Layout, job: TrainingJob) -> float:
    """Tokens of a micro-batch that belong to one device, sequences being split over tensor and context parallelism."""
    return job.micro_batch * job.sequence_length / (layout.context * layout.tensor)


def work(shape: ModelShape, layout: Layout, job: TrainingJob) -> Work:
    """Of one device, for one micro-batch."""
    tokens = job.micro_batch * job.sequence_length / layout.context
    products: list[Product] = []
    attention_flops = moved = parameters = expert_parameters = 0.0
    for layer in shape.layers:
        count = layer.count / layout.pipeline
        products += _layer_products(shape, layer, tokens, layout, job, count)
        seen = job.sequence_length / 2
        window = layer.attention.window
        if window is not None and window < job.sequence_length:
            seen = window * (1 - window / (2 * job.sequence_length))
        attention_flops += count * tokens * layer.attention.flops_per_pair() * seen / layout.tensor
        moved += count * tokens / layout.tensor * layer_bytes(shape.hidden_size, layer)
        routed = _expert_parameters(shape.hidden_size, layer)
        parameters += count * (shape.layer_parameters(layer) - routed) / layout.tensor
        expert_parameters += count * routed / (layout.expert * job.expert_tensor)
    share = layout.tensor * layout.pipeline
    products.append(
        Product(
            rows=tokens,
            inner=shape.hidden_size,
            columns=shape.vocab_size / layout.tensor,
            count=1 / layout.pipeline,
            keeps_bf16=True,
        )
    )
    # Logits: written in bfloat16, read and written in float32 by the loss, and their gradients.
    moved += tokens * shape.vocab_size / share * 16
    tables = 1 if shape.ties_embeddings else 2
    return Work(
        products=tuple(products),
        attention_flops=attention_flops,
        moved_bytes=moved,
        sparse_layers=shape.num_sparse_layers / layout.pipeline,
        parameters=parameters + tables * shape.embedding_parameters / share + expert_parameters,
        expert_parameters=expert_parameters,
    )


def _layer_products(
    shape: ModelShape, layer: Layer, tokens: float, layout: Layout, job: TrainingJob, count: float
) -> list[Product]:
    found = [
        Product(rows=tokens, inner=inner, columns=columns, count=count)
        for inner, columns in _attention_products(shape.hidden_size, layer.attention, layout.tensor)
    ]
    experts = layer.experts
    for width in (layer.dense_width, experts.shared_width if experts else 0):
        found += [
            Product(rows=tokens, inner=inner, columns=columns, count=count)
            for inner, columns in _block_products(shape.hidden_size, layer.num_matrices, width / layout.tensor)
        ]
    if experts is not None:
        rows = rows_per_expert(experts, layout, job)
        found += [
            Product(
                rows=rows,
                inner=inner,
                columns=columns,
                count=count * experts.num_experts / layout.expert,
                grouped=experts.num_experts > layout.expert,
            )
            for inner, columns in _block_products(
                shape.hidden_size, layer.num_matrices, experts.width / job.expert_tensor
            )
        ]
    return found


def _attention_products(hidden: int, attention: Attention, tensor: int) -> list[tuple[float, float]]:
    """(inner, columns) of one layer's projections on one device; what squeezes is split by tokens: the same count."""
    heads = attention.num_heads / tensor
    output = (heads * attention.value_head_dim, hidden)
    if not attention.latent_rank:
        groups = max(attention.num_kv_heads / tensor, 1.0)
        columns = heads * attention.head_dim + groups * (attention.head_dim + attention.value_head_dim)
        return [(hidden, columns), output]
    whole = heads * (attention.head_dim + attention.rope_head_dim)
    queries: list[tuple[float, float]] = [(hidden, whole)]
    if attention.query_rank:
        queries = [(hidden, attention.query_rank / tensor), (attention.query_rank, whole)]
    keys = [
        (hidden, (attention.latent_rank + attention.rope_head_dim) / tensor),
        (attention.latent_rank, heads * (attention.head_dim + attention.value_head_dim)),
    ]
    return [*queries, *keys, output]


def _block_products(hidden: int, num_matrices: int, width: float) -> list[tuple[float, float]]:
    """(inner, columns) of one feed-forward block; the gate and its neighbour are one product."""
    return [(hidden, (num_matrices - 1) * width), (width, hidden)] if width else []


def layer_bytes(hidden: int, layer: Layer) -> float:
    """That one token moves through one layer's plain passes, forward and backward: what a perfect fusion would.

    Forward: two norms read and write the residual stream, two sums read it and a branch and write it; rotation reads
    and writes queries and keys; the activation reads its inputs and writes its output; experts' tokens are sorted
    by device and again by expert, and brought back the same way. The backward pass reads the incoming gradient
    besides what the forward pass read, and writes.
    """
    attention, experts = layer.attention, layer.experts
    stream = 10 * hidden
    heads = attention.num_heads + (0 if attention.latent_rank else attention.num_kv_heads)
    rotated = 2 * heads * (attention.rope_head_dim or attention.head_dim)
    width, copies = float(layer.dense_width), 0.0
    if experts is not None:
        width += experts.shared_width + experts.top_k * experts.width
        copies = 8.0 * experts.top_k * hidden
    forward = stream + rotated + layer.num_matrices * width + copies
    return 2.5 * _BF16_BYTES * forward


def _expert_parameters(hidden: int, layer: Layer) -> float:
    experts = layer.experts
    return 0.0 if experts is None else float(layer.num_matrices * hidden * experts.width * experts.num_experts)
