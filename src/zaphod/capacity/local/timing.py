"""How long a pass of our own engine takes on a measured machine; knows no requests.

    t = weights / bandwidth + keys and values / bandwidth + operations / peak + visits of experts + threads meeting

The first three are what `work.pass_work` counts over what `LocalMachine` measured, each times a fitted share
(`constants.py`). They add up: a core that waits for memory multiplies nothing meanwhile. A model that fits into the
caches is read from there. Legend: T tokens of the pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zaphod.capacity.estimate import Estimate, within
from zaphod.capacity.local.constants import NATIVE, EngineConstants
from zaphod.capacity.local.machine import LocalMachine
from zaphod.capacity.local.work import LocalModel, PassWork, pass_work
from zaphod.core.errors import ConfigError

MAX_PASS_TOKENS: Final = 512
"""The engine computes longer prompts in several passes."""
_BASIS: Final = (
    "weights, keys and values over measured bandwidth plus operations over the measured peak",
    "constants of the native engine, fitted on other models (capacity/local/constants.py)",
)


@dataclass(frozen=True, kw_only=True)
class PassTime:
    """Of one pass, in seconds by cause."""

    weights_s: float
    kv_s: float
    compute_s: float
    visits_s: float
    meetings_s: float

    @property
    def total_s(self) -> float:
        return self.weights_s + self.kv_s + self.compute_s + self.visits_s + self.meetings_s


def pass_time(
    machine: LocalMachine, model: LocalModel, work: PassWork, constants: EngineConstants = NATIVE
) -> PassTime:
    """The parts of one pass's time. Raises `ConfigError` where the machine's peak is not known for these weights."""
    config = model.config
    is_cached = model.weight_bytes <= machine.cache_bytes
    share = constants.cache_share if is_cached else constants.memory_share
    bandwidth = machine.bandwidth(model.weight_bytes)
    visits = per_visit = 0.0
    if config.moe is not None:
        visits = work.num_tokens * (config.moe.router.top_k + bool(config.moe.shared_expert_size))
        per_visit = constants.visit_s_per_input * config.hidden_size
        per_visit += constants.visit_s_per_hidden * config.moe.expert_size
    sparse_layers = sum(config.is_sparse(layer) for layer in range(config.num_layers))
    return PassTime(
        weights_s=share * work.weight_bytes / bandwidth,
        kv_s=constants.kv_share * work.kv_bytes / bandwidth,
        compute_s=constants.compute_share * work.operations / machine.peak(model.kind),
        visits_s=visits * sparse_layers * per_visit / machine.num_threads,
        meetings_s=constants.meeting_s_per_layer * config.num_layers * (machine.num_threads > 1),
    )


def decode_step(machine: LocalMachine, model: LocalModel, *, batch: int, context: float) -> Estimate:
    """Seconds until each of `batch` sequences of `context` tokens has one more.

    Raises:
        ConfigError: a count below 1, or a peak that was not measured.
    """
    _require_positive(batch=batch, context=context)
    work = pass_work(model, batch=batch, num_new=1, num_before=context - 1, num_logits=batch)
    return _estimate(pass_time(machine, model, work).total_s)


def prefill_time(machine: LocalMachine, model: LocalModel, *, prompt_tokens: int) -> Estimate:
    """Seconds until a prompt is read and its next token's logits are there, nothing else running.

    Raises:
        ConfigError: a count below 1, or a peak that was not measured.
    """
    _require_positive(prompt_tokens=prompt_tokens)
    total_s = 0.0
    for start in range(0, prompt_tokens, MAX_PASS_TOKENS):
        count = min(MAX_PASS_TOKENS, prompt_tokens - start)
        is_last = start + count == prompt_tokens
        work = pass_work(model, batch=1, num_new=count, num_before=start, num_logits=int(is_last))
        total_s += pass_time(machine, model, work).total_s
    return _estimate(total_s)


def _estimate(seconds: float) -> Estimate:
    return within(seconds, NATIVE.relative_error, "s", *_BASIS)


def _require_positive(**counts: float) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ConfigError(f"{name} is {value}.", "It must be 1 or more.", f"Raise {name}.")
