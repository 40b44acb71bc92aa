"""The same work under one setting after another, and what was there before put back at any end; knows no NVML."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from zaphod.capacity.operation.selectors import Measured
from zaphod.core.errors import ConfigError, ZaphodError


class Knob(Protocol):
    """One setting of one or several devices, all alike."""

    unit: str
    """`W` or `MHz`."""

    def settings(self) -> tuple[float, ...]:
        """All that may be chosen, the highest first, in the steps that a sweep takes."""

    def set(self, setting: float) -> None:
        """Choose."""

    def restore(self) -> None:
        """Put back what there was when the knob was opened. May be called more than once."""


class StoppedError(ZaphodError):
    """The process was told to end."""

    exit_code = 130


Measure = Callable[[], tuple[float, float, float | None]]
"""Does the work once: seconds, joules, and the 99th percentile between two tokens where there is one."""


def sweep(
    knob: Knob,
    measure: Measure,
    settings: Sequence[float] = (),
    *,
    warm_ups: int = 1,
    on_measured: Callable[[Measured], None] = lambda measured: None,
) -> tuple[Measured, ...]:
    """What the work takes under each setting, from the highest down.

    Whatever happens, an interrupt included, `restore` is called before this returns or raises.

    Args:
        knob: the devices.
        measure: the work.
        settings: those to try; all that the knob offers unless given.
        warm_ups: how often the work is done first without being counted.
        on_measured: told after each setting.

    Raises:
        ConfigError: a setting is not offered.
        StoppedError: the process was told to end (SIGTERM, SIGHUP).
    """
    offered = knob.settings()
    chosen = sorted(settings, reverse=True) or list(offered)
    for setting in chosen:
        if not min(offered) <= setting <= max(offered):
            raise ConfigError(
                f"{setting:g} {knob.unit} is not offered.",
                f"The device takes {min(offered):g} to {max(offered):g} {knob.unit}.",
                "Choose settings between.",
            )
    found: list[Measured] = []
    with _restored(knob):
        knob.set(chosen[0])  # before all work: whoever may not set it learns that at once
        for _ in range(warm_ups):
            measure()
        for setting in chosen:
            knob.set(setting)
            time_s, energy_j, itl_p99_s = measure()
            measured = Measured(setting=setting, unit=knob.unit, time_s=time_s, energy_j=energy_j, itl_p99_s=itl_p99_s)
            found.append(measured)
            on_measured(measured)
    return tuple(found)


@contextmanager
def _restored(knob: Knob) -> Iterator[None]:
    """Orders to stop become exceptions inside; while the setting is put back they wait."""
    with _handled((signal.SIGTERM, signal.SIGHUP), _stop):
        try:
            yield
        finally:
            with _handled((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN):
                knob.restore()


def _stop(number: int, frame: FrameType | None) -> None:
    raise StoppedError(f"Told to stop ({signal.Signals(number).name}).", "", "The former setting is back.")


@contextmanager
def _handled(
    numbers: Sequence[int], handler: Callable[[int, FrameType | None], None] | signal.Handlers
) -> Iterator[None]:
    """Signals belong to the main thread; in others nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, former in before:
            signal.signal(number, former)
