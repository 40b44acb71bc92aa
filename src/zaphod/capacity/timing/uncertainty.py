"""How far times may be off, beyond the fit's own error, for what the fit did not cover; knows no times."""

from __future__ import annotations

import math

from zaphod.capacity.memory.precisions import precision
from zaphod.capacity.timing.step import StepModel

_NEW_KIND = 0.12
"""A kind of model that was not measured with this engine: leave-one-model-out errors grow by about so much."""
_NEW_FORMAT = 0.12
_SEVERAL_NODES = 0.15
_LARGE_BATCH = 512
"""Nothing open was measured above 256 sequences."""


def decode_error(model: StepModel, batch: float) -> float:
    """Relative half-width of the 80 % interval of a decode step."""
    return _joined(model, model.constants.decode_error, 0.1 if batch > _LARGE_BATCH else 0.0)


def prefill_error(model: StepModel) -> float:
    """Of a prompt's time."""
    return _joined(model, model.constants.prefill_error)


def ttft_error(model: StepModel) -> float:
    """Of a first token under load."""
    return _joined(model, model.constants.ttft_error)


def throughput_error(model: StepModel) -> float:
    """Of tokens or requests a second under load."""
    return _joined(model, model.constants.throughput_error)


def _joined(model: StepModel, *errors: float) -> float:
    """Errors that do not depend on each other add as squares."""
    replica, measured = model.replica, model.constants.measured
    wanted = {"dense" if not replica.shape.num_sparse_layers else "sparse"}
    wanted |= {"latent" for layer in replica.shape.layers if layer.attention.latent_rank}
    kinds = _NEW_KIND if wanted - set(measured) else 0.0
    formats = _NEW_FORMAT if precision(replica.precision).number_format not in measured else 0.0
    nodes = _SEVERAL_NODES if replica.num_devices > replica.accelerator.devices_per_node else 0.0
    return math.sqrt(sum(error**2 for error in (*errors, kinds, formats, nodes, model.neighbour_error)))
