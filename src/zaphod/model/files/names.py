"""How the tensors of each file layout are called, and how they lie; tables only, no tensor is touched here.

A rule says: our tensor `ours` is found in, and written as, their tensor `theirs`, seen through `transform`. `{n}`
stands for the layer and `{e}` for the expert: a stack of ours may be a stack of theirs or one tensor an expert. Where
several rules name the same tensor of ours, files come in several ways; the first is the one that is written.

Sources: xai-org/grok-1 (parameter tree), hpcai-tech/grok-1 and keyfan/grok-1-hf (modelling files), xai-org/grok-2 (file
layout), transformers 5.23 (conversion_mapping.py), llama.cpp (llama-arch.cpp, conversion/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Transform(Enum):
    """What must be done to their tensor to get ours; writing does the reverse."""

    COPY = "copy"
    TRANSPOSE = "transpose"
    """Theirs is [..., in, out]."""
    FIRST_HALF = "first half"
    """Ours is the first half of their output rows."""
    SECOND_HALF = "second half"
    INTERLEAVE_QUERIES = "interleave queries"
    """Their RoPE turns neighbouring rows of a head, ours rows half a head apart, so the rows stand in other order."""
    INTERLEAVE_KEYS = "interleave keys"


@dataclass(frozen=True)
class NameRule:
    """One line of a table."""

    ours: str
    theirs: str
    transform: Transform = Transform.COPY
    join_axis: int | None = None
    """The axis along which tensor-parallel slices of their tensor join."""

    @property
    def is_per_expert(self) -> bool:
        return "{e}" in self.theirs


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The names of one kind of file. Without rules, the names are ours."""

    name: str
    rules: tuple[NameRule, ...] = ()
    ignored: tuple[str, ...] = ()
    """Patterns of tensors that carry nothing that is not known otherwise."""
    refused: tuple[tuple[str, str], ...] = ()
    """Patterns of tensors that are known but not read, and why."""

    def rules_for(self, name: str) -> list[tuple[NameRule, int | None]]:
        """The rules for our tensor `name`, in order of preference, each with the layer's number."""
        template, layer = _template(name)
        if not self.rules:
            return [(NameRule(template, template), layer)]
        return [(rule, layer) for rule in self._by_ours.get(template, ())]

    @cached_property
    def _by_ours(self) -> Mapping[str, Sequence[NameRule]]:
        table: dict[str, list[NameRule]] = {}
        for rule in self.rules:
            table.setdefault(rule.ours, []).append(rule)
        return table


def their_names(rule: NameRule, layer: int | None, num_experts: int) -> list[str]:
    """What the rule's tensor is called in a layer: one name, or one for each expert."""
    experts = range(num_experts) if rule.is_per_expert else range(1)
    return [rule.theirs.format(n=layer, e=expert) for expert in experts]


def _template(name: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"layers\.(\d+)\.(.+)", name)
    return (f"layers.{{n}}.{match[2]}", int(match[1])) if match else (name, None)


_Row = tuple[str, str] | tuple[str, str, Transform]


def _layer(prefix: str, rows: Iterable[_Row]) -> tuple[NameRule, ...]:
    """Rules for tensors of a layer, given what follows `layers.{n}.` and what follows their `prefix`."""
    return tuple(
        NameRule(f"layers.{{n}}.{row[0]}", prefix + row[1], row[2] if len(row) == 3 else Transform.COPY) for row in rows
    )


def _transposed(rules: Iterable[NameRule]) -> tuple[NameRule, ...]:
    return tuple(NameRule(rule.ours, rule.theirs, Transform.TRANSPOSE) for rule in rules)


def _gated(ours: str, gate: str, up: str, down: str) -> tuple[_Row, ...]:
    return ((f"{ours}gate_proj.weight", gate), (f"{ours}up_proj.weight", up), (f"{ours}down_proj.weight", down))


def _experts(gate: str, up: str, down: str) -> tuple[_Row, ...]:
    return (("moe.experts.gate", gate), ("moe.experts.up", up), ("moe.experts.down", down))


def _norms(*theirs: str) -> tuple[_Row, ...]:
    """Two names, or four in a sandwich, in the order in which they are applied."""
    sandwich = ("attention_norm", "post_attention_norm", "ffn_norm", "post_ffn_norm")
    ours = sandwich if len(theirs) == 4 else sandwich[::2]
    return tuple((f"{our}.weight", their) for our, their in zip(ours, theirs, strict=True))


def _attention(query: str, key: str, value: str, output: str) -> tuple[_Row, ...]:
    names = {"q_proj": query, "k_proj": key, "v_proj": value, "o_proj": output}
    return tuple((f"attention.{ours}.weight", theirs) for ours, theirs in names.items())


def _globals(embedding: str, norm: str, head: str) -> tuple[NameRule, ...]:
    return NameRule("embedding.weight", embedding), NameRule("norm.weight", norm), NameRule("head.weight", head)


OURS = Layout(name="zaphod")

