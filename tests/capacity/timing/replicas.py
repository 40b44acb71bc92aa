"""Replicas that several tests time."""

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.known import find_shape


def replica(
    model: str, device: str, layout: Layout | None = None, precision: str = "bf16", engine: str = "vllm"
) -> Replica:
    return Replica(
        shape=find_shape(model),
        accelerator=accelerator(device),
        layout=layout or Layout(),
        precision=precision,
        engine=engine,
    )
