"""Muon for matrices, AdamW for the rest, on float32 masters of a bfloat16 model; knows parameters, not losses.

Muon replaces a matrix's momentum by the nearest semi-orthogonal matrix, found by Newton-Schulz iteration (Jordan et al.
2024, kellerjordan.github.io/posts/muon), scaled so that its entries are as large as AdamW's (arXiv 2502.16982, eq. 4):
one learning rate and one weight decay serve both. A stack of experts [E, out, in] is E matrices treated at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from zaphod.compute.kernels.native_training import TrainingKernels, is_plain, training_kernels
from zaphod.core.errors import ConfigError
from zaphod.training.parallel.deal import Deal, Undealt

Rule = Literal["muon", "adamw"]
StateFormat = Literal["float32", "bfloat16"]

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's quintic: fast at 0, and only roughly 1 afterwards
_NEWTON_SCHULZ_STEPS = 5


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig:
    """Settings of both rules."""

    rule: Rule = "muon"
    """Of the matrices inside the layers; the rest always learns by AdamW."""
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    """Of matrices; vectors and the embedding do not decay."""
    max_gradient_norm: float = 1.0
    momentum: float = 0.95
    """Of Muon."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Of AdamW."""
    state_format: StateFormat = "float32"
    """Of the moments; bfloat16 halves them (DeepSeek-V3, arXiv 2412.19437, §3.3.2). Masters stay float32."""

    def __post_init__(self) -> None:
        if self.learning_rate <= 0 or self.max_gradient_norm <= 0 or self.weight_decay < 0:
            raise ConfigError(
                f"learning_rate {self.learning_rate}, max_gradient_norm {self.max_gradient_norm}, weight_decay "
                f"{self.weight_decay}.",
                "The first two are above 0, the last is 0 or more.",
                "Mend the optimiser's settings.",
            )
        if not all(0 <= beta < 1 for beta in (*self.betas, self.momentum)):
            raise ConfigError(
                f"betas is {self.betas} and momentum is {self.momentum}.",
                "Each lies in [0, 1).",
                "Use [0.9, 0.95] and 0.95.",
            )


def in_half_precision(model: nn.Module) -> nn.Module:
    """Turn all but norms and routers to bfloat16, in place: what decides something stays float32."""
    for name, parameter in model.named_parameters():
        if not _stays_float32(name):
            parameter.data = parameter.data.bfloat16()
    return model


def _stays_float32(name: str) -> bool:
    return "norm." in name or ".router." in name


def uses_muon(name: str, parameter: Tensor) -> bool:
    """Matrices inside the layers; not the embedding, the head, the router, nor any vector."""
    return parameter.ndim >= 2 and not name.startswith(("embedding.", "head.")) and ".router." not in name


def orthogonalised(matrices: Tensor) -> Tensor:
    """Roughly the nearest semi-orthogonal matrix of each [..., out, in], bfloat16: singular values near [0.7, 1.2]."""
    x: Tensor = matrices.bfloat16().view(-1, *matrices.shape[-2:])
    x = x / (torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True, dtype=torch.float32) + 1e-7).bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


def _kernels_for(*tensors: Tensor) -> TrainingKernels | None:
    """Native code, where it takes such tensors: all float32 but the last, the copy of a master."""
    takes = all(is_plain(x) for x in tensors) and all(x.dtype == torch.float32 for x in tensors[:-1])
    return training_kernels() if takes else None


