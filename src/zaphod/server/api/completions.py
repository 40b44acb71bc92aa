"""`POST /v1/completions`: prompts continued as they are; knows no conversation, no tool and no mode.

Names of special tokens in a prompt mean these tokens: whoever sends a whole prompt writes all of it.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from zaphod.server.api.answering import Answering, Continuation
from zaphod.server.api.answers import answering_of, at_once, streamed
from zaphod.server.api.calls import call_of
from zaphod.server.api.chat_request import StreamOptions
from zaphod.server.api.completion_answer import CompletionShape, chunks, whole
from zaphod.server.api.documents import TextCompletion
from zaphod.server.api.fields import (
    ERROR_RESPONSES,
    EVENT_STREAM,
    MAX_TOKEN_ID,
    JsonRoute,
    Name,
    Routing,
    ShortText,
    Stream,
    conflict,
)
from zaphod.server.api.prompt_input import PromptInput, token_prompts
from zaphod.server.api.refusing import refused
from zaphod.server.api.response_format import ResponseFormat, grammar_of
from zaphod.server.api.sampling import MAX_ANSWERS, MAX_LOGPROBS, SamplingFields, sampling_of
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation
from zaphod.server.services import services_of

MAX_PROMPTS = 64
MAX_TOTAL_ANSWERS = 128
_DEFAULT_MAX_TOKENS = 16  # OpenAI's

router = APIRouter(route_class=JsonRoute, tags=["OpenAI"])


class CompletionRequest(SamplingFields):
    """Everything that `POST /v1/completions` takes."""

    prompt: Annotated[
        PromptInput, Field(description=f"A text or its token ids, or up to {MAX_PROMPTS} of them in a list.")
    ]
    model: Name | None = None
    stream: Stream | None = None
    stream_options: Annotated[StreamOptions | None, Field(description="Goes with `stream`.")] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=MAX_TOKEN_ID, description="Default 16, as OpenAI's.")] = None
    logprobs: Annotated[int | None, Field(ge=0, le=MAX_LOGPROBS)] = None
    echo: Annotated[bool | None, Field(description="Begin with the prompt; `logprobs` are then of its tokens too.")] = (
        None
    )
    best_of: Annotated[int | None, Field(ge=1, le=MAX_ANSWERS, description="Nothing but `n`.")] = None
    response_format: ResponseFormat | None = None
    routing: Routing = False
    user: ShortText | None = None
    suffix: Annotated[
        str | None, Field(max_length=0), refused("The models here do not fill gaps: leave it out", unless=("",))
    ] = None

    @property
    def scores_prompts(self) -> bool:
        """Whether it is told how likely the prompts' tokens are."""
        return bool(self.echo) and self.logprobs is not None

    @model_validator(mode="after")
    def _fits_together(self) -> CompletionRequest:
        if self.best_of is not None and self.best_of != (self.n or 1):
            raise conflict("best_of", "`best_of` must be `n`: answers are not ranked here")
        if self.stream_options is not None and not self.stream:
            raise conflict("stream_options", '`stream_options` goes with `"stream": true`')
        return self


@router.post(
    "/v1/completions",
    response_model=TextCompletion,
    responses={**ERROR_RESPONSES, 200: EVENT_STREAM},
    summary="Continue prompts",
)
async def completions(request: Request, body: CompletionRequest) -> Response:
    """Continues prompts, without a chat template. With `stream`, chunks end with `[DONE]`."""
    call = call_of(request, body.model)
    answering = answering_of(request)
    asked = await _continuation(answering, body, call.conversation)
    shape = _shape(request, answering, body, asked, call.request_id)
    events = answering.continue_(asked, call)
    if body.stream:
        return await streamed(request, call, events, lambda begun: chunks(begun, shape))
    return await at_once(request, call, events, lambda gathered: whole(gathered, shape))


async def _continuation(
    answering: Answering, body: CompletionRequest, conversation: Conversation | None
) -> Continuation:
    prompts = await token_prompts(
        answering.prompts, body.prompt, answering.max_prompt_tokens, MAX_PROMPTS, conversation
    )
    num_answers = body.n or 1
    if len(prompts) * num_answers > MAX_TOTAL_ANSWERS:
        total = len(prompts) * num_answers
        message = f"{total} answers are asked for. At most {MAX_TOTAL_ANSWERS} are given to a request. Split it."
        raise ApiError(400, "invalid_value", message, param="n")
    sampling = sampling_of(
        body,
        max_tokens=body.max_tokens or _DEFAULT_MAX_TOKENS,
        logprobs=body.logprobs,
        grammar=grammar_of(body.response_format),
    )
    if body.scores_prompts and sampling.max_tokens == 1:
        # Whoever scores prompts so leaves off the last token told, which must not be the prompt's own.
        sampling = dataclasses.replace(sampling, ignore_eos=True)
    return Continuation(
        prompts=prompts,
        sampling=sampling,
        num_answers=num_answers,
        reports_experts=body.routing,
        scores_prompts=body.scores_prompts,
    )


def _shape(
    request: Request, answering: Answering, body: CompletionRequest, asked: Continuation, request_id: str
) -> CompletionShape:
    engine = services_of(request).engine
    assert engine is not None
    texts: list[Any] = [""] * len(asked.prompts)
    if body.echo:
        # Places of tokens are told in a text that has all of them.
        skip_special = not body.scores_prompts
        texts = [engine.tokenizer.decode(prompt, skip_special=skip_special) for prompt in asked.prompts]
    return CompletionShape(
        answer_id=f"cmpl-{request_id}",
        model=answering.model_name(body.model),
        tokenizer=engine.tokenizer,
        echoes=[text for text in texts for _ in range(asked.num_answers)],
        first_tokens=[prompt[0] for prompt in asked.prompts for _ in range(asked.num_answers) if asked.scores_prompts],
        includes_usage=body.stream_options is not None and body.stream_options.include_usage is True,
    )
