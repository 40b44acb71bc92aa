"""Models larger than memory: the native runner with experts on disk, and how fast that will be; knows no request.

Weights that every token reads are copied into memory. Experts stay in the packed file and pass through a cache of
stated size (`compute/kernels/cpu/expert_cache.h`); the results have the same bits as with all weights in memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zaphod.compute.kernels import dispatch
from zaphod.core.errors import ConfigError, WeightsError
from zaphod.core.units import format_bytes, format_rate
from zaphod.engine.batch import Batch, Scheduled, assemble
from zaphod.engine.native_runner import CacheDtype, NativeRunner
from zaphod.engine.tuning import CHUNK_BYTES
from zaphod.model.config import ModelConfig, RouterConfig
from zaphod.model.native import NativeWeights

NUM_READERS = 4
"""Threads that read experts; they wait for the disk most of the time."""

_ROLES = ("gate", "up", "down")
_READING_S = 0.3
"""How long a forecast reads experts."""
_PASSES_S = 0.5
"""How long a forecast computes tokens, where one does not take longer than half of that."""
# Of what memory delivers, while experts and attention are computed for one token.
_COMPUTING_SHARE = 0.7
_MEASURED_BYTES = 32_000_000
# Misses of a text with favourite experts: a small trained model that read English came to this power of the share that
# uniform visits would miss (with a quarter of the experts in memory to 0.35, with half to 0.07).
_FAVOURED = 4


class Counters(NamedTuple):
    """What the cache of experts did so far."""

    hits: int
    """Experts that were in memory (or on their way) when a layer asked for them."""
    misses: int
    expected: int
    """Experts read ahead because the next layer's router would choose them as things stood."""
    expected_hits: int
    """How many of these were then asked for."""
    bytes_read: int
    waited_s: float
    """How long computing waited for the disk."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """How fast tokens will come, one sequence alone, before the first one does."""

    tokens_per_s: float
    low: float
    """If no expert is ever in memory, at the slowest tenth of the measured reads."""
    high: float
    """If the text keeps to few experts, at the fastest tenth, and computing hides behind reading."""
    miss_share: float
    """Experts that must be read, of those visited: as if all were visited equally often, so a guess for real texts."""
    read_bytes: float
    """Bytes a token reads from disk."""
    bytes_per_s: float
    """Measured, reading experts of this file as a layer does."""
    compute_s: float
    """What a token takes beside reading."""
    is_direct: bool
    """Whether reads go past the page cache."""

    def __str__(self) -> str:
        """One sentence for people."""
        return (
            f"about {_rate(self.tokens_per_s)} tok/s (between {_rate(self.low)} and {_rate(self.high)}): a token reads "
            f"{format_bytes(self.read_bytes)} of experts from disk at {format_rate(self.bytes_per_s, 'B')} if all are "
            f"visited equally often, and computes for {1e3 * self.compute_s:.1f} ms"
        )


class StreamingRunner(NativeRunner):
    """The network in C++ with its experts on disk.

    Args:
        weights: from `load_native`, of a file that holds experts as the kernels read them.
        expert_cache_bytes: room for experts in memory; it is taken at once.
        num_readers: threads that read.
        read_ahead: read what the next layer's router would choose as things stand, while a layer is computed.
        direct: read past the page cache where that is possible.
        num_threads: threads that compute, the caller's included.
        max_len: see `NativeRunner`.
        num_blocks: see `NativeRunner`.
        cache_dtype: how keys and values are kept.
        chunk_bytes: see `NativeRunner`.

    Raises:
        ConfigError: experts are not in a file as the kernels read them, or the cache does not hold a single one.
        WeightsError: a file cannot be read.
    """

    def __init__(
        self,
        weights: NativeWeights,
        *,
        expert_cache_bytes: int,
        num_readers: int = NUM_READERS,
        read_ahead: bool = True,
        direct: bool = True,
        num_threads: int = 1,
        max_len: int | None = None,
        num_blocks: int | None = None,
        cache_dtype: CacheDtype = "float16",
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        paths, pieces = _places(weights)
        super().__init__(
            _with_resident_copies(weights),
            num_threads=num_threads,
            max_len=max_len,
            num_blocks=num_blocks,
            cache_dtype=cache_dtype,
            chunk_bytes=chunk_bytes,
        )
        router = _router(weights.config)
        expert_bytes = pieces[:, 2::3].sum(axis=1)
        self.num_experts = int(np.count_nonzero(expert_bytes))
        """Routed experts of all layers together."""
        self.expert_bytes = float(expert_bytes.sum()) / self.num_experts
        """Of one expert, on average."""
        self.experts_per_token = self.num_experts // router.num_experts * router.top_k
        self.resident_bytes = weights.num_bytes - int(expert_bytes.sum())
        self._top_k = router.top_k
        self.slots_in_use = router.top_k * (2 if read_ahead else 1)
        """Slots that experts pass through while one token is computed."""
        try:
            self._cache = dispatch.native().ExpertCache(
                [str(path) for path in paths], pieces, router.num_experts, expert_cache_bytes, num_readers, direct
            )
        except ValueError as error:
            raise ConfigError(
                f"The cache of experts may take {format_bytes(expert_cache_bytes)}.",
                f"One expert takes {format_bytes(float(expert_bytes.max()))}.",
                "Allow room for at least two.",
            ) from error
        except OSError as error:
            raise _unreadable(error) from error
        self._cache.set_expects(read_ahead)
        self._network.set_expert_cache(self._cache)

    @property
    def num_slots(self) -> int:
        """Experts that are in memory at one time."""
        return int(self._cache.num_slots)

    @property
    def expert_cache_bytes(self) -> int:
        return self.num_slots * int(self._cache.slot_bytes)

    @property
    def is_direct(self) -> bool:
        """Whether reads go past the page cache."""
        return bool(self._cache.is_direct)

    @property
    def counters(self) -> Counters:
        """What the cache did since the start."""
        raw: Mapping[str, int] = self._cache.counters
        return Counters(
            **{name: raw[name] for name in Counters._fields if name != "waited_s"}, waited_s=1e-9 * raw["waited_ns"]
        )

    def forward(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Logits [R, V] of the batch's wanted rows; the array is overwritten by the next pass.

        Raises:
            WeightsError: an expert cannot be read. The batch's keys and values are then incomplete; another pass may be
                tried.
        """
        try:
            return super().forward(batch)
        except OSError as error:
            raise _unreadable(error) from error

    def read_rates(self, seconds: float = _READING_S) -> list[float]:
        """Bytes a second of reading the experts of one token and layer, again and again; fills the cache."""
        try:
            rates: Sequence[float] = self._cache.measure(self._top_k, seconds)
        except OSError as error:
            raise _unreadable(error) from error
        return list(rates)