_OFFICIAL = "transformer/decoder_layer_{n}/"
OFFICIAL_GROK_1 = Layout(
    name="official Grok-1",
    rules=(
        NameRule("embedding.weight", "language_model/in_out_embed/embeddings"),
        NameRule("norm.weight", "language_model/rms_norm/scale"),
        *_layer(_OFFICIAL, _norms("rms_norm/scale", "rms_norm_1/scale", "rms_norm_2/scale", "rms_norm_3/scale")),
        *_transposed(
            _layer(
                _OFFICIAL,
                _attention(*(f"multi_head_attention/{name}/w" for name in ("query", "key", "value", "linear"))),
            )
        ),
        *_transposed(_layer(_OFFICIAL, [("moe.router.weight", "router/w")])),
        # `linear` goes through the GELU, `linear_v` does not: exchanging them changes the logits by 80 %.
        *_transposed(_layer(_OFFICIAL, _experts("moe/linear/w", "moe/linear_v/w", "moe/linear_1/w"))),
    ),
)

_HUGGING_FACE = "model.layers.{n}."
_HUGGING_FACE_GLOBALS = _globals("model.embed_tokens.weight", "model.norm.weight", "lm_head.weight")
_SELF_ATTENTION: tuple[_Row, ...] = (
    *_attention(*(f"self_attn.{name}_proj.weight" for name in "qkvo")),
    *((f"attention.{name}_proj.bias", f"self_attn.{name}_proj.bias") for name in "qkvo"),
    *((f"attention.{name}_norm.weight", f"self_attn.{name}_norm.weight") for name in "qk"),
)
_ROTARY = ("model.layers.*.self_attn.rotary_emb.inv_freq",)

HPCAI_GROK_1 = Layout(
    name="hpcai-tech/grok-1",
    rules=(
        *_globals("model.embed_tokens.weight", "model.norm.scale", "lm_head.weight"),
        *_layer(
            _HUGGING_FACE,
            (
                *_norms("pre_attn_norm.scale", "post_attn_norm.scale", "pre_moe_norm.scale", "post_moe_norm.scale"),
                *_attention(*(f"attn.{name}_proj.weight" for name in "qkvo")),
                ("moe.router.weight", "moe_block.gate.weight"),
                *_experts(*(f"moe_block.experts.{{e}}.{name}.weight" for name in ("linear", "linear_v", "linear_1"))),
            ),
        ),
    ),
)

KEYFAN_GROK_1 = Layout(
    name="keyfan/grok-1-hf",
    rules=(
        *_globals("transformer.in_out_embed.weight", "transformer.rms_norm.weight", "lm_head.weight"),
        *_layer(
            "transformer.decoder_layer.{n}.",
            (
                *_norms("rms_norm.weight", "rms_norm_1.weight", "rms_norm_2.weight", "rms_norm_3.weight"),
                *_attention(*(f"multi_head_attention.{name}.weight" for name in ("query", "key", "value", "linear"))),
                ("moe.router.weight", "router.weight"),
                *_experts(*(f"moe.{{e}}.{name}.weight" for name in ("linear", "linear_v", "linear_1"))),
            ),
        ),
    ),
)

GROK_2 = Layout(
    name="xai-org/grok-2",
    rules=(
        *_HUGGING_FACE_GLOBALS,
        *_layer(
            _HUGGING_FACE,
            (
                *_norms("pre_attn_norm.weight", "post_attn_norm.weight", "pre_moe_norm.weight", "post_moe_norm.weight"),
                *_SELF_ATTENTION,
                ("moe.router.weight", "block_sparse_moe.gate.weight"),
                *_gated("mlp.", "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"),
            ),
        ),
        # The output rows of w1 and w3 are dealt out to the ranks, and with them the input columns of w2.
        *(
            NameRule(rule.ours, rule.theirs, join_axis=1 if rule.ours.endswith("down") else 0)
            for rule in _layer(
                _HUGGING_FACE, _experts(*(f"block_sparse_moe.experts.{{e}}.w{i}.weight" for i in (1, 3, 2)))
            )
        ),
    ),
    ignored=_ROTARY,
)

_PRE_NORMS = _norms("input_layernorm.weight", "post_attention_layernorm.weight")

MIXTRAL = Layout(
    name="Mixtral",
    rules=(
        *_HUGGING_FACE_GLOBALS,
        *_layer(
            _HUGGING_FACE,
            (
                *_PRE_NORMS,
                *_SELF_ATTENTION,
                ("moe.router.weight", "block_sparse_moe.gate.weight"),
                *_experts(*(f"block_sparse_moe.experts.{{e}}.w{i}.weight" for i in (1, 3, 2))),
            ),
        ),
    ),
    ignored=_ROTARY,
)

QWEN_MOE = Layout(
    name="Qwen3-MoE and OLMoE",
    rules=(
        *_HUGGING_FACE_GLOBALS,
        *_layer(
            _HUGGING_FACE,
            (
                *_PRE_NORMS,
                *_SELF_ATTENTION,
                ("moe.router.weight", "mlp.gate.weight"),
                *_experts(*(f"mlp.experts.{{e}}.{name}_proj.weight" for name in ("gate", "up", "down"))),
                *_gated("mlp.", "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"),
            ),
        ),
    ),
    ignored=_ROTARY,
)

