"""A red team against the sandbox: every escape that we know of is tried, and none succeeds."""

import http.server
import os
import subprocess
import sys
import threading
import time

import pytest
from tests.study.evaluation.sandbox.escapes import ESCAPES

from zaphod.core.errors import CapacityError, ConfigError
from zaphod.study.evaluation.sandbox import sandbox as running
from zaphod.study.evaluation.sandbox.levels import COVERAGE, STRONG
from zaphod.study.evaluation.sandbox.sandbox import Limits, Sandbox, open_sandbox, why_not

REASONS = {level: why_not(level) for level in STRONG}
LEVELS = [
    pytest.param(level, marks=pytest.mark.skipif(reason is not None, reason=f"{level} does not work here: {reason}"))
    for level, reason in REASONS.items()
]
QUICK = Limits(time_s=5.0, memory_bytes=256 << 20)


@pytest.fixture(params=LEVELS)
def sandbox(request):
    return Sandbox(request.param, QUICK)


@pytest.fixture(scope="module")
def server():
    """Something on this machine that would answer."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_fails(name, sandbox, server, tmp_path, monkeypatch):
    monkeypatch.setenv("ZAPHOD_TEST_SECRET", "hunter2")
    secret, target = tmp_path / "secret.txt", tmp_path / "written.txt"
    secret.write_text("hunter2")
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        fields = {"secret": str(secret), "target": str(target), "home": str(tmp_path), "port": server}
        program = ESCAPES[name]
        for field, value in {**fields, "pid": bystander.pid}.items():
            program = program.replace(f"{{{field}!r}}", repr(value)).replace(f"{{{field}}}", str(value))
        outcome = sandbox.run(program)
        assert "out" not in outcome.output.split(), outcome
        assert outcome.output.strip() == "in" or outcome.errors or outcome.exit_code != 0, outcome
        assert bystander.poll() is None, "somebody outside was killed"
        assert not target.exists()
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("name", ["reads the environment", "reads a secret at home", "opens a socket", "writes beside"])
def test_the_same_programs_get_out_where_nothing_holds_them(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ZAPHOD_TEST_SECRET", "hunter2")
    (tmp_path / "secret.txt").write_text("hunter2")
    program = ESCAPES[name].replace("{secret!r}", repr(str(tmp_path / "secret.txt")))
    program = program.replace("{target!r}", repr(str(tmp_path / "written.txt")))
    assert Sandbox("none", QUICK).run(program).output == "out\n"


def test_a_fork_bomb_ends_with_its_time(sandbox):
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
    outcome = Sandbox(sandbox.level, Limits(time_s=1.5)).run(bomb)
    assert outcome.stopped == "time"
    assert sandbox.run("print('fine')").output == "fine\n"


def test_processes_are_counted(sandbox):
    program = (
        "import os, time\nnum = 0\ntry:\n    while True:\n        if os.fork() == 0:\n            time.sleep(30)\n"
        "            os._exit(0)\n        num += 1\nexcept OSError:\n    print(num)\n"
    )
    assert int(sandbox.run(program).output) < QUICK.processes


@pytest.mark.parametrize(
    "program", ["x = bytearray(1 << 30)", "x = [0]\nwhile True: x += x", "import mmap; mmap.mmap(-1, 1 << 30)"]
)
def test_memory_is_limited(sandbox, program):
    outcome = sandbox.run(program)
    assert outcome.exit_code not in (0, None) or outcome.stopped
    assert "MemoryError" in outcome.errors or "Cannot allocate" in outcome.errors or outcome.exit_code != 0


def test_endless_work_and_sleep_are_stopped(sandbox):
    for program in (
        "while True: pass",
        "import time; time.sleep(60)",
        "input(); print('out')\nimport time; time.sleep(60)",
    ):
        outcome = Sandbox(sandbox.level, Limits(time_s=0.7)).run(program)
        assert outcome.stopped == "time" or "EOFError" in outcome.errors


def test_endless_output_is_stopped(sandbox):
    for stream in ("stdout", "stderr"):
        outcome = sandbox.run(f"import sys\nwhile True: sys.{stream}.write('x' * 9999)")
        assert outcome.stopped == "output"
        assert len(outcome.output + outcome.errors) <= QUICK.output_bytes


def test_files_cannot_grow_without_end(sandbox):
    big = "f = open('/tmp/x', 'wb')\nwhile True: f.write(b'x' * 65536); f.flush()"
    assert sandbox.run(big).exit_code != 0
    many = "import os\nfor n in range(10**6): open(f'/tmp/{n}', 'wb').write(b'x' * 65536)"
    outcome = sandbox.run(many)
    assert outcome.exit_code != 0
    assert outcome.stopped or "Error" in outcome.errors


def test_nobody_outlives_the_program(sandbox):
    marker = f"left-{time.time_ns()}"
    program = (
        "import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execv({sys.base_prefix!r} + '/bin/python3', ['{marker}', '-c', 'import time; time.sleep(20)'])\n"
        "    os._exit(0)\ntime.sleep(0.3)\nprint('done')\n"
    )
    assert sandbox.run(program).output == "done\n"
    assert marker not in _command_lines()


def test_a_program_whose_watcher_is_killed_dies_with_it(sandbox, tmp_path):
    marker = f"watched-{time.time_ns()}"
    argv = [marker, "-c", "import time; time.sleep(50)"]
    program = f"import os; os.execv({sys.base_prefix!r} + '/bin/python3', {argv!r})"
    names = "Limits, Sandbox"
    code = f"from {running.__name__} import {names}\nSandbox({sandbox.level!r}, Limits(time_s=60)).run({program!r})"
    watcher = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        _wait_until(lambda: marker in _command_lines())
    finally:
        watcher.kill()
        watcher.wait()
    _wait_until(lambda: marker not in _command_lines())


def test_what_a_program_writes_and_returns_is_told(sandbox):
    outcome = sandbox.run("import sys\nprint('a')\nsys.stderr.write('b')\nsys.exit(3)")
    assert (outcome.exit_code, outcome.output, outcome.errors, outcome.stopped) == (3, "a\n", "b", "")
    assert sandbox.run("import os; os.kill(os.getpid(), 11)").exit_code in (-11, 139)


def test_a_program_may_use_its_own_folder_and_the_standard_library(sandbox):
    program = (
        "import json, re, math, itertools, collections\nopen('/tmp/a', 'w').write('x')\nprint(open('/tmp/a').read())"
    )
    assert sandbox.run(program).output == "x\n"


def test_only_weak_levels_are_refused_unless_asked_for(monkeypatch):
    monkeypatch.setattr(running, "why_not", lambda level, limits: "no" if level in STRONG else None)
    with pytest.raises(CapacityError, match="cannot be shut in"):
        open_sandbox("auto")
    assert open_sandbox("rlimits").level == "rlimits"
    assert open_sandbox("none").level == "none"


def test_an_unknown_level_is_refused():
    with pytest.raises(ConfigError, match="glass"):
        open_sandbox("glass")


def test_every_level_says_what_it_does_not_cover():
    assert all(coverage.leaves for coverage in COVERAGE.values())
    assert Sandbox("none").describe()["does_not_cover"] == ["everything: the program runs as this user"]


def test_the_weak_levels_still_stop_and_limit():
    weak = Sandbox("rlimits", Limits(time_s=1.0, memory_bytes=256 << 20))
    assert weak.run("while True: pass").stopped == "time"
    assert "MemoryError" in weak.run("x = bytearray(1 << 30)").errors
    assert weak.run("import socket; socket.socket()").exit_code == 1
    assert Sandbox("none", Limits(time_s=1.0)).run("while True: print('x' * 999)").stopped


def _processes():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                yield int(name), file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def _command_lines():
    return " ".join(line for pid, line in _processes() if pid != os.getpid())


def _wait_until(holds):
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
