"""From a model's name to something that computes it: our kernels, experts on disk, or PyTorch; knows no tokenizer.

What it takes of the memory is decided before anything is read (`engine.memory_plan`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zaphod.capacity.hardware import this_machine
from zaphod.capacity.measurement import read_bandwidth
from zaphod.capacity.parameters import active_weight_bytes, kv_bytes_per_token, weight_bytes
from zaphod.compute.kernels import dispatch
from zaphod.core.configuration import Settings
from zaphod.core.errors import CapacityError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.units import format_bytes
from zaphod.launch.forecast import speed_limit
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import ModelConfig
from zaphod.model.fetching.references import resolve, resolve_config
from zaphod.model.files.weights import ModelWeights, open_model

if TYPE_CHECKING:
    from zaphod.engine import Runner
    from zaphod.engine.memory_plan import MemoryPlan
    from zaphod.engine.native_runner import CacheDtype, NativeRunner
    from zaphod.engine.tuning import Tuning
    from zaphod.model.compat import Compat
    from zaphod.model.native import NativeWeights
    from zaphod.model.transformer import Transformer

# A model this small against the free memory computes in float32, where nothing is rounded away.
_SMALL_SHARE = 0.25
# The cache may take this share of what the weights leave free.
_CACHE_SHARE = 0.5
# Below this a model's weights stay in the caches, and memory does not decide how fast it is.
_WORTH_A_FORECAST_BYTES = 100e6


def open_weights(settings: Settings, config: str | None = None, compat: Compat | None = None) -> ModelWeights:
    """Open the files of `settings.model`; no values are read yet.

    Args:
        settings: names the model.
        config: the model's shape as `--config` names it; that of the files unless given.
        compat: compute as another program does.
    """
    path = resolve(settings.model, settings).weights_path()
    weights = open_model(path, resolve_config(config) if config else None)
    if compat is None:
        return weights
    return weights.with_config(as_llama_cpp(weights.config))


@dataclass(frozen=True, kw_only=True)
class LoadedRunner:
    """Something that computes the network."""

    runner: Runner
    description: str
    """What computes, and in which number formats, for people to read."""
    speed: str | None
    """What is known of its speed before the first token, for people to read; None where that says nothing."""
    reads_disk: bool
    """Whether experts are read from disk while it answers."""
    num_threads: int


def load_runner(
    weights: ModelWeights,
    settings: Settings,
    *,
    num_tokens: int | None = None,
    num_sequences: int = 1,
    progress: Progress = SILENT,
) -> LoadedRunner:
    """The network in memory with its cache.

    Args:
        weights: an opened checkpoint; it may be closed afterwards.
        settings: runner, dtype, threads, the longest sequence, and memory for experts.
        num_tokens: tokens that the cache holds; `num_sequences` longest sequences by default, as far as they fit.
        num_sequences: how many are to be answered at one time.
        progress: told of every tensor.

    Raises:
        CapacityError: it does not fit into the memory that is free.
    """
    if uses_native(settings):
        return _load_native(weights, settings, num_tokens, num_sequences, progress)
    return _load_torch(weights, settings, num_tokens, num_sequences, progress)


def uses_native(settings: Settings) -> bool:
    """Whether our own kernels compute: what was asked for; for `auto`, if they were compiled.

    Raises:
        ConfigError: they were asked for and are not there.
    """
    if settings.runner == "auto":
        return dispatch.native_is_available()
    if settings.runner == "native":
        dispatch.native()
    return settings.runner == "native"


def choose_dtype(settings: Settings, config: ModelConfig) -> str:
    """`float32` or `bfloat16`: what was asked for; for `auto` float32 where the model is small against the memory."""
    if settings.dtype != "auto":
        return settings.dtype
    free_bytes = this_machine().available_memory_bytes
    return "float32" if weight_bytes(config, "float32") < _SMALL_SHARE * free_bytes else "bfloat16"


def load_network(weights: ModelWeights, settings: Settings, dtype: str, progress: Progress) -> Transformer:
    """Read the weights into the network.

    Raises:
        CapacityError: they do not fit into the memory that is free.
    """
    _require_memory(weight_bytes(weights.config, dtype), dtype)
    import torch

    from zaphod.model.loading import DTYPES, load_transformer

    torch.set_num_threads(num_threads(settings))
    return load_transformer(weights, DTYPES[dtype], lambda names: _tracked(names, progress))


def num_threads(settings: Settings) -> int:
    """What was asked for, or every core that may be used."""
    return settings.threads or this_machine().num_cores


def _load_native(
    weights: ModelWeights, settings: Settings, num_tokens: int | None, num_sequences: int, progress: Progress
) -> LoadedRunner:
    from zaphod.engine.memory_plan import memory_needs, plan_memory
    from zaphod.engine.tuning import stored_tuning
    from zaphod.model.native import load_native

    tuning = stored_tuning(this_machine())
    threads = settings.threads or (tuning.threads if tuning else this_machine().num_cores)
    cache_dtype: CacheDtype = "float32" if settings.dtype == "float32" else "float16"
    needs = memory_needs(weights, precision=settings.dtype, cache_dtype=cache_dtype, num_threads=threads)
    plan = plan_memory(
        needs,
        context_tokens=settings.context,
        cache_tokens=num_tokens,
        expert_cache_bytes=settings.expert_cache,
        num_sequences=num_sequences,
    )
    loaded = load_native(
        weights,
        precision=settings.dtype,
        num_threads=threads,
        track=lambda names: _tracked(names, progress),
        huge_pages=tuning.huge_pages if tuning else True,
    )
    formats = ", ".join(name for name, _ in sorted(loaded.formats.items(), key=lambda item: -item[1]))
    runner, speed = _native_runner(loaded, plan, threads, cache_dtype, tuning)
    if speed is None:
        share = needs.weight_bytes / weight_bytes(weights.config, "float32")
        speed = _at_most(share * active_weight_bytes(weights.config, "float32"), threads)
    where = f", experts on disk ({plan.num_slots} of {plan.num_experts} in memory)" if plan.num_slots else ""
    description = f"native kernels ({runner.instruction_set}), weights in {formats}{where}"
    return LoadedRunner(
        runner=runner, description=description, speed=speed, reads_disk=plan.verdict == "streams", num_threads=threads
    )


def _native_runner(
    loaded: NativeWeights, plan: MemoryPlan, threads: int, cache_dtype: CacheDtype, tuning: Tuning | None
) -> tuple[NativeRunner, str | None]:
    """All weights in memory, or experts on disk with the forecast of how fast that is."""
    from zaphod.engine.native_runner import NativeRunner
    from zaphod.engine.streaming import StreamingRunner, forecast
    from zaphod.engine.tuning import CHUNK_BYTES

    chunk_bytes = tuning.chunk_bytes if tuning else CHUNK_BYTES
    if plan.verdict == "streams":
        streaming = StreamingRunner(
            loaded,
            expert_cache_bytes=plan.expert_cache_bytes,
            num_threads=threads,
            max_len=plan.context_tokens,
            num_blocks=plan.num_blocks,
            cache_dtype=cache_dtype,
            chunk_bytes=chunk_bytes,
        )
        return streaming, str(forecast(streaming))
    runner = NativeRunner(
        loaded,
        num_threads=threads,
        max_len=plan.context_tokens,
        num_blocks=plan.num_blocks,
        cache_dtype=cache_dtype,
        chunk_bytes=chunk_bytes,
    )
    return runner, None


def _load_torch(
    weights: ModelWeights, settings: Settings, num_tokens: int | None, num_sequences: int, progress: Progress
) -> LoadedRunner:
    dtype = choose_dtype(settings, weights.config)
    network = load_network(weights, settings, dtype, progress)
    from zaphod.engine.torch_runner import DEFAULT_BLOCK_SIZE, TorchRunner

    fitting = _tokens_that_fit(weights.config, dtype)
    max_len = settings.context or min(fitting, weights.config.context_length)
    num_tokens = num_tokens or max(max_len, min(fitting, num_sequences * max_len))
    runner = TorchRunner(network, max_len=max_len, num_blocks=-(-num_tokens // DEFAULT_BLOCK_SIZE))
    threads = num_threads(settings)
    speed = _at_most(active_weight_bytes(weights.config, dtype), threads)
    return LoadedRunner(
        runner=runner, description=f"PyTorch, {dtype}", speed=speed, reads_disk=False, num_threads=threads
    )


def _at_most(token_bytes: float, threads: int) -> str | None:
    if token_bytes < _WORTH_A_FORECAST_BYTES:
        return None
    return "at most " + speed_limit(token_bytes, read_bandwidth(threads))


def _tracked(names: list[str], progress: Progress) -> Iterable[str]:
    def steps() -> Iterator[str]:
        with progress.step("loading", len(names), "tensors") as advance:
            for name in names:
                yield name
                advance(1)

    return steps()


def _require_memory(needed_bytes: float, dtype: str) -> None:
    machine = this_machine()
    if needed_bytes > machine.available_memory_bytes:
        smaller = "Pass --dtype bfloat16, which needs half. " if dtype == "float32" else ""
        raise CapacityError(
            f"The weights take {format_bytes(needed_bytes)}{_in(dtype)}; "
            f"{format_bytes(machine.available_memory_bytes)} of {format_bytes(machine.memory_bytes)} are free.",
            "All of them must fit into the memory.",
            f"{smaller}Close other programs, choose a smaller model, or move to a machine with "
            f"{format_bytes(1.1 * needed_bytes)}: `zaphod show MODEL` tells what fits.",
        )


def _in(dtype: str) -> str:
    return "" if dtype == "auto" else f" in {dtype}"


def _tokens_that_fit(config: ModelConfig, dtype: str) -> int:
    """As many as the cache may take of the memory that the weights leave free."""
    token_bytes = kv_bytes_per_token(config, 4 if dtype == "float32" else 2)
    return max(1, int(_CACHE_SHARE * this_machine().available_memory_bytes / token_bytes))
