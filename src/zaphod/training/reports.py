"""What one training step did, as an object and as a line of the log; knows numbers, not where they come from.

Legend: L sparse layers, E experts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from zaphod.training.balance import BalanceMetrics


class StepReport(NamedTuple):
    """What one step did."""

    step: int
    """1 for the first."""
    seconds: float
    """Training time so far, earlier runs included."""
    loss: float
    """Mean negative log-likelihood of a target token, in nats."""
    rate_share: float
    num_tokens: int
    gradient_norm: float
    """Before clipping."""
    skipped: str | None
    """Why nothing was learnt from this step."""
    max_violation: float
    """The worst layer's."""
    entropy: float
    """The worst layer's."""
    num_dead: int
    """Over all layers."""
    num_dropped: int = 0
    """Assignments that found no place under a capacity factor."""
    alarm: str | None = None
    """What is wrong with the experts' loads, if anything is."""
    max_rows: int = 0
    """Rows that the experts of the busiest process computed; 0 where experts are not dealt over processes."""
    loads_LE: tuple[tuple[float, ...], ...] = ()
    """Each expert's share of its layer's assignments."""

    def to_line(self) -> dict[str, Any]:
        """As one line of log.jsonl: floats exact, loads to four digits, null for what is no finite number."""
        loads = [[round(load, 4) for load in layer] for layer in self.loads_LE]
        numbers = {name: None if _is_broken(value) else value for name, value in self._asdict().items()}
        return {**numbers, "loads_LE": loads}

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> StepReport:
        """The step that wrote this line, without the loads."""
        values: dict[str, Any] = {name: line[name] for name in cls._fields if name != "loads_LE"}
        for name, value in values.items():
            if value is None and name not in ("skipped", "alarm"):
                values[name] = math.nan
        return cls(**values)

    def without_loads(self) -> StepReport:
        """This report, small enough to be kept for every step."""
        return self._replace(loads_LE=())


def step_report(*, layers: Sequence[BalanceMetrics], **values: Any) -> StepReport:
    """A report whose balance figures come from those of the layers."""
    return StepReport(
        max_violation=max((layer.max_violation for layer in layers), default=0.0),
        entropy=min((layer.entropy for layer in layers), default=1.0),
        num_dead=sum(layer.num_dead for layer in layers),
        loads_LE=tuple(tuple(layer.load_E.tolist()) for layer in layers),
        **values,
    )


def _is_broken(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
