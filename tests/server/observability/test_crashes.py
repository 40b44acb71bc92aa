from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CANARY = "canary7f3a"
PROGRAM = """
import ctypes, faulthandler, os, resource, signal, threading, time
from zaphod.server.crashes import guard_crashes
guard_crashes()
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
def answer(prompt):
    {}
answer("".join(["cana", "ry7f3a"]))
"""


def crash(body: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM.format(body)], capture_output=True, text=True, timeout=60)


def test_a_segmentation_fault_shows_frames_and_no_values() -> None:
    done = crash("ctypes.string_at(0)")
    assert done.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in done.stderr
    assert "in answer" in done.stderr
    assert CANARY not in done.stderr


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError(prompt)",
        "t = threading.Thread(target=int, args=(prompt,)); t.start(); t.join()",
    ],
)
def test_an_exception_that_nobody_caught_shows_its_type_and_no_message(body: str) -> None:
    done = crash(body)
    assert "builtins.ValueError" in done.stderr
    assert CANARY not in done.stderr


def test_ctrl_c_stays_an_interrupt() -> None:
    done = crash("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)")
    assert done.returncode == -signal.SIGINT
