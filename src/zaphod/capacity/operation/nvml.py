"""Power limits and locked clocks of Nvidia's GPUs, through NVML; knows no work and no choice.

Reading is open to all; setting needs root (or `CAP_SYS_ADMIN` in the host's user namespace). A lock of clocks that
somebody else had set cannot be read, so it cannot be put back: locks end, as after `nvidia-smi -rgc`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from zaphod.core.errors import ConfigError, MissingExtraError, UnavailableError

_NO_GPU = "Give a sweep that was measured elsewhere with --trace FILE.csv, or run this where the GPU is."


class Gpus:
    """Some of the machine's GPUs. Open them with `open_gpus`."""

    def __init__(self, library: Any, handles: Sequence[Any]) -> None:
        self.library, self.handles = library, tuple(handles)

    @property
    def names(self) -> list[str]:
        """As Nvidia sells them."""
        return [_text(self.library.nvmlDeviceGetName(handle)) for handle in self.handles]

    def max_power_w(self) -> float:
        """The highest limit that may be set, of all together."""
        return sum(self._constraints_mw(handle)[1] for handle in self.handles) / 1000

    def energy_j(self) -> float:
        """Of all, since the driver was loaded.

        Raises:
            UnavailableError: the counter is not there (GPUs before Volta) or cannot be read.
        """
        try:
            return sum(int(self.library.nvmlDeviceGetTotalEnergyConsumption(each)) for each in self.handles) / 1000
        except self.library.NVMLError as error:
            raise UnavailableError(f"NVML counts no energy here: {error}.", "Volta or newer does.", _NO_GPU) from error

    def _constraints_mw(self, handle: Any) -> tuple[int, int]:
        low, high = self.library.nvmlDeviceGetPowerManagementLimitConstraints(handle)
        return int(low), int(high)


def open_gpus(indices: Sequence[int] = (), library: Any = None) -> Gpus:
    """The GPUs of these numbers; all unless given.

    Args:
        indices: as `nvidia-smi` counts.
        library: stands for the module `pynvml` of nvidia-ml-py.

    Raises:
        MissingExtraError: nvidia-ml-py is not installed.
        UnavailableError: there is no driver, or no GPU.
        ConfigError: there is no GPU of that number.
    """
    try:
        library = library or importlib.import_module("pynvml")
    except ImportError as error:
        missing = MissingExtraError("nvidia-ml-py", "nvml")
        missing.remedy += f" on a machine with a GPU. {_NO_GPU}"
        raise missing from error
    try:
        library.nvmlInit()
        count = int(library.nvmlDeviceGetCount())
    except library.NVMLError as error:
        raise UnavailableError(f"No GPU of Nvidia answers: {error}.", "A sweep needs one.", _NO_GPU) from error
    if count == 0:
        raise UnavailableError("The driver knows no GPU.", "A sweep needs one.", _NO_GPU)
    for index in indices:
        if not 0 <= index < count:
            raise ConfigError(f"There is no GPU {index}.", f"There are {count}, from 0.", "See `nvidia-smi -L`.")
    return Gpus(library, [library.nvmlDeviceGetHandleByIndex(index) for index in indices or range(count)])


class PowerLimit:
    """A limit in watts, the same for each GPU.

    Raises:
        UnavailableError: this process may not set it, or the GPUs have no limit.
    """

    unit = "W"

    def __init__(self, gpus: Gpus, step_w: float = 25.0) -> None:
        self._gpus, self._step_w, self._library = gpus, step_w, gpus.library
        asked = self._library.nvmlDeviceGetPowerManagementLimitConstraints
        limits = [_asked(self._library, asked, each) for each in gpus.handles]
        self._low_w = max(int(low) for low, _ in limits) / 1000
        self._high_w = min(int(high) for _, high in limits) / 1000
        former = self._library.nvmlDeviceGetPowerManagementLimit
        self._former_mw = [int(_asked(self._library, former, each)) for each in gpus.handles]
        self.restore()  # what changes nothing tells whether changing is allowed

    @property
    def former_w(self) -> list[float]:
        """Of each GPU, when this was opened."""
        return [former / 1000 for former in self._former_mw]

    def settings(self) -> tuple[float, ...]:
        found, setting = [], self._high_w
        while setting >= self._low_w:
            found.append(setting)
            setting -= self._step_w
        return tuple(found) if found[-1] == self._low_w else (*found, self._low_w)

    def set(self, setting: float) -> None:
        self._set([round(setting * 1000)] * len(self._gpus.handles))

    def restore(self) -> None:
        self._set(self._former_mw)

    def _set(self, limits_mw: Sequence[int]) -> None:
        _each(self._library, self._library.nvmlDeviceSetPowerManagementLimit, self._gpus.handles, limits_mw)


class LockedClock:
    """A clock in megahertz that the cores keep, the same for each GPU.

    Raises:
        UnavailableError: this process may not set it, or the GPUs cannot be locked.
    """

    unit = "MHz"

    def __init__(self, gpus: Gpus, num_settings: int = 12) -> None:
        self._gpus, self._library, self._num_settings = gpus, gpus.library, num_settings
        offered = _clocks(gpus, gpus.handles[0])
        for handle in gpus.handles[1:]:
            offered &= _clocks(gpus, handle)
        self._offered = sorted(offered, reverse=True)
        if not self._offered:
            raise ConfigError("The GPUs share no clock.", "All are swept alike.", "Sweep one kind at a time, --gpu.")

    def settings(self) -> tuple[float, ...]:
        """Evenly spread over those that all GPUs offer, both ends included."""
        last = len(self._offered) - 1
        count = min(self._num_settings, len(self._offered))
        picked = {round(index * last / max(1, count - 1)) for index in range(count)}
        return tuple(float(self._offered[index]) for index in sorted(picked))

    def set(self, setting: float) -> None:
        clocks = [round(setting)] * len(self._gpus.handles)
        _each(self._library, self._library.nvmlDeviceSetGpuLockedClocks, self._gpus.handles, clocks, clocks)

    def restore(self) -> None:
        _each(self._library, self._library.nvmlDeviceResetGpuLockedClocks, self._gpus.handles)


def _clocks(gpus: Gpus, handle: Any) -> frozenset[int]:
    """Of the cores, at the memory's highest."""
    memory = _asked(gpus.library, gpus.library.nvmlDeviceGetSupportedMemoryClocks, handle)
    cores = _asked(gpus.library, gpus.library.nvmlDeviceGetSupportedGraphicsClocks, handle, max(memory))
    return frozenset(int(clock) for clock in cores)


def _each(library: Any, function: Any, *columns: Sequence[Any]) -> None:
    """For every GPU, even if one of them refuses; then its refusal is raised."""
    refusals = []
    for arguments in zip(*columns, strict=True):
        try:
            _asked(library, function, *arguments)
        except UnavailableError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _asked(library: Any, function: Any, *arguments: Any) -> Any:
    """What NVML answers, its refusals in our words."""
    refusal: type[Exception] = library.NVMLError
    try:
        return function(*arguments)
    except refusal as error:
        if isinstance(error, library.NVMLError_NoPermission):
            raise UnavailableError(
                "This process may not change the GPU's limits.",
                "The driver asks for root.",
                "Run as root, in Kubernetes in a privileged pod, or give a measured sweep with --trace FILE.csv.",
            ) from error
        raise UnavailableError(f"NVML: {error}.", "The GPU must offer this setting.", _NO_GPU) from error


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
