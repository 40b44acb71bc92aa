"""The network: token ids in, logits out; the definition of the maths that every faster path is tested against.

Knows nothing of files, text or sampling. Legend: T tokens of all sequences in one flat axis, D width, R rows whose
logits are wanted, V vocabulary, B sequences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zaphod.compute.kernels import reference
from zaphod.compute.kernels.operations import Operations
from zaphod.compute.kernels.reference import Routing
from zaphod.model.attention import Attention, KeyValues, WholeSequences
from zaphod.model.config import ModelConfig
from zaphod.model.experts import GatedMLP, SparseBlock
from zaphod.model.low_rank import TokenAdapters, within
from zaphod.model.norm import RMSNorm
from zaphod.model.recomputation import Recompute, recomputed


class Layer(nn.Module):
    """Attention and feed-forward, each normalised before and, in sandwich models, after.

    The feed-forward part is sparse (`moe`), dense (`mlp`), or both in parallel as (mlp + moe) / sqrt(2).
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.residual_multiplier = config.residual_multiplier
        self.attention_norm = _norm(config)
        self.attention = Attention(config, layer)
        self.post_attention_norm = _post_norm(config)
        self.ffn_norm = _norm(config)
        self.moe = _sparse_block(config) if config.is_sparse(layer) else None
        self.mlp = _dense_block(config) if self.moe is None or config.residual_dense else None
        self.post_ffn_norm = _post_norm(config)

    recompute: Recompute = "none"
    """What is computed twice when gradients are wanted; the trainer sets it."""

    def forward(
        self,
        x_TD: Tensor,
        cos: Tensor,
        sin: Tensor,
        keys_values: KeyValues,
        routing: list[Routing] | None,
        adapters: TokenAdapters | None = None,
        *,
        routing_given: Routing | None = None,
        offset_TE: Tensor | None = None,
    ) -> Tensor:
        """The residual stream after this layer, [T, D]; a sparse layer appends its routing when `routing` is given.

        `routing_given`, `offset_TE`: see `SparseBlock`.
        """

        def feed_forward(x_TD: Tensor, routing: list[Routing] | None, given: Routing | None) -> Tensor:
            return self._feed_forward(self.ffn_norm(x_TD), routing, adapters, given, offset_TE)

        def all_of_it(x_TD: Tensor, routing: list[Routing] | None, given: Routing | None) -> Tensor:
            normed_TD = self.attention_norm(x_TD)
            attended_TD = self.attention(normed_TD, cos, sin, keys_values, within(adapters, "attention"))
            x_TD = self._add(x_TD, attended_TD, self.post_attention_norm)
            is_twice = self.recompute == "experts" and torch.is_grad_enabled()
            out_TD = recomputed(feed_forward, x_TD, routing, given) if is_twice else feed_forward(x_TD, routing, given)
            return self._add(x_TD, out_TD, self.post_ffn_norm)

        if self.recompute == "layer" and torch.is_grad_enabled():
            return recomputed(all_of_it, x_TD, routing, routing_given)
        return all_of_it(x_TD, routing, routing_given)

    def _feed_forward(
        self,
        x_TD: Tensor,
        routing: list[Routing] | None,
        adapters: TokenAdapters | None,
        routing_given: Routing | None,
        offset_TE: Tensor | None,
    ) -> Tensor:
        parts: list[Tensor] = []
        if self.mlp is not None:
            parts.append(self.mlp(x_TD, within(adapters, "mlp")))
        if self.moe is not None:
            parts.append(
                self.moe(x_TD, routing, within(adapters, "moe"), routing_given=routing_given, offset_TE=offset_TE)
            )
        return parts[0] if len(parts) == 1 else (parts[0] + parts[1]) * 0.5**0.5

    def _add(self, x_TD: Tensor, branch_TD: Tensor, post_norm: RMSNorm | None) -> Tensor:
        if post_norm is not None:
            branch_TD = post_norm(branch_TD)
        if self.residual_multiplier != 1.0:
            branch_TD = branch_TD * self.residual_multiplier
        return x_TD + branch_TD


