"""What every benchmark prints beside its figures (machine, date, versions, load), and where results go."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """CPU, cores this process may use, memory and versions."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    libraries = ("zaphod", "torch", "numpy", "transformers")
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in libraries},
        "date": datetime.date.today().isoformat(),
        "load_average": os.getloadavg()[0],
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def run_measured(command: list[str]) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run `command` to its end; also its peak resident memory in bytes (shared pages of mapped files included)."""
    script = (
        "import json,resource,subprocess,sys;"
        "done=subprocess.run(sys.argv[1:],capture_output=True,text=True);"
        "print(json.dumps([done.returncode,done.stdout,done.stderr,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))"
    )
    out = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
    code, stdout, stderr, peak_kib = json.loads(out.stdout)
    return subprocess.CompletedProcess(command, code, stdout, stderr), peak_kib * 1024


def own_peak_bytes() -> int:
    """Peak resident memory of this process. On Linux `ru_maxrss` would count the process that started it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def publish(name: str, result: dict[str, Any], table: str) -> None:
    """Print the table and keep it, with the raw figures, under `benchmarks/results/`."""
    RESULTS.mkdir(exist_ok=True)
    about = machine()
    head = f"# {name}\n\n{about['date']} · {about['cpu']}, {about['cores']} cores · " + ", ".join(
        f"{library} {version}" for library, version in about["versions"].items()
    )
    text = f"{head} · load average {about['load_average']:.2f}\n\n{table}\n"
    print(text)
    (RESULTS / f"{name}.md").write_text(text)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": about, **result}, indent=1) + "\n")
