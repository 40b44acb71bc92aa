"""What our engine does with a model on this machine: whether it fits, how long texts may be, how fast it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zaphod.capacity.estimate import Estimate, exactly
from zaphod.capacity.local.machine import LocalMachine
from zaphod.capacity.local.timing import decode_step, prefill_time
from zaphod.capacity.local.work import KINDS, LocalModel
from zaphod.capacity.parameters import kv_bytes_per_token
from zaphod.capacity.report.content import Figure
from zaphod.core.errors import CapacityError
from zaphod.core.units import format_bytes

OVERHEAD_BYTES: Final = 40e6
"""What interpreter, engine and threads take beside the model: as `engine.memory_plan` reckons."""
_GROUP: Final = "This machine"


@dataclass(frozen=True, kw_only=True)
class LocalMemory:
    """Of the process, in bytes."""

    weights: float
    kv_cache: float
    """For the sequences that are planned for."""
    overhead: float
    available: float

    @property
    def needed(self) -> float:
        return self.weights + self.kv_cache + self.overhead


@dataclass(frozen=True, kw_only=True)
class LocalSpeed:
    """With so many sequences at once."""

    batch: int
    step_s: Estimate
    tokens_per_s: Estimate
    """Of all sequences together."""


@dataclass(frozen=True, kw_only=True)
class LocalPlan:
    """What `plan_local` answers."""

    model: LocalModel
    machine: LocalMachine
    context: int
    memory: LocalMemory
    decode: tuple[LocalSpeed, ...]
    prefill_s: Estimate
    """Of a prompt of `context` tokens."""
    max_tokens: int
    """Tokens that would fit into the free memory beside the weights, of all sequences together."""


def plan_local(
    model: LocalModel, machine: LocalMachine, *, context: int = 512, batches: Sequence[int] = (1, 4)
) -> LocalPlan:
    """The plan.

    Args:
        model: with the precision that it is to run in.
        machine: measured.
        context: tokens of each sequence.
        batches: sequences at once, one speed each.

    Raises:
        ConfigError: a count below 1, or a peak that was not measured.
        CapacityError: it does not fit; says what would.
    """
    memory = LocalMemory(
        weights=model.weight_bytes,
        kv_cache=max(batches) * context * _kv_bytes(model),
        overhead=OVERHEAD_BYTES,
        available=machine.available_bytes,
    )
    if memory.needed > memory.available:
        raise CapacityError(
            f"{model.precision} weights take {format_bytes(memory.weights)}, {max(batches)} x {context} tokens "
            f"{format_bytes(memory.kv_cache)}.",
            f"{format_bytes(memory.available)} of memory are free.",
            _what_fits(model, memory),
        )
    return LocalPlan(
        model=model,
        machine=machine,
        context=context,
        memory=memory,
        decode=tuple(_speed(machine, model, batch, context) for batch in batches),
        prefill_s=prefill_time(machine, model, prompt_tokens=context),
        max_tokens=int((memory.available - memory.weights - memory.overhead) // _kv_bytes(model)),
    )


def figures_of_local(plan: LocalPlan) -> tuple[Figure, ...]:
    """For the same tables as other plans'."""

    def figure(key: str, name: str, estimate: Estimate) -> Figure:
        return Figure(key=key, name=name, group=_GROUP, estimate=estimate)

    speeds = []
    for speed in plan.decode:
        streams = "one stream" if speed.batch == 1 else f"{speed.batch} streams"
        speeds.append(figure(f"decode_{speed.batch}_tokens_per_s", f"decode, {streams}", speed.tokens_per_s))
    prompt_rate = plan.prefill_s.inverse(plan.context, "tokens/s")
    return (
        figure("weights_bytes", "weights", exactly(plan.memory.weights, "B")),
        figure("kv_cache_bytes", "keys and values", exactly(plan.memory.kv_cache, "B")),
        figure("available_bytes", "free memory", exactly(plan.memory.available, "B")),
        figure("max_tokens", "tokens that fit", exactly(plan.max_tokens, "tokens")),
        *speeds,
        figure("prefill_tokens_per_s", f"prompt of {plan.context} tokens", prompt_rate),
        figure("prefill_s", "first token after", plan.prefill_s),
    )


def _kv_bytes(model: LocalModel) -> int:
    return kv_bytes_per_token(model.config, model.kv_value_bytes)


def _speed(machine: LocalMachine, model: LocalModel, batch: int, context: int) -> LocalSpeed:
    step_s = decode_step(machine, model, batch=batch, context=context)
    return LocalSpeed(batch=batch, step_s=step_s, tokens_per_s=step_s.inverse(batch, "tokens/s"))


def _what_fits(model: LocalModel, memory: LocalMemory) -> str:
    """The largest precision that would fit, else what is missing."""
    rest = memory.available - memory.kv_cache - memory.overhead
    sizes = {name: LocalModel(config=model.config, precision=name).weight_bytes for name in KINDS}
    fitting = {name: size for name, size in sizes.items() if size <= rest}
    if fitting:
        name = max(fitting, key=lambda name: fitting[name])
        return f"{name} would take {format_bytes(sizes[name])}."
    if memory.weights + memory.overhead <= memory.available:
        return "Plan for fewer or shorter sequences."
    return f"Free {format_bytes(memory.needed - memory.available)} more, or let experts stay on disk (docs/memory.md)."
