"""Runs one Python program after another in a jail, and tells what became of each; knows no problem and no model.

Before the first program a probe tries what the level promises; a level whose probe fails is not used.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from zaphod.core.errors import CapacityError, ConfigError
from zaphod.study.evaluation.sandbox import system_calls
from zaphod.study.evaluation.sandbox.levels import COVERAGE, STRONG, Level, Wanted

_JAIL = Path(__file__).with_name("jail.py")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
_DEVICES = ("null", "zero", "full", "random", "urandom")
_GRACE_S = 1.0
_PIECE_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one program may take.

    Args:
        time_s: from start to end, the jail's own start included.
        cpu_s: of each process.
        memory_bytes: address space of each process.
        processes: at one time.
        file_bytes: of one file.
        files: open in one process.
        disk_bytes: in /tmp, which is memory.
        output_bytes: of standard output and error together.
    """

    time_s: float = 10.0
    cpu_s: int = 10
    memory_bytes: int = 512 << 20
    processes: int = 16
    file_bytes: int = 16 << 20
    files: int = 64
    disk_bytes: int = 32 << 20
    output_bytes: int = 64 << 10


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a program.

    Args:
        exit_code: what it returned; minus the signal's number where a signal ended it; None where it was stopped.
        output, errors: what it wrote, as far as it was read.
        stopped: why it was stopped: `time` or `output`; empty where it ended by itself.
    """

    exit_code: int | None
    output: str
    errors: str
    stopped: str = ""


class Sandbox:
    """One way of running programs.

    Args:
        level: see `levels.py`.
        limits: of each program.
        python: the interpreter of the programs, without its site-packages.
    """

    def __init__(self, level: Level, limits: Limits | None = None, python: Path | None = None) -> None:
        self.level, self.limits = level, limits or Limits()
        self._python = Path(os.path.realpath(python or sys.executable))

    def describe(self) -> dict[str, Any]:
        """For the results' file: the level, its limits, and what it leaves open."""
        coverage = COVERAGE[self.level]
        return {
            "level": self.level,
            "limits": asdict(self.limits),
            "covers": list(coverage.covers),
            "does_not_cover": list(coverage.leaves),
        }

    def run(self, program: str) -> Outcome:
        """Run a program to its end, or to the end of its time.

        Raises:
            CapacityError: the jail could not be built.
        """
        with tempfile.TemporaryDirectory(prefix="zaphod-sandbox-") as folder:
            if self.level == "none":
                return self._run_bare(program, folder)
            with _status_pipe() as (reading, writing):
                command = self._command(writing, folder)
                order = json.dumps(self._order(program, folder)).encode()
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={},
                    cwd="/",
                    pass_fds=(writing,),
                    start_new_session=True,
                )
                os.close(writing)
                _give(process, order)
                outcome = _watch(process, self.limits)
                return _with_status(outcome, process, _told(reading))

    def _run_bare(self, program: str, folder: str) -> Outcome:
        file = Path(folder) / "program.py"
        file.write_text(program, encoding="utf-8")
        process = subprocess.Popen(
            [str(self._python), "-I", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )
        outcome = _watch(process, self.limits)
        return _with_status(outcome, process, {})

    def _command(self, status: int, folder: str) -> list[str]:
        jail = [str(self._python), "-E", "-s", "-S", "-B"]
        if self.level != "bubblewrap":
            return [*jail, str(_JAIL), str(status)]
        return [*_bubblewrap(self._roots(), self.limits, folder), *jail, f"/jail/{_JAIL.name}", str(status)]

    def _order(self, program: str, folder: str) -> dict[str, Any]:
        modes = {"namespaces": "namespaces", "bubblewrap": "inside", "rlimits": "rlimits"}
        place = folder if self.level == "rlimits" else "/program"
        files = {"program.py": program}
        if self.level == "bubblewrap":
            (Path(folder) / "program.py").write_text(program, encoding="utf-8")
            files = {}
        limits = asdict(self.limits)
        if self.level == "rlimits":
            limits["processes"] += _num_processes()
        return {
            "mode": modes[self.level],
            "watcher": os.getpid(),
            "folder": place,
            "argv": [str(self._python), "-I", "-S", "-B", f"{place}/program.py"],
            "files": files,
            "environment": _ENVIRONMENT,
            "limits": limits,
            "roots": self._roots(),
        }

    def _roots(self) -> list[str]:
        """What of the system is shown: its libraries, and Python where it lies elsewhere."""
        home = self._python.parent.parent
        shown = [path for path in _SYSTEM if os.path.lexists(path)]
        return shown if home.is_relative_to("/usr") or home == Path("/") else [*shown, str(home)]


def open_sandbox(wanted: Wanted = "auto", limits: Limits | None = None) -> Sandbox:
    """The strongest level that works here, or the one that was asked for by name.

    Raises:
        CapacityError: the level does not work here; for `auto`: no strong one does.
        ConfigError: there is no such level.
    """
    if wanted not in ("auto", *COVERAGE):
        raise ConfigError(f"There is no level {wanted!r}.", f"Levels are auto, {', '.join(COVERAGE)}.", "Give one.")
    reasons = []
    for level in STRONG if wanted == "auto" else (wanted,):
        reason = why_not(level, limits)
        if reason is None:
            return Sandbox(level, limits)
        reasons.append(f"{level}: {reason}")
    raise CapacityError(
        f"Generated programs cannot be shut in here ({'; '.join(reasons)}).",
        "They run with own namespaces, or under bubblewrap, and under a filter of system calls.",
        "Allow user namespaces or install bubblewrap; --sandbox rlimits is weak, --sandbox none protects from nothing.",
    )


def why_not(level: Level, limits: Limits | None = None) -> str | None:
    """Why a level does not work here; None where it does."""
    if level == "none":
        return None
    if sys.platform != "linux":
        return f"it needs Linux, not {sys.platform}"
    if not system_calls.is_known_machine():
        return "the numbers of this processor's system calls are not known"
    if level == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    sandbox = Sandbox(level, limits)
    try:
        outcome = sandbox.run(_PROBE if level in STRONG else "print('kept')")
    except CapacityError as error:
        return error.found
    told = (outcome.output + outcome.errors).strip()
    return None if told == "kept" else f"its probe says {told[-200:]!r}, exit code {outcome.exit_code}"


_PROBE = f"""
import os, socket
for name in ("/etc/passwd", "/proc/1/environ", "/sys", "/home", {str(_JAIL)!r}):
    if os.path.exists(name): raise SystemExit("sees " + name)
try:
    socket.socket()
except OSError:
    pass
else:
    raise SystemExit("has sockets")
for place in ("/x", "/usr/x", "/etc/x"):
    try:
        open(place, "w")
    except OSError:
        pass
    else:
        raise SystemExit("writes " + place)
children = []
try:
    for _ in range(100):
        child = os.fork()
        if child == 0:
            os.read(os.pipe()[0], 1)
        children.append(child)
except OSError:
    pass
for child in children:
    os.kill(child, 9)
print("kept" if len(children) < 99 else "forks without limit")
"""


def _bubblewrap(roots: list[str], limits: Limits, folder: str) -> list[str]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--uid", "65534", "--gid", "65534", "--ro-bind", folder, "/program"]
    for path in roots:
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    for device in _DEVICES:
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += ["--size", str(limits.disk_bytes), "--tmpfs", "/tmp"]
    command += ["--ro-bind", str(_JAIL.parent), "/jail", "--remount-ro", "/", "--chdir", "/tmp"]
    return command


@contextlib.contextmanager
def _status_pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        with contextlib.suppress(OSError):  # closed already where the program was started
            os.close(writing)


def _give(process: subprocess.Popen[bytes], order: bytes) -> None:
    assert process.stdin is not None
    # A jail that ends early is told of by its status.
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(order)


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> Outcome:
    """Read what the program writes until it ends or must be stopped."""
    assert process.stdout is not None
    assert process.stderr is not None
    pieces: dict[IO[bytes], list[bytes]] = {process.stdout: [], process.stderr: []}
    deadline_s, room, stopped = time.monotonic() + limits.time_s, limits.output_bytes, ""
    with selectors.DefaultSelector() as selector:
        for pipe in pieces:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and not stopped:
            wait_s = deadline_s - time.monotonic()
            if wait_s <= 0:
                stopped = "time"
                break
            ready = selector.select(min(wait_s, 0.2))
            if not ready and process.poll() is not None:
                break  # somebody who outlives the program holds its output open
            for key, _ in ready:
                piece = os.read(key.fd, min(_PIECE_BYTES, room + 1))
                if not piece:
                    selector.unregister(key.fileobj)
                pieces[key.fileobj].append(piece[:room])  # type: ignore[index]  # it is one of the two pipes
                room -= len(piece)
                if room < 0:
                    stopped = "output"
                    break
    _end(process, deadline_s if not stopped else 0.0)
    stopped = stopped or ("time" if process.returncode == -signal.SIGKILL and time.monotonic() >= deadline_s else "")
    output, errors = (b"".join(pieces[pipe]).decode(errors="replace") for pipe in (process.stdout, process.stderr))
    process.stdout.close()
    process.stderr.close()
    return Outcome(exit_code=None, output=output, errors=errors, stopped=stopped)


def _end(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    """Wait for the program's end until its deadline, then kill it with its group."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline_s - time.monotonic()))
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_GRACE_S * 10)


def _told(reading: int) -> Mapping[str, Any]:
    os.set_blocking(reading, False)
    try:
        lines = os.read(reading, _PIECE_BYTES).decode(errors="replace").splitlines()
    except BlockingIOError:
        return {}
    return dict(json.loads(lines[0])) if lines else {}


def _with_status(outcome: Outcome, process: subprocess.Popen[bytes], told: Mapping[str, Any]) -> Outcome:
    if "failed" in told or (process.returncode and "exit" not in told and "bwrap: " in outcome.errors):
        raise CapacityError(
            f"The jail cannot be built: {told.get('failed') or outcome.errors.strip()[-200:]}.",
            "Generated programs run in it.",
            "See docs/evaluation.md for what it needs.",
        )
    if outcome.stopped:
        return outcome
    exit_code = told.get("exit", process.returncode)
    return Outcome(exit_code=int(exit_code), output=outcome.output, errors=outcome.errors)


def _num_processes() -> int:
    """Processes and threads of this user: a limit counts them all."""
    uid, count = os.getuid(), 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    count += sum(1 for _ in (entry / "task").iterdir())
    return count
