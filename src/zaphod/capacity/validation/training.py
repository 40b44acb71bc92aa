"""Predictions for measured training rows: which job a row describes, what it leaves open, and what it asks for.

What a row leaves open is chosen as its authors would have: the fastest layout that fits. Each such choice widens the
interval.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.estimate import Estimate, RefusedError
from zaphod.capacity.layout import Layout
from zaphod.capacity.shapes.shape import ModelShape
from zaphod.capacity.timing.run import Run, run_time
from zaphod.capacity.timing.training import flops_per_device, hfu, mfu, step_time, tokens_per_s_per_device
from zaphod.capacity.timing.training_job import Attention, Recompute, TrainingJob, stack
from zaphod.capacity.timing.training_layout import Known, propose_layout
from zaphod.capacity.validation.hardware_names import find_accelerator
from zaphod.capacity.validation.points import Point
from zaphod.capacity.validation.replicas import shape_of

_ASSUMED_ERROR = 0.1
"""Relative, of each thing that a row does not say and that matters: batch, layout, number of devices."""
_ASSUMED_SEQUENCE = 4096
_ASSUMED_TOKENS = 4e6
"""Of a step, where the batch is not given: what models of tens of billions are trained with."""
_ASSUMED_TOKENS_EACH = 1024
"""The same for each device, where there are thousands."""
_ASSUMED_FILL = 8
"""Micro-batches for each pipeline stage, where the batch is not given."""
_ASSUMED_DAYS = 60
"""Of a run whose number of devices is not given."""
_ASSUMED_MFU = 0.4
"""For that number alone."""
_PROGRAMME = 1.35
"""Most that a published programme takes of its run's device hours: first tries, longer contexts, repeated stretches."""

_SHARDED = ("titan", "fsdp2", "lightning", "olmo", "thunder")
_EAGER = ("foundry", "fsdp", "mosaic", "composer", "zero", "deepspeed", "transformers", "accelerate")
_FULL = re.compile(r"full (activation )?(checkpoint|recompu|ac\b)|(?<!selective )activation checkpointing", re.I)
_SELECTIVE = re.compile(r"selective", re.I)
_NONE = re.compile(r"(no|without) (activation )?(checkpoint|recompu|ac\b)", re.I)
_FIRST_FITTED = {"megatron": "2025-04", "torchtitan": "2024-12", "fsdp": "2023", "dualpipe": "2024"}
"""Oldest software that the constants were fitted on: NeMo 25.04, torchtitan of December 2024, llm-foundry of 2023."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The job of one row."""

    shape: ModelShape
    accelerator: Accelerator
    layout: Layout
    job: TrainingJob
    assumed: tuple[str, ...]
    """What the row does not say."""

    @property
    def extra_error(self) -> float:
        """Relative."""
        return _ASSUMED_ERROR * math.sqrt(len(self.assumed))

    def step(self) -> Estimate:
        """Seconds of one step."""
        found = step_time(self.shape, self.accelerator, self.layout, self.job, extra_error=self.extra_error)
        return found.scaled(1.0, "s", *(f"assumed: {each}" for each in self.assumed))


