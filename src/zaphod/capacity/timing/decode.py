"""How long one more token of each sequence takes (F8); knows no prompts and no queues.

The interval is that of the engine's fit, wider for what the fit did not cover: see `uncertainty`.
"""

from __future__ import annotations

from zaphod.capacity.estimate import Estimate, within
from zaphod.capacity.replica import Replica
from zaphod.capacity.timing.engines import Calibration
from zaphod.capacity.timing.step import StepModel, StepParts, Work
from zaphod.capacity.timing.uncertainty import decode_error
from zaphod.core.errors import ConfigError


def decode_step(replica: Replica, *, batch: float, context: float, calibration: Calibration | None = None) -> Estimate:
    """Seconds between two tokens of a stream while `batch` streams of `context` tokens each are decoded.

    In a pipeline the streams are cut into as many micro-batches as there are stages; each passes all stages.

    Raises:
        ConfigError: fewer than one sequence, or a negative context.
    """
    model = StepModel(replica, calibration)
    seconds = parts_of(model, batch=batch, context=context).seconds
    return within(seconds, decode_error(model, batch), "s", f"F8: {model.constants.fitted_on}")


def decode_parts(
    replica: Replica, *, batch: float, context: float, calibration: Calibration | None = None
) -> StepParts:
    """The same by what takes it, with the bytes and operations of one device meanwhile."""
    return parts_of(StepModel(replica, calibration), batch=batch, context=context)


def parts_of(model: StepModel, *, batch: float, context: float) -> StepParts:
    """Of a model of steps that is at hand."""
    if batch < 1:
        raise ConfigError(f"The batch is {batch}.", "At least one sequence is decoded.", "Raise it.")
    if context < 0:
        raise ConfigError(f"The context is {context}.", "It counts tokens.", "Give 0 or more.")
    sequences = max(1.0, batch / model.replica.layout.pipeline)
    return model.step(Work(sequences=sequences, context=context))
