"""From a row of a measured table to the replica it was measured on, with what had to be assumed; predicts nothing."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

from zaphod.capacity.estimate import Estimate, RefusedError, product
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.precisions import precision
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.known import find_shape, known_shapes
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.capacity.timing.engines import engine_name, kind_of
from zaphod.capacity.validation.hardware_names import find_accelerator
from zaphod.capacity.validation.points import Point
from zaphod.core.errors import ConfigError

_GUESSED_SHAPE_ERROR, _LIKE_SHAPE_ERROR = 0.2, 0.08
_SAME_SIZE = 0.08
"""Sum of the logarithms' differences of all and of active parameters."""
_NO_ENGINE_ERROR = 0.15
_PRECISIONS = (
    ("nvfp4|fp4.*nv|w4a4", "nvfp4"),
    ("mxfp4|fp4", "mxfp4"),
    ("fp8|f8|e4m3|e5m2", "fp8"),
    ("int8|w8|8bit|i8", "int8"),
    ("awq|gptq|int4|w4|4bit|i4|nf4", "int4"),
    ("bf16|bfloat16|f16|fp16|float16|half|16bit|auto", "bf16"),
    ("fp32|f32|float32", "fp32"),
)
_KV_PRECISIONS = (("fp8|f8|e4m3|e5m2|int8|q8|8bit", "fp8"), ("fp4|int4|q4", "int4"))


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """A replica, and what the row did not say."""

    replica: Replica
    assumptions: tuple[str, ...]
    added_error: float
    """Relative; for a shape that was guessed, or an engine that is not named."""


def replica_of(point: Point) -> Assumed:
    """The replica of a row.

    Raises:
        RefusedError: the model or the hardware is not known, or they cannot be put together.
    """
    accelerator = find_accelerator(point.hardware)
    shape, error = shape_of(point)
    assumptions = []
    if error:
        made = "made up" if shape.name == point.model else f"that of {shape.name}"
        assumptions.append(f"{point.model!r} is not known: by its parameters its shape is taken to be {made}")
    try:
        engine = engine_name(point.framework)
    except ConfigError:
        engine = "llama.cpp" if kind_of(accelerator) in ("apple", "processor") else "vllm"
        assumptions.append(f"the engine is taken to be {engine}")
        error = math.hypot(error, _NO_ENGINE_ERROR)
    layout = layout_of(point)
    if engine == "llama.cpp" and not point.tp and layout.tensor > 1:
        layout = Layout(pipeline=layout.tensor)
        assumptions.append("llama.cpp gives each device a part of the layers")
    if layout.expert > 1 and not shape.num_sparse_layers:
        layout = dataclasses.replace(layout, expert=1)
    heads = min(layer.attention.num_heads for layer in shape.layers)
    if layout.tensor > heads:
        raise RefusedError(
            f"{shape.name} has {heads} heads for {layout.tensor} tensor-parallel devices.",
            "",
            "Give the layout in tp, pp, ep and dp.",
        )
    replica = Replica(
        shape=shape,
        accelerator=accelerator,
        layout=layout,
        precision=precision_of(point.precision),
        kv_precision=kv_precision_of(point.kv_dtype),
        engine=engine,
    )
    return Assumed(replica=replica, assumptions=tuple(assumptions), added_error=error)


def noted(estimate: Estimate, assumed: Assumed) -> Estimate:
    """The same with its assumptions, and an interval that is as much wider as they ask."""
    if not assumed.added_error:
        return dataclasses.replace(estimate, basis=(*estimate.basis, *assumed.assumptions))
    factor = Estimate(
        value=1.0, low=1 / (1 + assumed.added_error), high=1 + assumed.added_error, unit="", basis=assumed.assumptions
    )
    return product(estimate, factor, estimate.unit)


def shape_of(point: Point) -> tuple[ModelShape, float]:
    """The known model of that name; else the known one with as many parameters; else one made up from their number.

    Returns:
        The shape, and the relative error that is added where it is not the model's own.

    Raises:
        RefusedError: the model is not known, and neither the row nor its name has a number of parameters.
    """
    for name in _spellings(point.model):
        try:
            return find_shape(name), 0.0
        except ConfigError:
            continue
    total, active = (point.total_params_b or 0.0) * 1e9, (point.active_params_b or 0.0) * 1e9
    if not total:
        total, active = _parameters_in(point.model)
    if not total:
        raise RefusedError(
            f"The model {point.model!r} is not known, and the row has no number of parameters.",
            "",
            "Fill total_params_b and active_params_b, or use a name that `zaphod plan` knows.",
        )
    active = active or total
    distance, like = min(
        ((_distance(shape, total, active), shape) for shape in known_shapes().values()), key=lambda pair: pair[0]
    )
    if distance < _SAME_SIZE:
        return like, _LIKE_SHAPE_ERROR
    return guessed_shape(point.model, total, active), _GUESSED_SHAPE_ERROR


