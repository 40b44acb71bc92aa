"""What gateway and engine process say to each other, as typed msgpack; never pickle. Knows no socket.

Legend: N tokens, L layers with experts, K chosen experts, D width.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from zaphod.engine import SamplingParams


class Load(msgspec.Struct, tag=True, kw_only=True):
    """The first word to an engine process: what to load. Fields are those of `launch.models.load_model`."""

    settings: dict[str, Any]
    config: str | None = None
    compat: str | None = None
    adapters: dict[str, str] = {}
    """Name to folder."""
    max_num_sequences: int
    cache_tokens: int | None = None
    max_batch_tokens: int


class Work(msgspec.Struct, tag=True, kw_only=True, frozen=True):
    """One prompt to continue, or to embed."""

    request_id: str
    prompt_token_ids: tuple[int, ...]
    sampling: SamplingParams = SamplingParams()
    queue: str = ""
    tenant: str = ""
    adapter: str | None = None
    reports_experts: bool = False
    """Whether pieces say which experts computed them."""
    embeds: bool = False
    """Whether the mean of the last hidden states is wanted instead of an answer."""
    scored_from: int | None = None
    """Log-probabilities of the prompt's tokens are wanted from this position on."""


class Cancel(msgspec.Struct, tag=True, kw_only=True):
    """End a request at once; no piece follows."""

    request_id: str


class Stop(msgspec.Struct, tag=True):
    """End the process; running requests are lost."""


class TokenLogprob(msgspec.Struct, array_like=True, frozen=True):
    """Natural-log probability of a produced token, and of the likeliest alternatives as (token id, logprob)."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...]


class Piece(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """What one pass added to a request."""

    request_id: str
    token_ids: tuple[int, ...] = ()
    text: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    """One for each of `token_ids`, where they were asked for."""
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    """Of the prompt's tokens from `Work.scored_from` on; on the first piece with tokens."""
    experts_NLK: tuple[tuple[tuple[int, ...], ...], ...] = ()
    """Experts that computed each of `token_ids`, where they were asked for."""
    finish_reason: Literal["stop", "length", "cancelled"] | None = None
    """Set on the last piece."""
    stop_reason: str | int | None = None
    queue_s: float | None = None
    """Seconds from its arrival until its first pass; on the first piece."""
    num_cached_tokens: int = 0
    """Tokens of the prompt that were in the prefix cache; on the last piece."""
    embedding_D: tuple[float, ...] = ()
    """On the only piece of a `Work` that embeds."""
    error: str | None = None
    """Why the request could not go on, for people; it is then the last piece."""
    error_code: str | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's figures after a pass. Counters begin at 0 with the process."""

    num_running: int = 0
    num_waiting: int = 0
    num_used_blocks: int = 0
    num_blocks: int = 1
    num_queried_tokens: int = 0
    num_hit_tokens: int = 0
    num_preemptions: int = 0
    num_steps: int = 0
    num_prompt_tokens: int = 0
    """Tokens of prompts that passes computed."""
    num_produced_tokens: int = 0
    cpu_s: float = 0.0
    """CPU time of the process."""
    rss_bytes: int = 0

    @property
    def kv_cache_usage(self) -> float:
        """Share of the cache's blocks in use, 0 to 1."""
        return self.num_used_blocks / self.num_blocks


class Pieces(msgspec.Struct, tag=True, kw_only=True, frozen=True):
    """Everything a pass produced."""

    pieces: list[Piece]
    stats: Stats


class Ready(msgspec.Struct, tag=True, kw_only=True, frozen=True):
    """The model is loaded; what it is, in figures read from it."""

    model: str
    family: str
    num_parameters: int
    num_active_parameters: int
    context_tokens: int
    cache_tokens: int
    num_layers: int
    num_experts: int
    num_chosen: int
    hidden_size: int
    runner: str
    """What computes, for people to read."""
    speed: str | None
    num_threads: int
    load_s: float


class Failed(msgspec.Struct, tag=True, kw_only=True, frozen=True):
    """The model cannot be loaded; the process ends. The parts are those of `ZaphodError`."""

    kind: str
    found: str
    wanted: str
    remedy: str


class Progressed(msgspec.Struct, tag=True, kw_only=True, frozen=True):
    """Loading goes on."""

    label: str
    done: int
    total: int
    unit: str


ToEngine = Load | Work | Cancel | Stop
FromEngine = Ready | Failed | Progressed | Pieces

encode = msgspec.msgpack.Encoder().encode
decode_to_engine = msgspec.msgpack.Decoder(ToEngine).decode
decode_from_engine = msgspec.msgpack.Decoder(FromEngine).decode
