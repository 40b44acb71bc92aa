"""How long one optimiser step takes on a layout, and how well it uses the devices; knows no prices and no faults.

`t = micro_batches * (compute + transfers that nothing hides) * (1 + bubble) + optimiser + gradients` (F3, F10, F11).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.estimate import Estimate
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.training_job import Attention, TrainingJob, vintage
from zaphod.capacity.timing.training_speed import Constants, Speed, constants_for
from zaphod.capacity.timing.training_traffic import traffic
from zaphod.capacity.timing.training_work import Work, work
from zaphod.core.errors import ConfigError

_OPTIMISER_BYTES = 30
"""That Adam reads and writes for each parameter: gradient, two moments and the master weight in float32, the weight."""


@dataclass(frozen=True, kw_only=True)
class StepParts:
    """Seconds of one step on one device, by cause; their sum is the step."""

    products: float
    experts: float
    """Products of routed experts."""
    attention: float
    elementwise: float
    launches: float
    tensor: float
    expert: float
    context: float
    boundary: float
    bubble: float
    data: float
    optimiser: float

    @property
    def total(self) -> float:
        return float(math.fsum(vars(self).values()))


def training_flops(shape: ModelShape, sequence_length: int, attention: Attention = "causal") -> float:
    """F3: operations of one token, forward and backward, nothing recomputed.

    `causal`: a token sees half of its sequence. `full`: all of it, as tables that do not halve the attention count.
    """
    seen = sequence_length / 2 if attention == "causal" else sequence_length
    return 3 * shape.forward_flops(1, seen)


def num_micro_batches(layout: Layout, job: TrainingJob) -> int:
    """That each pipeline works off in a step.

    Raises:
        ConfigError: the batch cannot be shared out evenly.
    """
    share = layout.data * job.micro_batch
    if job.global_batch % share:
        raise ConfigError(
            f"{job.global_batch} sequences are to be shared by {layout.data} data-parallel groups in micro-batches of "
            f"{job.micro_batch}.",
            f"The batch must be a multiple of {share}.",
            f"Choose {max(job.global_batch // share, 1) * share}.",
        )
    return job.global_batch // share


def step_parts(
    shape: ModelShape,
    accelerator: Accelerator,
    layout: Layout,
    job: TrainingJob,
    constants: Constants | None = None,
) -> StepParts:
    """The step by its causes. Raises as `step_time`."""
    found = constants or constants_for(accelerator, job)
    num = num_micro_batches(layout, job)
    device = work(shape, layout, job)
    speed = Speed(accelerator, job, found)
    sent = traffic(shape, accelerator, layout, job, device, found.common, found.stack.sharded)
    products = num * speed.products_s(device, grouped=False)
    experts = num * speed.products_s(device, grouped=True)
    attention = num * speed.attention_s(device)
    elementwise = num * speed.elementwise_s(device)
    launches = num * device.sparse_layers * found.stack.sparse_layer_s
    tensor = num * sent.tensor_s * found.stack.tensor_exposed
    expert = num * sent.expert_s * found.stack.expert_exposed
    context = num * sent.context_s * found.stack.tensor_exposed
    boundary = num * sent.boundary_s * found.stack.data_exposed
    busy = products + experts + attention + elementwise + launches + tensor + expert + context + boundary
    gathered = num * sent.gather_s
    data = sent.data_s * found.stack.data_exposed
    # Gathering runs beside the products; what takes longer than they do stays visible.
    data += max(gathered * found.stack.data_exposed, gathered - busy)
    return StepParts(
        products=products,
        experts=experts,
        attention=attention,
        elementwise=elementwise,
        launches=launches,
        tensor=tensor,
        expert=expert,
        context=context,
        boundary=boundary,
        bubble=busy * bubble_share(layout, num),
        data=data,
        optimiser=_optimiser_bytes(device, layout, job) / (accelerator.bandwidth * found.common.memory),
    )


def bubble_share(layout: Layout, num_micro_batches: int) -> float:
    """Time that a pipeline idles, over the time that it works (F11; arXiv 2104.04473, section 2.2)."""
    return (layout.pipeline - 1) / (layout.virtual * num_micro_batches)


def _optimiser_bytes(device: Work, layout: Layout, job: TrainingJob) -> float:
    dense = device.parameters - device.expert_parameters
    expert_data = max(layout.tensor * layout.context * layout.data // (layout.expert * job.expert_tensor), 1)
    return _OPTIMISER_BYTES * (dense / (layout.data * layout.context) + device.expert_parameters / expert_data)


def step_time(
    shape: ModelShape,
    accelerator: Accelerator,
    layout: Layout,
    job: TrainingJob,
    *,
    extra_error: float = 0.0,
) -> Estimate:
    """Seconds of one optimiser step.

    Args:
        shape: the model.
        accelerator: one device; all are alike.
        layout: how the model is spread; `expert` devices share the experts.
        job: the step.
        extra_error: relative, of what the caller had to assume; errors add as squares.

    Raises:
        ConfigError: the batch cannot be shared out, the stack is unknown, or the layout does not fit the model.
        RefusedError: nothing was measured on such a device, or in such a precision.
    """
    check_layout(shape, layout, job)
    constants = constants_for(accelerator, job)
    parts = step_parts(shape, accelerator, layout, job, constants)
    sparse = shape.num_sparse_layers > 0
    own = constants.stack.sparse_error if sparse else constants.stack.relative_error
    error = math.sqrt(own**2 + constants.matmul.relative_error**2 + extra_error**2)
    age = vintage(shape) if job.older_software else 1.0
    basis = [
        f"step = {parts.total:.3g} s: " + ", ".join(f"{name} {part:.3g}" for name, part in vars(parts).items() if part),
        f"constants of {constants.stack.title}, fitted on {constants.stack.fitted_on} ({constants.stack.source})",
        f"products: {constants.matmul.source}",
    ]
    if age > 1:
        basis.append(f"software older than the fitted: up to {age:.2f} times slower was seen for the same layout")
    return Estimate(
        value=parts.total,
        low=parts.total / (1 + error),
        high=parts.total * (1 + error) * age,
        unit="s",
        basis=tuple(basis),
    )


def check_layout(shape: ModelShape, layout: Layout, job: TrainingJob) -> None:
    """Raises `ConfigError` where the model cannot be cut so."""
    experts = [layer.experts for layer in shape.layers if layer.experts is not None]
    for limit, degree, what in (
        (min(layer.attention.num_heads for layer in shape.layers), layout.tensor, "attention heads"),
        (shape.num_layers, layout.pipeline * layout.virtual, "layers"),
        (min((each.num_experts for each in experts), default=1), layout.expert, "experts"),
    ):
        if degree > limit:
            raise ConfigError(
                f"{shape.name} has {limit} {what}, and the layout cuts them into {degree}.",
                "Each part needs one or more.",
                f"Choose {limit} or fewer.",
            )
    group = layout.tensor * layout.context * layout.data
    if group % (layout.expert * job.expert_tensor):
        raise ConfigError(
            f"Experts take {layout.expert} x {job.expert_tensor} devices of {group}.",
            "They use a stage's devices in equal groups.",
            "Lower expert or expert_tensor.",
        )


def tokens_per_s_per_device(step: Estimate, layout: Layout, job: TrainingJob) -> Estimate:
    """Tokens a second of each device, out of a step's seconds."""
    return step.inverse(job.tokens / layout.num_devices, "tok/s/GPU")


