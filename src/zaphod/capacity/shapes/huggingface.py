"""Any Hugging Face config.json to a `ModelShape`; knows keys, not weights.

Read field by field: grouped-query and latent attention, windows, experts (shared ones, dense first layers), blocks with
and without a gate, biases, norms. What a type does without saying so stands in `kinds`; a type that is not there is
read like Llama, as most are. Layers that are no attention are refused. Next-token-prediction heads and the vision part
of a model that has one are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from zaphod.capacity.shapes.fields import MAX_CONTEXT, MAX_LAYERS, SizeFields, flattened
from zaphod.capacity.shapes.kinds import KINDS, LLAMA, Kind
from zaphod.capacity.shapes.layer_kinds import EXPERTS, LayerKinds
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.core.errors import ConfigError

_TEXT_PARTS = ("text_config", "llm_config", "language_config")
_NESTED = ("attn_config", "ffn_config")
_FOREIGN_KEYS = ("mamba", "ssm_", "linear_num", "linear_key", "rwkv", "hybrid_override", "lru_width", "conv_L_cache")

_HIDDEN = ("hidden_size", "d_model", "n_embd", "n_embed")
_HEADS = ("num_attention_heads", "n_heads", "n_head")
_KV_HEADS = ("num_key_value_heads", "num_kv_heads", "kv_n_heads", "multi_query_group_num")
_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
_CONTEXT = ("max_position_embeddings", "max_seq_len", "n_positions", "seq_length", "max_sequence_length")
_WIDTH = ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
_TOP_K = ("num_experts_per_tok", "experts_per_token", "moe_top_k", "moe_k", "num_experts_per_token")
_SHARED = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
_SHARED_WIDTH = ("shared_expert_intermediate_size", "shared_intermediate_size")


def shape_of_hf(data: Mapping[str, Any], where: str = "config.json") -> ModelShape:
    """The shape of the model that a config.json describes.

    Args:
        data: its content.
        where: the file, for messages.

    Raises:
        ConfigError: a key is missing, malformed or impossible, or the model has layers that are no attention.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where} holds {type(data).__name__}.", "It must be an object.", "Give a config.json.")
    fields = SizeFields(flattened(flattened(data, *_TEXT_PARTS), *_NESTED), where)
    inner = next((data[key] for key in _TEXT_PARTS if isinstance(data.get(key), Mapping)), data)
    kind_name = _kind_name(inner.get("model_type") or data.get("model_type"), data.get("architectures"))
    _refuse_foreign(fields)
    return _Reader(fields, KINDS.get(kind_name, LLAMA), kind_name).shape()


def _kind_name(model_type: object, architectures: object) -> str:
    """NOTE: xai-org/grok-2 says that its model_type is "git"; its architecture is Grok1ForCausalLM."""
    if isinstance(architectures, list) and any("Grok" in str(name) for name in architectures):
        return "grok"
    name = str(model_type)
    return next((each for each in (name, f"{name}_text") if each in KINDS), name)


def _refuse_foreign(fields: SizeFields) -> None:
    foreign = [key for key in fields.values if str(key).startswith(_FOREIGN_KEYS)]
    if fields.optional("is_encoder_decoder") is True or foreign:
        named = ", ".join(sorted(foreign)[:4]) or "is_encoder_decoder"
        raise ConfigError(
            f"{fields.where} speaks of {named}.",
            "Decoder-only transformers can be planned for: every layer attends.",
            "Plan for a model without recurrent, convolutional or encoder layers.",
        )


