"""Starts the ranks of a run on this machine and ends them together; knows processes, not training.

The first rank speaks for all: it has the terminal. What another writes to standard error is shown if it fails. One that
fails ends the others, Ctrl-C reaches all, and ranks whose starter is gone end themselves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO

from zaphod.core.errors import ConfigError, ZaphodError

_STARTED_BY_US = "ZAPHOD_RANK_STARTER"
_POLL_S = 0.05
_GRACE_S = 5.0  # what the others get to notice that one is gone, before they are killed
_SHOWN_LINES = 20


def run_ranks(command: Sequence[str], num_processes: int, *, threads_each: int = 1, grace_s: float = _GRACE_S) -> None:
    """Run `command` as every rank of a run on this machine, until all have ended.

    Args:
        command: program and arguments; it joins the run with `process_ranks`.
        num_processes: how many ranks.
        threads_each: of a rank's matrix products.
        grace_s: what the others get to end by themselves when one has failed.

    Raises:
        ConfigError: fewer than one rank.
        KeyboardInterrupt: Ctrl-C; the ranks have been told, and have ended.
        ZaphodError: a rank failed. Its exit code is the error's.
    """
    if num_processes < 1:
        raise ConfigError(f"{num_processes} processes were asked for.", "A run has at least one.")
    from torch._C._distributed_c10d import TCPStore  # PyTorch takes seconds to import, and ranks need none of this

    # The starter keeps the store where ranks find each other: its port is taken from the beginning.
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    with ExitStack() as files:
        errors = [files.enter_context(tempfile.TemporaryFile()) for _ in range(num_processes - 1)]
        environments = [_environment(rank, num_processes, store.port, threads_each) for rank in range(num_processes)]
        with _interrupts() as interrupts:
            ranks = [
                subprocess.Popen(
                    list(command),
                    env=environment,
                    stdin=subprocess.PIPE,  # never written to: its end tells a rank that we are gone
                    stdout=None if rank == 0 else subprocess.DEVNULL,
                    stderr=None if rank == 0 else errors[rank - 1],
                    start_new_session=True,  # so that Ctrl-C comes from us alone
                )
                for rank, environment in enumerate(environments)
            ]
            try:
                failed = _first_failed(ranks, interrupts)
            finally:
                _end(ranks, grace_s)
        if interrupts:
            raise KeyboardInterrupt
        if failed is not None:
            _show(errors)
            raise RankFailedError(failed, ranks[failed].returncode)


def watch_starter() -> None:
    """In a rank: end with the process that started us, however that one ends. Does nothing under other starters."""
    if os.environ.get(_STARTED_BY_US) == str(os.getppid()):
        threading.Thread(target=_end_with_starter, name="starter-watch", daemon=True).start()


def _end_with_starter() -> None:
    os.read(0, 1)
    os._exit(1)


def _environment(rank: int, num_processes: int, port: int, threads_each: int) -> dict[str, str]:
    return {
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(num_processes),
        "LOCAL_WORLD_SIZE": str(num_processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the first rank keeps no store of its own
        "OMP_NUM_THREADS": str(threads_each),
        _STARTED_BY_US: str(os.getpid()),
    }


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Signals to stop that have come so far; they raise nothing meanwhile."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, frame: received.append(number))
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_failed(ranks: Sequence[subprocess.Popen[bytes]], interrupts: list[int]) -> int | None:
    """Wait until all have ended well or one has failed. The first Ctrl-C asks them to end, the second ends them."""
    num_told = 0
    while None in [rank.poll() for rank in ranks] and len(interrupts) < 2:
        for number, rank in enumerate(ranks):
            if rank.returncode:
                return number
        if len(interrupts) > num_told:
            num_told = len(interrupts)
            for rank in ranks:
                rank.send_signal(signal.SIGINT)
        time.sleep(_POLL_S)
    return next((number for number, rank in enumerate(ranks) if rank.returncode), None)


def _end(ranks: Sequence[subprocess.Popen[bytes]], grace_s: float) -> None:
    deadline_s = time.monotonic() + grace_s
    while None in [rank.poll() for rank in ranks] and time.monotonic() < deadline_s:
        time.sleep(_POLL_S)
    for rank in ranks:
        if rank.poll() is None:
            rank.kill()
        rank.wait()
        assert rank.stdin is not None
        rank.stdin.close()


def _show(errors: Sequence[IO[bytes]]) -> None:
    for number, file in enumerate(errors, start=1):
        file.seek(0)
        for line in file.read().decode(errors="replace").splitlines()[-_SHOWN_LINES:]:
            print(f"rank {number}: {line}", file=sys.stderr)


class RankFailedError(ZaphodError):
    """A rank ended with an error, and the others were ended."""

    def __init__(self, rank: int, code: int) -> None:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        super().__init__(
            f"Rank {rank} {how}; the others were ended.",
            "All ranks of a run live until its end.",
            "Its last messages are above. Start the same command again: it goes on from the last checkpoint.",
        )
        self.exit_code = code if code > 0 else 1
