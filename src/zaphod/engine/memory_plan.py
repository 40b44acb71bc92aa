"""What a model will take of this machine's memory, decided before anything is read; knows sizes, not values.

Every part has a number: weights, experts kept in memory, keys and values, scratch, the program itself. Together they
must stay below what the control group (or the machine) leaves free: then no allocation fails half way, and the kernel
has no reason to end the process. Weights that do not fit may stay on disk, as far as they are experts; see
`docs/memory.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Literal

from zaphod.core.errors import CapacityError
from zaphod.core.limits import available_memory_bytes
from zaphod.core.units import format_bytes
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import is_kept_exact, parameter_shapes

if TYPE_CHECKING:
    from zaphod.model.files.weights import ModelWeights
    from zaphod.model.native import MatrixSize, Precision

Verdict = Literal["fits", "streams"]

BLOCK_SIZE = 32
"""Tokens a block of the cache holds."""
PAGE_BYTES = 4096
"""Experts are read from disk in whole pages."""
MIN_SLOTS = 2
"""Experts that must be in memory at one time: one that is computed, one that is read."""

# A model that can read and say less than this is of no use; who asks for less may have it.
_LEAST_TOKENS = 256
_PASS_TOKENS = 512
# Logits are kept for one row of so many sequences.
_LOGIT_ROWS = 32
# What the interpreter, the engine and threads still take when the model is there: measured 2 to 15 MB.
_OVERHEAD_BYTES = 40_000_000
# Eight bytes of page table for each page of 4096.
_PAGE_TABLE_SHARE = 512
# The cache for keys and values may take this share of what is left, where nobody said how long a text will be.
_KV_SHARE = 0.5
# Where experts are read from disk, memory for them is worth more than room for long texts.
_STREAMED_CONTEXT, _STREAMED_KV_SHARE = 4096, 0.25
# Bytes of a column of a row that is multiplied with a matrix in that format.
_ROW_BYTES = {"float32": 4.0, "bfloat16": 2.0, "int8": 1.375, "int4": 1.375}
_BITS = {"bfloat16": 16.0, "int8": 8.5, "int4": 4.5}
_ELEMENT_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True, kw_only=True)
class MemoryNeeds:
    """What one model takes in one precision, before anyone asked how much there is."""

    context_length: int
    """Longest sequence the model was made for, in tokens."""
    resident_bytes: int
    """Weights that every token reads: attention, head, norms, routers, embedding, dense blocks, shared experts."""
    expert_bytes: int
    """Weights of all routed experts."""
    num_experts: int
    """Routed experts of all layers together."""
    slot_bytes: int
    """Room for one expert (the largest) when it is read from disk."""
    experts_per_token: int
    """Routed experts that one token visits, of all layers together."""
    block_bytes: int
    """Keys and values of one block of `BLOCK_SIZE` tokens, all layers."""
    scratch_bytes: int
    """What a pass computes in, logits included."""
    can_stream: bool
    """Whether experts can stay in the file: it holds them as the kernels read them."""
    mapped_bytes: int
    """Weights that are used where the file is mapped, instead of being copied, if all fit."""
    smaller_bytes: Mapping[str, int] = field(default_factory=dict)
    """All weights in precisions that take less, largest first."""
    overhead_bytes: int = _OVERHEAD_BYTES
    """What the program itself still takes."""

    @property
    def weight_bytes(self) -> int:
        return self.resident_bytes + self.expert_bytes


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Where everything goes. All sizes in bytes; `total_bytes` is at most `limit_bytes`."""

    verdict: Verdict
    """`fits`: all weights are in memory. `streams`: experts are read from disk through a cache."""
    limit_bytes: int
    resident_bytes: int
    """Weights copied into memory."""
    mapped_bytes: int
    """Weights used in place in the mapped file. Its pages can be dropped and read again, but counted they are."""
    streamed_bytes: int
    """Experts that stay on disk; they do not count."""
    expert_cache_bytes: int
    num_slots: int
    """Experts that the cache holds; 0 where nothing is streamed."""
    num_experts: int
    """Routed experts of all layers together."""
    kv_bytes: int
    num_blocks: int
    context_tokens: int
    """Longest sequence, prompt and answer together."""
    scratch_bytes: int
    overhead_bytes: int

    @property
    def total_bytes(self) -> int:
        """What the process will take beside what it has already."""
        weights = self.resident_bytes + self.mapped_bytes + self.expert_cache_bytes
        return weights + self.kv_bytes + self.scratch_bytes + self.overhead_bytes

    @property
    def cached_share(self) -> float:
        """Experts that are in memory at one time, of all."""
        return self.num_slots / self.num_experts if self.verdict == "streams" else 1.0

    def __str__(self) -> str:
        """One line for people."""
        parts = [f"weights {format_bytes(self.resident_bytes + self.mapped_bytes)}"]
        if self.verdict == "streams":
            parts.append(
                f"cache for {self.num_slots} of {self.num_experts} experts {format_bytes(self.expert_cache_bytes)} "
                f"({format_bytes(self.streamed_bytes)} stay on disk)"
            )
        parts += [
            f"keys and values of {self.context_tokens} tokens {format_bytes(self.kv_bytes)}",
            f"scratch {format_bytes(self.scratch_bytes)}",
            f"program {format_bytes(self.overhead_bytes)}",
        ]
        return (
            ", ".join(parts) + f": {format_bytes(self.total_bytes)} of {format_bytes(self.limit_bytes)} that are free"
        )


