"""A run as TensorBoard shows it; knows TensorBoard's writer and nothing of the run but its reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from zaphod.core.errors import MissingExtraError
from zaphod.training.reports import StepReport


def is_installed() -> bool:
    """Whether TensorBoard is there; nothing is imported."""
    return importlib.util.find_spec("tensorboard") is not None


class Events:
    """Writes each step's figures below `folder`.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        if not is_installed():
            raise MissingExtraError("tensorboard", "train")
        from torch.utils.tensorboard import SummaryWriter

        # Steps behind the checkpoint were written by the run that was interrupted: they are done again.
        self._writer = SummaryWriter(str(folder), purge_step=first_step + 1)

    def __call__(self, report: StepReport) -> None:
        figures = {
            "loss": report.loss,
            "gradient_norm": report.gradient_norm,
            "rate_share": report.rate_share,
            "balance/max_violation": report.max_violation,
            "balance/entropy": report.entropy,
            "balance/dead": report.num_dead,
            "skipped": float(report.skipped is not None),
        }
        for layer, loads in enumerate(report.loads_LE):
            figures[f"max_violation/layer {layer}"] = max(loads) * len(loads) - 1
        for name, value in figures.items():
            self._writer.add_scalar(name, value, report.step)
        if report.loads_LE and report.step % 50 == 1:
            loads_LE = np.array(report.loads_LE) * len(report.loads_LE[0]) / 2
            self._writer.add_image("routing", loads_LE.clip(0, 1)[None], report.step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
