from __future__ import annotations

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.shapes.known import find_shape
from zaphod.capacity.timing.closed_loop import closed_loop
from zaphod.capacity.timing.search import Found, layouts, search
from zaphod.capacity.workload import Workload
from zaphod.core.errors import CapacityError, ConfigError

CHAT = Workload(users=10_000)


def found(model: str = "llama-3.1-70b", device: str = "h100", workload: Workload = CHAT, **wanted: object) -> Found:
    return search(find_shape(model), accelerator(device), workload, **wanted)  # type: ignore[arg-type]


def test_the_best_layout_keeps_the_service_level_and_one_request_more_would_not() -> None:
    best = found()
    for more, kept in ((0, True), (1, False)):
        loop = closed_loop(best.best, concurrency=best.concurrency + more, prompt_tokens=1024, output_tokens=512)
        assert (loop.itl_s.value <= 0.05 and loop.ttft_p95_s.value <= 2) == kept


def test_every_layout_is_the_best_one_or_is_named_with_its_reason() -> None:
    best = found("grok-1")
    named = {best.best.layout, *(each.replica.layout for each in best.considered)}
    assert named == set(layouts(find_shape("grok-1"), accelerator("h100")))
    assert all(each.reason for each in best.considered)


def test_grok_1_in_sixteen_bits_needs_more_than_one_node_of_h100() -> None:
    # docs/planning.md, claim 17: 631 GB of weights do not fit 8 x 85.5 GB at the default utilisation.
    best = found("grok-1", precision="bf16")
    assert best.best.num_devices > 8
    eight = [each.reason for each in best.considered if each.replica.num_devices == 8]
    assert eight
    assert all("fit" in reason for reason in eight)


def test_a_wish_for_faster_tokens_takes_more_devices_for_each_user() -> None:
    calm, hasty = found(), found(workload=Workload(users=10_000, max_itl_s=0.015))
    assert hasty.concurrency / hasty.best.num_devices < calm.concurrency / calm.best.num_devices


def test_a_number_of_devices_is_kept() -> None:
    assert found(num_devices=8).best.num_devices == 8


def test_few_users_get_the_fewest_devices() -> None:
    assert found("llama-3-8b", workload=Workload(users=1)).best.num_devices == 1


def test_a_level_that_nothing_keeps_is_refused_with_reasons() -> None:
    with pytest.raises(CapacityError, match="ms, more than"):
        found(workload=Workload(max_itl_s=1e-5))


def test_a_model_that_nothing_holds_is_refused() -> None:
    with pytest.raises(CapacityError):
        found("grok-1", "rtx-4090")


def test_a_number_of_devices_that_heads_cannot_be_split_over_is_refused() -> None:
    with pytest.raises(ConfigError, match="7 devices"):
        found(num_devices=7)
