"""A monitor in its own process: whatever becomes of the planner's, the robot stops and holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PLANNER = '''
import functools, os, sys, time
from pathlib import Path
from zaphod.agents.robotics.monitoring.envelope import Envelope
from zaphod.agents.robotics.monitoring.monitor import Reading, Wanted
from zaphod.agents.robotics.monitoring.watchdog import Watchdog


class Robot:
    """Is where it was wanted to be, and writes down every new order; switched off by a file."""

    def __init__(self, folder):
        self.folder, self.at, self.number, self.last = Path(folder), (0.0, 0.0, 0.3), 0, None

    def read(self):
        if (self.folder / "off").exists():
            raise EOFError
        self.number += 1
        forces = (3.0 + 1e-3 * (self.number % 7), 3.0)
        return Reading(time.monotonic(), self.at, (0.1, 0.0, 0.0), forces, 0.0)

    def obey(self, order, wanted):
        self.at = wanted.position_m
        if (order.rung, order.reason) != self.last:
            self.last = order.rung, order.reason
            with (self.folder / "orders").open("a") as out:
                out.write(f"{order.rung.name} {order.pace} {order.force_n} {order.reason}\\n")


if __name__ == "__main__":
    envelope = Envelope(
        breaks_at_n=5.0, force_n=(2.0, 4.0), force_error_n=0.15, braking_m_s2=2.0, margin_m=0.006, reach_m=0.15,
        jitter_s=20.0, stale_s=20.0, horizon_s=60.0, heartbeat_s=3.0,
    )
    folder = sys.argv[1]
    with Watchdog(envelope, functools.partial(Robot, folder)) as dog:
        (Path(folder) / "monitor").write_text(str(dog.process.pid))
        while not (Path(folder) / "done").exists():
            dog.want(Wanted((0.0, 0.0, 0.3), (0.1, 0.0, 0.0), 3.0))
            time.sleep(0.02)
    dog.process.join()
'''


@pytest.fixture
def planner(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = tmp_path / "planner.py"
    script.write_text(PLANNER)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    yield process
    (tmp_path / "off").touch()
    (tmp_path / "done").touch()
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


def orders(folder: Path, wanted: str) -> list[str]:
    """All orders, once one of them is the wanted one."""
    file = folder / "orders"
    for _ in range(1200):
        found = file.read_text().splitlines() if file.exists() else []
        if any(line.startswith(wanted) for line in found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"no {wanted} among {found}")


def test_a_planner_that_is_stopped_stops_the_robot_and_one_that_wakes_up_does_not_start_it(
    planner: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert orders(tmp_path, "GO")[-1].startswith("GO 1.0 3.0")
    planner.send_signal(signal.SIGSTOP)
    found = orders(tmp_path, "STOP")
    assert found[-1] == "STOP 0.0 3.0 the planner is not heard of"
    planner.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    assert orders(tmp_path, "STOP") == found


def test_a_planner_that_dies_leaves_the_load_held(planner: subprocess.Popen[bytes], tmp_path: Path) -> None:
    orders(tmp_path, "GO")
    planner.kill()
    planner.wait()
    assert orders(tmp_path, "STOP")[-1].split()[:3] == ["STOP", "0.0", "3.0"]
    monitor = int((tmp_path / "monitor").read_text())
    os.kill(monitor, 0)  # it is still there


def test_what_is_no_message_counts_as_silence() -> None:
    from multiprocessing import Pipe

    from zaphod.agents.robotics.monitoring.watchdog import _newest

    heard, said = Pipe(duplex=False)
    said.send_bytes(b"not seven numbers")
    assert _newest(heard) is None
    said.close()
    assert _newest(heard) is None
    heard.close()
