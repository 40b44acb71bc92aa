"""How a replica's speed changes with the streams it decodes at once; asks `timing`, knows no pictures."""

from __future__ import annotations

from collections.abc import Iterator

from zaphod.capacity.estimate import RefusedError
from zaphod.capacity.plan import Plan
from zaphod.capacity.report.content import CurvePoint
from zaphod.capacity.timing.closed_loop import closed_loop
from zaphod.core.errors import CapacityError


def curve_of(plan: Plan) -> tuple[CurvePoint, ...]:
    """From one stream up to as many as the cache holds, doubling; without points that cannot be predicted."""
    return tuple(_points(plan))


def _points(plan: Plan) -> Iterator[CurvePoint]:
    work = plan.workload
    most = max(plan.service.concurrency, plan.memory.kv_tokens // work.tokens_per_request)
    counts = {2**power for power in range(most.bit_length())} | {plan.service.concurrency}
    for concurrency in sorted(counts):
        try:
            loop = closed_loop(
                plan.replica,
                concurrency=concurrency,
                prompt_tokens=work.prompt_tokens,
                output_tokens=work.output_tokens,
                cached_share=work.cached_share,
            )
        except (CapacityError, RefusedError):  # beyond what was measured; the plan's own point was predicted
            continue
        yield CurvePoint(
            concurrency=concurrency,
            itl_s=loop.itl_s,
            ttft_s=loop.ttft_s,
            output_tokens_per_s=loop.output_tokens_per_s,
        )
