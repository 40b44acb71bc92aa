"""What this machine can do at most, for the shares in an examination; knows no model."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.measurement import Kind, peak_ops, read_bandwidth
from zaphod.study.agreement.products import PEAK_KINDS, ProductCheck


@dataclass(frozen=True, kw_only=True)
class MachineLimits:
    """Measured on the same threads as everything else."""

    read_bytes_per_s: float
    peak_ops_per_s: dict[Kind, float]

    def bandwidth_share(self, check: ProductCheck) -> float:
        """Above 1 where a matrix and its copies stay in the caches."""
        return check.speed.read_bytes_per_s / self.read_bytes_per_s

    def compute_share(self, check: ProductCheck) -> float:
        """Of the peak of what is multiplied."""
        return check.speed.ops_per_s / self.peak_ops_per_s[PEAK_KINDS[check.format]]


def measure_limits(num_threads: int) -> MachineLimits:
    """A few seconds of reading and multiplying; the native kernels must be there."""
    peaks: dict[Kind, float] = {}
    for kind in sorted(set(PEAK_KINDS.values())):
        peak = peak_ops(kind, num_threads)
        assert peak is not None, "the native kernels measure every kind"
        peaks[kind] = peak
    return MachineLimits(read_bytes_per_s=read_bandwidth(num_threads), peak_ops_per_s=peaks)
