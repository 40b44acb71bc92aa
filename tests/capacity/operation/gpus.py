"""The functions of `pynvml` that a sweep uses, over GPUs that follow the model of `curves`."""

from __future__ import annotations

from collections.abc import Sequence

from zaphod.capacity.operation.curves import Curve

CURVE = Curve(memory_s=0.6, compute_s=0.4, max_mhz=1980, idle_w=90, memory_w=160, core_w=420)


class NVMLError(Exception):
    pass


class NVMLError_NoPermission(NVMLError):  # noqa: N801, N818 - NVML's name
    pass


class FakeNvml:
    """Two GPUs with limits from 200 to 700 W and clocks from 210 to 1980 MHz."""

    NVMLError, NVMLError_NoPermission = NVMLError, NVMLError_NoPermission

    def __init__(self, *, is_root: bool = True, count: int = 2, has_driver: bool = True) -> None:
        self.is_root, self.count, self.has_driver = is_root, count, has_driver
        self.limits_mw = [500_000, 650_000][:count]
        self.locks: list[int | None] = [None] * count
        self.used_mj = [0] * count
        self.asked: list[tuple[str, int]] = []
        self.refusing: set[int] = set()

    def nvmlInit(self) -> None:
        if not self.has_driver:
            raise NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, gpu: int) -> bytes:
        return b"Fake H100"

    def nvmlDeviceGetPowerManagementLimitConstraints(self, gpu: int) -> tuple[int, int]:
        return 200_000, 700_000

    def nvmlDeviceGetPowerManagementLimit(self, gpu: int) -> int:
        return self.limits_mw[gpu]

    def nvmlDeviceSetPowerManagementLimit(self, gpu: int, limit_mw: int) -> None:
        self._check(gpu)
        self.asked.append(("limit", limit_mw))
        self.limits_mw[gpu] = limit_mw

    def nvmlDeviceGetSupportedMemoryClocks(self, gpu: int) -> list[int]:
        return [2619, 1593]

    def nvmlDeviceGetSupportedGraphicsClocks(self, gpu: int, memory: int) -> list[int]:
        assert memory == 2619
        return list(range(1980, 195, -15))

    def nvmlDeviceSetGpuLockedClocks(self, gpu: int, low: int, high: int) -> None:
        self._check(gpu)
        assert low == high
        self.asked.append(("lock", low))
        self.locks[gpu] = low

    def nvmlDeviceResetGpuLockedClocks(self, gpu: int) -> None:
        self._check(gpu)
        self.locks[gpu] = None

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu: int) -> int:
        return self.used_mj[gpu]

    def work(self) -> tuple[float, float, None]:
        """One piece of work on both at the locked clock: what `measure` returns."""
        mhz = float(self.locks[0] or 1980)
        used_mj = round(CURVE.time_s(mhz) * CURVE.power_w(mhz) * 1000)
        before = sum(self.used_mj)
        self.used_mj = [used + used_mj for used in self.used_mj]
        return CURVE.time_s(mhz), (sum(self.used_mj) - before) / 1000, None

    def _check(self, gpu: int) -> None:
        if not self.is_root or gpu in self.refusing:
            raise NVMLError_NoPermission("Insufficient Permissions")


def clocks(step: int = 15) -> Sequence[float]:
    """Those of the fake GPUs."""
    return [float(mhz) for mhz in range(210, 1981, step)]
