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


def export_packed(
    masters: Mapping[str, Tensor], config: ModelConfig, tokenizer_folder: Path, folder: Path, format_name: str = "int8"
) -> list[Path]:
    """Write float32 weights as a packed model: matrices in `format_name`, norms and routers in float32.

    Raises:
        ConfigError: the format is unknown or does not suit a shape, or the folder holds other weights.
    """
    matrix_format = format_named(format_name)
    plan = [
        PlannedTensor(name, shape, matrix_format if _is_quantised(name, shape) else FLOAT32)
        for name, shape in parameter_shapes(config).items()
    ]
    tokenizer_files = {file.name: file for file in sorted(tokenizer_folder.iterdir())}
    writer = PackedWriter(folder, plan, config.to_dict(), tokenizer_files)
    for tensor in plan:
        writer.write(tensor.name, [_encoded(masters[tensor.name], tensor.format)])
    return writer.finish()


def _is_quantised(name: str, shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and ".router." not in name


def _encoded(values: Tensor, number_format: QuantFormat) -> EncodedTensor:
    array = values.detach().to("cpu", torch.float32).numpy()
    return EncodedTensor(tuple(array.shape), number_format, number_format.encode(array))
