"""What a number format costs in accuracy and in bits, measured on given values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zaphod.compute.quant.tensor import FloatArray, QuantFormat
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class FormatError:
    """How far decoded values are from the original ones.

    Attributes:
        relative_rms: root mean square of the differences over that of the values; 0 where nothing differs.
        max_abs: largest magnitude of a difference.
        snr_db: signal-to-noise ratio, -20 · log10(relative_rms); infinite where nothing differs.
        bits_per_weight: stored bits, scales included, for each value.
    """

    relative_rms: float
    max_abs: float
    snr_db: float
    bits_per_weight: float


def measure(format: QuantFormat, values: FloatArray) -> FormatError:
    """Encode and decode float32 values [..., out, in] and compare.

    Raises:
        ConfigError: there are no values, the shape does not suit the format, or the format can only be read.
        WeightsError: the format cannot hold the values.
    """
    if not values.size:
        raise ConfigError(f"A tensor of shape {values.shape} has no values.", "An error is measured on at least one.")
    differences = format.decode(format.encode(values), values.shape) - values
    noise, signal = _rms(differences), _rms(values)
    relative_rms = noise / signal if noise else 0.0
    return FormatError(
        relative_rms=relative_rms,
        max_abs=float(np.abs(differences).max()),
        snr_db=-20 * math.log10(relative_rms) if relative_rms else math.inf,
        bits_per_weight=8 * format.num_bytes(values.shape) / values.size,
    )


def _rms(values: FloatArray) -> float:
    return math.sqrt(np.mean(np.square(values, dtype=np.float64)))
