"""How well each engine uses each vendor's devices: shares of their peaks, floors and overheads; knows no models.

The figures of `engines.toml` were fitted by `benchmarks/planner_calibration.py`. They are shares of peaks, so that they
carry over to devices that were not measured (utilisation transfers, latency does not).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from zaphod.capacity.catalogue.accelerators import Accelerator
from zaphod.core.errors import ConfigError

_PROCESSOR_BELOW_FLOPS = 5e13
_PROCESSOR_BELOW_BANDWIDTH = 1e12


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Of one engine on one vendor's devices."""

    engine: str
    vendor: str
    """`nvidia`, `amd`, `apple` or `processor`."""
    weight_efficiency: float
    """Share of the memory's bandwidth at which weights in bfloat16 are read."""
    expert_efficiency: float
    """The same for routed experts, relative to the other weights."""
    sharded_efficiency: float
    """The same where experts are spread over devices, or cut, relative to experts on one device."""
    kv_efficiency: float
    """Share of the bandwidth at which keys and values are read."""
    compute_efficiency: float
    """Share of the peak of a bfloat16 matrix product with many rows."""
    link_efficiency: float
    all_reduce_s: float
    """A small collective inside of a node."""
    network_latency_s: float
    """What it takes longer across nodes."""
    layer_s: float
    """Kernels of one layer with plain attention and a plain block that cannot start earlier: the launch floor."""
    sparse_layer_s: float
    """Added by routing and grouped products."""
    latent_layer_s: float
    """Added by latent attention."""
    step_s: float
    """Between two steps: scheduling, sampling."""
    sequence_s: float
    """Added to a step by each sequence: sampling, detokenising, page tables."""
    prompt_layer_s: float
    """Launch floor of one layer in a step that reads a prompt: no captured graph."""
    request_s: float
    """Of a request before and after the model: HTTP, tokenising."""
    unpack_per_s: float = 0.0
    """Weights a second that quantised formats are unpacked at, besides reading them; 0 for no such cost."""
    max_sequences: int = 1024
    """Sequences that it decodes at once unless told otherwise."""
    decode_error: float
    prefill_error: float
    ttft_error: float
    throughput_error: float
    """Relative half-widths of 80 % intervals: from `value / (1 + e)` to `value (1 + e)`."""
    fitted_on: str
    """Which measured points; what stands on nothing measured says so."""
    measured: tuple[str, ...] = ()
    """What the points cover, out of `dense`, `sparse`, `latent`, and number formats."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "measured", tuple(self.measured))


@dataclass(frozen=True, kw_only=True)
class FormatConstants:
    """What a number format of weights changes, relative to bfloat16."""

    bandwidth: float
    compute: float
    experts: float = 1.0
    """Bandwidth of routed experts besides: scales of blocks, rows quantised for each expert."""


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """How products of many experts fall short of one large product."""

    half_rows: float
    """Rows for each touched expert at which half of the peak is reached."""
    half_width: float
    """Width of an expert's slice on one device at which half of the peak is reached."""
    skew: float
    """Exponent of the experts' popularity, see `coverage.popularity`."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Devices whose memory is used less well, or better, than the engine's figures say."""

    devices: tuple[str, ...]
    bandwidth: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """All constants together."""

    engines: tuple[Constants, ...]
    formats: Mapping[str, FormatConstants]
    """By number format; `bf16` is 1 by definition."""
    generations: tuple[Generation, ...]
    grouped: Grouped
    burst: float
    """Part of the requests of a closed loop that arrive together: its first round, and those that end together."""

    def format_constants(self, number_format: str) -> FormatConstants:
        """Of a number format, or of the nearest with as many bits."""
        if number_format in self.formats:
            return self.formats[number_format]
        if "16" in number_format or "32" in number_format:
            return self.formats["bf16"]
        return self.formats["fp8" if "8" in number_format else "int4"]

    def bandwidth_factor(self, accelerator: Accelerator) -> float:
        """Of the device's generation."""
        return next((each.bandwidth for each in self.generations if accelerator.name in each.devices), 1.0)

    def constants_for(self, engine: str, accelerator: Accelerator) -> tuple[Constants, float]:
        """The engine's constants on this device, and the error that is added where a neighbour's are taken.

        Raises:
            ConfigError: the engine is unknown.
        """
        name, kind = engine_name(engine), kind_of(accelerator)
        rows = {(row.engine, row.vendor): row for row in self.engines}
        if (name, kind) in rows:
            return rows[name, kind], 0.0
        # Another engine on the same vendor's devices is nearer than the same engine elsewhere.
        for other, error in (("vllm", 0.15), ("sglang", 0.15), ("llama.cpp", 0.25)):
            if (other, kind) in rows:
                return rows[other, kind], error
        return rows.get((name, "nvidia"), rows["vllm", "nvidia"]), 0.35


def read_calibration(data: Mapping[str, Any]) -> Calibration:
    """Out of the tables of a file such as `engines.toml`."""
    return Calibration(
        engines=tuple(Constants(**row) for row in data["engine"]),
        formats={name: FormatConstants(**row) for name, row in data["format"].items()},
        generations=tuple(Generation(**(row | {"devices": tuple(row["devices"])})) for row in data["generation"]),
        grouped=Grouped(**data["grouped"]),
        burst=data["loop"]["burst"],
    )


@functools.cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("engines.toml").read_text(encoding="utf-8"))


@functools.cache
def calibration() -> Calibration:
    """That of `engines.toml`."""
    return read_calibration(_data())


def kind_of(accelerator: Accelerator) -> str:
    """`nvidia`, `amd`, `apple`, or `processor` for a machine without an accelerator."""
    slow = accelerator.bandwidth < _PROCESSOR_BELOW_BANDWIDTH and accelerator.peak("bf16") < _PROCESSOR_BELOW_FLOPS
    if slow and accelerator.vendor not in ("nvidia", "apple"):
        return "processor"
    return accelerator.vendor


@functools.cache
def engine_name(text: str) -> str:
    """The engine that a free text names: `vLLM 0.10.0 ROCm`, `SGLang 0.5.9 (InferenceX)`, `gpt-fast + torch.compile`.

    Raises:
        ConfigError: none is known by it; names those that are.
    """
    plain = re.sub(r"[^a-z0-9]+", "", text.lower())
    for name, words in _engine_words().items():
        if any(word in plain for word in words):
            return name
    known = ", ".join(sorted({row.engine for row in calibration().engines}))
    raise ConfigError(f"The engine {text!r} is not known.", f"Known are {known}.", "Choose the one that is nearest.")


@functools.cache
def _engine_words() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in _data()["alias"].items()}
