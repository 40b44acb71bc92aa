"""What one layer stores of a micro-batch for its backward pass, in bytes; knows no pipelines and no optimisers.

With two-byte values a layer of plain multi-head attention and a plain block of width 4 d stores
`s b d (34 + 5 H s / d)` bytes (arXiv 2205.05198, equation 1); the terms here are that paper's, tensor by tensor.
"""

from __future__ import annotations

from typing import Literal, Protocol

from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import Attention, Layer, ModelShape

Recompute = Literal["none", "selective", "every_other_product", "full"]

_VALUE, _MASK, _FLOAT = 2, 1, 4


class Stored(Protocol):
    """What decides how much is stored; see `TrainingSetup`."""

    @property
    def sequence_length(self) -> int: ...
    @property
    def micro_batch(self) -> int: ...
    @property
    def sequence_parallel(self) -> bool: ...
    @property
    def flash_attention(self) -> bool: ...
    @property
    def dropout(self) -> bool: ...
    @property
    def expert_tensor(self) -> int: ...


def layer_activations(shape: ModelShape, layer: Layer, layout: Layout, setup: Stored, recompute: Recompute) -> float:
    """Bytes on one device.

    Args:
        shape, layer, layout: the model, the kind of layer, how it is split.
        setup: lengths, and what is stored.
        recompute: `selective` drops attention's scores, which flash attention never has; `every_other_product` keeps
            each second product and attention's result (torch's selective checkpointing as torchtitan sets it); `full`
            keeps the layer's input.
    """
    tokens = setup.micro_batch * setup.sequence_length / layout.context
    hidden, split = shape.hidden_size, layout.tensor
    whole = split if setup.sequence_parallel else 1
    if recompute == "full":
        return tokens * hidden * _VALUE / whole
    if recompute == "every_other_product":
        kept = hidden / whole + _kept_products(shape, layer, layout)
        return tokens * (_VALUE * kept + _FLOAT * layer.attention.num_heads / split)
    # Inputs of both norms, of attention and of the block, and both masks: on every device unless sequences are split.
    outside = tokens * hidden * (4 * _VALUE + 2 * _MASK * setup.dropout) / whole
    attention = tokens * _VALUE * _attention_values(layer.attention) / split
    scores = _scores(layer, layout, setup, recompute)
    return outside + attention + scores + _blocks(shape, layer, layout, setup.expert_tensor, tokens)


def _attention_values(attention: Attention) -> int:
    """Numbers of one token: queries, keys, values, and the result that the output projection reads."""
    queries = attention.num_heads * (attention.head_dim + attention.rope_head_dim)
    if attention.latent_rank:
        keys = attention.num_heads * (attention.head_dim + attention.rope_head_dim + attention.value_head_dim)
        keys += attention.query_rank + attention.latent_rank + attention.rope_head_dim
    else:
        keys = attention.num_kv_heads * (attention.head_dim + attention.value_head_dim)
    return queries + keys + attention.num_heads * attention.value_head_dim


def _scores(layer: Layer, layout: Layout, setup: Stored, recompute: Recompute) -> float:
    """Softmax and, with dropout, its mask and its result; with flash attention one float32 of each head and token."""
    heads, sequence = layer.attention.num_heads / layout.tensor, setup.sequence_length / layout.context
    if setup.flash_attention:
        return setup.micro_batch * sequence * heads * _FLOAT
    if recompute == "selective":
        return 0.0
    per_score = _VALUE + (_MASK + _VALUE) * setup.dropout
    return setup.micro_batch * heads * sequence * setup.sequence_length * per_score


def _blocks(shape: ModelShape, layer: Layer, layout: Layout, expert_tensor: int, tokens: float) -> float:
    """Feed-forward blocks: what goes into the activation and what comes out, for each visiting token."""
    width = layer.num_matrices * layer.dense_width / layout.tensor
    if layer.experts is None:
        return tokens * _VALUE * width
    experts = layer.experts
    width += layer.num_matrices * experts.shared_width / layout.tensor
    # Tokens are copied to their experts and back; every device gets its even share of the copies. Devices that split an
    # expert all hold the copies whole.
    copies = 2 * shape.hidden_size * expert_tensor
    routed = experts.top_k * (layer.num_matrices * experts.width + copies) / layout.tensor
    return tokens * (_VALUE * (width + routed) + _FLOAT * experts.num_experts / layout.tensor)


def _kept_products(shape: ModelShape, layer: Layer, layout: Layout) -> float:
    """Numbers of one token that are kept: of q, k, v, o, gate, up, down every other one, and attention's result."""
    attention, hidden = layer.attention, shape.hidden_size
    queries = attention.num_heads * (attention.head_dim + attention.rope_head_dim)
    values = attention.num_kv_heads * attention.value_head_dim
    result = attention.num_heads * attention.value_head_dim
    width = layer.dense_width
    if layer.experts is not None:
        width += layer.experts.shared_width + layer.experts.top_k * (layer.experts.width + hidden)
    return (queries + values + result + width + hidden) / layout.tensor
