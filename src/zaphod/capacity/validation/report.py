"""The planner against a table of measurements: as a document and as text; knows no predictors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from zaphod.capacity.validation.points import read_points
from zaphod.capacity.validation.score import Outcome, Score, by_category, predict


def outcomes_of(file: Path) -> tuple[Outcome, ...]:
    """A prediction, or the reason for none, of each row. Raises `ConfigError` if the file is no such table."""
    return tuple(predict(point) for point in read_points(file))


def validate(file: Path) -> dict[str, Any]:
    """The document that `zaphod plan validate FILE --json` prints.

    `rows` hold `id`, `category`, `metric`, `unit`, `measured`, `predicted` (or null, with `refused_because`), `low`,
    `high`, `error` (signed, relative) and `basis`; `scores` one entry a category, and `all`.

    Raises:
        ConfigError: the file cannot be read, or lacks a column that every row needs.
    """
    return document(outcomes_of(file))


def document(outcomes: tuple[Outcome, ...]) -> dict[str, Any]:
    """The same of outcomes that are at hand."""
    return {
        "rows": [_row(outcome) for outcome in outcomes],
        "scores": {
            name: asdict(scored) | {"num_refused": scored.num_refused} for name, scored in by_category(outcomes).items()
        },
    }


def _row(outcome: Outcome) -> dict[str, Any]:
    point, predicted = outcome.point, outcome.predicted
    row: dict[str, Any] = {
        "id": point.id,
        "category": point.category,
        "metric": point.metric,
        "unit": point.unit,
        "measured": point.measured,
        "predicted": None if predicted is None else predicted.value,
        "low": None if predicted is None else predicted.low,
        "high": None if predicted is None else predicted.high,
        "error": outcome.error,
        "basis": list(predicted.basis) if predicted is not None else [],
    }
    if predicted is None:
        row["refused_because"] = outcome.refused_because
    return row


def text(outcomes: tuple[Outcome, ...]) -> str:
    """Every row, then the scores by category, as a table for a terminal."""
    lines = [f"{'id':38} {'measured':>12} {'predicted':>12} {'from':>11} {'to':>11} {'error':>8}  unit"]
    lines += [_line(outcome) for outcome in outcomes]
    lines += [
        "",
        f"{'category':14} {'rows':>5} {'refused':>8} {'median':>8} {'mean':>8} {'p90':>8} {'bias':>8} {'inside':>8}",
    ]
    lines += [_score_line(name, scored) for name, scored in by_category(outcomes).items()]
    lines += ["", "Errors are (predicted - measured) / measured; `inside` is the share of measurements within the 80 %"]
    lines += ["intervals. A refusal counts as not answered."]
    return "\n".join(lines)


def _line(outcome: Outcome) -> str:
    point, predicted = outcome.point, outcome.predicted
    measured = "" if point.measured is None else f"{point.measured:.5g}"
    if predicted is None:
        return f"{point.id[:38]:38} {measured:>12} refused: {outcome.refused_because}"
    error = "" if outcome.error is None else f"{100 * outcome.error:+.1f} %"
    mark = " " if outcome.covered else "!"
    figures = f"{predicted.value:>12.5g} {predicted.low:>11.5g} {predicted.high:>11.5g} {error:>8}"
    return f"{point.id[:38]:38} {measured:>12} {figures} {mark}{point.unit}"


def _score_line(name: str, scored: Score) -> str:
    shares = (scored.median, scored.mean, scored.p90, scored.bias, scored.coverage)
    shown = " ".join(f"{'' if share is None else f'{100 * share:.1f} %':>8}" for share in shares)
    return f"{name[:14]:14} {scored.num_points:>5} {scored.num_refused:>8} {shown}"
