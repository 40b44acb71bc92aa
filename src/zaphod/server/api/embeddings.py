"""`POST /v1/embeddings`: the mean of a text's last hidden states, made one long; knows no conversation.

The models here are trained to continue text, not to place it: these vectors compare texts roughly.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from zaphod.server.api.answers import answering_of
from zaphod.server.api.calls import call_of
from zaphod.server.api.documents import EmbeddingList
from zaphod.server.api.fields import ERROR_RESPONSES, JsonRoute, Name, RequestModel, ShortText
from zaphod.server.api.prompt_input import PromptInput, token_prompts
from zaphod.server.api.refusing import refused
from zaphod.server.api.sse import JsonBody, until_gone

MAX_INPUTS = 512

router = APIRouter(route_class=JsonRoute, tags=["OpenAI"])


class EmbeddingRequest(RequestModel):
    """Everything that `POST /v1/embeddings` takes."""

    input: Annotated[
        PromptInput, Field(description=f"A text or its token ids, or up to {MAX_INPUTS} of them in a list.")
    ]
    model: Name | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[
        None, refused("The vectors are as long as the model is wide: leave it out, and cut them yourself")
    ] = None
    user: ShortText | None = None


@router.post(
    "/v1/embeddings", response_model=EmbeddingList, responses=ERROR_RESPONSES, summary="Texts as vectors of length 1"
)
async def embeddings(request: Request, body: EmbeddingRequest) -> Response:
    """Gives one vector for each text: the mean of the last hidden states, divided by its length (L2)."""
    call = call_of(request, body.model)
    answering = answering_of(request)
    name = answering.model_name(body.model)
    prompts = await token_prompts(
        answering.prompts,
        body.input,
        answering.max_prompt_tokens,
        MAX_INPUTS,
        call.conversation,
        allow_special=False,
        param="input",
    )
    vectors = await until_gone(request, answering.embed(prompts, call))
    encode = _base64 if body.encoding_format == "base64" else list
    data = [
        {"object": "embedding", "index": index, "embedding": encode(_of_length_one(vector))}
        for index, vector in enumerate(vectors)
    ]
    num_tokens = sum(map(len, prompts))
    usage = {"prompt_tokens": num_tokens, "total_tokens": num_tokens}
    return JsonBody({"object": "list", "model": name, "data": data, "usage": usage}, headers=call.response_headers)


def _of_length_one(vector_D: Sequence[float]) -> list[float]:
    length = math.sqrt(math.fsum(value * value for value in vector_D))
    return [value / length for value in vector_D] if length > 0 else list(vector_D)


def _base64(vector_D: Sequence[float]) -> Any:
    return base64.b64encode(struct.pack(f"<{len(vector_D)}f", *vector_D)).decode()
