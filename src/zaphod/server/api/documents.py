"""Bodies of answers as the OpenAPI document describes them; for readers, not for the code that writes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class PromptDetails(BaseModel):
    """More on the prompt's tokens."""

    cached_tokens: int = Field(description="Those that were known from before and not computed again.")


class TokenUsage(BaseModel):
    """What an answer took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails | None = None


class GuardFinding(BaseModel):
    """Something that was redacted, held or blocked; never what stood there."""

    stage: Literal["input", "retrieval", "tool_call", "output"]
    where: str = Field(description="A field of the request, or an answer, like `choices.0`.")
    rule: str
    title: str
    action: Literal["redact", "confirm", "block"]
    start: int = Field(description="In characters of what stood there; `end` is the first one after it.")
    end: int
    score: float
    views: list[str] = Field(description="What was done to the text before it was seen.")


class HeldThing(BaseModel):
    """Something that waits for a person: `POST /zaphod/confirmations/{id}` decides."""

    id: str
    kind: Literal["input", "tool_call"]
    name: str | None
    content: str | None
    reasons: list[dict[str, str]]
    expires_at: int


class GuardFacts(BaseModel):
    """What the guard did."""

    policy: str
    findings: list[GuardFinding]
    held: list[HeldThing]


class ZaphodFacts(BaseModel):
    """Zaphod's own: energy, speed, and the mode that was used."""

    energy_j: float | None = Field(None, description="Joules that this request took; null if nobody knows.")
    energy_source: str | None = Field(None, description="`RAPL`, `NVML` or `estimated`.")
    tokens_per_s: float | None = None
    mode: str | None = None
    mode_reason: str | None = Field(None, description="Why another mode than asked for.")
    guard: GuardFacts | None = Field(None, description="Null where nothing was redacted, held or blocked.")
    experts: list[Any] | None = Field(None, description="With `routing`: of each answer, token and layer.")


class TopLogprob(BaseModel):
    """A likely token."""

    token: str
    logprob: float
    bytes: list[int] | None


class ContentLogprob(TopLogprob):
    """A token of the answer, and what else was likely."""

    top_logprobs: list[TopLogprob]


class ChatLogprobs(BaseModel):
    """Of an answer's tokens."""

    content: list[ContentLogprob] | None
    refusal: None = None


class CalledFunction(BaseModel):
    """A function and what it is to be called with."""

    name: str
    arguments: str = Field(description="JSON as a text, which may be cut off where `finish_reason` is `length`.")


class MessageToolCall(BaseModel):
    """A call that the model asks for."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(BaseModel):
    """What the model says."""

    role: Literal["assistant"]
    content: str | None
    refusal: None = None
    tool_calls: list[MessageToolCall] | None = None


class ChatChoice(BaseModel):
    """One of the answers."""

    index: int
    message: AnswerMessage
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason


class ChatCompletion(BaseModel):
    """The answers of `POST /v1/chat/completions`; with `stream`, events of OpenAI's `chat.completion.chunk`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChoice]
    usage: TokenUsage
    zaphod: ZaphodFacts


class CallDelta(BaseModel):
    """The beginning of a call, or more of its arguments."""

    index: int
    id: str | None = None
    type: Literal["function"] | None = None
    function: dict[str, str]


class ChatDelta(BaseModel):
    """What is new of an answer."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    refusal: None = None
    tool_calls: list[CallDelta] | None = None


class ChatChunkChoice(BaseModel):
    """More of one of the answers."""

    index: int
    delta: ChatDelta
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason | None


class ChatCompletionChunk(BaseModel):
    """An event of `POST /v1/chat/completions` with `stream`. The last one, with the usage, has no choices."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChunkChoice]
    usage: TokenUsage | None = None
    zaphod: ZaphodFacts | None = None


class CompletionLogprobLists(BaseModel):
    """Of an answer's tokens, side by side."""

    tokens: list[str]
    token_logprobs: list[float | None]
    """None for the first token of a prompt, before which nothing comes."""
    top_logprobs: list[dict[str, float] | None]
    text_offset: list[int]


class CompletionChoice(BaseModel):
    """One of the answers."""

    index: int
    text: str
    logprobs: CompletionLogprobLists | None
    finish_reason: Literal["stop", "length", "content_filter"] | None


class TextCompletion(BaseModel):
    """The answers of `POST /v1/completions`; with `stream`, events of the same shape."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[CompletionChoice]
    usage: TokenUsage | None = None
    zaphod: ZaphodFacts | None = None


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    root: str = Field(description="The model that an adapter belongs to.")
    max_model_len: int | None = Field(description="Tokens of prompt and answer together; null while it loads.")


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"]
    data: list[Model]


class Embedding(BaseModel):
    """One of the vectors."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str = Field(description="Numbers, or little-endian float32 in base64.")


class EmbeddingUsage(BaseModel):
    """What the vectors took."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The answer of `POST /v1/embeddings`: mean hidden states of length 1."""

    object: Literal["list"]
    model: str
    data: list[Embedding]
    usage: EmbeddingUsage


class Tokens(BaseModel):
    """The answer of `POST /tokenize`."""

    tokens: list[int]
    count: int
    max_model_len: int
    token_strs: list[str] | None = None


class DetokenizedText(BaseModel):
    """The answer of `POST /detokenize`."""

    prompt: str
