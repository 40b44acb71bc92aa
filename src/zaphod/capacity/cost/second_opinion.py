"""EcoLogits' regressions on active parameters (F16): another group's estimate, to hold ours against; knows no devices.

Fitted by its authors on ML.ENERGY rows of H100 with batches up to 512 and models up to 200 billion parameters, and used
by them with a batch of 64 everywhere (https://ecologits.ai/latest/methodology/llm_inference).
"""

from __future__ import annotations

import math

BATCH = 64.0


def joules_per_output_token(active_billions: float, batch: float = BATCH) -> float:
    """Of all devices, hosts and halls aside."""
    watt_hours = 1.17e-6 * math.exp(-0.0112 * batch) * active_billions + 4.05e-5
    return watt_hours * 3600


def seconds_per_output_token(active_billions: float, batch: float = BATCH) -> float:
    """Between two tokens of one stream."""
    return 6.78e-4 * active_billions + 3.12e-4 * batch + 0.0194
