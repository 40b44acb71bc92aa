"""From a model's name to a model in memory with its tokenizer, for the commands that compute; knows no verb."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zaphod.capacity.hardware import this_machine
from zaphod.capacity.parameters import kv_bytes_per_token, weight_bytes
from zaphod.cli.options import Compat
from zaphod.core.configuration import Settings
from zaphod.core.errors import CapacityError, TokenizerError
from zaphod.core.progress import Progress
from zaphod.core.tokenizers import ChatMessage, Tokenizer, load_tokenizer, render_chat
from zaphod.core.units import format_bytes
from zaphod.model.compat import as_llama_cpp
from zaphod.model.config import ModelConfig
from zaphod.model.fetching.references import resolve, resolve_config
from zaphod.model.files.weights import ModelWeights, open_model

if TYPE_CHECKING:
    from zaphod.engine import Engine
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
    dtype: str
    num_threads: int
    context_tokens: int
    load_s: float

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
    _require_memory(weights.config, dtype)
    import torch

    from zaphod.model.loading import DTYPES, load_transformer

    torch.set_num_threads(num_threads(settings))
    return load_transformer(weights, DTYPES[dtype], lambda names: _tracked(names, progress))


def num_threads(settings: Settings) -> int:
    """What was asked for, or every core that may be used."""
    return settings.threads or this_machine().num_cores


def load_model(settings: Settings, config: str | None, compat: Compat | None, progress: Progress) -> LoadedModel:
    """Everything that answers need, in memory."""
    start_s = time.perf_counter()
    with open_weights(settings, config, compat) as weights:
        tokenizer = its_tokenizer(weights)
        dtype = choose_dtype(settings, weights.config)
        network = load_network(weights, settings, dtype, progress)
        shape = weights.config
    from zaphod.engine import Engine
    from zaphod.engine.torch_runner import TorchRunner

    context_tokens = settings.context or _context_that_fits(shape, dtype)
    engine = Engine(
        TorchRunner(network, max_len=context_tokens),
        eos_token_ids=[*shape.eos_token_ids, *tokenizer.eos_token_ids],
        num_token_ids=tokenizer.vocab_size,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
    )
    return LoadedModel(
        config=shape,
        tokenizer=tokenizer,
        engine=engine,
        dtype=dtype,
        num_threads=num_threads(settings),
        context_tokens=context_tokens,
        load_s=time.perf_counter() - start_s,
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


def _require_memory(config: ModelConfig, dtype: str) -> None:
    needed_bytes, machine = weight_bytes(config, dtype), this_machine()
    if needed_bytes > machine.available_memory_bytes:
        smaller = "Pass --dtype bfloat16, which needs half. " if dtype == "float32" else ""
        raise CapacityError(
            f"The weights take {format_bytes(needed_bytes)} in {dtype}; {format_bytes(machine.available_memory_bytes)} "
            f"of {format_bytes(machine.memory_bytes)} are free.",
            "All of them must fit into the memory.",
            f"{smaller}Close other programs, choose a smaller model, or move to a machine with "
            f"{format_bytes(1.1 * needed_bytes)}: `zaphod show MODEL` tells what fits.",
        )


def _context_that_fits(config: ModelConfig, dtype: str) -> int:
    """The model's own context, or as much of it as the cache may take of the free memory."""
    token_bytes = kv_bytes_per_token(config, 4 if dtype == "float32" else 2)
    return max(1, min(config.context_length, int(_CACHE_SHARE * this_machine().available_memory_bytes / token_bytes)))
