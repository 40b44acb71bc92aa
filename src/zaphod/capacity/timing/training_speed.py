"""How fast a device multiplies and moves what a micro-batch needs; knows no layouts and no networks.

Products follow a line of memory and peak: `flops / (share * peak) * (1 + ridge / intensity)`, where the intensity of an
expert's product is that of its rows, so that few rows or narrow experts are slow without a utilisation "of MoE".
"""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.capacity.timing.training_job import Common, Matmul, Stack, TrainingJob, common, matmul, stack
from zaphod.capacity.timing.training_work import Product, Work


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Everything that was measured rather than derived."""

    common: Common
    stack: Stack
    matmul: Matmul


def constants_for(accelerator: Accelerator, job: TrainingJob) -> Constants:
    """Those of the job's software on that device. Raises `ConfigError`, `RefusedError`."""
    return Constants(common=common(), stack=stack(job.stack), matmul=matmul(accelerator))


class Speed:
    """Seconds of a micro-batch's work on one device."""

    def __init__(self, accelerator: Accelerator, job: TrainingJob, constants: Constants) -> None:
        self._accelerator, self._job = accelerator, job
        self._common, self._stack, self._matmul = constants.common, constants.stack, constants.matmul
        self._limit = power_limit_share(accelerator, constants.common, constants.matmul)

    def products_s(self, device: Work, *, grouped: bool) -> float:
        """Of routed experts', or of all others."""
        return sum(self._product_s(each) for each in device.products if each.grouped is grouped)

    def _product_s(self, product: Product) -> float:
        in_fp8 = self._job.precision == "fp8" and not product.keeps_bf16 and "fp8" in self._accelerator.peak_flops
        rate = self._rate("fp8" if in_fp8 else "bf16")
        if product.grouped:
            rate *= self._common.grouped
        passes = 3.0
        if self._job.recompute == "full":
            passes = 4.0
        elif self._job.recompute == "selective" and self._stack.sharded:
            passes = 3.5
        # Bytes of a number in over two: a product in fp8 reads one byte and writes two or four.
        ridge = self._matmul.ridge * (0.75 if in_fp8 else 1.0) * rate / self._accelerator.bandwidth
        return passes * product.flops / rate * (1 + ridge / product.intensity)

    def _rate(self, number_format: str) -> float:
        """Operations a second of large products."""
        share = self._matmul.fp8 * self._stack.fp8_products if number_format == "fp8" else self._matmul.bf16
        return self._accelerator.peak(number_format) * share * self._stack.products * self._limit

    def attention_s(self, device: Work) -> float:
        """Forward 1, backward 2.5 (five products for two, arXiv 2307.08691), again forward where it is recomputed."""
        passes = 3.5
        if self._job.recompute == "full" or (self._job.recompute == "selective" and not self._stack.sharded):
            passes = 4.5
        rate = self._accelerator.peak("bf16") * self._matmul.bf16 * self._stack.attention * self._limit
        return passes * device.attention_flops / rate

    def elementwise_s(self, device: Work) -> float:
        moved = device.moved_bytes * self._stack.elementwise
        if self._job.recompute == "full":
            moved *= 1.4
        if self._job.precision == "fp8":
            moved *= 1.2
        return moved / (self._accelerator.bandwidth * self._common.memory)


def power_limit_share(accelerator: Accelerator, common: Common, measured: Matmul) -> float:
    """Speed of products under a power limit that is lower, for their peak, than that of the board that was measured.

    `((W - idle) / (W0 - idle))^x`, at most 1, where W0 is the measured board's power scaled to this device's peak.
    """
    if not measured.power_w:
        return 1.0
    wanted = (measured.power_w - common.idle_w) * accelerator.peak("bf16") / measured.peak_flops
    return float(min((accelerator.power_w - common.idle_w) / wanted, 1.0) ** common.power_exponent)
