"""Small models with updates whose A and B are random and of no symmetry, and their merged twins."""

from typing import Any

import torch

from zaphod.model.config import ModelConfig
from zaphod.model.transformer import Transformer
from zaphod.testing import TINY_CONFIG, tiny_model
from zaphod.training.adaptation.config import AdaptationConfig
from zaphod.training.adaptation.model import AdaptedModel, adapt
from zaphod.training.adaptation.source import FromNetwork


def adapted_tiny(
    network: Transformer | None = None, dtype: torch.dtype = torch.float32, **settings: Any
) -> AdaptedModel:
    """A tiny model, adapted; its updates are those of training's first step."""
    network = tiny_model() if network is None else network
    return adapt(network.config, FromNetwork(network), AdaptationConfig(**{"rank": 4} | settings), dtype)


def shaken(model: AdaptedModel, seed: int = 0, size: float = 0.3) -> AdaptedModel:
    """The same model with every learnt number moved at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.learnt().items():
            noise = torch.randn(parameter.shape, generator=generator) * size
            parameter.copy_(parameter * (1 + noise) if name.endswith("magnitude") else parameter + noise)
    model.network.eval()
    return model


def merged_tiny(model: AdaptedModel, network: Transformer | None = None) -> Transformer:
    """A plain network whose weights are W + scale · B A, with rows rescaled for DoRA: the definition, in a loop."""
    twin = tiny_model() if network is None else network
    with torch.no_grad():
        for name, weight in model.weights().items():
            if weight.update is not None:
                merged = twin.get_parameter(name)
                for index in range(merged.shape[0] if merged.ndim == 3 else 1):
                    one = merged[index] if merged.ndim == 3 else merged
                    one += weight.update.delta(index)
                    if weight.update.lora_magnitude is not None:
                        lengths = weight.update.lora_magnitude
                        one *= ((lengths[index] if merged.ndim == 3 else lengths) / one.norm(dim=-1))[:, None]
    return twin


def token_ids(config: ModelConfig = TINY_CONFIG, seed: int = 0, shape: tuple[int, int] = (3, 17)) -> torch.Tensor:
    """Random sequences."""
    return torch.randint(0, config.vocab_size, shape, generator=torch.Generator().manual_seed(seed))
