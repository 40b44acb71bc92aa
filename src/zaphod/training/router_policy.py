"""Whether routers learn, said once for a whole run; knows parameter names."""

from __future__ import annotations

from typing import Literal

from torch import nn

from zaphod.core.errors import ConfigError
from zaphod.model.experts import Router

RouterPolicy = Literal["train", "freeze"]
"""Adapters have a policy of their own: see `training.adaptation`."""


def apply_router_policy(model: nn.Module, policy: RouterPolicy) -> None:
    """Make the routers learn or not, before an optimiser is made for the model.

    A selection bias is moved by its balance method, not learnt, and is not concerned.

    Raises:
        ConfigError: routers are to be frozen in a model that has none.
    """
    routers = [module for module in model.modules() if isinstance(module, Router)]
    if policy == "freeze" and not routers:
        raise ConfigError("The model has no routers to freeze.", "Dense models have none.", "Set run.router = 'train'.")
    for router in routers:
        router.weight.requires_grad_(policy == "train")
