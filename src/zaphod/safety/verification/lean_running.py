"""Lean, run on a file of ours: whether it accepts every theorem, and on which axioms they stand; writes no theorem.

Lean's exit code alone is not believed: the theorem asked for must be among those whose axioms Lean has told, and none
of them may stand on an axiom beyond those of Lean's own library (`sorryAx` is what a gap in a proof leaves).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zaphod.core.errors import UnavailableError
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.verification.lean import AXIOMS, LEAN_VERSION

TIMEOUT_S: Final = 900.0

_AXIOMS: Final = re.compile(r"'(?:Zaphod\.)?(\w+)' (?:depends on axioms: \[([^\]]*)\]|does not depend on any axioms)")
_VERSION: Final = re.compile(r"Lean \(version ([^,)\s]{1,40})")
_MOST_TOLD: Final = 500


@dataclass(frozen=True, kw_only=True)
class LeanVerdict:
    """What Lean said of a file."""

    is_accepted: bool
    """Whether every theorem has a proof, on Lean's own axioms."""
    version: str
    """Lean's; empty where it does not tell."""
    axioms: tuple[str, ...] = ()
    """All that the theorems stand on."""
    reason: str = ""
    """Why it is not accepted."""

    @property
    def told(self) -> str:
        """What to say to people."""
        version = self.version or "of unknown version"
        other = "" if self.version == LEAN_VERSION else f" (written for {LEAN_VERSION})"
        if not self.is_accepted:
            return f"Lean {version}{other}: {self.reason}"
        return f"Lean {version}{other} accepts every theorem; axioms: {', '.join(self.axioms) or 'none'}"


def find_lean() -> str | None:
    """The program `lean`, if it can be run here."""
    return shutil.which("lean")


def run_lean(
    lean: str, file: Path, theorem: str, num_claims: int, *, timeout_s: float = TIMEOUT_S, progress: Progress = SILENT
) -> LeanVerdict:
    """Whether Lean accepts a file of `lean.lean_text`.

    Args:
        lean: the program, as `find_lean` gives it.
        file: what is compiled. Nothing is written beside it.
        theorem: whose proof is wanted.
        num_claims: how many claims the file has, for the progress shown.
        timeout_s: seconds until Lean is stopped; then nothing is known, and nothing accepted.
        progress: who is told of every claim that Lean has looked at.

    Raises:
        UnavailableError: the program cannot be started.
    """
    version = _version(lean)
    try:
        process = subprocess.Popen(
            [lean, "--json", str(file.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            cwd=file.resolve().parent,  # where a lean-toolchain may choose the version
        )
    except OSError as error:
        raise UnavailableError(
            f"{lean} cannot be started: {error.strerror}.", "", "Mend it, or leave --lean."
        ) from error
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        _end(process)

    timer = threading.Timer(timeout_s, stop)
    timer.start()
    found: dict[str, frozenset[str]] = {}
    complaints: list[str] = []
    try:
        with progress.step("Lean", num_claims, "claims") as advance:
            for message in _messages(process):
                told = dict(_axioms(message))
                advance(len(told))
                found |= told
                if message.get("severity") == "error":
                    complaints.append(" ".join(str(message.get("data")).split())[:_MOST_TOLD])
        code = process.wait()
    finally:
        timer.cancel()
        _end(process)
        if process.stdout is not None:
            process.stdout.close()
    late = f"no answer within {timeout_s:g} s" if is_late.is_set() else ""
    reason = _why_not(code, complaints, found, theorem, late)
    used = {axiom for axioms in found.values() for axiom in axioms}
    return LeanVerdict(is_accepted=not reason, version=version, axioms=tuple(sorted(used)), reason=reason)


def _why_not(code: int, complaints: list[str], found: Mapping[str, frozenset[str]], theorem: str, late: str) -> str:
    """Why a file is not accepted; empty where it is."""
    strange = {name: used - AXIOMS for name, used in found.items() if used - AXIOMS}
    if late:
        return late
    if strange:
        name, axioms = next(iter(strange.items()))
        return f"{name} stands on {', '.join(sorted(axioms))}, which is no axiom of Lean's library"
    if complaints:
        return f"it refuses {len(complaints)} of what was written, the first: {complaints[0]}"
    if code:
        return f"it ended with code {code}"
    return "" if theorem in found else f"it says nothing of {theorem}"


def _messages(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What Lean tells, one JSON object a line; anything else that it prints is no message."""
    assert process.stdout is not None
    for line in process.stdout:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            yield message


def _axioms(message: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Of which theorems a message tells the axioms."""
    for name, axioms in _AXIOMS.findall(str(message.get("data"))):
        yield name, frozenset(word.strip() for word in axioms.split(",") if word.strip())


def _version(lean: str) -> str:
    try:
        told = subprocess.run(
            [lean, "--version"], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = _VERSION.search(told.stdout)
    return match.group(1) if match else ""


def _end(process: subprocess.Popen[str]) -> None:
    """End Lean and what it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself in between
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
