"""From a model's name to a model in memory with its tokenizer, ready to answer; knows no command and no HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zaphod.core.configuration import Settings
from zaphod.core.errors import TokenizerError
from zaphod.core.progress import Progress
from zaphod.core.tokenizers import ChatMessage, Tokenizer, encode_chat, load_tokenizer
from zaphod.launch.runners import load_runner, open_weights
from zaphod.model.adapters import read_adapter
from zaphod.model.config import ModelConfig
from zaphod.model.files.weights import ModelWeights

if TYPE_CHECKING:
    from zaphod.engine import Engine, EngineConfig, Runner
    from zaphod.engine.grammar import GrammarCompiler
    from zaphod.model.compat import Compat


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that can answer."""

    config: ModelConfig
    tokenizer: Tokenizer
    engine: Engine
    grammars: GrammarCompiler
    """What the engine compiles grammars with; other threads may ask it before a request is added."""
    runner: str
    """What computes it, and in which number formats, for people to read."""
    speed: str | None
    """What is known of its speed before the first token, for people to read; None where that says nothing."""
    reads_disk: bool
    """Whether experts are read from disk while it answers."""
    num_threads: int
    context_tokens: int
    cache_tokens: int
    """Tokens whose keys and values are kept, of all sequences together."""
    load_s: float
    adapter: str | None = None
    """The adapter to answer with, by its name in the runner."""

    def encode(self, messages: Sequence[ChatMessage]) -> tuple[int, ...]:
        """Token ids of a conversation; where the model has no chat template, of the last message as plain text."""
        if self.tokenizer.chat_template is not None:
            return tuple(encode_chat(self.tokenizer, messages))
        return tuple(self.tokenizer.encode(messages[-1]["content"], add_bos=self.tokenizer.wants_bos))


def load_model(
    settings: Settings,
    config: str | None,
    compat: Compat | None,
    progress: Progress,
    adapters: Mapping[str, Path] | None = None,
    *,
    cache_tokens: int | None = None,
    limits: EngineConfig | None = None,
    watch: Callable[[Runner], Runner] | None = None,
) -> LoadedModel:
    """Everything that answers need, in memory.

    Args:
        settings: names the model, and how it is computed.
        config: see `open_weights`.
        compat: see `open_weights`.
        progress: told of every tensor.
        adapters: folders of adapters by the names that requests use; the first is the one to answer with.
        cache_tokens: tokens that keys and values are kept of; as many longest sequences as `limits` lets run and the
            memory holds by default, or one without `limits`.
        limits: of the engine's passes.
        watch: makes of the runner one that also tells about its passes.
    """
    start_s = time.perf_counter()
    with open_weights(settings, config, compat) as weights:
        tokenizer = its_tokenizer(weights)
        shape = weights.config
        read = {name: read_adapter(folder, shape) for name, folder in (adapters or {}).items()}
        loaded = load_runner(
            weights,
            settings,
            num_tokens=cache_tokens,
            num_sequences=1 if limits is None else limits.max_num_sequences,
            progress=progress,
        )
    for name, adapter in read.items():
        loaded.runner.load_adapter(name, adapter)
    from zaphod.engine import Engine
    from zaphod.engine.grammar import GrammarCompiler

    num_token_ids = min(tokenizer.vocab_size, loaded.runner.vocab_size)
    grammars = GrammarCompiler(tokenizer, num_token_ids)
    engine = Engine(
        loaded.runner if watch is None else watch(loaded.runner),
        limits,
        eos_token_ids=[*shape.eos_token_ids, *tokenizer.eos_token_ids],
        num_token_ids=num_token_ids,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
        grammars=grammars,
    )
    return LoadedModel(
        config=shape,
        tokenizer=tokenizer,
        engine=engine,
        grammars=grammars,
        runner=loaded.description,
        speed=loaded.speed,
        reads_disk=loaded.reads_disk,
        num_threads=loaded.num_threads,
        context_tokens=loaded.runner.max_len,
        cache_tokens=loaded.runner.num_blocks * loaded.runner.block_size,
        load_s=time.perf_counter() - start_s,
        adapter=next(iter(read), None),
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
