"""A monitor's constants bear their proof, or there is no such monitor; and the proof can fail."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.agents.robotics.monitoring.envelope import PERIOD_S, Envelope
from zaphod.agents.robotics.monitoring.proof import Rule, certificate, obligations, prove
from zaphod.agents.robotics.monitoring.stopping import Pursuit, braked_m, needed_m, speed_within_m_s
from zaphod.core.errors import ConfigError
from zaphod.safety.verification import checker
from zaphod.safety.verification.bernstein import Outcome, decide

USUAL: dict[str, Any] = {
    "breaks_at_n": 5.0,
    "force_n": (2.0, 4.0),
    "force_error_n": 0.15,
    "braking_m_s2": 0.8,
    "margin_m": 0.003,
    "proved_margin_m": 0.006,
    "reach_m": 0.15,
}


def broken(envelope: Envelope, rule: Rule) -> list[str]:
    """Obligations for which there is a counterexample."""
    claims = obligations(envelope, rule)
    return [one.labels[0].what for one in claims if decide(one)[0].outcome is Outcome.VIOLATED]


def test_the_usual_constants_keep_all_obligations() -> None:
    assert prove(Envelope(**USUAL)) == 6


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"horizon_s": 0.03}, "P3"),
        ({"jitter_s": 0.1}, "P3"),
        ({"stale_s": 0.2}, "P3"),
        ({"frozen_periods": 30}, "P3"),
        ({"rest_within_s": 1.0}, "P2"),
        ({"most_speed_m_s": 3.0}, "P2"),
        ({"force_n": (2.0, 4.85)}, "no force that is ordered"),
        ({"force_error_n": 1.0}, "no force that is ordered"),
        ({"force_step_n": 1.0}, "no force that is ordered"),
        ({"margin_m": 0.006}, "off its path"),
        ({"drift_m_s": 0.2}, "off its path"),
        ({"braking_m_s2": 0.0}, "cannot brake"),
        ({"force_n": (4.0, 2.0)}, "guards forces above 0"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_constants_that_break_an_obligation_make_no_monitor(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Envelope(**{**USUAL, **changed})


def test_a_rule_that_forgets_that_the_robot_gains_speed_is_refuted() -> None:
    def forgetful(speed: Any, rules: Pursuit) -> Any:
        return (speed + rules.walking) * rules.horizon + braked_m(speed, rules)

    assert any(what.startswith("P3") for what in broken(Envelope(**USUAL), forgetful))


def test_a_rule_that_looks_ahead_by_one_period_only_is_refuted() -> None:
    def hasty(speed: Any, rules: Pursuit) -> Any:
        return needed_m(speed, rules._replace(horizon=Fraction(PERIOD_S)))

    assert any(what.startswith("P3") for what in broken(Envelope(**USUAL), hasty))


def test_a_rule_that_forgets_the_person_is_refuted() -> None:
    def alone(speed: Any, rules: Pursuit) -> Any:
        return needed_m(speed, rules._replace(walking=Fraction(0)))

    found = broken(Envelope(**USUAL), alone)
    assert {"a stop one period ahead keeps the gap"} <= set(found)


def test_a_certificate_of_the_monitor_is_read_by_the_checker_that_trusts_nothing() -> None:
    document = certificate(Envelope(**USUAL))
    assert checker.check(document) == 6
    longer = document["claims"][2]
    longer["box"][longer["variables"].index("t")][1] = "1"
    with pytest.raises(checker.RefusedError):
        checker.check(document)


def test_two_envelopes_have_two_certificates() -> None:
    one, other = (Envelope(**{**USUAL, "reach_m": reach}) for reach in (0.15, 0.16))
    assert certificate(one)["subjects"] != certificate(other)["subjects"]


@settings(max_examples=100, deadline=None)
@given(st.floats(0.3, 6.0), st.floats(0.0, 2.5), st.floats(0.0, 4.0), st.floats(0.07, 0.3), st.floats(0.0, 1.0))
def test_the_speed_that_is_allowed_needs_just_what_is_free(
    braking: float, walking: float, gaining: float, horizon: float, speed: float
) -> None:
    rules = Pursuit(braking, walking, gaining, horizon)
    free_m = needed_m(speed, rules)
    assert speed_within_m_s(free_m, rules) == pytest.approx(speed, abs=1e-9)
    assert speed_within_m_s(free_m * 0.99, rules) <= speed


@settings(max_examples=60, deadline=None)
@given(st.floats(0.4, 4.0), st.floats(0.0, 1.6), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_whatever_was_proved_holds_in_small_steps(
    braking: float, walking: float, speed: float, delay: float, gain: float
) -> None:
    envelope = Envelope(**{**USUAL, "braking_m_s2": braking, "people_speed_m_s": walking})
    gap = needed_m(speed, envelope.pursuit)
    step_s, time_s, until_s = 1e-4, 0.0, delay * envelope.unnoticed_s
    while speed > 0:
        gap -= (speed + walking) * step_s
        speed += (gain * envelope.acceleration_m_s2 if time_s < until_s else -braking) * step_s
        time_s += step_s
    assert gap > -1e-3
    assert math.isfinite(gap)


def test_an_envelope_of_another_contract_is_proved_anew() -> None:
    usual = Envelope(**USUAL)
    with pytest.raises(ConfigError):
        dataclasses.replace(usual, people_speed_m_s=2.0, horizon_s=0.01)
