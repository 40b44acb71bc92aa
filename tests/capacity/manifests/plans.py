"""Plans made by hand, with figures that are easy to follow."""

from __future__ import annotations

import dataclasses
from typing import Any

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.estimate import Estimate, exactly, within
from zaphod.capacity.layout import Layout
from zaphod.capacity.plan import MemoryUse, Plan, Running, Service
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.capacity.workload import Workload

GROK_1 = ModelShape(
    name="Grok-1",
    vocab_size=131072,
    hidden_size=6144,
    context_length=8192,
    ties_embeddings=True,
    num_other_parameters=6144,
    layers=(
        Layer(
            count=64,
            attention=Attention(num_heads=48, num_kv_heads=8, head_dim=128, value_head_dim=128),
            experts=Experts(num_experts=8, top_k=2, width=32768),
            num_other_parameters=4 * 6144,
        ),
    ),
)


def _about(value: float, unit: str) -> Estimate:
    return within(value, 0.2, unit)


def plan(
    *,
    shape: ModelShape = GROK_1,
    device: str = "h100",
    layout: Layout | None = None,
    weight_bytes: float = 40e9,
    kv_tokens: int = 800_000,
    num_replicas: int = 3,
    **replica: Any,
) -> Plan:
    """Grok-1 as FP8 on 8 H100 unless told otherwise; `weight_bytes` of one device."""
    on = accelerator(device)
    return Plan(
        workload=Workload(users=2000),
        replica=Replica(
            shape=shape,
            accelerator=on,
            layout=layout or Layout(tensor=8),
            **{"precision": "fp8", "engine": "sglang", **replica},
        ),
        memory=MemoryUse(
            weights=weight_bytes,
            kv_cache=26e9,
            activations=4e9,
            overhead=4e9,
            available=0.9 * on.memory_bytes,
            kv_tokens=kv_tokens,
        ),
        service=Service(
            concurrency=64,
            ttft_s=_about(0.6, "s"),
            ttft_p95_s=_about(1.4, "s"),
            itl_s=_about(0.03, "s"),
            output_tokens_per_s=_about(2100, "tokens/s"),
            requests_per_s=_about(4.1, "1/s"),
        ),
        running=Running(
            num_replicas=num_replicas,
            power_w=_about(25e3, "W"),
            joules_per_output_token=_about(4.0, "J"),
            cost_per_hour=_about(60, "USD"),
            cost_per_million_output_tokens=_about(3, "USD"),
            co2_kg_per_hour=_about(9, "kg"),
            co2_g_per_million_output_tokens=_about(500, "g"),
        ),
        concurrent={"sessions": exactly(2000, "1")},
        considered=(),
        assumptions=(),
        region="us",
    )


def one_node() -> Plan:
    """Grok-1 as FP8 on 8 H100 with SGLang."""
    return plan()


def two_nodes() -> Plan:
    """Grok-1 as BF16 on 16 H100, TP8 x PP2, with vLLM."""
    return plan(layout=Layout(tensor=8, pipeline=2), precision="bf16", engine="vllm", num_replicas=2)


def processors() -> Plan:
    """A small model on an EPYC with our own engine."""
    small = dataclasses.replace(GROK_1, name="Zaphod built-in", context_length=4096)
    return plan(
        shape=small,
        device="epyc-9654",
        layout=Layout(),
        precision="int8",
        engine="zaphod",
        weight_bytes=1.3e9,
        kv_tokens=65536,
        num_replicas=2,
    )
