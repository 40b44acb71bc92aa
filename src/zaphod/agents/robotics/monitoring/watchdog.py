"""A monitor in a process of its own, between a planner and a robot; silence stops the robot, and nothing is killed.

The planner's process may hang, be stopped or die: the monitor's goes on, reads the robot's sensors itself, and holds
what is carried until a person switches the robot off. What comes from the planner is seven numbers and no code: a
message of any other length counts as silence.
"""

from __future__ import annotations

import multiprocessing
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Protocol

from zaphod.agents.robotics.monitoring.envelope import PERIOD_S, Envelope
from zaphod.agents.robotics.monitoring.monitor import Monitor, Order, Reading, Wanted

_MESSAGE: Final = struct.Struct("<7d")
"""Position, speed, force."""
_REST: Final = (0.0, 0.0, 0.0)


class Robot(Protocol):
    """Sensors and motors, as the monitor's process has them."""

    def read(self) -> Reading | None:
        """The newest measurement, stamped by `time.monotonic`; None where none arrived.

        Raises:
            EOFError: a person has switched the robot off.
        """

    def obey(self, order: Order, wanted: Wanted) -> None:
        """For the next period."""


class Watchdog:
    """The planner's end. Leaving it is silence: the robot stops and holds until it is switched off.

    Args:
        envelope: what must not be left.
        make_robot: is called in the monitor's process; it must be importable there.
    """

    def __init__(self, envelope: Envelope, make_robot: Callable[[], Robot]) -> None:
        context = multiprocessing.get_context("spawn")
        heard, self._said = context.Pipe(duplex=False)
        self.process = context.Process(target=_serve, args=(envelope, make_robot, heard), name="monitor")
        self.process.start()
        heard.close()

    def want(self, wanted: Wanted) -> None:
        """What the planner would do; also its heartbeat.

        Raises:
            BrokenPipeError: the robot was switched off.
        """
        self._said.send_bytes(_MESSAGE.pack(*wanted.position_m, *wanted.speed_m_s, wanted.force_n))

    def __enter__(self) -> Watchdog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._said.close()


def watch(robot: Robot, monitor: Monitor, heard: Connection) -> None:
    """Once a period, until the robot is switched off: read, decide, order.

    Args:
        robot: what is guarded.
        monitor: decides.
        heard: from the planner.
    """
    wanted: Wanted | None = None
    heartbeat_s = next_s = time.monotonic()
    while True:
        newest = _newest(heard)
        if newest is not None:
            wanted, heartbeat_s = newest, time.monotonic()
        try:
            reading = robot.read()
        except EOFError:
            return
        if reading is not None:
            reading = reading._replace(heartbeat_s=heartbeat_s)
        would = wanted or Wanted(_REST if reading is None else reading.position_m, _REST, 0.0)
        robot.obey(monitor.step(time.monotonic(), reading, would), would)
        next_s += PERIOD_S
        time.sleep(max(0.0, next_s - time.monotonic()))


def _newest(heard: Connection) -> Wanted | None:
    """The last message that is one; None where the planner is silent, or gone."""
    found = None
    try:
        while heard.poll():
            message = heard.recv_bytes()
            if len(message) == _MESSAGE.size:
                *numbers, force = _MESSAGE.unpack(message)
                found = Wanted(tuple(numbers[:3]), tuple(numbers[3:]), force)
    except (EOFError, OSError):
        return found
    return found


def _serve(envelope: Envelope, make_robot: Callable[[], Robot], heard: Connection) -> None:
    watch(make_robot(), Monitor(envelope), heard)
