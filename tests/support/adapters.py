"""Random adapters, as our types and as peft's files, and models with adapters merged into their weights."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from zaphod.model.adapters import Adapter, LowRank, adaptable_shapes
from zaphod.model.config import ModelConfig
from zaphod.model.files.names import Layout, their_names
from zaphod.model.transformer import Transformer


def random_adapter(config: ModelConfig, seed: int = 0, *, rank: int = 3, only: str = "") -> Adapter:
    """Parts for every weight whose name holds `only`, about as large as tiny models' weights."""
    rng = np.random.default_rng(seed)

    def part(shape):
        stack, (outs, ins) = shape[:-2], shape[-2:]
        a, b = rng.standard_normal((*stack, rank, ins)), rng.standard_normal((*stack, outs, rank))
        return LowRank(a=a.astype(np.float32), b=(b / rank).astype(np.float32))

    return Adapter(parts={name: part(shape) for name, shape in adaptable_shapes(config).items() if only in name})


def merge(model: Transformer, adapter: Adapter) -> Transformer:
    """The model with W + B A in the place of each W; it is changed itself."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, part in adapter.parts.items():
            parameters[name] += torch.from_numpy(part.b @ part.a)
    return model


def write_peft(folder: Path, adapter: Adapter, layout: Layout, alpha: float = 1.0, **settings) -> Path:
    """The adapter in peft's layout, under the names of a layout whose experts are tensors of their own, or stacks."""
    tensors: dict[str, np.ndarray] = {}
    for ours, part in adapter.parts.items():
        rule, layer = layout.rules_for(ours)[0]
        scale = alpha / (part.rank**0.5 if settings.get("use_rslora") else part.rank)
        for expert, theirs in enumerate(their_names(rule, layer, len(part.a))):
            a, b = (part.a[expert], part.b[expert]) if rule.is_per_expert else (part.a, part.b)
            if a.ndim == 3:
                a, b = a.reshape(-1, a.shape[-1]), b.transpose(1, 2, 0).reshape(b.shape[1], -1)
            key = f"base_model.model.{_module(theirs)}"
            tensors[f"{key}.lora_A.weight"] = np.ascontiguousarray(a)
            tensors[f"{key}.lora_B.weight"] = np.ascontiguousarray(b / np.float32(scale))
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    config_json = {"peft_type": "LORA", "r": adapter.rank, "lora_alpha": alpha, "bias": "none"} | settings
    (folder / "adapter_config.json").write_text(json.dumps(config_json))
    return folder


def _module(theirs: str) -> str:
    """What peft calls the parameter: its module, wrapped once for each parameter that the module has before it."""
    if theirs.endswith(".weight"):
        return theirs.removesuffix(".weight")
    module, _, name = theirs.rpartition(".")
    return module + {"gate": ".base_layer.base_layer", "up": ".base_layer", "down": ""}[name]
