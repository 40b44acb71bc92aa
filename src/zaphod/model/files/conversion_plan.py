"""What a converted file will hold: each tensor's name, shape and number format; decides, and reads no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from zaphod.compute.quant import BFLOAT16, FLOAT32, GGMLFormat, Int4, Int8, QuantFormat, format_named
from zaphod.compute.quant.plain import Plain
from zaphod.compute.quant.tensor import Shape
from zaphod.compute.quant.tiled import tiled_form, untiled_form
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.core.errors import ConfigError
from zaphod.model.families import FAMILIES
from zaphod.model.files.names import GGUF_LAYOUTS, HUGGING_FACE_LAYOUTS, OURS, Layout, Transform, their_names
from zaphod.model.files.transforms import their_shape
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import is_kept_exact, part_of

Target = Literal["packed", "safetensors", "gguf"]

_PLAIN = ("float32", "bfloat16", "float16")
QUANTIZATIONS: Mapping[Target, Sequence[str]] = {
    "packed": (*_PLAIN, "int8", "int8-channel", "int4", "q8_0", "q4_0"),
    "safetensors": _PLAIN,
    "gguf": (*_PLAIN, "q8_0", "q4_0"),
}
"""The number formats that a target can be asked for."""

# Four bits cost the embedding and the head more than other matrices, and they are a small share of the bytes.
_VOCABULARY_FORMATS = {"int4": "int8", "q4_0": "q8_0"}
_IF_ROWS_DO_NOT_FIT = {"int8": "int8-channel", "int4": "int8-channel"}


@dataclass(frozen=True)
class Output:
    """One tensor of the new file, and what goes into it."""

    tensor: PlannedTensor
    transform: Transform
    sources: list[str] = field(default_factory=list)
    """Our tensors, whose rows follow one another: one, or gate and up where they are fused."""
    expert: int | None = None
    """Which expert of the sources, where the file has a tensor for each."""


def plan_outputs(weights: ModelWeights, target: Target, quantization: str | None) -> list[Output]:
    """Every tensor of the new file, in file order.

    Args:
        weights: the model.
        target: the kind of file.
        quantization: the number format of the large matrices; None keeps what is stored where the target can hold it.

    Raises:
        ConfigError: target or quantization are unknown or do not go together, or the target has no place for a tensor.
    """
    _check(target, quantization)
    layout = target_layout(weights, target)
    outputs: dict[str, Output] = {}
    for name in weights.names():
        number_format = choose_format(name, weights.shape(name), weights.format(name), target, quantization)
        for output in _outputs_of(weights, name, layout, number_format):
            known = outputs.setdefault(output.tensor.name, output)
            known.sources.append(name)
    return list(outputs.values())


def target_layout(weights: ModelWeights, target: Target) -> Layout:
    """How the new file names its tensors. Raises `ConfigError` where the model's family has no such files."""
    if target == "packed":
        return OURS
    family = weights.config.family
    if target == "safetensors" and family in HUGGING_FACE_LAYOUTS:
        return HUGGING_FACE_LAYOUTS[family]
    architecture = FAMILIES[family].gguf_architecture if family in FAMILIES else None
    if target == "safetensors" or architecture is None:
        raise ConfigError(
            f"A model of family {family!r} cannot be written as {target}.",
            "There is no layout of names for it.",
            "Convert to the packed form.",
        )
    return GGUF_LAYOUTS[architecture]


def choose_format(
    name: str, shape: Shape, stored: QuantFormat, target: Target, quantization: str | None
) -> QuantFormat:
    """The number format in which one tensor is written.

    Norms, routers, biases and gates stay in float32, whatever is asked for. A matrix whose rows are no whole number of
    blocks gets a format without blocks. Packed matrices are tiled where their numbers have a tiled form.
    """
    chosen = _choose_numbers(name, shape, untiled_form(stored), target, quantization)
    return tiled_form(chosen, shape) if target == "packed" else chosen


def _choose_numbers(
    name: str, shape: Shape, stored: QuantFormat, target: Target, quantization: str | None
) -> QuantFormat:
    if is_kept_exact(name, shape):
        is_kept = target == "safetensors" and quantization is None and isinstance(stored, Plain)
        return stored if is_kept else FLOAT32
    if quantization is None:
        return _fitting(_kept(stored, target), shape)
    if part_of(name) in ("embedding", "head"):
        quantization = _VOCABULARY_FORMATS.get(quantization, quantization)
    return _fitting(format_named(quantization), shape)


def _kept(stored: QuantFormat, target: Target) -> QuantFormat:
    """The stored format, or the nearest that the target can hold."""
    if isinstance(stored, Plain):
        return stored
    if target == "packed" and isinstance(stored, Int8 | Int4 | GGMLFormat):
        return stored
    if target == "gguf" and isinstance(stored, Int8 | Int4 | GGMLFormat):
        return stored if isinstance(stored, GGMLFormat) else format_named("q8_0")
    # The official program, too, multiplies int8 weights and their bfloat16 scales to bfloat16.
    return BFLOAT16 if isinstance(stored, Int8 | Int4 | GGMLFormat) else FLOAT32


def _fitting(wanted: QuantFormat, shape: Shape) -> QuantFormat:
    try:
        wanted.part_specs(shape)
    except ConfigError:
        other = _IF_ROWS_DO_NOT_FIT.get(wanted.name)
        return BFLOAT16 if other is None else format_named(other)
    return wanted


def _outputs_of(weights: ModelWeights, name: str, layout: Layout, number_format: QuantFormat) -> list[Output]:
    shape, choices = weights.shape(name), layout.rules_for(name)
    if not choices:
        raise ConfigError(
            f"The layout of {layout.name} has no place for '{name}'.",
            "Files of this kind cannot hold such a model.",
            "Convert to the packed form.",
        )
    rule, layer = choices[0]
    written = their_shape(rule.transform, shape[1:] if rule.is_per_expert else shape)
    names = their_names(rule, layer, weights.num_pieces(name))
    return [
        Output(
            PlannedTensor(theirs, written, number_format), rule.transform, expert=index if rule.is_per_expert else None
        )
        for index, theirs in enumerate(names)
    ]


def _check(target: Target, quantization: str | None) -> None:
    if target not in QUANTIZATIONS:
        raise ConfigError(f"There is no target {target!r}.", f"There are {', '.join(QUANTIZATIONS)}.")
    if quantization is not None and quantization not in QUANTIZATIONS[target]:
        raise ConfigError(
            f"{quantization!r} cannot be written to {target}.",
            f"It holds {', '.join(QUANTIZATIONS[target])}.",
            "Choose one of these, or another target.",
        )
