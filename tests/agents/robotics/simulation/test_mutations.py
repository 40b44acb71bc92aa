"""Accepted plans are made worse until the simulator shows what breaks: by then the verifier has refused them."""

import pytest

pytest.importorskip("mujoco", reason="the extra robotics is not installed")

from benchmarks.verify_faults_simulated import is_sound, perturbed, steps_ahead, went_wrong


@pytest.mark.parametrize(("seed", "constant"), [(0, "less force"), (1, "lower"), (4, "more force")])
def test_what_the_simulator_shows_was_refused_before(seed: int, constant: str) -> None:
    found = perturbed(seed, constant)
    assert found is not None
    assert found["steps"][0]["accepted"]
    assert found["steps"][0]["kept"]
    assert went_wrong(found)
    assert is_sound(found)
    assert steps_ahead(found) >= 0
