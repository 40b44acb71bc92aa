"""What a replica takes of each device's memory, and how many tokens its caches hold (F6); knows no times and no prices.

`weights + keys and values + activations + overhead <= utilisation * reported bytes`. Weights and caches are exact;
activations and overhead are what engines are known to take, to within about a gigabyte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from zaphod.capacity.estimate import Estimate
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.contents import layer_contents
from zaphod.capacity.memory.precisions import Precision, embedding_bits, matrix_bits, precision
from zaphod.capacity.plan import MemoryUse
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.shape import Attention, ModelShape
from zaphod.core.errors import CapacityError, ConfigError
from zaphod.core.units import format_bytes

_ACTIVATION_BYTES = 2
_LIGHT_ENGINES = ("llama.cpp", "gpt-fast", "zaphod")
"""Engines without captured graphs of many sizes, that read prompts in pieces of a few hundred tokens."""
_LIGHT_TOKENS = 512
_SHARES_WHAT_IS_FREE = "tensorrt-llm"
"""Its share (free_gpu_memory_fraction) is of what weights and activations leave; the others' is of all."""
_RUNTIME_BYTES, _LIGHT_RUNTIME_BYTES = 1.0e9, 0.5e9
"""Driver, libraries and their workspaces."""
_COMMUNICATION_BYTES = 1.0e9
"""Buffers of collectives, where there is more than one device."""
_GRAPH_BYTES_PER_LAYER = 8e6
_SAMPLED_SEQUENCES = 256
"""Whose logits are held at once, in float32 and once more as probabilities."""
_REFERENCE_TOKENS = 8192
"""Length of a sequence where layers with windows are counted in tokens."""
_UNCERTAIN_BYTES = 1.5e9
"""Engines differ by about so much in what is neither weights nor cache."""
_LOWER = ("fp8", "int4")
_OWN_LOWER = {
    "llama.cpp": ("q8_0", "q4_k_m", "q2_k"),
    "zaphod": ("packed-int8", "packed-int4"),
    "gpt-fast": ("int8", "int4"),
}


def kv_bytes_per_token(shape: ModelShape, kv_precision: str) -> float:
    """Bytes that one more token adds to the caches of all layers before any window is full, copies not counted.

    Raises:
        ConfigError: the precision is unknown.
    """
    return shape.kv_values_per_token() * precision(kv_precision).bits_per_weight / 8


def memory_use(replica: Replica) -> MemoryUse:
    """Bytes on the fullest device, and the tokens that the replica's caches hold.

    Tokens of a model with windows are counted in sequences of 8,192 tokens.

    Raises:
        CapacityError: nothing is left for keys and values; names the largest part and the changes that would do.
        ConfigError: the layout does not fit the model, or a precision is unknown.
    """
    use = _use(replica)
    if use.kv_tokens < 1:
        raise CapacityError(*_refusal(replica, use))
    return use


def kv_capacity(replica: Replica) -> Estimate:
    """Tokens that the replica's caches hold, and the interval that engines' own needs leave. Raises as `memory_use`."""
    use = memory_use(replica)
    per_byte = use.kv_tokens / use.kv_cache
    uncertain = min(_UNCERTAIN_BYTES, use.kv_cache / 2) * per_byte
    low, high = use.kv_tokens - uncertain, use.kv_tokens + uncertain
    return Estimate(value=use.kv_tokens, low=low, high=high, unit="tokens", basis=("F6, engine's own needs +-1.5 GB",))


def max_sequences(replica: Replica, tokens_per_sequence: int) -> int:
    """How many sequences of that length the replica's caches hold at once; 0 where not even one fits.

    Raises:
        CapacityError: not even the weights fit.
        ConfigError: see `memory_use`; or the length is below 1.
    """
    if tokens_per_sequence < 1:
        raise ConfigError(
            f"A sequence has {tokens_per_sequence} tokens.", "It has 1 or more.", "Give a length above 0."
        )
    use = memory_use(replica)
    return math.floor(use.kv_cache / _sequence_bytes(replica, tokens_per_sequence)) * replica.layout.data


def require_sequence(replica: Replica, tokens: int) -> None:
    """Raise `CapacityError`, with what would do, where the caches do not hold one sequence of that length."""
    if max_sequences(replica, tokens) >= 1:
        return
    use = memory_use(replica)
    needed = _sequence_bytes(replica, tokens)
    shorter = f"at most {_longest(replica, use.kv_cache)} tokens a sequence"
    changes = [shorter, *_changes(replica, lambda each: _holds(each, tokens))]
    raise CapacityError(
        f"One sequence of {tokens} tokens takes {format_bytes(needed)} of each device's cache; "
        f"{format_bytes(use.kv_cache)} are left beside {format_bytes(use.weights)} of weights.",
        "At least one sequence must fit.",
        f"Cheapest first: {'; '.join(changes)}.",
    )


