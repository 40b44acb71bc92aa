"""Processes of their own that do duties until they are killed, and one that writes an audit meanwhile.

python -m tests.records.privacy.children erase PLACE    for each person on standard input: killed after one step more
python -m tests.records.privacy.children apply PLACE    retention, killed after the first batch, the second, …
python -m tests.records.privacy.children write PLACE    opens the same place and writes events until it may stop
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.people import TENANT, opened, place_of

from zaphod.core.progress import Advance
from zaphod.records.keeping import Keeping, KeepingOptions
from zaphod.records.privacy.erasure import erase
from zaphod.records.privacy.expiry import apply_retention
from zaphod.records.privacy.office import Office
from zaphod.safety.audit.record import Event


class KillsAfter:
    """Listens to long work, and kills its process after so many steps of it.

    Args:
        label: of the work.
        num_steps: that it may announce.
    """

    def __init__(self, label: str, num_steps: int) -> None:
        self._label, self._left = label, num_steps

    @contextmanager
    def step(self, label: str, total: float, unit: str = "B") -> Iterator[Advance]:
        yield self._count if label == self._label else lambda amount: None

    def _count(self, amount: float) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def in_a_fork(place: KeepingOptions, do: Callable[[Office], object]) -> str:
    """Forked before anything is open: importing once is faster than a new program each time."""
    child = os.fork()
    if child == 0:
        with opened(place) as office:
            do(office)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "done" if status == 0 else "failed"


def erase_each(place: KeepingOptions) -> None:
    for number, subject in enumerate(sys.stdin.read().split(), 1):
        progress = KillsAfter("erasing", number)
        print(in_a_fork(place, lambda office, who=subject, to=progress: erase(office, who, progress=to)))


def apply_each(place: KeepingOptions) -> None:
    for number in range(1, 4):
        progress = KillsAfter("removing", 1 + number)
        print(in_a_fork(place, lambda office, to=progress: apply_retention(office, progress=to, batch=2)))


def write(place: KeepingOptions) -> None:
    """Events, as a server writes them, until standard input ends; prints how many were acknowledged."""
    has_ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), has_ended.set()), daemon=True).start()
    with Keeping(place) as keeping:
        assert keeping.audit is not None
        for number in itertools.count(1):
            event = Event(tenant=TENANT, actor="key_1", action="chat.request", object=f"r{number}", decision="allow")
            keeping.audit.append(event).result()
            if number == 1:
                print("running", flush=True)
            if has_ended.is_set():
                break
    print(number)


if __name__ == "__main__":
    {"erase": erase_each, "apply": apply_each, "write": write}[sys.argv[1]](place_of(sys.argv[2]))
