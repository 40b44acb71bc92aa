"""Which layout a training job should have: the fastest of those that fit; knows no prices and no whole runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.estimate import Estimate
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.activations import Recompute as MemoryRecompute
from zaphod.capacity.memory.training import TrainingSetup, training_memory
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.training import check_layout, num_micro_batches, step_parts, step_time
from zaphod.capacity.timing.training_job import Recompute, TrainingJob, stack
from zaphod.core.errors import CapacityError, ConfigError

_RECOMPUTES: tuple[Recompute, ...] = ("none", "selective", "full")
_LONG_SEQUENCE = 16384
"""From here on splitting sequences over devices is considered."""
_MAX_DEVICES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is decided already; None for what the search chooses."""

    tensor: int | None = None
    pipeline: int | None = None
    context: int | None = None
    expert: int | None = None
    data: int | None = None
    virtual: int | None = None
    expert_tensor: int | None = None
    micro_batch: int | None = None
    recompute: Recompute | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A layout for a training job."""

    layout: Layout
    job: TrainingJob
    step: Estimate
    memory: Estimate
    """Bytes of one device."""
    num_considered: int


def propose_layout(
    shape: ModelShape,
    accelerator: Accelerator,
    job: TrainingJob,
    *,
    num_devices: int | None = None,
    known: Known | None = None,
    ran: bool = False,
) -> Proposal:
    """The layout with the shortest step on so many devices, or on the fewest (a power of two) that hold the job.

    The job's micro-batch, recomputation and `expert_tensor` are chosen, too, unless `known` has them; its batch stays.

    Args:
        shape: the model.
        accelerator: one device; all are alike.
        job: the step.
        num_devices: all of them are used.
        known: what is decided already.
        ran: somebody ran this job, so it fitted: memory may be exceeded by what the estimate may be wrong by, and
            where nothing fits the smallest is taken.

    Raises:
        ConfigError: what is known contradicts itself, the number of devices or the batch.
        CapacityError: nothing fits.
        RefusedError: nothing was measured on such a device.
    """
    fixed = known or Known()
    counts = [num_devices] if num_devices is not None else _counts(shape, accelerator)
    considered, smallest = 0, float("inf")
    for count in counts:
        best: _Found | None = None
        tightest: _Found | None = None
        for layout, tried in candidates(shape, accelerator, job, count, fixed):
            for recompute in [fixed.recompute] if fixed.recompute else _RECOMPUTES:
                considered += 1
                whole = dataclasses.replace(tried, recompute=recompute)
                memory = memory_of(shape, layout, whole)
                fits = (memory.low if ran else memory.value) <= accelerator.memory_bytes
                if not fits and tightest is not None and memory.value >= tightest.memory.value:
                    continue
                seconds = step_parts(shape, accelerator, layout, whole).total
                found = _Found(layout=layout, job=whole, memory=memory, seconds=seconds)
                if not fits:
                    tightest = found
                    continue
                if best is None or seconds < best.seconds:
                    best = found
                break  # computing more again only costs time
        if best is None and ran:
            best = tightest
        if best is not None:
            step = step_time(shape, accelerator, best.layout, best.job)
            return Proposal(layout=best.layout, job=best.job, step=step, memory=best.memory, num_considered=considered)
        if tightest is not None:
            smallest = min(smallest, tightest.memory.value)
    if not considered:
        raise ConfigError(
            f"No layout of {shape.name} on {num_devices or 'any number of'} devices agrees with what is given.",
            f"The batch is {job.global_batch} sequences; given are {fixed}.",
            "Leave degrees out, or change the batch.",
        )
    raise CapacityError(
        f"Training {shape.name} takes {smallest / 1e9:.0f} GB of each device at least.",
        f"{accelerator.title} has {accelerator.memory_bytes / 1e9:.0f} GB.",
        "Use more devices, full recomputation, or shard the weights (FSDP).",
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A layout on its way to a proposal."""

    layout: Layout
    job: TrainingJob
    memory: Estimate
    seconds: float


def _counts(shape: ModelShape, accelerator: Accelerator) -> list[int]:
    """Powers of two whose memory together holds at least Adam's 16 bytes a parameter (F5)."""
    powers = [1 << power for power in range(_MAX_DEVICES.bit_length())]
    return [count for count in powers if count * accelerator.memory_bytes > 16 * shape.total_parameters]