def memory_needs(
    weights: ModelWeights,
    *,
    precision: Precision = "auto",
    cache_dtype: str = "float16",
    num_threads: int = 1,
) -> MemoryNeeds:
    """What the native runner takes for a model. Reads headers only.

    Args:
        weights: an opened checkpoint.
        precision: as `model.native.load_native` will get it.
        cache_dtype: how keys and values will be kept.
        num_threads: threads that compute.

    Raises:
        ConfigError: the native kernels are not there.
    """
    from zaphod.model.native import matrix_sizes

    config, sizes = weights.config, matrix_sizes(weights, precision)
    experts = {name: size.num_bytes for name, size in sizes.items() if _is_expert(name)}
    total = sum(size.num_bytes for size in sizes.values())
    vector_bytes = sum(4 * prod(shape) for shape in parameter_shapes(config).values() if _is_vector(shape))
    sparse_layers = sum(config.is_sparse(layer) for layer in range(config.num_layers))
    router = None if config.moe is None else config.moe.router
    return MemoryNeeds(
        context_length=config.context_length,
        resident_bytes=total - sum(experts.values()) + vector_bytes,
        expert_bytes=sum(experts.values()),
        num_experts=sparse_layers * router.num_experts if router else 0,
        slot_bytes=slot_bytes(experts),
        experts_per_token=sparse_layers * router.top_k if router else 0,
        block_bytes=_block_bytes(config, cache_dtype),
        scratch_bytes=_scratch_bytes(config, sizes, num_threads),
        can_stream=bool(experts) and all(sizes[name].is_in_file for name in experts),
        mapped_bytes=sum(size.num_bytes for size in sizes.values() if size.is_in_file),
        smaller_bytes=_smaller(config, total),
        overhead_bytes=_OVERHEAD_BYTES + total // _PAGE_TABLE_SHARE,
    )