def _distance(shape: ModelShape, total: float, active: float) -> float:
    return abs(math.log(shape.total_parameters / total)) + abs(math.log(shape.active_parameters / active))


def _parameters_in(name: str) -> tuple[float, float]:
    """(all, active) out of `Qwen3-30B-A3B` or `CodeLlama-34B`; zeros where there is no such number."""
    text = name.lower()
    total = re.search(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", text)
    active = re.search(r"(?<![a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])", text)
    return (float(total[1]) * 1e9 if total else 0.0), (float(active[1]) * 1e9 if active else 0.0)


def _spellings(name: str) -> list[str]:
    """As it stands, without brackets, and the parts that a slash joins (`DeepSeek-V3/R1`)."""
    bare = re.sub(r"\s*[(\[].*?[)\]]", "", name).strip()
    dashed = re.sub(r"[\s_]+", "-", bare)
    return [each for each in dict.fromkeys((name, bare, dashed, *dashed.split("/"))) if each]


def layout_of(point: Point) -> Layout:
    """What the row says; devices that it does not place are tensor parallelism, or copies where that is given."""
    pipeline, context = point.pp or 1, point.cp or 1
    experts, devices = point.ep or 1, point.n_gpus or 0
    tensor, data = point.tp or 0, point.dp or 0
    if not tensor and experts > 1 and not data and devices in (0, experts):
        # Only expert parallelism is named: attention is parallel over the data.
        tensor, data = 1, experts
    if not tensor:
        left = max(1, devices // (pipeline * context * max(1, data)))
        tensor = 1 if data and data * pipeline * context >= devices else left
    if not data:
        data = max(1, devices // (tensor * pipeline * context))
    if experts > 1 and (tensor * data * context) % experts:
        experts = math.gcd(experts, tensor * data * context)
    return Layout(tensor=tensor, pipeline=pipeline, expert=experts, data=data, context=context)


def precision_of(text: str) -> str:
    """A name of `memory.precisions` for a free text; `bf16` for none. Of several (`bf16+fp8kv`) the first counts.

    Raises:
        RefusedError: nothing known is meant.
    """
    whole = text.strip().lower()
    if not whole:
        return "bf16"
    for name in (whole, re.sub(r"[^a-z0-9]+", "_", whole), re.sub(r"[^a-z0-9]+", "-", whole)):
        try:
            return precision(name).name
        except ConfigError:
            continue
    for part in (*re.split(r"[+/,; ]", whole), whole):
        plain = re.sub(r"[^a-z0-9]+", "", part)
        for pattern, name in _PRECISIONS:
            if re.search(pattern, plain):
                return precision(name).name
    raise RefusedError(f"The precision {text!r} is not known.", "", "Use a name such as bf16, fp8, int4 or q4_k_m.")


def kv_precision_of(text: str) -> str:
    """The same of the cache: engines keep it in 16 bits unless told otherwise."""
    for pattern, name in _KV_PRECISIONS:
        if re.search(pattern, text.lower()):
            return name
    return "bf16"


def guessed_shape(name: str, total: float, active: float) -> ModelShape:
    """A model of usual proportions with so many parameters in all and for each token.

    Width and depth of a dense model follow the published ones (about 110 of width for each layer); a sparse one gets
    128 experts, with attention and the shared parts taking a third of what is active.
    """
    sparse = 0 < active < 0.8 * total
    like = active * 2 if sparse else total
    hidden = max(256, round((like / 0.109) ** (1 / 3) / 128) * 128)
    num_layers = max(2, round(hidden / 110))
    heads = max(1, hidden // 128)
    attention = Attention(num_heads=heads, num_kv_heads=min(heads, 8), head_dim=128, value_head_dim=128)
    vocab = 128_000 if total > 3e9 else 32_000
    embeddings = 2 * vocab * hidden
    own = num_layers * attention.num_parameters(hidden)
    if not sparse:
        width = max(128, round((total - embeddings - own) / (3 * hidden * num_layers)))
        layers: tuple[Layer, ...] = (Layer(count=num_layers, attention=attention, dense_width=width),)
    else:
        routed = total - active * 0.35
        top_k = min(64, max(1, round(128 * active * 0.65 / routed)))
        width = max(16, round(routed / (3 * hidden * num_layers * 128)))
        shared = max(0, round((active * 0.35 - own - embeddings / 2) / (3 * hidden * num_layers)))
        experts = Experts(num_experts=128, top_k=top_k, width=width, shared_width=shared)
        layers = (Layer(count=num_layers, attention=attention, experts=experts),)
    shape = ModelShape(
        name=name, vocab_size=vocab, hidden_size=hidden, context_length=131_072, layers=layers, source="guessed"
    )
    return dataclasses.replace(shape, num_other_parameters=max(0, int(total) - shape.total_parameters))
