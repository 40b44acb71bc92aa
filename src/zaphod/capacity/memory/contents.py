"""A model's parameters by how they are stored and how they are split over devices; knows no precision and no device."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.shapes.shape import Layer, ModelShape


@dataclass(frozen=True, kw_only=True)
class LayerContents:
    """Numbers of parameters of one layer."""

    attention: int
    """Projections of queries, and of the output; with latent attention all that is split by heads."""
    keys: int
    """Projections of keys and values, which are copied where there are more devices than key/value heads."""
    latent: int
    """Projections to the latents, which every device holds whole."""
    dense: int
    """Of blocks that every token visits, shared experts included."""
    experts: int
    """Of all routed experts, biases aside."""
    small: int
    """Norms, biases, routers: whole on every device, and never quantised."""

    @property
    def matrices(self) -> int:
        """All that a precision applies to."""
        return self.attention + self.keys + self.latent + self.dense + self.experts


def layer_contents(shape: ModelShape, layer: Layer) -> LayerContents:
    """What one such layer is made of; the parts add up to `shape.layer_parameters(layer)`."""
    attention, hidden = layer.attention, shape.hidden_size
    whole = attention.num_parameters(hidden) - attention.num_other_parameters
    if attention.latent_rank:
        keys = 0
        latent = hidden * (attention.query_rank + attention.latent_rank + attention.rope_head_dim)
    else:
        keys, latent = hidden * attention.num_kv_heads * (attention.head_dim + attention.value_head_dim), 0
    dense = layer.num_matrices * hidden * layer.dense_width
    experts = 0
    if layer.experts is not None:
        dense += layer.num_matrices * hidden * layer.experts.shared_width
        experts = layer.num_matrices * hidden * layer.experts.width * layer.experts.num_experts
    split = whole - keys - latent
    small = shape.layer_parameters(layer) - whole - dense - experts
    return LayerContents(attention=split, keys=keys, latent=latent, dense=dense, experts=experts, small=small)
