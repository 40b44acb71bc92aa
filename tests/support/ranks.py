"""Real processes that work together over gloo, and keep running from test to test: starting one takes seconds.

    pool = RankPool(2)
    results = pool.run(function, argument)    # function(argument) as every rank; the results in the order of the ranks

`function` must be one that a module has at its top level. What it raises is raised here.
"""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.distributed as dist

_ANSWER_S = 60.0


class RankError(Exception):
    """What a rank raised, as text."""


class RankPool:
    """So many ranks; each has a process group that all of them belong to."""

    def __init__(self, size: int) -> None:
        self._store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        # Forked from a process that has imported everything and does nothing else: imports take seconds.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.support.parallel_jobs"])
        self._pipes: list[Connection] = []
        self.processes = []
        for rank in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, rank, size, self._store.port), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self.processes.append(process)

    def run(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        for pipe in self._pipes:
            pipe.send((function, arguments))
        answers = [self._answer(pipe) for pipe in self._pipes]
        errors = [f"rank {rank}: {error}" for rank, (_, error) in enumerate(answers) if error is not None]
        if errors:
            raise RankError("\n".join(errors))
        return [value for value, _ in answers]

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()

    @staticmethod
    def _answer(pipe: Connection) -> tuple[Any, str | None]:
        if not pipe.poll(_ANSWER_S):
            return None, "a rank did not answer"
        try:
            return pipe.recv()
        except EOFError:
            return None, "a rank is gone"


def _serve(pipe: Connection, rank: int, size: int, port: int) -> None:
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size))
    torch.set_num_threads(1)
    store = dist.TCPStore("127.0.0.1", port, is_master=False, wait_for_workers=False)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=timedelta(seconds=20))
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            break
        try:
            pipe.send((function(*arguments), None))
        except Exception:
            pipe.send((None, traceback.format_exc()))
    dist.destroy_process_group()
