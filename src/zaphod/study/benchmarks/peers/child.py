"""The process that one measured program lives in: takes orders as JSON lines, times them; knows no program.

    python child.py PEER.py OPTIONS          # OPTIONS is JSON

Needs nothing but Python, because the peer's own interpreter runs it. The peer's file has `import_engine(options)` and
a class `Peer(options)` with `prepare(**case)`, `reset()` and `run()`; what it prints goes to standard error. Time is
taken inside this process, from the order's arrival on: no message passes while the clock runs.

With a case as `first` among the options, that case is prepared and run before the first reply.
Orders: {"do": "prepare" | "time" | "memory" | any method of the peer, ...arguments}. Each gets one line in reply.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    """Load the peer, then obey until the orders end."""
    replies = _own_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    options = json.loads(sys.argv[2])
    peer_file = _load(Path(sys.argv[1]))
    try:
        peer_file.import_engine(options)
        imported_s = time.monotonic()
        peer = peer_file.Peer(options)
        if "first" in options:
            peer.prepare(**options["first"], trials=False)
            peer.run()
    except Exception:
        _reply(replies, {"error": traceback.format_exc()})
        return
    _reply(replies, {"imported_s": imported_s, "ready_s": time.monotonic()})
    for line in sys.stdin:
        try:
            answer = _obey(peer, json.loads(line))
        except Exception:
            answer = {"error": traceback.format_exc()}
        _reply(replies, answer)


def _obey(peer: Any, order: dict[str, Any]) -> dict[str, Any]:
    action = order.pop("do")
    if action == "time":
        return _timed(peer)
    if action == "memory":
        return resident_bytes()
    return getattr(peer, action)(**order) or {}


def _timed(peer: Any) -> dict[str, float]:
    """One run: seconds it took, seconds of all cores it used, and those that the order took in all."""
    ordered_s = time.process_time()
    peer.reset()
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    peer.run()
    ended_s, ended_cpu_s = time.perf_counter(), time.process_time()
    return {
        "wall_s": ended_s - begun_s,
        "cpu_s": ended_cpu_s - begun_cpu_s,
        "order_cpu_s": ended_cpu_s - ordered_s,
    }


def resident_bytes() -> dict[str, int]:
    """What of this process is in memory: all of it, and that which is no file's page."""
    fields = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, amount = line.split(":")
        fields[name] = int(amount.split()[0]) * 1024
    return {"resident_bytes": fields["Rss"], "anonymous_bytes": fields["Anonymous"]}


def _own_output() -> TextIO:
    """The true standard output; whatever else is printed goes to standard error."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return out


def _die_with_parent() -> None:
    """A measured program that was stopped must not stay behind when who measures is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _load(file: Path) -> ModuleType:
    # The folder of this file must not hide the peer's libraries.
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    spec = importlib.util.spec_from_file_location("peer", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _reply(replies: TextIO, answer: dict[str, Any]) -> None:
    replies.write(json.dumps(answer) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()