def _use(replica: Replica) -> MemoryUse:
    shape, layout = replica.shape, replica.layout
    _check(shape, layout)
    weights = device_weight_bytes(shape, layout, precision(replica.precision))
    activations, overhead = _activation_bytes(replica), _overhead_bytes(replica)
    taken, reported = weights + activations + overhead, replica.accelerator.memory_bytes
    available = reported * replica.memory_utilisation
    if replica.engine == _SHARES_WHAT_IS_FREE and taken < reported:
        available = taken + (reported - taken) * replica.memory_utilisation
    left = available - taken
    length = min(_REFERENCE_TOKENS, shape.context_length)
    per_token = _sequence_bytes(replica, length) / length
    return MemoryUse(
        weights=weights,
        kv_cache=left,
        activations=activations,
        overhead=overhead,
        available=available,
        kv_tokens=math.floor(left / per_token) * layout.data,
    )


def _check(shape: ModelShape, layout: Layout) -> None:
    if layout.pipeline > shape.num_layers:
        raise ConfigError(
            f"{shape.name} has {shape.num_layers} layers for {layout.pipeline} pipeline stages.",
            "Each stage needs a layer.",
            f"Use at most {shape.num_layers} stages.",
        )
    heads = min(layer.attention.num_heads for layer in shape.layers)
    if layout.tensor > heads:
        raise ConfigError(
            f"{shape.name} has {heads} query heads for {layout.tensor} tensor-parallel devices.",
            "Each device needs a head.",
            f"Use at most {heads}, and pipeline stages beyond.",
        )
    if layout.expert > 1 and not shape.num_sparse_layers:
        raise ConfigError(
            f"{shape.name} has no experts to spread over {layout.expert} devices.", "", "Set expert parallelism to 1."
        )


def _stage_share(shape: ModelShape, layout: Layout) -> float:
    """Of the layers, in the stage that has the most."""
    return math.ceil(shape.num_layers / layout.pipeline) / shape.num_layers


def device_weight_bytes(shape: ModelShape, layout: Layout, kept: Precision) -> float:
    """Weights on the fullest device: attention split by heads, key/value projections copied where heads run out,
    latent projections and small parameters whole, experts over `expert` devices or over the tensor-parallel ones.
    """
    expert_bits, other_bits = matrix_bits(shape, kept)
    bits = 0.0
    for layer in shape.layers:
        contents = layer_contents(shape, layer)
        split = (contents.attention + contents.dense) / layout.tensor
        keys = contents.keys / min(layout.tensor, layer.attention.num_kv_heads)
        experts = contents.experts * _expert_share(layer.experts.num_experts, layout) if layer.experts else 0.0
        one = (split + keys + contents.latent) * other_bits + experts * expert_bits + contents.small * kept.small_bits
        bits += layer.count * one
    vocabularies = kept.kept_bits
    if layout.pipeline == 1 and not shape.ties_embeddings:
        vocabularies += embedding_bits(shape, kept)
    bits = bits * _stage_share(shape, layout) + shape.num_other_parameters * kept.small_bits
    return (bits + shape.embedding_parameters / layout.tensor * vocabularies) / 8


