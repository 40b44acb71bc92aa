"""A training step as one line for a terminal; knows reports, writes nothing."""

from __future__ import annotations

from zaphod.core.units import format_count
from zaphod.training.reports import StepReport

_MAX_LAYERS_SHOWN = 8


def step_line(report: StepReport, tokens_per_s: float) -> str:
    """`step 120  loss 4.512  …`: loss, rate, norm of the gradient, speed, and how each layer's experts are loaded."""
    words = [
        f"step {report.step}",
        f"loss {report.loss:.4f}",
        f"rate {report.rate_share:.0%}",
        f"gradient {report.gradient_norm:.2f}",
        f"{format_count(tokens_per_s)} tokens/s",
        *_balance(report),
    ]
    if report.num_dropped:
        words.append(f"dropped {report.num_dropped}")
    if report.skipped is not None:
        words.append(f"SKIPPED ({report.skipped})")
    if report.alarm is not None:
        words.append(f"WARNING: {report.alarm}")
    return "  ".join(words)


def _balance(report: StepReport) -> list[str]:
    if not report.loads_LE:
        return []
    violations = [max(loads) * len(loads) - 1 for loads in report.loads_LE]
    if len(violations) > _MAX_LAYERS_SHOWN:
        shown = f"mean {sum(violations) / len(violations):.2f} worst {max(violations):.2f}"
    else:
        shown = " ".join(f"{violation:.2f}" for violation in violations)
    return [f"MaxVio {shown}", f"entropy {report.entropy:.3f}", f"dead {report.num_dead}"]
