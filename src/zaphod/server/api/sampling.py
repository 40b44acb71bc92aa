"""How tokens are chosen and when to stop, as chat and completions ask for it; knows neither of them.

Defaults are OpenAI's: temperature 1, everything likely enough to be drawn, and as long an answer as the context leaves
room for. Beside OpenAI's fields there are those that vLLM and llama.cpp have under the same names.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zaphod.engine import SamplingParams
from zaphod.engine.grammar import GrammarSpec
from zaphod.server.api.fields import MAX_TOKEN_ID, RequestModel, TokenId

DEFAULT_TEMPERATURE = 1.0
MAX_ANSWERS = 16
MAX_STOPS = 16
"""OpenAI takes 4; the Anthropic API and agents use more."""
MAX_LOGPROBS = 20

_StopText = Annotated[str, Field(min_length=1, max_length=1024)]
_Bias = Annotated[float, Field(ge=-100, le=100)]
_TokenKey = Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]


class SamplingFields(RequestModel):
    """The fields that chat and completions share."""

    temperature: Annotated[float | None, Field(ge=0, le=2, description="0 takes the likeliest token. Default 1.")] = (
        None
    )
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    logit_bias: Annotated[
        dict[_TokenKey, _Bias] | None, Field(max_length=1024, description="Token ids, as texts, to what is added.")
    ] = None
    seed: Annotated[int | None, Field(ge=-(2**63), le=2**63 - 1)] = None
    stop: _StopText | Annotated[list[_StopText], Field(max_length=MAX_STOPS)] | None = None
    n: Annotated[int | None, Field(ge=1, le=MAX_ANSWERS)] = None

    top_k: Annotated[int | None, Field(ge=-1, le=MAX_TOKEN_ID, description="Zaphod; 0 and -1: no limit.")] = None
    min_p: Annotated[float | None, Field(ge=0, le=1, description="Zaphod.")] = None
    repetition_penalty: Annotated[float | None, Field(ge=0.01, le=100, description="Zaphod.")] = None
    stop_token_ids: Annotated[list[TokenId] | None, Field(max_length=64, description="Zaphod.")] = None
    ignore_eos: Annotated[bool | None, Field(description="Zaphod: go on after the model's own end.")] = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end an answer."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


def sampling_of(
    fields: SamplingFields,
    *,
    max_tokens: int | None,
    logprobs: int | None,
    grammar: GrammarSpec | None = None,
) -> SamplingParams:
    """What the engine is told.

    Args:
        fields: of the request.
        max_tokens: None for all that the context leaves, which whoever knows the prompt cuts it to.
        logprobs: alternatives to report for each token; None for no report.
        grammar: what the answer must look like.

    Raises:
        RequestError: a value is impossible.
    """
    bias = {int(token_id): value for token_id, value in (fields.logit_bias or {}).items()}
    return SamplingParams(
        temperature=_or(fields.temperature, DEFAULT_TEMPERATURE),
        top_k=fields.top_k if fields.top_k is not None and fields.top_k > 0 else None,
        top_p=max(_or(fields.top_p, 1.0), 1e-9),  # OpenAI takes 0, which leaves the likeliest token alone
        min_p=_or(fields.min_p, 0.0),
        repetition_penalty=_or(fields.repetition_penalty, 1.0),
        presence_penalty=_or(fields.presence_penalty, 0.0),
        frequency_penalty=_or(fields.frequency_penalty, 0.0),
        logit_bias=bias,
        seed=None if fields.seed is None else fields.seed % 2**63,
        max_tokens=MAX_TOKEN_ID if max_tokens is None else max_tokens,
        stop=fields.stops,
        stop_token_ids=tuple(fields.stop_token_ids or ()),
        ignore_eos=bool(fields.ignore_eos),
        logprobs=logprobs,
        grammar=grammar,
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
