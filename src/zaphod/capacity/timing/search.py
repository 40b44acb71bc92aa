"""The layout of one replica that serves a workload with the fewest devices; knows no prices and no fleets.

Every layout that was looked at and not chosen is kept with the reason, so that nobody has to guess.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.inference import max_sequences
from zaphod.capacity.plan import Considered
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.closed_loop import Loop, closed_loop
from zaphod.capacity.timing.engines import calibration, kind_of
from zaphod.capacity.workload import Workload
from zaphod.core.errors import CapacityError, ConfigError

_MAX_DEVICES = 64
_SAME = 1.05
"""Layouts that differ by less are equal: then the one without a pipeline, and with fewer devices to fail together."""
_TENSOR = (1, 2, 4, 8, 16)
_PIPELINE = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best layout."""

    best: Replica
    concurrency: int
    """Requests in flight at which it still keeps the service level."""
    loop: Loop
    """What it gives then."""
    considered: tuple[Considered, ...]
    """All others, the nearest to the best first."""


def search(
    shape: ModelShape,
    accelerator: Accelerator,
    workload: Workload,
    *,
    precision: str | None = None,
    kv_precision: str | None = None,
    engine: str | None = None,
    num_devices: int | None = None,
) -> Found:
    """Look at tensor, pipeline, expert and data parallelism in turn.

    Args:
        shape: the model.
        accelerator: every device.
        workload: lengths, users and the service level.
        precision: of the weights; 8 bits where the device multiplies them, otherwise 16, unless given.
        kv_precision: of the cache; 16 bits unless given.
        engine: SGLang on accelerators, llama.cpp on other machines, unless given.
        num_devices: of one replica, exactly; any number unless given.

    Raises:
        ConfigError: no layout has so many devices.
        CapacityError: none fits, or none keeps the service level; names the nearest.
    """
    template = Replica(
        shape=shape,
        accelerator=accelerator,
        layout=Layout(),
        precision=precision or default_precision(accelerator),
        kv_precision=kv_precision or "bf16",
        engine=engine or default_engine(accelerator),
    )
    accepted: list[_Candidate] = []
    rejected: list[Considered] = []
    for layout in layouts(shape, accelerator, num_devices):
        replica = dataclasses.replace(template, layout=layout)
        candidate = _judge(replica, workload)
        if isinstance(candidate, str):
            rejected.append(Considered(replica=replica, reason=candidate))
        else:
            accepted.append(candidate)
    if not accepted and not rejected:
        raise ConfigError(
            f"No layout of {shape.name} has {num_devices} devices.",
            "Heads and experts must be split evenly, and a node's devices bound tensor parallelism.",
            "Choose a power of two.",
        )
    if not accepted:
        raise CapacityError(
            f"{shape.name} in {template.precision} on {accelerator.title}: no layout keeps the service level.",
            "; ".join(f"{each.replica.layout}: {each.reason}" for each in rejected[-4:]),
            "Allow more time per token, use more devices, fewer bits, or another accelerator.",
        )
    accepted.sort(key=lambda each: each.rank)
    enough = [each for each in accepted if each.total_devices <= _SAME * accepted[0].total_devices]
    best = min(enough, key=lambda each: (each.replica.layout.pipeline > 1, each.replica.num_devices, *each.rank))
    others = [Considered(replica=each.replica, reason=each.against(best)) for each in accepted if each is not best]
    return Found(best=best.replica, concurrency=best.concurrency, loop=best.loop, considered=(*others, *rejected))


def default_precision(accelerator: Accelerator) -> str:
    """8 bits where the device multiplies them; 4 on machines without an accelerator, which only bandwidth limits."""
    if kind_of(accelerator) in ("apple", "processor"):
        return "q4_k_m"
    return "fp8" if "fp8" in accelerator.peak_flops else "bf16"


def default_engine(accelerator: Accelerator) -> str:
    """What people run on such a device."""
    return "llama.cpp" if kind_of(accelerator) in ("apple", "processor") else "sglang"


def layouts(shape: ModelShape, accelerator: Accelerator, num_devices: int | None = None) -> Iterator[Layout]:
    """All that are worth a look, few devices first."""
    found = {
        layout
        for layout in _combinations(shape, accelerator)
        if (layout.num_devices == num_devices if num_devices else layout.num_devices <= _MAX_DEVICES)
    }
    return iter(sorted(found, key=lambda each: (each.num_devices, each.pipeline, each.data, each.expert, each.tensor)))