def flops_per_device(
    shape: ModelShape, step: Estimate, layout: Layout, job: TrainingJob, attention: Attention = "causal"
) -> Estimate:
    """Model operations a second of each device (recomputation does not count), in FLOP/s."""
    needed = job.tokens * training_flops(shape, job.sequence_length, attention)
    return step.inverse(needed / layout.num_devices, "FLOP/s", f"F3 with {attention} attention, nothing recomputed")


def mfu(
    shape: ModelShape,
    accelerator: Accelerator,
    step: Estimate,
    layout: Layout,
    job: TrainingJob,
    attention: Attention = "causal",
) -> Estimate:
    """Share of the dense peak of the job's precision that goes into the model's own operations (PaLM, appendix B)."""
    rate = flops_per_device(shape, step, layout, job, attention)
    return rate.scaled(1 / accelerator.peak(job.precision), "", f"peak of {job.precision}")


def hfu(
    shape: ModelShape,
    accelerator: Accelerator,
    step: Estimate,
    layout: Layout,
    job: TrainingJob,
    attention: Attention = "causal",
) -> Estimate:
    """As `mfu`, with what is computed again: everything once more with full recomputation."""
    again = 4.0 if job.recompute == "full" else 3.0
    return mfu(shape, accelerator, step, layout, job, attention).scaled(again / 3.0, "", "recomputation counted")