def _expert_share(num_experts: int, layout: Layout) -> float:
    """Of a layer's experts, on one device. Expert groups smaller than the tensor group split each expert, too."""
    whole = math.ceil(num_experts / layout.expert) / num_experts
    return whole / max(1, layout.tensor // layout.expert)


def _sequence_bytes(replica: Replica, tokens: int) -> float:
    """Of one sequence's keys and values on the fullest device."""
    shape, layout = replica.shape, replica.layout
    own = math.ceil(tokens / layout.context)
    values = 0.0
    for layer in shape.layers:
        seen = own if layer.attention.window is None else min(own, layer.attention.window)
        values += layer.count * seen * _values_per_token(layer.attention, layout.tensor)
    return values * _stage_share(shape, layout) * precision(replica.kv_precision).bits_per_weight / 8


def _values_per_token(attention: Attention, tensor: int) -> float:
    """On one device: latents are on all of them, and so is a head where there are more devices than heads."""
    if attention.latent_rank:
        return attention.kv_values_per_token
    heads = math.ceil(attention.num_kv_heads / tensor)
    return heads * (attention.head_dim + attention.value_head_dim)


def _activation_bytes(replica: Replica) -> float:
    """The most that one layer holds at once while the largest step is computed, and the logits of what is sampled."""
    shape, tensor = replica.shape, replica.layout.tensor
    light = replica.engine in _LIGHT_ENGINES
    tokens = min(replica.max_batched_tokens, _LIGHT_TOKENS) if light else replica.max_batched_tokens
    widest = 0.0
    for layer in shape.layers:
        heads = layer.attention
        own = heads.num_heads * (heads.head_dim + heads.rope_head_dim + heads.value_head_dim)
        keys = 2 * heads.num_kv_heads * (heads.head_dim + heads.value_head_dim)
        blocks = [(own + keys) / tensor, layer.num_matrices * layer.dense_width / tensor]
        if layer.experts is not None:
            width = layer.num_matrices * layer.experts.width / max(1, tensor // replica.layout.expert)
            blocks.append(layer.experts.top_k * (width + shape.hidden_size))
        widest = max(widest, *blocks)
    step = tokens * (4 * shape.hidden_size + widest) * _ACTIVATION_BYTES
    sampled = 1 if light else min(_SAMPLED_SEQUENCES, replica.max_batched_tokens)
    return step + 8 * sampled * shape.vocab_size


def _overhead_bytes(replica: Replica) -> float:
    if replica.engine in _LIGHT_ENGINES:
        return _LIGHT_RUNTIME_BYTES
    layers = replica.shape.num_layers * _stage_share(replica.shape, replica.layout)
    return _RUNTIME_BYTES + (replica.num_devices > 1) * _COMMUNICATION_BYTES + layers * _GRAPH_BYTES_PER_LAYER


def _holds(replica: Replica, tokens: int) -> bool:
    use = _use(replica)
    return use.kv_tokens >= 1 and use.kv_cache >= _sequence_bytes(replica, tokens)


def _longest(replica: Replica, left: float) -> int:
    """The longest sequence whose cache has so many bytes."""
    low, high = 0, replica.shape.context_length
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _sequence_bytes(replica, middle) <= left else (low, middle - 1)
    return low


def _refusal(replica: Replica, use: MemoryUse) -> tuple[str, str, str]:
    parts = {"weights": use.weights, "activations": use.activations, "the engine's own needs": use.overhead}
    largest = max(parts, key=lambda name: parts[name])
    needed = sum(parts.values())
    accelerator = replica.accelerator
    changes = _changes(replica, lambda each: _use(each).kv_tokens >= 1)
    if largest == "activations":
        changes.insert(0, f"fewer than {replica.max_batched_tokens} tokens in one step")
    return (
        f"{replica.shape.name} in {replica.precision} takes {format_bytes(needed)} of each of "
        f"{replica.num_devices} {accelerator.title} before the first token; the largest part is {largest}, "
        f"{format_bytes(parts[largest])}.",
        f"{format_bytes(use.available)} may be used: {replica.memory_utilisation:g} of "
        f"{format_bytes(accelerator.memory_bytes)}.",
        f"Cheapest first: {'; '.join(changes)}." if changes else "Choose a larger accelerator or a smaller model.",
    )


def _changes(replica: Replica, fits: Callable[[Replica], bool]) -> list[str]:
    """A lower precision on the same devices, then more devices; only what would do."""
    changes = []
    bits = precision(replica.precision).bits_per_weight
    for name in _OWN_LOWER.get(replica.engine, _LOWER):
        if precision(name).bits_per_weight < bits and fits(replace(replica, precision=name)):
            changes.append(f"{name} instead of {replica.precision}")
            break
    for factor in (2, 4, 8, 16, 32):
        layout = _grown(replica.layout, factor, replica)
        if layout is not None and fits(replace(replica, layout=layout)):
            changes.append(f"{layout.num_devices} devices ({layout})")
            break
    return changes


def _grown(layout: Layout, factor: int, replica: Replica) -> Layout | None:
    """More devices: tensor parallelism inside of a node, pipeline stages beyond."""
    heads = min(layer.attention.num_heads for layer in replica.shape.layers)
    room = min(replica.accelerator.devices_per_node, heads) // layout.tensor
    inside = math.gcd(factor, 1 << max(0, room.bit_length() - 1))
    if layout.pipeline * (factor // inside) > replica.shape.num_layers:
        return None
    return replace(layout, tensor=layout.tensor * inside, pipeline=layout.pipeline * (factor // inside))