class Transformer(nn.Module):
    """A decoder-only transformer. Parameter names are those of `model.shapes.parameter_shapes`.

    Built under `torch.device("meta")` it has shapes and no memory. Parameters are not initialised here: they are loaded
    (`model.loading`) or drawn by the trainer.
    """

    operations: Operations = reference
    """See `use`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, layer) for layer in range(config.num_layers))
        self.norm = _norm(config)
        self.head = None if config.tie_embeddings else nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def forward(
        self,
        token_ids_T: Tensor,
        positions_T: Tensor,
        keys_values: KeyValues,
        *,
        rows_R: Tensor | None = None,
        routing: list[Routing] | None = None,
        states: list[Tensor] | None = None,
        adapters: TokenAdapters | None = None,
        routing_given: Sequence[Routing] | None = None,
        offsets: Callable[[int], Tensor | None] | None = None,
        targets_R: Tensor | None = None,
        weights_R: Tensor | None = None,
    ) -> Tensor:
        """Logits [R, V] in float32; with targets, the loss of those rows instead (see `loss`).

        Args:
            token_ids_T: token ids of all sequences in one flat axis, int64.
            positions_T: position of each token in its own sequence.
            keys_values: where keys and values are kept, and so what each token may look at.
            rows_R: which of the T rows need logits; all of them by default.
            routing: a list to which each sparse layer appends its decision.
            states: a list to which the hidden states [T, D] after the last norm are appended, whatever `rows_R` are.
            adapters: what is added to the products of some tokens.
            routing_given: what an earlier pass over the same tokens appended to `routing`: its choices are kept.
            offsets: what is added to the router's logits [T, E] of a layer (by its number) for choosing alone.
            targets_R, weights_R: see `loss`.
        """
        x_TD = self._hidden(token_ids_T, positions_T, keys_values, routing, adapters, routing_given, offsets)
        if states is not None:
            states.append(self.norm(x_TD))
        if targets_R is not None:
            x_RD = self.norm(x_TD if rows_R is None else _rows(x_TD, rows_R))
            return self.operations.linear_cross_entropy(
                x_RD,
                self._head(),
                targets_R,
                weights_R=weights_R,
                multiplier=self.config.output_multiplier,
                cap=self.config.final_softcap,
            )
        x_RD = self.norm(x_TD if rows_R is None else x_TD[rows_R])
        logits_RV = F.linear(x_RD, self._head()).float() * self.config.output_multiplier
        return reference.softcap(logits_RV, self.config.final_softcap)

    def loss(
        self,
        token_ids_T: Tensor,
        positions_T: Tensor,
        keys_values: KeyValues,
        rows_R: Tensor,
        targets_R: Tensor,
        *,
        weights_R: Tensor | None = None,
        routing: list[Routing] | None = None,
        adapters: TokenAdapters | None = None,
        routing_given: Sequence[Routing] | None = None,
        offsets: Callable[[int], Tensor | None] | None = None,
    ) -> Tensor:
        """Summed negative log-likelihood of the rows' targets in nats, float32, each times its weight if there are any.

        As `forward` and a cross-entropy, but the `operations` of training keep no row's logits; the weights get no
        gradient from them. It is one call of the module, so that hooks (of sharding, say) see it.
        """
        loss: Tensor = self(
            token_ids_T,
            positions_T,
            keys_values,
            rows_R=rows_R,
            routing=routing,
            adapters=adapters,
            routing_given=routing_given,
            offsets=offsets,
            targets_R=targets_R,
            weights_R=weights_R,
        )
        return loss

    def use(self, operations: Operations) -> None:
        """Compute with these from now on: `kernels.fused` for training on CPUs; `kernels.reference`, the definition."""
        for module in self.modules():
            if hasattr(module, "operations"):
                module.operations = operations  # type: ignore[assignment]

    def _hidden(
        self,
        token_ids_T: Tensor,
        positions_T: Tensor,
        keys_values: KeyValues,
        routing: list[Routing] | None,
        adapters: TokenAdapters | None,
        routing_given: Sequence[Routing] | None,
        offsets: Callable[[int], Tensor | None] | None,
    ) -> Tensor:
        """The residual stream after the last layer, [T, D]."""
        x_TD = self._embed(token_ids_T)
        cos, sin = reference.rotation(positions_T, self._frequencies(positions_T.device), self._rope_magnitude())
        given = iter(() if routing_given is None else routing_given)
        for index, layer in enumerate(self.layers):
            mine = None if layer.moe is None else next(given, None)
            offset_TE = None if offsets is None or layer.moe is None else offsets(index)
            x_TD = layer(
                x_TD,
                cos,
                sin,
                keys_values,
                routing,
                within(adapters, f"layers.{index}"),
                routing_given=mine,
                offset_TE=offset_TE,
            )
        return x_TD

    def _head(self) -> Tensor:
        return self.embedding.weight if self.head is None else self.head.weight

    def forward_sequences(self, token_ids_BT: Tensor, *, routing: list[Routing] | None = None) -> Tensor:
        """Logits [B, T, V] of whole sequences that begin at position 0; differentiable."""
        num_sequences, length = token_ids_BT.shape
        positions_T = torch.arange(length, device=token_ids_BT.device).repeat(num_sequences)
        logits = self(token_ids_BT.reshape(-1), positions_T, WholeSequences(num_sequences), routing=routing)
        return logits.view(num_sequences, length, -1)  # type: ignore[no-any-return]

    def _embed(self, token_ids_T: Tensor) -> Tensor:
        x_TD: Tensor = self.embedding(token_ids_T)
        if self.config.embedding_multiplier == 1.0:
            return x_TD
        return (x_TD.float() * self.config.embedding_multiplier).to(x_TD.dtype)

    def _frequencies(self, device: torch.device) -> Tensor:
        config, yarn = self.config, self.config.yarn
        if yarn is None:
            return reference.rope_frequencies(config.head_dim, config.rope_theta).to(device)
        return reference.yarn_frequencies(
            config.head_dim,
            config.rope_theta,
            factor=yarn.factor,
            original_length=yarn.original_context_length,
            beta_fast=yarn.beta_fast,
            beta_slow=yarn.beta_slow,
        ).to(device)

    def _rope_magnitude(self) -> float:
        yarn = self.config.yarn
        if yarn is None:
            return 1.0
        return 0.1 * math.log(yarn.factor) + 1 if yarn.attention_factor is None else yarn.attention_factor


def _rows(x_TD: Tensor, rows_R: Tensor) -> Tensor:
    """Those rows; x itself where they are all of them, which spares the gradient a scatter."""
    is_all = len(rows_R) == len(x_TD) and torch.equal(rows_R, torch.arange(len(x_TD), device=rows_R.device))
    return x_TD if is_all else x_TD[rows_R]


def _norm(config: ModelConfig) -> RMSNorm:
    return RMSNorm(config.hidden_size, config.rms_norm_epsilon)


def _post_norm(config: ModelConfig) -> RMSNorm | None:
    return _norm(config) if config.norms == "sandwich" else None


def _sparse_block(config: ModelConfig) -> SparseBlock:
    assert config.moe is not None
    return SparseBlock(config.hidden_size, config.moe, config.activation)


def _dense_block(config: ModelConfig) -> GatedMLP:
    return GatedMLP(config.hidden_size, config.dense_size, config.activation)