def forecast(runner: StreamingRunner) -> Forecast:
    """Measure reading and computing for less than a second, before the first request, and say what follows.

    A model whose experts take longer than that for one token is not computed: what memory delivers stands for it.
    The cache is full afterwards, as it will be in use.

    Raises:
        WeightsError: an expert cannot be read.
    """
    rates = sorted(runner.read_rates()) or [float("inf")]
    slow, middle, fast = (rates[int(share * (len(rates) - 1))] for share in (0.1, 0.5, 0.9))
    # What the present layer computes with and what is read ahead take turns in a few slots; the others keep experts.
    miss_share = 1 - max(0, runner.num_slots - runner.slots_in_use) / runner.num_experts
    all_bytes = runner.experts_per_token * runner.expert_bytes
    compute_s = _measured_compute_s(runner) if all_bytes / middle < _PASSES_S / 2 else _estimated_compute_s(runner)
    read_bytes = miss_share * all_bytes
    return Forecast(
        tokens_per_s=1 / (compute_s + read_bytes / middle),
        low=1 / (compute_s + all_bytes / slow),
        high=1 / max(compute_s, miss_share**_FAVOURED * all_bytes / fast),
        miss_share=miss_share,
        read_bytes=read_bytes,
        bytes_per_s=middle,
        compute_s=compute_s,
        is_direct=runner.is_direct,
    )


