"""Processes of their own that write audit logs until they are killed, or until their disk is full.

python children.py write FOLDER    forked for each word on standard input; prints acknowledged records
python children.py full FOLDER     writes into a file that may not grow beyond a limit, which is then lifted
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path

from tests.safety.audit.logs import event

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions

NUM_THREADS = 4


def write_for_ever(folder: Path, output: int) -> None:
    """Append from several threads, and print each acknowledged record: number, object."""
    log = AuditLog(folder, AuditOptions(checkpoint_records=50, max_segment_bytes=20_000))

    def append(thread: int) -> None:
        for number in range(10**9):
            found = event(number, object=f"{os.getpid()}.{thread}.{number}")
            receipt = log.append(found).result()
            os.write(output, f"{receipt.seq} {found.object} {receipt.hash}\n".encode())

    threads = [threading.Thread(target=append, args=(thread,)) for thread in range(NUM_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve(folder: Path) -> None:
    """Fork a writer for each line of standard input: importing once is faster than a new program each time."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write_for_ever(folder, 1)
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


def fill(folder: Path) -> None:
    """Write until the file may not grow, then lift the limit and go on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
    acknowledged, errors = [], []
    with AuditLog(folder, AuditOptions(checkpoint_records=10**6)) as log:
        for number in range(60):
            if number == 50:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            try:
                acknowledged.append(log.append(event(number)).result(10).seq)
            except AuditError as error:
                errors.append(str(error))
        problem = log.status().problem
    print(json.dumps({"acknowledged": acknowledged, "errors": sorted(set(errors)), "problem": problem}))


if __name__ == "__main__":
    {"write": serve, "full": fill}[sys.argv[1]](Path(sys.argv[2]))