def candidates(
    shape: ModelShape, accelerator: Accelerator, job: TrainingJob, num_devices: int, known: Known
) -> Iterator[tuple[Layout, TrainingJob]]:
    """Layouts on so many devices, and the job as each would run it, whether they fit or not."""
    heads = min(layer.attention.num_heads for layer in shape.layers)
    longest = 8 if job.sequence_length >= _LONG_SEQUENCE else 1
    for tensor in _choices(known.tensor, min(8, accelerator.devices_per_node, heads)):
        for context in _choices(known.context, longest):
            for pipeline in _choices(known.pipeline, min(16, shape.num_layers)):
                data, left = divmod(num_devices, tensor * context * pipeline)
                if left or not data or (known.data is not None and data != known.data):
                    continue
                for virtual in _virtuals(shape, pipeline, known):
                    for expert, expert_tensor in _experts(shape, tensor, tensor * context * data, known):
                        layout = Layout(
                            tensor=tensor,
                            pipeline=pipeline,
                            expert=expert,
                            data=data,
                            context=context,
                            virtual=virtual,
                        )
                        for tried in _jobs(job, layout, expert_tensor, known):
                            try:
                                check_layout(shape, layout, tried)
                            except ConfigError:
                                continue
                            yield layout, tried


def memory_of(shape: ModelShape, layout: Layout, job: TrainingJob) -> Estimate:
    """Bytes of one device (F5), as the job's stack shards: FSDP, or Megatron's distributed optimiser (ZeRO 1)."""
    sharded = stack(job.stack).sharded
    # Selective means attention's scores to Megatron, and every other product to torch.
    recompute: MemoryRecompute = "every_other_product" if sharded and job.recompute == "selective" else job.recompute
    setup = TrainingSetup(
        sequence_length=job.sequence_length,
        micro_batch=job.micro_batch,
        num_micro_batches=num_micro_batches(layout, job),
        sharding="weights" if sharded else "optimizer",
        recompute=recompute,
        expert_tensor=job.expert_tensor,
        gradient_bytes=2 if sharded else 4,
    )
    return training_memory(shape, layout, setup)


def _choices(known: int | None, most: int) -> list[int]:
    return [known] if known is not None else [1 << power for power in range(most.bit_length()) if 1 << power <= most]


def _virtuals(shape: ModelShape, pipeline: int, known: Known) -> list[int]:
    """Pieces of a stage: what is known, else one and the most that cut the layers evenly, up to 8.

    The embedding and the head may count as a layer each, as in Llama-3.1-405B's 126 + 2.
    """
    if known.virtual is not None or pipeline == 1:
        return [known.virtual or 1]
    even = [
        v for v in range(1, 9) if any(count % (pipeline * v) == 0 for count in (shape.num_layers, shape.num_layers + 2))
    ]
    return sorted({1, max(even, default=1)})


def _experts(shape: ModelShape, tensor: int, group: int, known: Known) -> list[tuple[int, int]]:
    """(expert, expert_tensor) that share a stage's devices evenly."""
    counts = [layer.experts.num_experts for layer in shape.layers if layer.experts is not None]
    if not counts:
        return [(known.expert or 1, known.expert_tensor or 1)] if (known.expert or 1) == 1 else []
    return [
        (expert, expert_tensor)
        for expert in _choices(known.expert, min(counts))
        for expert_tensor in ([known.expert_tensor] if known.expert_tensor else sorted({1, tensor}))
        if group % (expert * expert_tensor) == 0 and min(counts) % expert == 0
    ]


def _jobs(job: TrainingJob, layout: Layout, expert_tensor: int, known: Known) -> Iterator[TrainingJob]:
    share = job.global_batch // layout.data
    if not share or job.global_batch % layout.data:
        return
    sizes = [known.micro_batch] if known.micro_batch else [1, 2, 4]
    if stack(job.stack).sharded and not known.micro_batch:
        sizes += [8, 16]
    for size in sizes:
        if share % size == 0:
            yield dataclasses.replace(job, micro_batch=size, expert_tensor=expert_tensor)