def _combinations(shape: ModelShape, accelerator: Accelerator) -> Iterator[Layout]:
    heads = functools.reduce(math.gcd, (layer.attention.num_heads for layer in shape.layers))
    experts = [layer.experts.num_experts for layer in shape.layers if layer.experts is not None]
    clusters = accelerator.network_bandwidth > 0
    most = _MAX_DEVICES if clusters else accelerator.devices_per_node
    for tensor in _TENSOR:
        if heads % tensor or tensor > min(accelerator.devices_per_node, most):
            continue
        for pipeline in _PIPELINE:
            if pipeline <= shape.num_layers and tensor * pipeline <= most:
                yield Layout(tensor=tensor, pipeline=pipeline)
        together = [group for group in (tensor, *(2**n for n in range(7))) if tensor <= group <= most]
        for group in together if experts else ():
            if group > 1 and group % tensor == 0 and all(count % group == 0 for count in experts):
                yield Layout(tensor=tensor, data=group // tensor, expert=group)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    replica: Replica
    concurrency: int
    loop: Loop
    total_devices: int
    """For the whole workload."""

    @property
    def device_s_per_token(self) -> float:
        return self.replica.num_devices / self.loop.output_tokens_per_s.value

    @property
    def rank(self) -> tuple[float, float]:
        """Devices first; a token's share of them where they are equal."""
        return self.total_devices, self.device_s_per_token

    def against(self, best: _Candidate) -> str:
        itl_ms, rate = 1e3 * self.loop.itl_s.value, self.loop.output_tokens_per_s.value
        own = f"{self.concurrency} streams at {itl_ms:.3g} ms, {rate:.4g} tokens/s"
        if self.total_devices > best.total_devices:
            return f"needs {self.total_devices} devices for all users instead of {best.total_devices} ({own})"
        if self.total_devices < best.total_devices:
            saved = best.total_devices - self.total_devices
            return f"saves {saved} of {best.total_devices} devices, which is within the error ({own})"
        more = self.device_s_per_token / best.device_s_per_token
        return f"a token takes {more:.2f} times the device time ({own})"


def _judge(replica: Replica, workload: Workload) -> _Candidate | str:
    """The layout with the most requests in flight that the service level allows, or why it is out."""
    try:
        fitting = max_sequences(replica, workload.tokens_per_request)
    except CapacityError as error:
        return f"does not fit: {error.found}"
    if fitting < 1:
        return f"no room for one sequence of {workload.tokens_per_request} tokens beside the weights"
    limit = calibration().constants_for(replica.engine, replica.accelerator)[0].max_sequences * replica.layout.data
    most = min(fitting, limit)

    def at(concurrency: int) -> Loop:
        return closed_loop(
            replica,
            concurrency=concurrency,
            prompt_tokens=workload.prompt_tokens,
            output_tokens=workload.output_tokens,
            cached_share=workload.cached_share,
            max_running=most,
        )

    alone = at(1)
    if reason := _misses(alone, workload):
        return f"already with one stream {reason}"
    low, high, best = 1, most, alone
    while low < high:
        middle = (low + high + 1) // 2
        loop = at(middle)
        if _misses(loop, workload):
            high = middle - 1
        else:
            low, best = middle, loop
    in_flight_s = best.e2e_s.value
    streams = workload.users * in_flight_s / (in_flight_s + workload.think_s)
    replicas = max(1, math.ceil(streams / low))
    return _Candidate(replica=replica, concurrency=low, loop=best, total_devices=replicas * replica.num_devices)


def _misses(loop: Loop, workload: Workload) -> str:
    """Which part of the service level is not kept."""
    if loop.itl_s.value > workload.max_itl_s:
        return f"a token takes {1e3 * loop.itl_s.value:.3g} ms, more than {1e3 * workload.max_itl_s:.3g}"
    if loop.ttft_p95_s.value > workload.max_ttft_s:
        return (
            f"the first token takes {loop.ttft_p95_s.value:.3g} s (95th percentile), more than {workload.max_ttft_s:g}"
        )
    return ""