def _measured_compute_s(runner: StreamingRunner) -> float:
    """Seconds of a pass of one token that were not spent waiting for the disk; the median of some."""
    rng = np.random.default_rng(0)
    own_s: list[float] = []
    start_s = time.perf_counter()
    while len(own_s) < 3 or (time.perf_counter() - start_s < _PASSES_S and len(own_s) < 32):
        batch = assemble([Scheduled([int(rng.integers(runner.vocab_size))], 0, (0,))], runner.block_size)
        began_s, waited_s = time.perf_counter(), runner.counters.waited_s
        runner.forward(batch)
        own_s.append(time.perf_counter() - began_s - (runner.counters.waited_s - waited_s))
    return sorted(own_s[1:])[len(own_s) // 2 - 1]


def _estimated_compute_s(runner: StreamingRunner) -> float:
    """Every weight that a token needs is read from memory once."""
    num_bytes = runner.resident_bytes + runner.experts_per_token * runner.expert_bytes
    bandwidth = float(dispatch.native().read_bandwidth(runner.num_threads, _MEASURED_BYTES))
    return num_bytes / (_COMPUTING_SHARE * bandwidth)


def _router(config: ModelConfig) -> RouterConfig:
    if config.moe is None:
        raise ConfigError(
            "The model has no experts.", "Only experts can stay on disk.", "Use a machine with more memory."
        )
    return config.moe.router


def _places(weights: NativeWeights) -> tuple[list[Path], npt.NDArray[np.int64]]:
    """Files, and in row l·E + e for expert e of layer l: file, offset and bytes of its matrices; file -1: none."""
    config = weights.config
    num_experts = _router(config).num_experts
    paths: list[Path] = []
    pieces = np.zeros((config.num_layers * num_experts, 9), np.int64)
    pieces[:, ::3] = -1
    for layer in range(config.num_layers):
        if not config.is_sparse(layer):
            continue
        for expert in range(num_experts):
            for number, role in enumerate(_ROLES):
                name = f"layers.{layer}.moe.experts.{role}.{expert}"
                if name not in weights.files:
                    raise ConfigError(
                        f"The file does not hold {name} as the kernels read it.",
                        "Experts can stay on disk where a packed file of the present version holds them.",
                        "Convert the model with `zaphod convert`, without another precision than the file's.",
                    )
                path, offset, num_bytes = weights.files[name]
                if path not in paths:
                    paths.append(path)
                row = layer * num_experts + expert
                pieces[row, 3 * number : 3 * number + 3] = paths.index(path), offset, num_bytes
    return paths, pieces


def _with_resident_copies(weights: NativeWeights) -> NativeWeights:
    """All that is not an expert in memory of its own: pages of a mapped file would be the first that are dropped."""
    kernels = dispatch.native()
    mapped = [name for name in weights.files if ".moe.experts." not in name]
    tiles = kernels.allocate(sum(weights.files[name][2] for name in mapped))
    matrices = dict(weights.matrices)
    start = 0
    for name in mapped:
        path, offset, num_bytes = weights.files[name]
        own = tiles[start : start + num_bytes]
        _read_into(own, path, offset)
        old = matrices[name]
        matrices[name] = kernels.Matrix(old.format, old.rows, old.cols, own, old.row_scales)
        start += num_bytes
    return replace(weights, matrices=matrices)


def _read_into(own: npt.NDArray[np.uint8], path: Path, offset: int) -> None:
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            view, done = own.data, 0
            while done < len(view):
                count = file.readinto(view[done:])
                if not count:
                    raise OSError(f"{path} ends at byte {offset + done}, within a matrix")
                done += count
            if hasattr(os, "posix_fadvise"):
                # What was copied need not stay in the page cache, too.
                os.posix_fadvise(file.fileno(), offset, len(view), os.POSIX_FADV_DONTNEED)
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> WeightsError:
    return WeightsError(
        f"{error}.",
        "Experts of this model are read from its file while it answers.",
        "Check the disk; if the file was replaced, start again.",
    )


def _rate(tokens_per_s: float) -> str:
    return f"{tokens_per_s:.0f}" if tokens_per_s >= 100 else f"{tokens_per_s:.2g}"