def setting_of(point: Point) -> Setting:
    """The job that a row describes.

    Raises:
        RefusedError: the row says too little, the model or the device is unknown, or nothing was measured on such a
            device or in such a precision.
        ConfigError: the row contradicts itself.
        CapacityError: nothing fits.
    """
    (shape, error), device = shape_of(point), find_accelerator(point.hardware)
    assumed: list[str] = [f"a model like {shape.name}"] if error else []
    sequence = point.seq_len or int(point.isl or 0)
    if not sequence:
        sequence = min(shape.context_length, _ASSUMED_SEQUENCE)
        assumed.append(f"sequences of {sequence} tokens")
    num_devices = point.n_gpus
    if not num_devices and point.dp:
        num_devices = _product(point.tp, point.pp, point.cp, point.dp)
    if not num_devices:
        num_devices = _devices_for(point, shape, device, sequence)
        assumed.append(f"{num_devices} devices")
    known = _known(point, num_devices)
    if known.tensor is None or (point.dp and _product(point.tp, point.pp, point.cp, point.dp) != num_devices):
        assumed.append("the layout")
    name = _stack_of(point)
    copies = point.dp or max(num_devices // _product(known.tensor, known.pipeline, known.context), 1)
    batch = _batch(point, num_devices, copies, sequence)
    if batch != point.batch:
        assumed.append(f"{batch} sequences in a step")
    if stack(name).sharded and known.micro_batch is None and known.tensor:
        # FSDP gathers weights for each micro-batch: the largest that divides a copy's share, up to 16, is usual.
        share = max(batch // copies, 1)
        known = dataclasses.replace(known, micro_batch=max(size for size in range(1, 17) if share % size == 0))
    job = TrainingJob(
        global_batch=batch,
        sequence_length=sequence,
        precision=_precision(point.precision),
        stack=name,
        older_software=bool(point.date) and point.date[:7] < _FIRST_FITTED[name],
        deduplicates=not re.search(r"nemo|all-?to-?all", f"{point.framework} {point.notes}", re.I),
    )
    found = propose_layout(shape, device, job, num_devices=num_devices, known=known, ran=True)
    return Setting(shape=shape, accelerator=device, layout=found.layout, job=found.job, assumed=tuple(assumed))


def _known(point: Point, num_devices: int) -> Known:
    """The degrees that a row has. An empty cell beside full ones means 1, unless the devices do not come out so: then
    the first empty one is what is missing.
    """
    laid_out = bool(point.tp or point.pp or point.dp)
    degrees = {"pipeline": point.pp, "tensor": point.tp, "context": point.cp}
    missing, left = divmod(num_devices, _product(point.dp, *degrees.values()))
    if point.dp and missing > 1 and not left:
        first = next((name for name, degree in degrees.items() if not degree), None)
        degrees |= {first: missing} if first else {}
    rest = 1 if laid_out else None
    return Known(
        tensor=degrees["tensor"] or rest,
        pipeline=degrees["pipeline"] or rest,
        context=degrees["context"] or rest,
        expert=point.ep,
        data=point.dp,
        virtual=point.vpp or rest,
        expert_tensor=_number(point.notes, r"\bETP\D{0,3}(\d+)"),
        micro_batch=_number(point.notes, r"(?:\bMBS|micro[- ]?batch(?: size)?|local batch(?: size)?)\D{0,3}(\d+)"),
        recompute=_recompute(point),
    )


def _batch(point: Point, num_devices: int, copies: int, sequence: int) -> int:
    """Sequences of a step: the row's, where they can be shared out."""
    micro = _number(point.notes, r"\bMBS\D{0,3}(\d+)") or 1
    laid_out = bool(point.tp or point.pp or point.dp)
    if not point.batch:
        tokens = max(_ASSUMED_TOKENS, _ASSUMED_TOKENS_EACH * num_devices)
        if laid_out:
            # A pipeline is kept busy with several micro-batches for each stage.
            return max(round(tokens / sequence / copies / micro), _ASSUMED_FILL * (point.pp or 1), 1) * copies * micro
        return 1 << max(round(math.log2(tokens / sequence)), 0)
    if not laid_out or point.batch % copies == 0:
        return point.batch
    # Fewer than there are copies: of each copy. Otherwise the nearest that can be shared out.
    return point.batch * copies if point.batch < copies else round(point.batch / copies) * copies


def _product(*degrees: int | None) -> int:
    return math.prod(each or 1 for each in degrees)


def step_seconds(point: Point) -> Estimate:
    """Seconds of one optimiser step."""
    if not point.batch or not (point.seq_len or point.isl):
        raise RefusedError(
            "The row does not say how many tokens a step has.",
            "A step's time is in proportion to them.",
            "Give batch_or_concurrency and seq_len.",
        )
    return setting_of(point).step()


def rate_per_device(point: Point) -> Estimate:
    """Tokens, or sequences where the unit says so, a second of each device."""
    setting = setting_of(point)
    found = tokens_per_s_per_device(setting.step(), setting.layout, setting.job)
    if _counts_sequences(point):
        return found.scaled(1 / setting.job.sequence_length, point.unit or "sequences/s/GPU")
    return found


def rate(point: Point) -> Estimate:
    """Of all devices, unless the unit says that it is of one."""
    if re.search(r"gpu|device|chip", point.unit, re.I):
        return rate_per_device(point)
    setting = setting_of(point)
    if _counts_sequences(point):
        return setting.step().inverse(setting.job.global_batch, point.unit or "sequences/s")
    return setting.step().inverse(setting.job.tokens, "tok/s")


def model_utilisation(point: Point) -> Estimate:
    """MFU, in the convention that the row's framework prints."""
    setting = setting_of(point)
    return mfu(
        setting.shape, setting.accelerator, setting.step(), setting.layout, setting.job, attention=_convention(point)
    )


def hardware_utilisation(point: Point) -> Estimate:
    """HFU, in the same."""
    setting = setting_of(point)
    return hfu(
        setting.shape, setting.accelerator, setting.step(), setting.layout, setting.job, attention=_convention(point)
    )


def flops_rate(point: Point) -> Estimate:
    """Model operations a second of each device."""
    setting = setting_of(point)
    found = flops_per_device(setting.shape, setting.step(), setting.layout, setting.job, attention=_convention(point))
    scale = 1e-15 if "pflop" in point.unit.lower() else 1e-12
    return found.scaled(scale, point.unit or "TFLOP/s/GPU")


def device_hours(point: Point) -> Estimate:
    """Of a whole run or programme."""
    return _run(point).device_hours


def duration(point: Point) -> Estimate:
    """Days of a whole run."""
    return _run(point).days


def _counts_sequences(point: Point) -> bool:
    return bool(re.search(r"seq|sample|example", f"{point.unit} {point.metric}", re.I))


def _run(point: Point) -> Run:
    if not point.tokens_total:
        raise RefusedError(
            "The row does not say how many tokens were trained on.", "A run's length follows from them.", "Give tokens."
        )
    setting = setting_of(point)
    return run_time(
        setting.step(),
        tokens=point.tokens_total,
        tokens_per_step=setting.job.tokens,
        num_devices=setting.layout.num_devices,
        programme=_PROGRAMME,
    )


def _devices_for(point: Point, shape: ModelShape, device: Accelerator, sequence: int) -> int:
    """A power of two that ends the run in two months."""
    if not point.tokens_total:
        raise RefusedError(
            "The row says neither how many devices there were nor how many tokens were trained on.",
            "A step's time depends on the devices.",
            "Give n_gpus.",
        )
    flops = 3 * shape.forward_flops(1, sequence / 2) * point.tokens_total
    wanted = flops / (_ASSUMED_MFU * device.peak("bf16") * _ASSUMED_DAYS * 86400)
    return int(min(max(2 ** round(math.log2(max(wanted, 1.0))), device.devices_per_node), 16384))


def _stack_of(point: Point) -> str:
    text = f"{point.framework} {point.notes}".lower()
    if "dualpipe" in text:
        return stack("dualpipe").name
    if any(word in text for word in _SHARDED):
        return stack("torchtitan").name
    if any(word in text for word in _EAGER) and not any(word in text for word in ("megatron", "nemo")):
        return stack("fsdp").name
    return stack("megatron").name


def _precision(name: str) -> str:
    lower = name.lower()
    if "fp8" in lower or "float8" in lower:
        return "fp8"
    if lower in ("", "bf16", "bfloat16", "fp16", "float16", "amp", "mixed", "bf16-mixed", "fp16-mixed"):
        return "bf16"
    return lower


def _recompute(point: Point) -> Recompute | None:
    text = f"{point.framework} {point.notes}"
    if _NONE.search(text) or "dualpipe" in text.lower():
        return "none"
    if _SELECTIVE.search(text):
        return "selective"
    return "full" if _FULL.search(text) else None


def _number(text: str, pattern: str) -> int | None:
    found = re.search(pattern, text, re.I)
    return int(found[1]) if found and int(found[1]) > 0 else None


def _convention(point: Point) -> Attention:
    """Megatron-Bridge and torchtitan halve the attention's operations; NeMo's recipes, PaLM and llm-foundry do not."""
    text = f"{point.framework} {point.notes}".lower()
    return "causal" if "bridge" in text or "causal" in text else "full"
