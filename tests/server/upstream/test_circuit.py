import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from zaphod.core.errors import ConfigError
from zaphod.server.upstream.circuit import Circuit, CircuitOptions, Permit

OPTIONS = CircuitOptions(max_failures=3, min_requests=8, max_error_share=0.5, first_pause_s=1.0, max_pause_s=5.0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def new_circuit(options: CircuitOptions = OPTIONS) -> tuple[Circuit, Clock]:
    clock = Clock()
    return Circuit(options, clock=clock, draw=lambda: 0.5), clock


def ask(circuit: Circuit) -> Permit:
    permit = circuit.begin()
    assert permit is not None
    return permit


def fail(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        ask(circuit).failed()


def test_failures_open_it() -> None:
    circuit, _ = new_circuit()
    fail(circuit, 2)
    assert circuit.state == "closed"
    fail(circuit, 1)
    assert circuit.state == "open"
    assert circuit.begin() is None
    assert circuit.retry_after_s == 1.0


def test_failures_that_are_long_ago_count_no_more() -> None:
    circuit, clock = new_circuit()
    fail(circuit, 2)
    clock.now_s += OPTIONS.window_s + 1
    fail(circuit, 2)
    assert circuit.state == "closed"


def test_a_single_request_that_breaks_a_server_does_not_open_it() -> None:
    circuit, _ = new_circuit()
    for _ in range(OPTIONS.min_requests - 1):
        ask(circuit).errored()
    assert circuit.state == "closed"


def test_a_large_share_of_errors_opens_it() -> None:
    circuit, _ = new_circuit()
    for _ in range(4):
        ask(circuit).succeeded()
        ask(circuit).errored()
    assert circuit.state == "open"


def test_after_the_pause_one_trial_is_let_through() -> None:
    circuit, clock = new_circuit()
    fail(circuit, 3)
    clock.now_s += 1.0
    assert circuit.state == "half_open"
    trial = ask(circuit)
    assert circuit.begin() is None
    trial.succeeded()
    assert circuit.state == "closed"


def test_a_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    circuit, clock = new_circuit()
    fail(circuit, 3)
    pauses = []
    for _ in range(5):
        pauses.append(circuit.retry_after_s)
        clock.now_s += circuit.retry_after_s
        ask(circuit).failed()
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_client_that_leaves_during_the_trial_makes_room_for_another_trial() -> None:
    circuit, clock = new_circuit()
    fail(circuit, 3)
    clock.now_s += 1.0
    ask(circuit).abandoned()
    assert circuit.state == "half_open"
    assert circuit.begin() is not None


def test_answers_that_began_before_it_opened_change_nothing() -> None:
    circuit, clock = new_circuit()
    old_success, old_failure = ask(circuit), ask(circuit)
    fail(circuit, 3)
    old_success.succeeded()
    assert circuit.state == "open"
    clock.now_s += 1.0
    trial = ask(circuit)
    old_failure.failed()
    trial.succeeded()
    assert circuit.state == "closed"


def test_a_permit_speaks_once() -> None:
    circuit, _ = new_circuit()
    permit = ask(circuit)
    permit.succeeded()
    for _ in range(9):
        permit.failed()
    assert circuit.state == "closed"


def test_jitter_spreads_the_pauses() -> None:
    clock = Clock()
    pauses = []
    for draw in (0.0, 0.5, 0.999):
        circuit = Circuit(OPTIONS, clock=clock, draw=lambda draw=draw: draw)  # type: ignore[misc]
        fail(circuit, 3)
        pauses.append(round(circuit.retry_after_s, 2))
    assert pauses == [0.8, 1.0, 1.2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_s": 0},
        {"max_failures": 0},
        {"max_error_share": 1.5},
        {"max_pause_s": 0.5},
        {"jitter": 1},
        {"first_pause_s": math.nan},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong)) if "first" not in str(wrong) else "pause"):
        CircuitOptions(**wrong)  # type: ignore[arg-type]


class CircuitMachine(RuleBasedStateMachine):
    """Any order of requests, verdicts and time: what a circuit promises holds in every state."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit, self.clock = new_circuit()
        self.before: list[Permit] = []
        """Permits that were given while it was closed."""
        self.trial: Permit | None = None

    @rule()
    def ask(self) -> None:
        state, may = self.circuit.state, self.circuit.allows
        permit = self.circuit.begin()
        assert (permit is not None) == may
        assert may == (state == "closed" or (state == "half_open" and self.trial is None))
        if permit is not None and state == "closed":
            self.before.append(permit)
        elif permit is not None:
            self.trial = permit

    @precondition(lambda self: self.before)
    @rule(verdict=st.sampled_from(["succeeded", "errored", "failed", "abandoned"]), data=st.data())
    def tell(self, verdict: str, data: st.DataObject) -> None:
        permit = self.before.pop(data.draw(st.integers(0, len(self.before) - 1)))
        was = self.circuit.state
        getattr(permit, verdict)()
        if was != "closed":
            assert self.circuit.state == was, "what began before says nothing about now"
        if verdict in ("succeeded", "abandoned"):
            assert self.circuit.state == was, "only bad news opens a circuit"

    @precondition(lambda self: self.trial is not None)
    @rule(verdict=st.sampled_from(["succeeded", "errored", "failed", "abandoned"]))
    def tell_trial(self, verdict: str) -> None:
        assert self.trial is not None
        getattr(self.trial, verdict)()
        self.trial = None
        assert self.circuit.state == {"succeeded": "closed", "abandoned": "half_open"}.get(verdict, "open")

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        was = self.circuit.state
        self.clock.now_s += seconds
        assert self.circuit.state == was or (was, self.circuit.state) == ("open", "half_open")

    @invariant()
    def pauses_are_bounded(self) -> None:
        assert 0 <= self.circuit.retry_after_s <= OPTIONS.max_pause_s
        assert (self.circuit.retry_after_s > 0) == (self.circuit.state == "open")


TestCircuitMachine = CircuitMachine.TestCase
TestCircuitMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
