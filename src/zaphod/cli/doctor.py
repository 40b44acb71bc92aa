"""`zaphod doctor`: what this machine is and can do, and whether it computes a model rightly; knows no kernel."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod import __version__
from zaphod.capacity.hardware import Machine, this_machine
from zaphod.cli.options import ConfigFlag, JsonFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.compute.kernels import dispatch
from zaphod.core.configuration import MergedSettings, Settings
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes, format_rate
from zaphod.engine.tuning import stored_tuning
from zaphod.launch.runners import num_threads, open_weights, uses_native

if TYPE_CHECKING:
    from zaphod.capacity.measurement import Kind

DISAGREES = 9
"""Exit code where a kernel computes something else than the reference."""

_LIBRARIES = ("torch", "numpy", "ml_dtypes", "tokenizers", "sentencepiece", "tiktoken", "huggingface_hub")
_EXTRAS = {"libtorrent": "torrent"}
_MATMUL_SIZE = 1024
_KINDS: tuple[Kind, ...] = ("f32", "bf16", "int8")
_LOST = "PyTorch computes instead: several times slower, with all weights in float32 or bfloat16 in memory."


def command(
    context: typer.Context,
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="Also check the kernels on this model.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Measure nothing.")] = False,
    with_torch: Annotated[bool, typer.Option("--torch", help="Measure PyTorch's products beside ours.")] = False,
    threads: ThreadsFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Describe this machine and how fast it multiplies and reads memory; or check every kernel on a model.

    Memory bandwidth decides how fast a model that was read once answers; multiplication decides how fast it
    reads a prompt.

    With MODEL, products of the file's own matrices are compared with float64, and one layer of each kind (the whole
    network, if it is small) with the PyTorch definition. One layer is in memory at a time. Each row says whether the
    kernel agrees and how fast it is, as a share of what this machine can do; the exit code is 9 where one disagrees.

    \b
    Examples:
      zaphod doctor
      zaphod doctor --quick --json
      zaphod doctor builtin
      zaphod doctor ./grok-1 --threads 8
    """
    settings: MergedSettings = context.obj.with_flags(model=model, threads=threads)
    if model is not None:
        _examine(settings.values, config, as_json)
        return
    machine, used = this_machine(), num_threads(settings.values)
    report = {
        "zaphod": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": asdict(machine),
        "libraries": {name: _version(name) for name in (*_LIBRARIES, *_EXTRAS)},
        "runner": _runner(settings.values, used),
        "native": _native(),
        "tuning": _tuning(machine),
        "measured": None if quick else _measure(used, with_torch),
    }
    if as_json:
        print_json(report)
    else:
        _print_report(report, machine)


def _examine(settings: Settings, config: str | None, as_json: bool) -> None:
    dispatch.native()
    from zaphod.cli.doctor_model import as_dict, print_examination
    from zaphod.study.agreement.examination import examine
    from zaphod.study.agreement.limits import measure_limits

    progress, used = ProgressLines(), num_threads(settings)
    with open_weights(settings, config) as weights:
        limits = measure_limits(used)
        examination = examine(weights, num_threads=used, progress=progress)
    if as_json:
        print_json({"model": settings.model, "threads": used, **as_dict(examination, limits)})
    else:
        print_examination(examination, limits, used)
    if not examination.is_ok:
        raise typer.Exit(DISAGREES)


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _runner(settings: Settings, used_threads: int) -> str:
    """What `zaphod run` would compute with."""
    what = f"PyTorch {_version('torch')} on the CPU"
    if uses_native(settings):
        what = f"native kernels ({dispatch.instruction_set()})"
    return f"{what}, {used_threads} thread{'s' if used_threads > 1 else ''}"


def _native() -> dict[str, Any]:
    """Which instruction set the kernels run on and could run on, or why there are none."""
    if not dispatch.native_is_available():
        return {"instruction_set": None, "instruction_sets": [], "why_not": dispatch.why_not()}
    return {
        "instruction_set": dispatch.instruction_set(),
        "instruction_sets": list(dispatch.instruction_sets()),
        "why_not": None,
    }


def _tuning(machine: Machine) -> dict[str, Any] | None:
    """What `zaphod tune` found for this machine."""
    tuning = stored_tuning(machine)
    return None if tuning is None else asdict(tuning)


def _measure(used_threads: int, with_torch: bool) -> dict[str, Any]:
    from zaphod.capacity.measurement import peak_ops, read_bandwidth

    dtypes = ("float32", "bfloat16") if with_torch else ()
    torch_rates = {name: _matmul_flops_per_s(name, used_threads) for name in dtypes}
    return {
        "threads": used_threads,
        "read_bytes_per_s": read_bandwidth(used_threads),
        "peak_ops_per_s": {kind: peak_ops(kind, used_threads) for kind in _KINDS},
        "matmul_flops_per_s": torch_rates or None,
    }


def _matmul_flops_per_s(dtype: str, used_threads: int) -> float:
    """Floating-point operations a second of a square matrix product, as the PyTorch runner computes it."""
    import torch

    from zaphod.capacity.measurement import best_rate

    torch.set_num_threads(used_threads)
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
            ("native kernels", _kernels(report["native"])),
            ("tuning", _tuned(report["tuning"])),
        ]
    )
    print_line()
    print_pairs([(name, version or _absence(name)) for name, version in report["libraries"].items()])
    if report["measured"]:
        print_line()
        _print_measured(report["measured"])


def _kernels(native: dict[str, Any]) -> str:
    if native["why_not"] is not None:
        return f"missing. {native['why_not']} {_LOST}"
    others = [name for name in native["instruction_sets"] if name != native["instruction_set"]]
    also = f" (here also {', '.join(others)}: {dispatch.ISA_VARIABLE} chooses)" if others else ""
    return f"{native['instruction_set']}{also}"


def _tuned(tuning: dict[str, Any] | None) -> str:
    if tuning is None:
        return "not measured; see `zaphod tune`"
    pages = "huge" if tuning["huge_pages"] else "small"
    chunks = f"chunks of {tuning['chunk_bytes'] // 1024} KiB"
    return f"{tuning['threads']} threads, {chunks}, {pages} pages, of {tuning['date'][:10]}"


def _of(available_bytes: int, total_bytes: int) -> str:
    return f"{format_bytes(available_bytes)} free of {format_bytes(total_bytes)}"


def _absence(library: str) -> str:
    return f"not installed (pip install 'zaphod[{_EXTRAS[library]}]')" if library in _EXTRAS else "not installed"


def _print_measured(measured: dict[str, Any]) -> None:
    rows = [("memory read", format_rate(measured["read_bytes_per_s"], "B"))]
    peaks = measured["peak_ops_per_s"].items()
    rows += [(f"products {kind}", format_rate(rate, "OP")) for kind, rate in peaks if rate is not None]
    torch_rates = measured["matmul_flops_per_s"] or {}
    rows += [(f"torch {name}", format_rate(rate, "FLOP")) for name, rate in torch_rates.items()]
    print_pairs(rows)
