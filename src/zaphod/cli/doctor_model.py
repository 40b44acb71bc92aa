"""How `zaphod doctor MODEL` prints what it found; knows the examination's figures, not how they were made."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from zaphod.cli.output import print_line, print_table
from zaphod.compute.kernels import dispatch
from zaphod.core.units import format_bytes, format_duration, format_rate
from zaphod.study.agreement.examination import Examination
from zaphod.study.agreement.limits import MachineLimits
from zaphod.study.agreement.networks import LogitCheck
from zaphod.study.agreement.products import MANY_TOKENS, ProductCheck


def as_dict(examination: Examination, limits: MachineLimits) -> dict[str, Any]:
    """Plain data, fit for JSON."""
    return {
        "instruction_set": examination.instruction_set,
        "ok": examination.is_ok,
        "limits": {"read_bytes_per_s": limits.read_bytes_per_s, "peak_ops_per_s": limits.peak_ops_per_s},
        "products": [_product(check, limits) for check in examination.products],
        "logits": [{**asdict(check), "ok": check.is_ok} for check in examination.logits],
        "skipped": [{"part": part.part, "needed_bytes": part.needed_bytes} for part in examination.skipped],
        "remedy": None if examination.is_ok else remedy(examination.instruction_set),
    }


def _product(check: ProductCheck, limits: MachineLimits) -> dict[str, Any]:
    shares = {"bandwidth_share": limits.bandwidth_share(check), "compute_share": limits.compute_share(check)}
    fields = asdict(check)
    return {**fields, **fields.pop("speed"), **shares, "ok": check.is_ok}


def remedy(instruction_set: str) -> str:
    """What to do where a kernel disagrees."""
    variable = dispatch.ISA_VARIABLE
    other = (
        f"See whether {variable}=scalar agrees; if it does, keep that variable set. Otherwise use"
        if instruction_set != "scalar"
        else "Use"
    )
    return f"{other} `--runner torch`, and report this table."


def print_examination(examination: Examination, limits: MachineLimits, num_threads: int) -> None:
    """Two tables and a verdict."""
    print_line(f"Products on {examination.instruction_set}, {_threads(num_threads)}, against float64:")
    _print_products(examination, limits)
    print_line("error: of all results, what rounding activations costs included")
    print_line("of bound: the largest error of one result, as a share of what the roundings of its sum may cost")
    peaks = ", ".join(f"{format_rate(rate, 'OP')} of {kind}" for kind, rate in limits.peak_ops_per_s.items())
    print_line(f"measured here: {format_rate(limits.read_bytes_per_s, 'B')} read, {peaks}")
    if examination.logits:
        print_line()
        print_line("Logits against PyTorch in float32 with the same stored weights:")
        _print_logits(examination.logits)
    for part in examination.skipped:
        print_line(f"{part.part}: not compared, PyTorch in float32 would take {format_bytes(part.needed_bytes)}")
    print_line()
    print_line(_verdict(examination))


def _print_products(examination: Examination, limits: MachineLimits) -> None:
    print_table(
        [
            (
                check.name,
                check.stored if check.stored == check.format else f"{check.stored} as {check.format}",
                " × ".join(map(str, check.shape)),
                f"{check.num_alike:,}",
                f"{check.relative_error:.1e}",
                f"{check.bound_share:.0%}",
                f"{format_rate(check.speed.read_bytes_per_s, 'B')} ({limits.bandwidth_share(check):.0%})",
                f"{format_rate(check.speed.ops_per_s, 'OP')} ({limits.compute_share(check):.0%})",
                _judged(check.is_ok),
            )
            for check in examination.products
        ],
        header=(
            *("matrix", "format", "shape", "alike", "error", "of bound"),
            *("1 token", f"{MANY_TOKENS} tokens", "verdict"),
        ),
        right=(3, 4, 5, 6, 7),
    )


def _print_logits(checks: tuple[LogitCheck, ...]) -> None:
    print_table(
        [
            (
                check.part,
                check.computed_in,
                f"{check.max_difference:.1e}",
                f"{check.median_difference:.1e}",
                f"{check.mean_divergence:.1e}",
                f"{check.same_top_share:.1%}",
                format_duration(check.native_s),
                format_duration(check.torch_s),
                _judged(check.is_ok),
            )
            for check in checks
        ],
        header=("part", "computed", "max", "median", "KL, nats", "same top", "native", "PyTorch", "verdict"),
        right=(2, 3, 4, 5, 6, 7),
    )
    for check in checks:
        if check.bfloat16_divergence is not None:
            print_line(
                f"{check.part}: any rounding changes this network; "
                f"PyTorch in bfloat16 diverges by {check.bfloat16_divergence:.1e} nats"
            )


def _verdict(examination: Examination) -> str:
    if examination.is_ok:
        return "Every kernel that this model uses agrees with the reference."
    return f"NOT OK: a kernel computes something else than the reference. {remedy(examination.instruction_set)}"


def _judged(is_ok: bool) -> str:
    return "ok" if is_ok else "NOT OK"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
