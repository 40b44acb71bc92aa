"""`/v1/responses/{response_id}`: responses that were kept, asked for again or removed. Knows no model and no store."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from zaphod.server.api.fields import ERROR_RESPONSES, ShortText
from zaphod.server.api.responses_document import DeletedResponse, ItemList, ResponseObject
from zaphod.server.api.responses_storing import stored_responses_of
from zaphod.server.api.sse import JsonBody
from zaphod.server.api.stored_items import page_of
from zaphod.server.errors import ApiError

router = APIRouter(tags=["OpenAI"])

_Passed = Annotated[list[ShortText] | None, Field(max_length=16, description="Read and passed over.")]


class _Query(BaseModel):
    """What may stand behind the question mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include: _Passed = None
    include_listed: Annotated[_Passed, Field(alias="include[]")] = None


class RetrieveQuery(_Query):
    """How a response is asked for again."""

    stream: Annotated[bool, Field(description="Refused if true: what is kept is sent at once.")] = False
    starting_after: Annotated[None, Field(description="Goes with `stream`.")] = None
    include_obfuscation: Annotated[bool | None, Field(description="Goes with `stream`.")] = None


class ItemsQuery(_Query):
    """Which items are listed."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: Annotated[ShortText | None, Field(description="The `last_id` of the page before.")] = None
    order: Annotated[Literal["asc", "desc"], Field(description="`asc`: the earliest first.")] = "desc"


@router.get(
    "/v1/responses/{response_id}",
    response_model=ResponseObject,
    responses=ERROR_RESPONSES,
    summary="A stored response",
)
async def get_response(request: Request, response_id: str, query: Annotated[RetrieveQuery, Query()]) -> Response:
    """Gives a response that was created with `store: true`, as it was sent."""
    if query.stream:
        message = "`stream` is true. What is kept is complete, and is sent at once. Leave it out."
        raise ApiError(400, "invalid_value", message, param="stream")
    return JsonBody(await stored_responses_of(request).body(response_id))


@router.delete(
    "/v1/responses/{response_id}",
    response_model=DeletedResponse,
    responses=ERROR_RESPONSES,
    summary="Remove a stored response",
)
async def delete_response(request: Request, response_id: str) -> Response:
    """Removes a response with what it answers. Nothing that goes on from it can be gone on from any more."""
    await stored_responses_of(request).delete(response_id)
    return JsonBody({"id": response_id, "object": "response", "deleted": True})


@router.get(
    "/v1/responses/{response_id}/input_items",
    response_model=ItemList,
    responses=ERROR_RESPONSES,
    summary="What a stored response answers",
)
async def list_input_items(request: Request, response_id: str, query: Annotated[ItemsQuery, Query()]) -> Response:
    """Lists the items that a stored response answers, with those of the responses that it goes on from."""
    items = await stored_responses_of(request).input_items(response_id)
    return JsonBody(page_of(items, limit=query.limit, after=query.after, order=query.order))


@router.post(
    "/v1/responses/{response_id}/cancel",
    status_code=400,
    responses=ERROR_RESPONSES,
    summary="Refused: nothing runs in the background",
)
async def cancel_response(request: Request, response_id: str) -> Any:
    """Refused: a response that is stored is complete. Closing its connection cancels one that is being written."""
    await stored_responses_of(request).require(response_id)
    message = (
        "This response is complete: nothing runs in the background here. "
        "Closing the connection cancels a response that is being written. Delete this one if nobody needs it."
    )
    raise ApiError(400, "invalid_value", message, param="response_id")
