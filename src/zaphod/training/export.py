"""A trained model as files that the rest of Zaphod opens; knows formats by name, not tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from zaphod.compute.quant import FLOAT32, EncodedTensor, QuantFormat, format_named
from zaphod.compute.weights.packed import PackedWriter
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import parameter_shapes

_TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"),
    *("generation_config.json", "chat_template.jinja"),
)


def export_packed(
    masters: Mapping[str, Tensor], config: ModelConfig, tokenizer: Path | None, folder: Path, format_name: str = "int8"
) -> list[Path]:
    """Write float32 weights as a packed model: matrices in `format_name`, norms and routers in float32.

    `zaphod convert` makes safetensors (in the layout of transformers, where the family has one) and GGUF of it.

    Args:
        masters: every parameter by its canonical name.
        config: the model.
        tokenizer: folder or file of its tokenizer; None for bytes.
        folder: written to.
        format_name: of the matrices.

    Raises:
        ConfigError: the format is unknown or does not suit a shape, or the folder holds other weights.
    """
    matrix_format = format_named(format_name)
    plan = [
        PlannedTensor(name, shape, matrix_format if _is_quantised(name, shape) else FLOAT32)
        for name, shape in parameter_shapes(config).items()
    ]
    metadata = config.to_dict() | ({"tokenizer": "bytes"} if tokenizer is None else {})
    writer = PackedWriter(folder, plan, metadata, _tokenizer_files(tokenizer))
    for tensor in plan:
        writer.write(tensor.name, [_encoded(masters[tensor.name], tensor.format)])
    return writer.finish()


def _tokenizer_files(tokenizer: Path | None) -> dict[str, Path]:
    if tokenizer is None:
        return {}
    if tokenizer.is_file():
        return {tokenizer.name: tokenizer}
    return {file.name: file for file in sorted(tokenizer.iterdir()) if file.name in _TOKENIZER_FILES}


def _is_quantised(name: str, shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and ".router." not in name


def _encoded(values: Tensor, number_format: QuantFormat) -> EncodedTensor:
    array = values.detach().to("cpu", torch.float32).numpy()
    return EncodedTensor(tuple(array.shape), number_format, number_format.encode(array))
