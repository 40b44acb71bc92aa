"""A plan with round figures, made by hand: what a report says can be reckoned in the head."""

from __future__ import annotations

import datetime
import math

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.catalogue.sources import Source
from zaphod.capacity.estimate import exactly, within
from zaphod.capacity.layout import Layout
from zaphod.capacity.plan import Considered, MemoryUse, Plan, Running, Service
from zaphod.capacity.replica import Replica
from zaphod.capacity.report.content import CurvePoint, Day, Panel, Report
from zaphod.capacity.shapes.shape import Attention, Experts, Layer, ModelShape
from zaphod.capacity.workload import Workload

HOSTILE = '<script>alert("x")</script> & co'

DEVICE = Accelerator(
    name="h100",
    title="H100 SXM",
    vendor="nvidia",
    memory_bytes=85.5e9,
    bandwidth=3.35e12,
    peak_flops={"bf16": 989e12},
    link_bandwidth=450e9,
    network_bandwidth=50e9,
    devices_per_node=8,
    power_w=700,
    source=Source(text="the data sheet", date=datetime.date(2026, 1, 2)),
)
SHAPE = ModelShape(
    name="grok-1",
    vocab_size=131072,
    hidden_size=6144,
    context_length=8192,
    layers=(
        Layer(
            count=64,
            attention=Attention(num_heads=48, num_kv_heads=8, head_dim=128, value_head_dim=128),
            experts=Experts(num_experts=8, top_k=2, width=32768),
        ),
    ),
    ties_embeddings=True,
)


def replica(**changes: object) -> Replica:
    return Replica(**{"shape": SHAPE, "accelerator": DEVICE, "layout": Layout(tensor=8), "precision": "fp8", **changes})  # type: ignore[arg-type]


def plan(**changes: object) -> Plan:
    parts = {
        "workload": Workload(users=50_000),
        "replica": replica(),
        "memory": MemoryUse(
            weights=39.5e9, kv_cache=30e9, activations=3e9, overhead=4e9, available=76.95e9, kv_tokens=915_000
        ),
        "service": Service(
            concurrency=64,
            ttft_s=within(0.4, 0.25, "s", "F9"),
            ttft_p95_s=within(1.1, 0.3, "s", "simulated"),
            itl_s=within(0.03, 0.2, "s", "F8", "https://example.org/paper"),
            output_tokens_per_s=within(2100, 0.2, "tokens/s", "F12"),
            requests_per_s=within(4.1, 0.2, "requests/s", "F12"),
        ),
        "running": Running(
            num_replicas=100,
            power_w=within(1_000_000, 0.1, "W", "F14"),
            joules_per_output_token=within(5.0, 0.15, "J/token", "F14"),
            cost_per_hour=within(2400, 0.5, "USD/h", "prices of 2026"),
            cost_per_million_output_tokens=within(3.2, 0.5, "USD/1M tokens", "F15"),
            co2_kg_per_hour=within(369, 0.1, "kg/h", "grid of 2023"),
            co2_g_per_million_output_tokens=within(490, 0.15, "g/1M tokens"),
        ),
        "concurrent": {
            "sessions open": exactly(50_000, "sessions"),
            "requests in flight": within(11_000, 0.1, "requests"),
            "streams decoding": within(10_500, 0.1, "streams"),
        },
        "considered": (
            Considered(replica=replica(layout=Layout(tensor=4)), reason="weights of 79.0 GB leave no room"),
            Considered(replica=replica(precision="bf16"), reason=HOSTILE),
        ),
        "assumptions": ("Prompts are as long as their mean.", "No request fails."),
        "region": "us",
    }
    return Plan(**(parts | changes))  # type: ignore[arg-type]


def curve() -> tuple[CurvePoint, ...]:
    points = []
    for power in range(9):
        concurrency = 2**power
        itl_s = 0.008 + 0.011 * (1 - math.exp(-concurrency / 4)) + 0.00012 * concurrency
        points.append(
            CurvePoint(
                concurrency=concurrency,
                itl_s=within(itl_s, 0.25, "s"),
                ttft_s=within(0.2 + 0.005 * concurrency, 0.3, "s"),
                output_tokens_per_s=within(concurrency / itl_s, 0.25, "tokens/s"),
            )
        )
    return tuple(points)


def day() -> Day:
    time_s = [60.0 * minute for minute in range(1440)]
    wave = [1 - 0.6 * math.cos(2 * math.pi * (time - 4 * 3600) / 86400) for time in time_s]
    return Day(
        time_s=time_s,
        panels=(
            Panel(
                title="Requests and what waits",
                unit="requests/s",
                lines=(("arriving", [100 * level for level in wave]), ("served", [99 * level for level in wave])),
            ),
            Panel(
                title="First token",
                unit="s",
                lines=(
                    ("median", [0.4 + 0.1 * level for level in wave]),
                    ("95 of 100", [0.5 + level for level in wave]),
                ),
                limit=("promised: 2 s", 2.0),
            ),
        ),
        told=("100 replicas, one of which fails at noon.",),
    )


def report(**changes: object) -> Report:
    return Report(plan=plan(**changes), curve=curve(), day=day(), made_at="2026-11-22 10:00 UTC")
