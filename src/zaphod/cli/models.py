"""From a model's name to a model in memory with its tokenizer, for the commands that compute; knows no verb."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zaphod.capacity.hardware import this_machine
from zaphod.capacity.parameters import active_weight_bytes, kv_bytes_per_token, weight_bytes
from zaphod.cli.options import Compat
from zaphod.compute.kernels import dispatch
from zaphod.core.configuration import Settings
from zaphod.core.errors import CapacityError, TokenizerError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.tokenizers import ChatMessage, Tokenizer, load_tokenizer, render_chat
from zaphod.core.units import format_bytes
from zaphod.model.adapters import read_adapter
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import ModelConfig
from zaphod.model.fetching.references import resolve, resolve_config
from zaphod.model.files.weights import ModelWeights, open_model

if TYPE_CHECKING:
    from zaphod.engine import Engine, Runner
    from zaphod.model.transformer import Transformer

# A model this small against the free memory computes in float32, where nothing is rounded away.
_SMALL_SHARE = 0.25
# The cache may take this share of what the weights leave free.
_CACHE_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that can answer."""

    config: ModelConfig
    tokenizer: Tokenizer
    engine: Engine
    runner: str
    """What computes it, and in which number formats, for people to read."""
    token_bytes: float
    """Bytes of weights that one token touches."""
    num_threads: int
    context_tokens: int
    load_s: float
    adapter: str | None = None
    """The adapter to answer with, by its name in the runner."""

    def encode(self, messages: Sequence[ChatMessage]) -> tuple[int, ...]:
        """Token ids of a conversation; where the model has no chat template, of the last message as plain text."""
        if self.tokenizer.chat_template is not None:
            return tuple(self.tokenizer.encode(render_chat(self.tokenizer, messages)))
        return tuple(self.tokenizer.encode(messages[-1]["content"], add_bos=self.tokenizer.wants_bos))


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


def load_model(
    settings: Settings,
    config: str | None,
    compat: Compat | None,
    progress: Progress,
    adapters: Sequence[Path] = (),
) -> LoadedModel:
    """Everything that answers need, in memory.

    Args:
        settings: names the model, and how it is computed.
        config: see `open_weights`.
        compat: see `open_weights`.
        progress: told of every tensor.
        adapters: folders of adapters that requests may ask for by these paths; the first is the one to answer with.
    """
    start_s = time.perf_counter()
    with open_weights(settings, config, compat) as weights:
        tokenizer = its_tokenizer(weights)
        shape = weights.config
        read = {str(folder): read_adapter(folder, shape) for folder in adapters}
        loaded = load_runner(weights, settings, progress=progress)
    for name, adapter in read.items():
        loaded.runner.load_adapter(name, adapter)
    from zaphod.engine import Engine
    from zaphod.engine.grammar import GrammarCompiler

    num_token_ids = min(tokenizer.vocab_size, loaded.runner.vocab_size)
    engine = Engine(
        loaded.runner,
        eos_token_ids=[*shape.eos_token_ids, *tokenizer.eos_token_ids],
        num_token_ids=num_token_ids,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
        grammars=GrammarCompiler(tokenizer, num_token_ids),
    )
    return LoadedModel(
        config=shape,
        tokenizer=tokenizer,
        engine=engine,
        runner=loaded.description,
        token_bytes=loaded.token_bytes,
        num_threads=num_threads(settings),
        context_tokens=loaded.runner.max_len,
        load_s=time.perf_counter() - start_s,
        adapter=next(iter(read), None),
    )


@dataclass(frozen=True, kw_only=True)
class LoadedRunner:
    """Something that computes the network."""

    runner: Runner
    description: str
    token_bytes: float
    """Bytes of weights that one token touches."""


def load_runner(
    weights: ModelWeights, settings: Settings, *, num_tokens: int | None = None, progress: Progress = SILENT
) -> LoadedRunner:
    """The network in memory with its cache.

    Args:
        weights: an opened checkpoint; it may be closed afterwards.
        settings: runner, dtype, threads, and the longest sequence.
        num_tokens: tokens that the cache holds; one longest sequence by default.
        progress: told of every tensor.

    Raises:
        CapacityError: it does not fit into the memory that is free.
    """
    if uses_native(settings):
        return _load_native(weights, settings, num_tokens, progress)
    return _load_torch(weights, settings, num_tokens, progress)


def _load_native(weights: ModelWeights, settings: Settings, num_tokens: int | None, progress: Progress) -> LoadedRunner:
    from zaphod.engine.native_runner import BLOCK_SIZE, CacheDtype, NativeRunner, cache_bytes
    from zaphod.model.native import load_native, native_bytes

    shape, threads = weights.config, num_threads(settings)
    cache_dtype: CacheDtype = "float32" if settings.dtype == "float32" else "float16"
    needed_bytes = native_bytes(weights, settings.dtype)
    _require_memory(needed_bytes, settings.dtype)
    token_bytes = cache_bytes(shape, BLOCK_SIZE, cache_dtype) / BLOCK_SIZE
    max_len = settings.context or _context_that_fits(shape, token_bytes, needed_bytes)
    loaded = load_native(
        weights, precision=settings.dtype, num_threads=threads, track=lambda names: _tracked(names, progress)
    )
    runner = NativeRunner(
        loaded,
        num_threads=threads,
        max_len=max_len,
        num_blocks=-(-(num_tokens or max_len) // BLOCK_SIZE),
        cache_dtype=cache_dtype,
    )
    formats = ", ".join(name for name, _ in sorted(loaded.formats.items(), key=lambda item: -item[1]))
    return LoadedRunner(
        runner=runner,
        description=f"native kernels ({runner.instruction_set}), weights in {formats}",
        token_bytes=active_weight_bytes(shape, "float32") * needed_bytes / weight_bytes(shape, "float32"),
    )


def _load_torch(weights: ModelWeights, settings: Settings, num_tokens: int | None, progress: Progress) -> LoadedRunner:
    dtype = choose_dtype(settings, weights.config)
    network = load_network(weights, settings, dtype, progress)
    from zaphod.engine.torch_runner import DEFAULT_BLOCK_SIZE, TorchRunner

    token_bytes = kv_bytes_per_token(weights.config, 4 if dtype == "float32" else 2)
    max_len = settings.context or _context_that_fits(weights.config, token_bytes, 0)
    runner = TorchRunner(network, max_len=max_len, num_blocks=-(-(num_tokens or max_len) // DEFAULT_BLOCK_SIZE))
    return LoadedRunner(
        runner=runner, description=f"PyTorch, {dtype}", token_bytes=active_weight_bytes(weights.config, dtype)
    )


def its_tokenizer(weights: ModelWeights) -> Tokenizer:
    """The tokenizer that came with the weights. Raises `TokenizerError` where its vocabulary is the larger one."""
    tokenizer = load_tokenizer(weights.tokenizer_files, weights.metadata)
    if tokenizer.vocab_size > weights.config.vocab_size:
        raise TokenizerError(
            f"The tokenizer has {tokenizer.vocab_size} tokens, the model {weights.config.vocab_size}.",
            "Every token needs a row of the model's embedding.",
            "Put the tokenizer files of this model beside its weights.",
        )
    return tokenizer


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


def _context_that_fits(config: ModelConfig, token_bytes: float, weight_bytes: int) -> int:
    """The model's own context, or as much of it as the cache may take of the memory that the weights leave free."""
    free_bytes = this_machine().available_memory_bytes - weight_bytes
    return max(1, min(config.context_length, int(_CACHE_SHARE * free_bytes / token_bytes)))
