"""How many threads pay: passes of a made-up machine, whose times depend on the threads alone."""

from collections.abc import Callable

import pytest

from zaphod.compute.kernels import dispatch

MILLISECOND = 1_000_000


class Machine:
    """Runs passes: `duration_ms` and `waited` (a share of it) by the number of threads in use."""

    def __init__(self, most: int, duration_ms: Callable[[int], float], waited: Callable[[int], float]) -> None:
        self.choice = dispatch.native().operations.ThreadChoice(most)
        self.duration_ms, self.waited = duration_ms, waited
        self.now_ns = 0

    def run(self, seconds: float, size: int = 1) -> list[int]:
        """Threads of each pass."""
        used, end_ns = [], self.now_ns + int(seconds * 1e9)
        while self.now_ns < end_ns:
            used.append(self.choice.threads)
            elapsed = int(self.duration_ms(used[-1]) * MILLISECOND)
            self.now_ns += elapsed
            self.choice.pass_ended(size, self.now_ns, elapsed, int(elapsed * self.waited(used[-1])))
        return used


def shared_core(threads: int) -> Machine:
    """All threads together wait half of the time; one less does not."""
    return Machine(threads, lambda n: 10.0 if n == threads else 7.0, lambda n: 0.5 if n == threads else 0.05)


def quiet(threads: int) -> Machine:
    return Machine(threads, lambda n: 10.0 / n, lambda n: 0.05)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_quiet_machine_uses_all_threads_always(threads):
    assert set(quiet(threads).run(5)) == {threads}


@pytest.mark.parametrize("threads", [2, 8])
def test_a_shared_core_is_left_alone_most_of_the_time(threads):
    machine = shared_core(threads)
    machine.run(1)
    used = machine.run(10)
    assert used.count(threads - 1) / len(used) > 0.95


def test_waiting_alone_is_no_reason_where_fewer_threads_are_slower():
    machine = Machine(2, lambda n: 10.0 if n == 2 else 15.0, lambda n: 0.4)
    machine.run(1)
    used = machine.run(10)
    assert used.count(2) / len(used) > 0.95


def test_all_threads_come_back_when_the_neighbour_has_gone():
    machine = shared_core(2)
    machine.run(10)
    calm = quiet(2)
    machine.duration_ms, machine.waited = calm.duration_ms, calm.waited
    machine.run(3)
    assert set(machine.run(2)) == {2}


def test_passes_of_different_sizes_are_not_compared():
    machine = shared_core(2)
    for _ in range(200):
        machine.run(0.001, size=1)
        machine.run(0.001, size=2)
    assert machine.choice.threads == 2
