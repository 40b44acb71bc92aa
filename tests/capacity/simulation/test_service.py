"""Planned replicas in the simulations: their steps, their service, and the fleet of a plan."""

from __future__ import annotations

import numpy as np
import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.layout import Layout
from zaphod.capacity.memory.inference import memory_use
from zaphod.capacity.replica import Replica
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.simulation.arrivals import gamma_times
from zaphod.capacity.simulation.lengths import lognormal
from zaphod.capacity.simulation.replica import simulate_replicas
from zaphod.capacity.simulation.service import service_of, serving_of
from zaphod.capacity.simulation.serving import saturation
from zaphod.capacity.timing.decode import decode_step
from zaphod.capacity.timing.prefill import prefill_time
from zaphod.capacity.workload import Workload
from zaphod.core.errors import CapacityError

LENGTHS = lognormal(1024, 512)
WORKLOAD = Workload(prompt_tokens=1024, output_tokens=512)


def replica() -> Replica:
    return Replica(
        shape=read_shape("grok-1"), accelerator=accelerator("h100"), layout=Layout(tensor=8), precision="fp8"
    )


@pytest.mark.parametrize("batch", [1, 5, 8, 40, 64, 200])
def test_steps_that_decode_take_what_the_decode_model_says(batch: int) -> None:
    step_s = serving_of(replica(), LENGTHS).cost.seconds(0, batch, batch * 1300)
    assert float(step_s) == pytest.approx(decode_step(replica(), batch=batch, context=1300).value, rel=0.04)


@pytest.mark.parametrize("tokens", [100, 1024, 5000, 8192])
def test_steps_that_read_a_prompt_take_what_the_prefill_model_says(tokens: int) -> None:
    step_s = serving_of(replica(), LENGTHS).cost.seconds(tokens, 0, 0)
    assert float(step_s) == pytest.approx(prefill_time(replica(), prompt_tokens=tokens).value, rel=0.08)


def test_a_mixed_step_is_longer_than_either_and_shorter_than_both() -> None:
    cost = serving_of(replica(), LENGTHS).cost
    decode_s, prompt_s, mixed_s = cost.seconds(0, 64, 0), cost.seconds(2048, 0, 0), cost.seconds(2048, 64, 0)
    assert max(decode_s, prompt_s) < mixed_s < decode_s + prompt_s


def test_caches_hold_what_memory_leaves() -> None:
    assert serving_of(replica(), LENGTHS).kv_tokens == memory_use(replica()).kv_tokens


def test_the_service_of_a_plan_is_that_of_the_step_simulation() -> None:
    serving = serving_of(replica(), LENGTHS)
    rate = 0.7 * saturation(serving, LENGTHS)
    service = service_of(replica(), WORKLOAD, rate)
    exact = simulate_replicas(serving, LENGTHS, gamma_times(np.random.default_rng(4), rate, 3000)).between(100, 2900)
    assert service.ttft_s.value == pytest.approx(np.median(exact.ttft_s), rel=0.05)
    assert service.ttft_p95_s.value == pytest.approx(np.quantile(exact.ttft_s, 0.95), rel=0.10)
    assert service.itl_s.value == pytest.approx(exact.itl_s.mean(), rel=0.05)


def test_intervals_widen_towards_saturation() -> None:
    most = saturation(serving_of(replica(), LENGTHS), LENGTHS)
    low, high = (service_of(replica(), WORKLOAD, share * most).itl_s for share in (0.2, 0.85))
    assert low.low < low.value < low.high
    assert high.high / high.value > low.high / low.value


def test_a_load_that_a_replica_cannot_keep_up_with_is_refused() -> None:
    with pytest.raises(CapacityError, match="keeps up with"):
        service_of(replica(), WORKLOAD, 1000.0)