class Optimiser:
    """Holds the float32 masters and moments of a model's parameters and writes each step's result into the model.

    Args:
        model: its parameters with `requires_grad` are learnt.
        config: see `OptimiserConfig`.
        deal: what of the model this process holds; all of it by default.
    """

    def __init__(self, model: nn.Module, config: OptimiserConfig, deal: Deal | None = None) -> None:
        self.config = config
        self.deal: Deal = Undealt(model) if deal is None else deal
        self.parameters = self.deal.held()
        # What is float32 already (norms, routers, sharded matrices) is its own master.
        self.masters = {name: parameter.float() for name, parameter in self.parameters.items()}
        dtype = torch.float32 if config.state_format == "float32" else torch.bfloat16
        self.first_moments = {name: torch.zeros_like(master, dtype=dtype) for name, master in self.masters.items()}
        self.second_moments = {
            name: torch.zeros_like(master, dtype=dtype)
            for name, master in self.masters.items()
            if config.rule == "adamw" or not uses_muon(name, master)
        }
        self.num_steps = 0

    def begin_step(self, gradient_norm: float) -> float:
        """Count a step; returns the factor that brings the gradients to the largest norm allowed."""
        self.num_steps += 1
        return min(1.0, self.config.max_gradient_norm / (gradient_norm + 1e-6))

    @torch.no_grad()
    def update(self, names: Iterable[str], gradients: Mapping[str, Tensor], *, scale: float, rate_share: float) -> None:
        """Update the parameters named; other threads may update others at the same time. Then comes `deal.publish`.

        Args:
            names: which parameters.
            gradients: float32, by name.
            scale: what `begin_step` returned.
            rate_share: the schedule's factor for the learning rate.
        """
        rate = self.config.learning_rate * rate_share
        for name in names:
            if name not in self.second_moments:
                self._muon(name, gradients[name], scale, rate)
            elif not self._adam_in_one_pass(name, gradients[name], scale, rate):
                self._adam(name, gradients[name] * scale, rate)
                self.parameters[name].copy_(self.masters[name])

    def _muon(self, name: str, gradient: Tensor, scale: float, rate: float) -> None:
        master, copy = self.masters[name], self.parameters[name]
        momentum, moment = self.config.momentum, self.first_moments[name]
        kernels = _kernels_for(gradient, master, moment, copy)
        if kernels is not None:
            towards = kernels.muon_direction_(gradient, moment, momentum=momentum, scale=scale)
        else:
            scaled = gradient * scale
            towards = scaled.lerp(self._moved(moment, scaled, 1 - momentum), momentum).bfloat16()
        direction = self.deal.piece(name, orthogonalised(self.deal.whole(name, towards))).contiguous()
        kept = 1 - rate * self.config.weight_decay
        step = rate * 0.2 * max(self.deal.whole_shape(name)[-2:]) ** 0.5
        if kernels is not None:
            kernels.muon_move_(direction, master, copy, kept=kept, rate=step)
        else:
            master.mul_(kept).sub_(direction.float(), alpha=step)
            copy.copy_(master)

    def _adam(self, name: str, gradient: Tensor, rate: float) -> None:
        master, (beta1, beta2) = self.masters[name], self.config.betas
        first = self._moved(self.first_moments[name], gradient, 1 - beta1)
        second = self._moved(self.second_moments[name], gradient.square(), 1 - beta2)
        first_unbiased = first / (1 - beta1**self.num_steps)
        second_unbiased = second / (1 - beta2**self.num_steps)
        master.mul_(1 - rate * self._decay(name))
        master.sub_(first_unbiased / (second_unbiased.sqrt() + 1e-8), alpha=rate)

    def _decay(self, name: str) -> float:
        """Of a parameter that learns by AdamW."""
        decays = ".router." in name or uses_muon(name, self.masters[name])
        return self.config.weight_decay if decays else 0.0

    def _adam_in_one_pass(self, name: str, gradient: Tensor, scale: float, rate: float) -> bool:
        """The same by native code, the copy into the model included; False where that does not take such tensors."""
        moments = (self.first_moments[name], self.second_moments[name])
        copy = self.parameters[name]
        kernels = _kernels_for(gradient, self.masters[name], *moments, copy)
        if kernels is not None:
            kernels.adamw_(
                *(gradient, self.masters[name], moments, copy),
                rate=rate,
                decay=self._decay(name),
                betas=self.config.betas,
                epsilon=1e-8,
                step=self.num_steps,
                scale=scale,
            )
        return kernels is not None

    @staticmethod
    def _moved(moment: Tensor, towards: Tensor, share: float) -> Tensor:
        """The moment after one step, float32; it is kept in its own format."""
        if moment.dtype == torch.float32:
            return moment.lerp_(towards, share)
        moved = moment.float().lerp_(towards, share)
        moment.copy_(moved)
        return moved

    def state(self) -> dict[str, object]:
        """All that a resumed run needs; `load_state` is its inverse."""
        return {
            "masters": self.masters,
            "first_moments": self.first_moments,
            "second_moments": self.second_moments,
            "num_steps": self.num_steps,
        }

    @torch.no_grad()
    def load_state(self, state: Mapping[str, object]) -> None:
        """Take over a state; the model's parameters follow the masters."""
        for kind in ("masters", "first_moments", "second_moments"):
            saved = state[kind]
            assert isinstance(saved, dict)
            for name, tensor in getattr(self, kind).items():
                tensor.copy_(saved[name])
        num_steps = state["num_steps"]
        assert isinstance(num_steps, int)
        self.num_steps = num_steps
        for name, parameter in self.parameters.items():
            parameter.copy_(self.masters[name])
