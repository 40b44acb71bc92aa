"""What a decoder-only transformer is made of, as far as it costs memory and time; knows no files and no machines.

Wider than `ModelConfig`, which holds what the engine can run: latent attention, layers with windows and plain
feed-forward blocks can be planned for, too. Formula numbers (F1 ...) are those of `docs/planning.md`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attention:
    """One layer's attention. With `latent_rank` it is multi-head latent attention (arXiv 2405.04434)."""

    num_heads: int
    num_kv_heads: int
    head_dim: int
    """Of queries and keys; with latent attention the part without positions."""
    value_head_dim: int
    query_rank: int = 0
    """Width that queries are squeezed through; 0 for none."""
    latent_rank: int = 0
    """Width of what latent attention keeps for each token; 0 for plain attention."""
    rope_head_dim: int = 0
    """Latent attention's part with positions, shared by all heads."""
    window: int | None = None
    """A query sees at most so many tokens; None for all."""
    num_other_parameters: int = 0
    """Biases, norms of queries and keys, sinks."""

    def num_parameters(self, hidden_size: int) -> int:
        """F1."""
        if not self.latent_rank:
            queries = hidden_size * self.num_heads * self.head_dim
            keys = hidden_size * self.num_kv_heads * self.head_dim
            values = hidden_size * self.num_kv_heads * self.value_head_dim
            output = self.num_heads * self.value_head_dim * hidden_size
            return queries + keys + values + output + self.num_other_parameters
        whole = self.num_heads * (self.head_dim + self.rope_head_dim)
        queries = (hidden_size + whole) * self.query_rank if self.query_rank else hidden_size * whole
        down = hidden_size * (self.latent_rank + self.rope_head_dim)
        up = self.latent_rank * self.num_heads * (self.head_dim + self.value_head_dim)
        return queries + down + up + self.num_heads * self.value_head_dim * hidden_size + self.num_other_parameters

    @property
    def kv_values_per_token(self) -> int:
        """Numbers that the cache keeps for one token (F6)."""
        if self.latent_rank:
            return self.latent_rank + self.rope_head_dim
        return self.num_kv_heads * (self.head_dim + self.value_head_dim)

    def flops_per_pair(self) -> int:
        """Of one query token and one token that it sees, projections aside: scores and weighted sum (F3)."""
        return 2 * self.num_heads * (self.head_dim + self.rope_head_dim + self.value_head_dim)


@dataclass(frozen=True, kw_only=True)
class Experts:
    """The sparse part of a layer."""

    num_experts: int
    top_k: int
    width: int
    shared_width: int = 0
    """Hidden width of the experts that every token visits, together."""
    num_biases: int = 0
    """Of one routed expert."""
    num_other_parameters: int = 0
    """Gates of shared experts, biases of the choice."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Layers that are alike."""

    count: int
    attention: Attention
    dense_width: int = 0
    """Hidden width of the block that every token visits; 0 for none."""
    experts: Experts | None = None
    num_matrices: int = 3
    """Of each feed-forward block: 3 with a gate, 2 without."""
    num_other_parameters: int = 0
    """Norms and biases."""


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """A model. Parameters are counts of numbers, whatever they are stored in."""

    name: str
    vocab_size: int
    hidden_size: int
    context_length: int
    layers: tuple[Layer, ...]
    ties_embeddings: bool = False
    num_other_parameters: int = 0
    """The last norm, learnt positions."""
    source: str = ""

    @property
    def num_layers(self) -> int:
        return sum(layer.count for layer in self.layers)

    @property
    def num_sparse_layers(self) -> int:
        return sum(layer.count for layer in self.layers if layer.experts is not None)

    @property
    def num_kv_heads(self) -> int:
        """The fewest of any layer; 1 with latent attention, whose cache cannot be split by heads."""
        return min(1 if each.attention.latent_rank else each.attention.num_kv_heads for each in self.layers)

    @property
    def embedding_parameters(self) -> int:
        """Of the input embedding; a model that does not tie them has as many again in its head."""
        return self.vocab_size * self.hidden_size

    @property
    def expert_parameters(self) -> int:
        """Of all routed experts."""
        return sum(layer.count * self._expert_parameters(layer) for layer in self.layers)

    @property
    def attention_parameters(self) -> int:
        return sum(layer.count * layer.attention.num_parameters(self.hidden_size) for layer in self.layers)

    @property
    def total_parameters(self) -> int:
        """F1: every number of the model, a tied embedding once."""
        return (
            self.num_other_parameters
            + self.embedding_parameters * (1 if self.ties_embeddings else 2)
            + sum(layer.count * self.layer_parameters(layer) for layer in self.layers)
        )

    @property
    def active_parameters(self) -> int:
        """F2: those that one token is multiplied with. The head is, looking the token up is not."""
        chosen = sum(
            layer.count * self._expert_parameters(layer) * layer.experts.top_k // layer.experts.num_experts
            for layer in self.layers
            if layer.experts is not None
        )
        looked_up = 0 if self.ties_embeddings else self.embedding_parameters
        return self.total_parameters - self.expert_parameters + chosen - looked_up

    def layer_parameters(self, layer: Layer) -> int:
        """Of one such layer."""
        rest = layer.attention.num_parameters(self.hidden_size) + layer.num_other_parameters
        rest += layer.num_matrices * self.hidden_size * layer.dense_width
        if layer.experts is not None:
            experts = layer.experts
            rest += self.hidden_size * experts.num_experts + experts.num_other_parameters
            rest += layer.num_matrices * self.hidden_size * experts.shared_width
        return rest + self._expert_parameters(layer)

    def _expert_parameters(self, layer: Layer) -> int:
        if layer.experts is None:
            return 0
        one = layer.num_matrices * self.hidden_size * layer.experts.width + layer.experts.num_biases
        return one * layer.experts.num_experts

    def kv_values_at(self, num_tokens: int) -> int:
        """Numbers that the caches of one sequence of so many tokens keep, windows considered (F6)."""
        return sum(
            layer.count
            * layer.attention.kv_values_per_token
            * (num_tokens if layer.attention.window is None else min(num_tokens, layer.attention.window))
            for layer in self.layers
        )

    def kv_values_per_token(self) -> int:
        """Numbers that one more token adds to the caches before any window is full."""
        return self.kv_values_at(1)

    def forward_flops(self, num_tokens: int, num_seen: float) -> float:
        """F3: of `num_tokens` tokens that see `num_seen` tokens each on average; multiply and add are 2 operations.

        Causal: a prompt of s tokens has `num_seen` = s / 2; one token after s others has s.
        """
        attention = sum(
            layer.count
            * layer.attention.flops_per_pair()
            * (num_seen if layer.attention.window is None else min(num_seen, layer.attention.window))
            for layer in self.layers
        )
        return num_tokens * (2.0 * self.active_parameters + attention)