def plan_memory(
    needs: MemoryNeeds,
    *,
    context_tokens: int | None = None,
    cache_tokens: int | None = None,
    expert_cache_bytes: int | None = None,
    limit_bytes: int | None = None,
    num_sequences: int = 1,
) -> MemoryPlan:
    """Share out the memory, or refuse, before anything is read.

    All weights in memory is the first choice, a cache of experts the second. What was not asked for is chosen: the
    context as long as half of what is left allows (4096 tokens where experts are streamed, and at most a quarter), but
    at least 256 tokens; the cache of experts as large as everything that is left.

    Args:
        needs: from `memory_needs`.
        context_tokens: longest sequence; chosen unless given.
        cache_tokens: tokens that keys and values are kept of, of all sequences together; one longest sequence unless
            given.
        expert_cache_bytes: stated size of the cache of experts. It also asks for streaming where all would fit.
        limit_bytes: what may be taken; what the control group and the machine leave free now unless given.
        num_sequences: longest sequences to keep keys and values of, as far as half of what is left allows, where
            `cache_tokens` is not given.

    Raises:
        CapacityError: it does not fit; with every number, and what would.
    """
    limit = available_memory_bytes() if limit_bytes is None else limit_bytes
    request = _Request(context_tokens, cache_tokens, expert_cache_bytes, num_sequences)
    if expert_cache_bytes is None:
        left = limit - needs.weight_bytes - needs.scratch_bytes - needs.overhead_bytes
        blocks = _blocks(needs, request, left, share=_KV_SHARE, at_most=needs.context_length)
        if blocks is not None:
            return _plan_of(needs, request, limit, blocks, num_slots=0)
    if needs.can_stream:
        left = limit - needs.resident_bytes - needs.scratch_bytes - needs.overhead_bytes
        wanted_slots = MIN_SLOTS if expert_cache_bytes is None else max(1, expert_cache_bytes // needs.slot_bytes)
        for_kv = left - min(wanted_slots, needs.num_experts) * needs.slot_bytes
        blocks = _blocks(needs, request, for_kv, share=_STREAMED_KV_SHARE, at_most=_STREAMED_CONTEXT)
        if blocks is not None:
            slots = (left - blocks * needs.block_bytes) // needs.slot_bytes
            slots = min(slots if expert_cache_bytes is None else wanted_slots, needs.num_experts)
            if slots >= MIN_SLOTS:
                return _plan_of(needs, request, limit, blocks, num_slots=slots)
    raise _refusal(needs, request, limit)


def slot_bytes(experts: Mapping[str, int]) -> int:
    """Room for any one expert, given the bytes of every expert's matrices by canonical name.

    Each of the three matrices begins and ends within a page of the file, so each may need two pages more.
    """
    slots: dict[tuple[str, str], int] = {}
    for name, num_bytes in experts.items():
        layer, expert = name.split(".moe.")[0], name.rsplit(".", 1)[1]
        slots[layer, expert] = slots.get((layer, expert), 0) + _pages(num_bytes) + PAGE_BYTES
    return max(slots.values(), default=0)


@dataclass(frozen=True)
class _Request:
    """What the caller asked for; None where the plan may choose."""

    context_tokens: int | None
    cache_tokens: int | None
    expert_cache_bytes: int | None
    num_sequences: int

    @property
    def wanted_tokens(self) -> int | None:
        return self.context_tokens if self.cache_tokens is None else self.cache_tokens


def _blocks(needs: MemoryNeeds, request: _Request, left: int, *, share: float, at_most: int) -> int | None:
    """Blocks of keys and values; None where they do not fit into what is left."""
    if request.cache_tokens is not None:
        blocks = -(-request.cache_tokens // BLOCK_SIZE)
    else:
        longest = -(-(request.context_tokens or min(needs.context_length, at_most)) // BLOCK_SIZE)
        least = _least_blocks(needs) if request.context_tokens is None else longest
        affordable = int(share * max(0, left) // needs.block_bytes)
        blocks = max(least, min(longest * request.num_sequences, affordable))
    return blocks if blocks * needs.block_bytes <= left else None


def _least_blocks(needs: MemoryNeeds) -> int:
    return -(-min(needs.context_length, _LEAST_TOKENS) // BLOCK_SIZE)


def _plan_of(needs: MemoryNeeds, request: _Request, limit: int, blocks: int, num_slots: int) -> MemoryPlan:
    streams = num_slots > 0
    longest = _STREAMED_CONTEXT if streams and request.wanted_tokens is None else needs.context_length
    context = request.context_tokens or min(longest, needs.context_length, blocks * BLOCK_SIZE)
    return MemoryPlan(
        verdict="streams" if streams else "fits",
        limit_bytes=limit,
        resident_bytes=needs.resident_bytes if streams else needs.weight_bytes - needs.mapped_bytes,
        mapped_bytes=0 if streams else needs.mapped_bytes,
        streamed_bytes=needs.expert_bytes if streams else 0,
        expert_cache_bytes=num_slots * needs.slot_bytes,
        num_slots=num_slots,
        num_experts=needs.num_experts,
        kv_bytes=blocks * needs.block_bytes,
        num_blocks=blocks,
        context_tokens=context,
        scratch_bytes=needs.scratch_bytes,
        overhead_bytes=needs.overhead_bytes,
    )


def _refusal(needs: MemoryNeeds, request: _Request, limit: int) -> CapacityError:
    tokens = request.wanted_tokens or _least_blocks(needs) * BLOCK_SIZE
    kv_bytes = -(-tokens // BLOCK_SIZE) * needs.block_bytes
    fixed = kv_bytes + needs.scratch_bytes + needs.overhead_bytes
    streams = needs.can_stream
    cache_bytes = max(request.expert_cache_bytes or 0, MIN_SLOTS * needs.slot_bytes)
    weights = needs.resident_bytes + cache_bytes if streams else needs.weight_bytes
    what = (
        f"the weights that every token reads {format_bytes(needs.resident_bytes)}, a cache of experts "
        f"{format_bytes(cache_bytes)}"
        if streams
        else f"the weights {format_bytes(needs.weight_bytes)}"
    )
    found = (
        f"The model needs {format_bytes(weights + fixed)}: {what}, keys and values of {tokens} tokens "
        f"{format_bytes(kv_bytes)}, scratch {format_bytes(needs.scratch_bytes)}, the program "
        f"{format_bytes(needs.overhead_bytes)}. Free are {format_bytes(limit)}."
    )
    return CapacityError(
        found,
        "All of it must fit before anything is read, so that nothing fails later.",
        _remedy(needs, request, limit) or f"Use a machine with {format_bytes(1.1 * (weights + fixed))} of free memory.",
    )


def _remedy(needs: MemoryNeeds, request: _Request, limit: int) -> str:
    """Whatever would fit, in one text; empty where nothing would."""
    base = needs.scratch_bytes + needs.overhead_bytes
    least = needs.resident_bytes + MIN_SLOTS * needs.slot_bytes if needs.can_stream else needs.weight_bytes
    blocks = -(-request.wanted_tokens // BLOCK_SIZE) if request.wanted_tokens else _least_blocks(needs)
    kv_bytes = blocks * needs.block_bytes
    advice = []
    longest = (limit - base - least) // needs.block_bytes * BLOCK_SIZE
    if BLOCK_SIZE <= longest < blocks * BLOCK_SIZE:
        advice.append(f"Ask for a context of at most {min(longest, needs.context_length)} tokens.")
    if needs.can_stream and request.expert_cache_bytes is not None:
        largest = (limit - base - kv_bytes - needs.resident_bytes) // needs.slot_bytes
        if largest >= MIN_SLOTS:
            advice.append(
                f"State a cache of experts from {format_bytes(MIN_SLOTS * needs.slot_bytes)} to "
                f"{format_bytes(min(largest, needs.num_experts) * needs.slot_bytes)}."
            )
    for precision, num_bytes in needs.smaller_bytes.items():
        if num_bytes + base + kv_bytes <= limit:
            advice.append(f"Quantise the model to {precision}: its weights then take {format_bytes(num_bytes)}.")
            break
    streamed = needs.resident_bytes + MIN_SLOTS * needs.slot_bytes + base + kv_bytes
    if not needs.can_stream and needs.num_experts and streamed <= limit:
        advice.append(
            f"Convert the model with `zaphod convert`: experts can then stay on disk, and {format_bytes(streamed)} "
            "are enough (but slow)."
        )
    return " ".join(advice)


def _is_expert(name: str) -> bool:
    return ".moe.experts." in name


def _is_vector(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or shape[0] == 1


def _pages(num_bytes: int) -> int:
    return -(-num_bytes // PAGE_BYTES) * PAGE_BYTES


def _filled(count: int, unit: int = 16) -> int:
    return -(-count // unit) * unit


def _block_bytes(config: ModelConfig, cache_dtype: str) -> int:
    """As `CacheLayout::block_bytes` in layout.h, for all layers."""
    element = _ELEMENT_BYTES[cache_dtype]
    numbers = BLOCK_SIZE * (config.head_dim + _filled(config.head_dim))
    scales = 8 * BLOCK_SIZE if cache_dtype == "int8" else 0
    return config.num_layers * config.num_kv_heads * _filled(numbers * element + scales, 64)


def _scratch_bytes(config: ModelConfig, sizes: Mapping[str, MatrixSize], num_threads: int) -> int:
    """As `Network::allocate` in network.cpp, and logits, angles and the order of experts beside it."""
    hidden, mixed = _filled(config.hidden_size), _filled(config.num_heads * config.head_dim)
    qkv = mixed + 2 * _filled(config.num_kv_heads * config.head_dim)
    router = None if config.moe is None else config.moe.router
    num_experts, top_k = (router.num_experts, router.top_k) if router else (0, 0)
    shared = config.moe.shared_expert_size if config.moe else 0
    expert_size = config.moe.expert_size if config.moe else 0

    def row(parts: Iterable[str], columns: int) -> float:
        formats = {size.format for name, size in sizes.items() if any(part in name for part in parts)}
        kinds = {"int8" if name == "int4" else name for name in formats}
        return sum(_ROW_BYTES[kind] for kind in kinds) * _filled(columns, 64)

    floats = 2 * hidden + qkv + mixed + _filled(num_experts) + 2 * config.head_dim + 4 * top_k
    prepared = row((".q_proj.", ".k_proj.", ".v_proj."), hidden) + row((".o_proj.",), mixed)
    prepared += row((".router.", ".gate", ".up"), hidden) + row(("head.", "embedding."), hidden)
    prepared += top_k * row((".experts.down",), expert_size) + row((".down_proj.",), max(config.dense_size, shared))
    threads = num_threads * 4 * max(2 * 48 * 32, 64 * (2 * _filled(config.head_dim) + 2 * 64), hidden, qkv)
    logits = _LOGIT_ROWS * 4 * _filled(config.vocab_size)
    return int(_PASS_TOKENS * (4 * floats + prepared)) + threads + logits + 64 * PAGE_BYTES


def _smaller(config: ModelConfig, now_bytes: int) -> dict[str, int]:
    """All weights in precisions that take less than they do now."""
    found = {}
    for precision, bits in _BITS.items():
        num_bytes = 0.0
        for name, shape in parameter_shapes(config).items():
            kept = is_kept_exact(name, shape)
            num_bytes += prod(shape) * (32.0 if kept else bits) / 8
        if num_bytes < 0.9 * now_bytes:
            found[precision] = int(num_bytes)
    return found
