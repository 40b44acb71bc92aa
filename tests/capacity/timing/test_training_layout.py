from __future__ import annotations

import dataclasses

import pytest

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.shapes.reading import read_shape
from zaphod.capacity.timing.training import step_time
from zaphod.capacity.timing.training_job import TrainingJob
from zaphod.capacity.timing.training_layout import Known, candidates, memory_of, propose_layout
from zaphod.core.errors import CapacityError, ConfigError

H100 = accelerator("h100")
GROK, LLAMA_8B, LLAMA_70B = map(read_shape, ("grok-1", "Llama-3.1-8B", "Llama-3.1-70B"))
JOB = TrainingJob(global_batch=256, sequence_length=8192)


def test_what_is_proposed_fits_and_uses_all_devices() -> None:
    found = propose_layout(GROK, H100, JOB, num_devices=256)
    assert found.layout.num_devices == 256
    assert found.memory.value <= H100.memory_bytes
    assert found.memory.value == memory_of(GROK, found.layout, found.job).value


def test_nothing_that_fits_is_faster() -> None:
    """Every candidate by hand, over all ways to recompute."""
    found = propose_layout(LLAMA_70B, H100, JOB, num_devices=32)
    for layout, job in candidates(LLAMA_70B, H100, JOB, 32, Known()):
        for recompute in ("none", "selective", "full"):
            tried = dataclasses.replace(job, recompute=recompute)
            if memory_of(LLAMA_70B, layout, tried).value <= H100.memory_bytes:
                assert step_time(LLAMA_70B, H100, layout, tried).value >= found.step.value * 0.999999


def test_the_fewest_devices_hold_the_weights_gradients_and_moments() -> None:
    """16 bytes a parameter (F5): 70 billion need 1.13 TB, more than 8 devices of 85.5 GB and less than 32."""
    found = propose_layout(LLAMA_70B, H100, JOB)
    assert 14 <= found.layout.num_devices <= 64
    with pytest.raises(CapacityError):
        propose_layout(LLAMA_70B, H100, JOB, num_devices=found.layout.num_devices // 2)


def test_a_device_with_more_memory_needs_fewer_of_them() -> None:
    few, many = (propose_layout(GROK, accelerator(name), JOB).layout.num_devices for name in ("b200", "h100"))
    assert few < many


def test_too_few_devices_are_told_how_much_is_missing() -> None:
    with pytest.raises(CapacityError, match="86 GB"):
        propose_layout(GROK, H100, JOB, num_devices=8)


def test_a_job_that_ran_is_not_refused() -> None:
    """Somebody measured it; the estimate of its memory is what is wrong."""
    assert propose_layout(GROK, H100, JOB, num_devices=8, ran=True).layout.num_devices == 8


def test_what_is_known_is_kept() -> None:
    known = Known(tensor=4, pipeline=8, context=2, expert=8, virtual=8, micro_batch=1)
    found = propose_layout(GROK, H100, JOB, num_devices=512, known=known)
    assert str(found.layout) == "TP4 PP8 EP8 DP8 CP2"
    assert (found.layout.virtual, found.job.micro_batch) == (8, 1)


def test_degrees_that_contradict_the_devices_are_refused() -> None:
    with pytest.raises(ConfigError, match="agrees with what is given"):
        propose_layout(LLAMA_8B, H100, JOB, num_devices=8, known=Known(tensor=3))


def test_a_batch_smaller_than_any_group_of_copies_is_shared_by_fewer_copies() -> None:
    found = propose_layout(LLAMA_8B, H100, dataclasses.replace(JOB, global_batch=1), num_devices=8)
    assert found.layout.data == 1


def test_long_sequences_are_split() -> None:
    long = TrainingJob(global_batch=8, sequence_length=131072)
    assert propose_layout(LLAMA_8B, H100, long, num_devices=64).layout.context > 1
