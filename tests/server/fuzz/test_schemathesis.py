"""Every operation of the document with what schemathesis makes of it: what fits, what does not, and what is odd.

Set `ZAPHOD_TEST_FUZZ` to the number of examples an operation gets; a few by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from tests.support.probing import Probe
from tests.support.running_server import RunningServer

FOLDER = Path(__file__).parent
NUM_EXAMPLES = os.environ.get("ZAPHOD_TEST_FUZZ", "25")
FLOOR = 4000
"""Requests that must have been sent at least."""


def run(server: RunningServer, folder: Path, *flags: str, settings: Path = FOLDER) -> tuple[int, str, dict[str, Any]]:
    """schemathesis with the settings of a folder: its exit code, what it said, its report."""
    report = folder / "report.json"
    program = str(Path(sysconfig.get_path("scripts")) / "schemathesis")
    options = ("--no-color", "--report", "json", "--report-json-path", str(report), *flags)
    command = [program, "run", f"{server.url}/openapi.json", *options]
    ended = subprocess.run(command, cwd=settings, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr, json.loads(report.read_text())


def test_every_operation_answers_as_the_document_says(server: RunningServer, probe: Probe, tmp_path: Path) -> None:
    code, said, report = run(server, tmp_path, "--max-examples", NUM_EXAMPLES)
    assert code == 0, said[-20_000:]
    assert report["complete"]
    assert report["errors"] == []
    others = [path for _, path, _ in probe.document.operations() if path != "/openapi.json"]  # itself is left out
    assert report["operations"]["tested"] == report["operations"]["total"] == len(others)
    assert report["test_cases"]["generated"] >= FLOOR


def test_a_good_share_of_what_fits_is_answered(server: RunningServer, tmp_path: Path) -> None:
    """A run in which everything is refused would show nothing."""
    _, _, report = run(server, tmp_path, "--max-examples", "25", "--phases", "fuzzing", "--mode", "positive")
    for operation in ("POST /v1/chat/completions", "POST /v1/messages", "POST /v1/responses", "POST /v1/completions"):
        rates = report["valid_rates"][operation]["fuzzing"]
        assert rates["accepted"] >= 3, (operation, rates)


def test_the_checks_beside_the_settings_are_run(server: RunningServer, tmp_path: Path) -> None:
    """With one of them broken, the run fails."""
    for name in ("hooks.py", "schemathesis.toml"):
        text = (FOLDER / name).read_text().replace("assert case.meta is not None", "assert False, 'this check runs'")
        (tmp_path / name).write_text(text)
    code, said, _ = run(server, tmp_path, "--include-path", "/live", settings=tmp_path)
    assert code == 1
    assert "this check runs" in said
