"""What a training run takes: layout, memory, days, energy and cost; prints nothing."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator, accelerator
from zaphod.capacity.catalogue.grid import facility, grid
from zaphod.capacity.catalogue.prices import Kind
from zaphod.capacity.cost.carbon import carbon, with_pue
from zaphod.capacity.cost.money import price
from zaphod.capacity.cost.power import host_power, training_power
from zaphod.capacity.estimate import Estimate, exactly, product
from zaphod.capacity.layout import Layout
from zaphod.capacity.report.content import Figure
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.run import Run, run_time
from zaphod.capacity.timing.training import mfu, tokens_per_s_per_device, training_flops
from zaphod.capacity.timing.training_job import TrainingJob
from zaphod.capacity.timing.training_layout import propose_layout
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What somebody wants to train."""

    model: str
    gpu: str
    tokens: float
    num_devices: int | None = None
    """The fewest that hold it, a power of two, unless given."""
    global_batch: int = 1024
    """Sequences of one step."""
    sequence_length: int = 8192
    precision: str = "bf16"
    region: str = "world"
    hall: str = "gpu-hall"
    price_kind: Kind = "on_demand"
    price_per_hour: float | None = None
    """US dollars an hour of one device, instead of the catalogue's band."""

    def __post_init__(self) -> None:
        if not 1 <= self.tokens < 1e18:
            raise ConfigError(f"{self.tokens:g} tokens.", "From 1 to 1e18 can be trained on.", "Change --tokens.")


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What it takes."""

    shape: ModelShape
    accelerator: Accelerator
    layout: Layout
    job: TrainingJob
    step: Estimate
    """Seconds of one optimiser step."""
    memory: Estimate
    """Bytes of one device."""
    run: Run
    flops: float
    """Of the whole run, causal attention, nothing recomputed (F3)."""
    mfu: Estimate
    tokens_per_s_per_device: Estimate
    energy_kwh: Estimate
    co2_kg: Estimate
    cost: Estimate
    """US dollars."""


def plan_training(request: TrainingRequest) -> TrainingPlan:
    """The plan.

    Raises:
        ConfigError: the request contradicts itself, or names what is not known.
        CapacityError: it fits on no layout of so many devices.
        RefusedError: nothing that was measured is near enough.
    """
    grid(request.region), facility(request.hall)  # a wrong name is told before anything is searched
    shape, device = read_shape(request.model), accelerator(request.gpu)
    job = TrainingJob(
        global_batch=request.global_batch, sequence_length=request.sequence_length, precision=request.precision
    )
    each_hour = price(device, kind=request.price_kind, given=request.price_per_hour)
    proposal = propose_layout(shape, device, job, num_devices=request.num_devices)
    run = run_time(
        proposal.step,
        tokens=request.tokens,
        tokens_per_step=job.tokens,
        num_devices=proposal.layout.num_devices,
    )
    energy = with_pue(_energy_kwh(device, run), request.hall)
    return TrainingPlan(
        shape=shape,
        accelerator=device,
        layout=proposal.layout,
        job=proposal.job,
        step=proposal.step,
        memory=proposal.memory,
        run=run,
        flops=request.tokens * training_flops(shape, request.sequence_length),
        mfu=mfu(shape, device, proposal.step, proposal.layout, proposal.job),
        tokens_per_s_per_device=tokens_per_s_per_device(proposal.step, proposal.layout, proposal.job),
        energy_kwh=energy,
        co2_kg=carbon(energy, request.region),
        cost=product(each_hour, run.device_hours, "USD"),
    )


def figures_of(plan: TrainingPlan) -> tuple[Figure, ...]:
    """Each line of the table, in order."""
    layout, run = plan.layout, plan.run
    lines = (
        ("devices", "devices", "Layout", exactly(layout.num_devices, "devices", str(layout))),
        ("memory_bytes", "memory of one device", "Layout", plan.memory),
        ("step_s", "one step", "Speed", plan.step),
        ("tokens_per_s_per_device", "tokens of one device", "Speed", plan.tokens_per_s_per_device),
        ("mfu", "share of the dense peak (MFU, causal)", "Speed", plan.mfu),
        ("flops", "operations of the run", "Run", exactly(plan.flops / 1e18, "EFLOP", "F3, causal attention")),
        ("steps", "steps", "Run", exactly(run.num_steps, "steps")),
        ("goodput", "share of the calendar that counts", "Run", run.goodput),
        ("checkpoint_interval_s", "a checkpoint every", "Run", exactly(run.checkpoint_interval_s, "s", "Young, Daly")),
        ("days", "days", "Run", run.days),
        ("device_hours", "device hours", "Run", run.device_hours),
        ("cost", "cost", "Cost", plan.cost),
        ("energy_kwh", "energy at the wall", "Energy and CO2", plan.energy_kwh),
        ("co2_kg", "CO2", "Energy and CO2", plan.co2_kg),
    )
    return tuple(Figure(key=key, name=name, group=group, estimate=estimate) for key, name, group, estimate in lines)


def _energy_kwh(device: Accelerator, run: Run) -> Estimate:
    own, host = training_power(device), host_power(device)
    both = Estimate(
        value=own.value + host.value,
        low=own.low + host.low,
        high=own.high + host.high,
        unit="W",
        basis=(*own.basis, *host.basis),
    )
    return product(both, run.device_hours, "Wh").scaled(1e-3, "kWh")
