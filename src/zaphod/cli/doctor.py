"""`zaphod doctor`: what this machine is, has installed and can do; knows where each answer is found, not how."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict
from typing import Annotated, Any

import typer

from zaphod import __version__
from zaphod.capacity.hardware import Machine, this_machine
from zaphod.cli.options import JsonFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.core.configuration import MergedSettings
from zaphod.core.units import format_bytes, format_rate

_LIBRARIES = ("torch", "numpy", "ml_dtypes", "tokenizers", "sentencepiece", "tiktoken", "huggingface_hub")
_EXTRAS = {"libtorrent": "torrent"}
_MATMUL_SIZE = 1024


def command(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Measure nothing.")] = False,
    threads: ThreadsFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Describe this machine, the libraries, and how fast it multiplies matrices and reads memory.

    The measurement takes a few seconds. Memory bandwidth decides how fast a model that was read once
    answers; multiplication decides how fast it reads a prompt.

    \b
    Examples:
      zaphod doctor
      zaphod doctor --quick --json
    """
    settings: MergedSettings = context.obj.with_flags(threads=threads)
    machine = this_machine()
    num_threads = settings.values.threads or machine.num_cores
    report = {
        "zaphod": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": asdict(machine),
        "libraries": {name: _version(name) for name in (*_LIBRARIES, *_EXTRAS)},
        "runner": _runner(num_threads),
        "measured": None if quick else _measure(num_threads),
    }
    if as_json:
        print_json(report)
    else:
        _print_report(report, machine)


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _runner(num_threads: int) -> str:
    return f"PyTorch {_version('torch')} on the CPU, {num_threads} thread{'s' if num_threads > 1 else ''}"


def _measure(num_threads: int) -> dict[str, Any]:
    from zaphod.capacity.measurement import read_bandwidth

    return {
        "threads": num_threads,
        "matmul_flops_per_s": {name: _matmul_flops_per_s(name, num_threads) for name in ("float32", "bfloat16")},
        "read_bytes_per_s": read_bandwidth(num_threads),
    }


def _matmul_flops_per_s(dtype: str, num_threads: int) -> float:
    """Floating-point operations a second of a square matrix product, as the runner computes it."""
    import torch

    from zaphod.capacity.measurement import best_rate

    torch.set_num_threads(num_threads)
    square = torch.ones(_MATMUL_SIZE, _MATMUL_SIZE, dtype=getattr(torch, dtype))
    return best_rate(lambda: square @ square, 2.0 * _MATMUL_SIZE**3)


def _print_report(report: dict[str, Any], machine: Machine) -> None:
    print_pairs(
        [
            ("zaphod", f"{report['zaphod']} on Python {report['python']}"),
            ("system", report["system"]),
            ("processor", f"{machine.cpu_model} ({machine.architecture})"),
            ("cores", f"{machine.num_cores} usable"),
            ("instruction sets", " ".join(machine.instruction_sets) or "none that matter here"),
            ("memory", _of(machine.available_memory_bytes, machine.memory_bytes)),
            ("disk", f"{format_bytes(machine.free_disk_bytes)} free here"),
            ("runner", report["runner"]),
        ]
    )
    print_line()
    print_pairs([(name, version or _absence(name)) for name, version in report["libraries"].items()])
    if report["measured"]:
        print_line()
        _print_measured(report["measured"])


def _of(available_bytes: int, total_bytes: int) -> str:
    return f"{format_bytes(available_bytes)} free of {format_bytes(total_bytes)}"


def _absence(library: str) -> str:
    return f"not installed (pip install 'zaphod[{_EXTRAS[library]}]')" if library in _EXTRAS else "not installed"


def _print_measured(measured: dict[str, Any]) -> None:
    rates = measured["matmul_flops_per_s"]
    rows = [(f"matmul {name}", format_rate(rate, "FLOP")) for name, rate in rates.items()]
    print_pairs([*rows, ("memory read", format_rate(measured["read_bytes_per_s"], "B"))])