class _Reader:
    """One config with its kind."""

    def __init__(self, fields: SizeFields, kind: Kind, kind_name: str) -> None:
        self.fields, self.kind, self.kind_name = fields, kind, kind_name
        self.hidden = fields.size(*_HIDDEN)
        self.num_layers = fields.size(*_LAYERS, most=MAX_LAYERS)
        self.num_heads = fields.size(*_HEADS, most=1 << 20)
        self.norm = self.hidden * (kind.norm_has_weight + self._norm_has_bias())

    def shape(self) -> ModelShape:
        fields, kind = self.fields, self.kind
        vocab = fields.size("vocab_size", "padded_vocab_size")
        context = fields.size(*_CONTEXT, default=kind.context_length, most=MAX_CONTEXT)
        other = self.norm * (2 if kind.embedding_norm else 1)
        if kind.positions is not None or self._learns_positions():
            other += (context + (kind.positions or 0)) * self.hidden
        if fields.optional_flag("lm_head_bias", default=kind.head_bias):
            other += vocab
        groups = Counter(LayerKinds(fields, kind, self.kind_name, self.num_layers))
        known = self.kind_name in KINDS
        return ModelShape(
            name=str(fields.optional("_name_or_path", "name") or self.kind_name),
            vocab_size=vocab,
            hidden_size=self.hidden,
            context_length=context,
            layers=tuple(self._layer(window, sparse, count) for (window, sparse), count in groups.items()),
            ties_embeddings=fields.optional_flag("tie_word_embeddings", default=kind.ties),
            num_other_parameters=other,
            source=fields.where if known else f"{fields.where}, read like Llama's: {self.kind_name} is not known",
        )

    def _layer(self, window: int | None, sparse: bool, count: int) -> Layer:
        residual = self.fields.optional_flag("residual_moe", default=False)
        dense_width = 0 if sparse and not residual else self._dense_width()
        norms = self._num_norms() * self.norm
        biases = 0
        if dense_width and self._mlp_has_bias():
            biases = dense_width * (self.kind.num_matrices - 1) + self.hidden
        return Layer(
            count=count,
            attention=self._attention(window),
            dense_width=dense_width,
            experts=self._experts() if sparse else None,
            num_matrices=self.kind.num_matrices,
            num_other_parameters=norms + biases,
        )

    def _attention(self, window: int | None) -> Attention:
        if self.fields.optional_size("kv_lora_rank"):
            return self._latent_attention(window)
        fields, kind, heads = self.fields, self.kind, self.num_heads
        kv_heads = self._kv_heads()
        if heads % kv_heads:
            raise ConfigError(
                f"{fields.where} names {heads} query heads and {kv_heads} key/value heads.",
                f"{heads} must be divisible by the number of key/value heads.",
                "Mend 'num_attention_heads' or 'num_key_value_heads'.",
            )
        head_dim = fields.optional_size("head_dim", "kv_channels") or self._divided_head_dim()
        queries, keys = heads * head_dim, kv_heads * head_dim
        default = kind.qkv_bias or self._mpt_has_biases()
        biased = fields.optional_flag("attention_bias", "add_qkv_bias", "use_bias", "bias", default=default)
        # NOTE: Qwen2 always has biases here and none at the output, and its config says neither.
        follows = biased if kind.output_bias_follows else kind.output_bias
        output_biased = fields.optional_flag("attention_out_bias", default=follows)
        norms = {"none": 0, "per_head": 2 * head_dim, "each_head": queries + keys, "full": queries + keys}
        other = (queries + 2 * keys) * biased + self.hidden * output_biased + norms[self._qk_norm()]
        return Attention(
            num_heads=heads,
            num_kv_heads=kv_heads,
            head_dim=head_dim,
            value_head_dim=head_dim,
            window=window,
            num_other_parameters=other + heads * kind.sinks,
        )

    def _latent_attention(self, window: int | None) -> Attention:
        fields = self.fields
        latent, query = fields.size("kv_lora_rank"), fields.optional_size("q_lora_rank")
        rope = fields.size("qk_rope_head_dim")
        biases = (query + latent + rope + self.hidden) * fields.optional_flag("attention_bias", default=False)
        return Attention(
            num_heads=self.num_heads,
            num_kv_heads=self.num_heads,
            head_dim=fields.size("qk_nope_head_dim"),
            value_head_dim=fields.size("v_head_dim"),
            query_rank=query,
            latent_rank=latent,
            rope_head_dim=rope,
            window=window,
            num_other_parameters=query + latent + biases,
        )

    def _experts(self) -> Experts:
        fields, kind = self.fields, self.kind
        num_experts, top_k = fields.size(*EXPERTS), fields.size(*_TOP_K)
        if top_k > num_experts:
            raise ConfigError(
                f"{fields.where} chooses {top_k} of {num_experts} experts.",
                "It cannot choose more than there are.",
                f"Mend {next(key for key in _TOP_K if fields.optional(key) is not None)!r}.",
            )
        width = fields.size("moe_intermediate_size", *_WIDTH)
        shared = fields.optional_size(*_SHARED_WIDTH) or width * fields.optional_size(*_SHARED)
        if self.kind_name == "llama4_text":
            shared = width
        return Experts(
            num_experts=num_experts,
            top_k=top_k,
            width=width,
            shared_width=shared,
            num_biases=(2 * width + self.hidden) * kind.expert_bias,
            num_other_parameters=num_experts * kind.selection_bias + self.hidden * (kind.shared_gate and shared > 0),
        )

    def _kv_heads(self) -> int:
        # NOTE: the first Falcon has one key/value head; the later ones have `new_decoder_architecture` and a number.
        if self.kind_name == "falcon" and not self.fields.flag("new_decoder_architecture", default=False):
            return 1 if self.fields.flag("multi_query", default=True) else self.num_heads
        return self.fields.size(*_KV_HEADS, default=self.num_heads)

    def _divided_head_dim(self) -> int:
        if self.hidden % self.num_heads:
            raise ConfigError(
                f"{self.fields.where} has width {self.hidden}, {self.num_heads} heads and no 'head_dim'.",
                "Without 'head_dim' the width must be divisible by the heads.",
                'Add "head_dim": the size of a head, from the model\'s original config.json.',
            )
        return self.hidden // self.num_heads

    def _qk_norm(self) -> str:
        if self.kind_name in ("glm4_moe", "cohere"):
            named = "per_head" if self.kind_name == "glm4_moe" else "each_head"
            return named if self.fields.flag("use_qk_norm", default=False) else "none"
        return self.kind.qk_norm

    def _dense_width(self) -> int:
        if self.kind_name == "llama4_text":
            return self.fields.size("intermediate_size_mlp", "intermediate_size")
        if self.kind.width_factor is None:
            return self.fields.size(*_WIDTH)
        factor = self.fields.optional_number("expansion_ratio") or self.kind.width_factor
        return self.fields.size(*_WIDTH, default=round(factor * self.hidden))

    def _num_norms(self) -> int:
        if self.kind_name != "falcon":
            return self.kind.num_norms
        return 2 if self.fields.flag("new_decoder_architecture", default=False) else 1

    def _norm_has_bias(self) -> bool:
        return self.kind.norm_has_bias or self._mpt_has_biases()

    def _mlp_has_bias(self) -> bool:
        default = self.kind.mlp_bias or self._mpt_has_biases()
        return self.fields.optional_flag("mlp_bias", "use_bias", "bias", default=default)

    def _mpt_has_biases(self) -> bool:
        return self.kind_name == "mpt" and not self.fields.flag("no_bias", default=True)

    def _learns_positions(self) -> bool:
        return self.kind_name == "mpt" and self.fields.flag("alibi", default=True) is False
