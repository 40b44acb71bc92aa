"""A plan for a machine: what fits, what does not, and what would."""

from __future__ import annotations

import pytest
from tests.capacity.local.machines import machine

from zaphod.capacity.local.plan import figures_of_local, plan_local
from zaphod.capacity.local.work import LocalModel
from zaphod.capacity.report.tables import rows
from zaphod.core.errors import CapacityError
from zaphod.model.families import preset

OLMOE = preset("olmoe-1b-7b").config


def test_a_plan_tells_speed_and_what_is_left() -> None:
    plan = plan_local(LocalModel(config=OLMOE), machine(), context=512, batches=(1, 4))
    assert [speed.batch for speed in plan.decode] == [1, 4]
    assert plan.decode[1].tokens_per_s.value > plan.decode[0].tokens_per_s.value
    assert plan.max_tokens > 4 * 512


def test_what_fits_exactly_is_planned_and_a_byte_less_is_not() -> None:
    model = LocalModel(config=OLMOE)
    needed = plan_local(model, machine(), context=512).memory.needed
    assert plan_local(model, machine(available_bytes=needed), context=512).max_tokens == 4 * 512
    with pytest.raises(CapacityError):
        plan_local(model, machine(available_bytes=needed - 1), context=512)


def test_too_large_a_precision_names_one_that_fits() -> None:
    with pytest.raises(CapacityError, match=r"int8 would take 7\.36 GB"):
        plan_local(LocalModel(config=OLMOE, precision="bfloat16"), machine(available_bytes=9e9))


def test_too_many_sequences_are_named_as_the_reason() -> None:
    with pytest.raises(CapacityError, match="fewer or shorter"):
        plan_local(
            LocalModel(config=OLMOE, precision="int4"), machine(available_bytes=5e9), batches=(64,), context=4096
        )


def test_a_model_beyond_the_machine_says_how_much_is_missing() -> None:
    with pytest.raises(CapacityError, match="experts stay on disk"):
        plan_local(LocalModel(config=preset("grok-1").config), machine())


def test_the_figures_fill_the_same_tables_as_other_plans() -> None:
    plan = plan_local(LocalModel(config=OLMOE), machine())
    found = {name: (value, interval) for name, value, interval in rows(figures_of_local(plan))}
    assert found["decode, one stream"][0].endswith("tokens/s")
    assert found["decode, one stream"][1]
    assert found["weights"][0].startswith("7.36")
