"""Requests that are passed on: checked where all engines agree, and otherwise as they came; knows no route.

Every engine has fields of its own, so unknown ones pass. What is known is bounded: a number that no engine can mean is
refused here and costs nobody a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from zaphod.server.api.fields import MAX_MESSAGES, JsonObject, Name, RequestModel, Text
from zaphod.server.errors import ApiError
from zaphod.server.upstream.prefixes import PROMPT_FIELDS

MAX_TOKENS = 2**31 - 1
DEFAULT_ANSWER_TOKENS = 1024
"""Reserved for an answer whose length the client leaves to the engine."""

_OF_SERVERS = frozenset(
    {"previous_response_id", "conversation", "session_params", "kv_transfer_params", "id_slot", "bootstrap_host",
     "bootstrap_port", "bootstrap_room"}
)  # fmt: skip
"""Fields that name what a server keeps of earlier requests: responses (OpenAI, vLLM), sessions and transfers (SGLang),
blocks (vLLM), slots (llama-server)."""

_Count = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
_TokenIds = Annotated[list[Annotated[int, Field(ge=0, le=MAX_TOKENS)]], Field(max_length=1 << 21)]
_Messages = Annotated[list[JsonObject], Field(min_length=1, max_length=MAX_MESSAGES)]
_Texts = Annotated[list[Text], Field(max_length=MAX_MESSAGES)]
_Prompt = Text | _TokenIds | _Texts | Annotated[list[_TokenIds], Field(max_length=MAX_MESSAGES)]


class PassedRequest(RequestModel):
    """What all routes share. Fields that are not listed are passed on to the engine."""

    model_config = ConfigDict(extra="allow")

    model: Name | None = None

    def fields(self) -> dict[str, Any]:
        """The body, as it came."""
        return self.model_dump(exclude_unset=True, by_alias=True)


class PassedGeneration(PassedRequest):
    """What all routes share that answer with text."""

    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=100)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**64)] | None = None


class PassedOpenAi(PassedGeneration):
    """`/v1/chat/completions` and `/v1/completions`."""

    n: Annotated[int, Field(ge=1, le=128)] | None = None
    max_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)] | None = None
    presence_penalty: Annotated[float, Field(ge=-100, le=100)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-100, le=100)] | None = None
    stream_options: JsonObject | None = None


class PassedChat(PassedOpenAi):
    """A chat, for the engine that has the model."""

    messages: _Messages
    max_completion_tokens: _Count | None = None
    tools: Annotated[list[JsonObject], Field(max_length=1024)] | None = None


class PassedCompletion(PassedOpenAi):
    """A text to continue, for the engine that has the model."""

    prompt: _Prompt


class PassedResponse(PassedGeneration):
    """A turn in the Responses API, for the engine that has the model."""

    input: Text | Annotated[list[JsonObject], Field(max_length=MAX_MESSAGES)]
    instructions: Text | None = None
    max_output_tokens: _Count | None = None


class PassedMessages(PassedGeneration):
    """A turn in Anthropic's API, for the engine that has the model."""

    messages: _Messages
    max_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)]
    system: Text | list[JsonObject] | None = None


class PassedTokenCount(PassedRequest):
    """A turn in Anthropic's API of which only the tokens are counted."""

    messages: _Messages


class PassedEmbedding(PassedRequest):
    """Texts to embed, for the engine that has the model."""

    input: _Prompt


class PassedTokens(PassedRequest):
    """Text or tokens; engines name the fields differently."""


def max_answer_tokens(fields: Mapping[str, Any]) -> int:
    """The most that all answers together can have; where the client does not say, a usual length."""
    named = (fields.get(name) for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"))
    longest: int = next((count for count in named if count is not None), DEFAULT_ANSWER_TOKENS)
    return min(MAX_TOKENS, longest * num_answers(fields))


def num_answers(fields: Mapping[str, Any]) -> int:
    """Answers that are asked for."""
    n, prompt = fields.get("n") or 1, fields.get("prompt")
    is_batch = isinstance(prompt, list) and bool(prompt) and not isinstance(prompt[0], int)
    return n * len(prompt) if is_batch and isinstance(prompt, list) else int(n)


def require_names_nothing_kept(fields: Mapping[str, Any]) -> None:
    """What a server keeps it gives to whoever can name it, and behind a gateway it knows no tenants.

    Raises:
        ApiError: 400, a field could name what another tenant said.
    """
    named = sorted(name for name in _OF_SERVERS & fields.keys() if fields[name] is not None)
    if named:
        message = (
            f"`{named[0]}` names what a server behind this gateway keeps, and these know no tenants: it could be "
            "another's. Leave it out, and send the whole conversation."
        )
        raise ApiError(400, "invalid_value", message, param=named[0])


class PromptEstimate:
    """Tokens of prompts by their characters, learnt from what servers say they were."""

    def __init__(self) -> None:
        self._chars_per_token = 3.0

    def num_tokens(self, fields: Mapping[str, Any]) -> int:
        """About how many tokens the prompt has; exactly, where it comes as tokens."""
        num_chars, num_ids = _size([fields[name] for name in PROMPT_FIELDS if fields.get(name)])
        return num_ids + round(num_chars / self._chars_per_token)

    def learn(self, fields: Mapping[str, Any], prompt_tokens: int) -> None:
        """The prompt really had so many tokens."""
        num_chars, num_ids = _size([fields[name] for name in PROMPT_FIELDS if fields.get(name)])
        if num_chars >= 64 and prompt_tokens > num_ids:
            # Templates add tokens of their own: a short prompt says little about texts.
            found = min(8.0, max(0.5, num_chars / (prompt_tokens - num_ids)))
            self._chars_per_token += 0.05 * (found - self._chars_per_token)


_ATTACHED = 4096
"""Characters that an attached image or sound counts as, however long its base64 is."""


def _size(value: Any) -> tuple[int, int]:
    """Characters of text, and token ids, anywhere inside."""
    num_chars = num_ids = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            num_chars += min(len(part), _ATTACHED) if part.startswith("data:") else len(part)
        elif isinstance(part, dict):
            has_data = isinstance(part.get("data"), str)
            num_chars += min(len(part["data"]), _ATTACHED) if has_data else 0
            waiting.extend(one for name, one in part.items() if not (has_data and name == "data"))
        elif isinstance(part, list):
            if part and isinstance(part[0], int):
                num_ids += len(part)
            else:
                waiting.extend(part)
    return num_chars, num_ids