GRANITE_MOE = Layout(
    name="Granite-MoE",
    rules=(
        *_HUGGING_FACE_GLOBALS,
        *_layer(
            _HUGGING_FACE,
            (
                *_PRE_NORMS,
                *_SELF_ATTENTION,
                ("moe.router.weight", "block_sparse_moe.router.layer.weight"),
                ("moe.experts.gate", "block_sparse_moe.input_linear.weight", Transform.FIRST_HALF),
                ("moe.experts.up", "block_sparse_moe.input_linear.weight", Transform.SECOND_HALF),
                ("moe.experts.down", "block_sparse_moe.output_linear.weight"),
            ),
        ),
    ),
    ignored=_ROTARY,
)

_GGUF = "blk.{n}."
_GGUF_GLOBALS = _globals("token_embd.weight", "output_norm.weight", "output.weight")
_GGUF_ATTENTION = _attention("attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight")
_GGUF_EXPERTS: tuple[_Row, ...] = (
    ("moe.router.weight", "ffn_gate_inp.weight"),
    *_experts("ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight"),
    # Files of March 2024 hold one tensor an expert; newer converters may fuse gate and up.
    *_experts("ffn_gate.{e}.weight", "ffn_up.{e}.weight", "ffn_down.{e}.weight"),
    ("moe.experts.gate", "ffn_gate_up_exps.weight", Transform.FIRST_HALF),
    ("moe.experts.up", "ffn_gate_up_exps.weight", Transform.SECOND_HALF),
)
_GGUF_REFUSED = (
    ("blk.*.attn_qkv.*", "queries, keys and values are fused in one tensor"),
    ("blk.*_exps.scale", "the experts have scales beside their weights"),
)

GGUF_GROK = Layout(
    name="GGUF, grok",
    rules=(
        *_GGUF_GLOBALS,
        *_layer(
            _GGUF,
            (
                *_norms("attn_norm.weight", "attn_output_norm.weight", "ffn_norm.weight", "layer_output_norm.weight"),
                ("post_ffn_norm.weight", "post_ffw_norm.weight"),
                *_GGUF_ATTENTION,
                *_GGUF_EXPERTS,
                *_gated("mlp.", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"),
            ),
        ),
    ),
    ignored=("rope_freqs.weight", "blk.*.attn_rot_embd*"),
    refused=_GGUF_REFUSED,
)

GGUF_HALF_SPLIT = Layout(
    name="GGUF, qwen3moe and olmoe",
    rules=(
        *_GGUF_GLOBALS,
        *_layer(
            _GGUF,
            (
                *_norms("attn_norm.weight", "ffn_norm.weight"),
                *_GGUF_ATTENTION,
                ("attention.q_norm.weight", "attn_q_norm.weight"),
                ("attention.k_norm.weight", "attn_k_norm.weight"),
                *_GGUF_EXPERTS,
            ),
        ),
    ),
    refused=_GGUF_REFUSED,
)

GGUF_INTERLEAVED = Layout(
    name="GGUF, llama and granitemoe",
    rules=(
        *_GGUF_GLOBALS,
        *_layer(
            _GGUF,
            (
                *_norms("attn_norm.weight", "ffn_norm.weight"),
                ("attention.q_proj.weight", "attn_q.weight", Transform.INTERLEAVE_QUERIES),
                ("attention.k_proj.weight", "attn_k.weight", Transform.INTERLEAVE_KEYS),
                *_GGUF_ATTENTION[2:],
                *_GGUF_EXPERTS,
            ),
        ),
    ),
    ignored=("blk.*.attn_rot_embd*",),
    refused=_GGUF_REFUSED,
)

SAFETENSORS_LAYOUTS = (HPCAI_GROK_1, KEYFAN_GROK_1, GROK_2, MIXTRAL, QWEN_MOE, GRANITE_MOE, OURS)
"""Told apart by their names."""

GGUF_LAYOUTS: Mapping[str, Layout] = {
    "grok": GGUF_GROK,
    "llama": GGUF_INTERLEAVED,
    "granitemoe": GGUF_INTERLEAVED,
    "qwen3moe": GGUF_HALF_SPLIT,
    "olmoe": GGUF_HALF_SPLIT,
}
"""By `general.architecture`: the order of query rows cannot be told from names."""

HUGGING_FACE_LAYOUTS: Mapping[str, Layout] = {
    "grok-1": HPCAI_GROK_1,
    "grok-2": GROK_2,
    "mixtral": MIXTRAL,
    "olmoe": QWEN_MOE,
    "qwen3-moe": QWEN_MOE,
    "granite-moe": GRANITE_MOE,
    "zaphod": OURS,
}
"""By family: what a Hugging Face folder is written as."""
