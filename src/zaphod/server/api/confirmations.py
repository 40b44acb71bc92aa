"""`/zaphod/confirmations`: what waits for a person, and that person's word. Knows neither rules nor models.

A program that asks for answers should not be able to confirm its own requests: give people keys with the scope
`confirm`, and programs keys without it.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from zaphod.core.errors import RequestError
from zaphod.safety.guard.authority.confirmation import Confirmations, Held
from zaphod.server.api.documents import HeldThing
from zaphod.server.api.fields import ERROR_RESPONSES, JsonRoute, RequestModel
from zaphod.server.api.sse import JsonBody
from zaphod.server.caller import Caller
from zaphod.server.errors import ApiError
from zaphod.server.guarding.telling import held_json
from zaphod.server.services import services_of

router = APIRouter(tags=["Guard"])
_deciding = APIRouter(route_class=JsonRoute)


class HeldThings(BaseModel):
    """Everything that waits, oldest first."""

    data: list[HeldThing]


class DecisionRequest(RequestModel):
    """A person's word."""

    decision: Literal["approve", "deny"]


class Decided(BaseModel):
    """What follows from it."""

    id: str
    decision: Literal["approved", "denied"]
    kind: Literal["input", "tool_call"]
    call: dict[str, Any] | None = Field(description="The call that may be made now, as OpenAI writes calls.")


@router.get("/zaphod/confirmations", response_model=HeldThings, responses=ERROR_RESPONSES, summary="What waits")
async def confirmations(request: Request) -> dict[str, Any]:
    """Lists what waits for a person in the key's tenant: texts, and calls with their arguments."""
    caller: Caller = request.state.caller
    waiting = _confirmations(request).waiting(caller.tenant)
    return {"data": [held_json(held) for held in waiting]}


@_deciding.post(
    "/zaphod/confirmations/{held_id}",
    response_model=Decided,
    responses=ERROR_RESPONSES,
    summary="Approve or deny",
    openapi_extra={"parameters": [{"name": "held_id", "in": "path", "required": True, "schema": {"type": "string"}}]},
)
async def decide(request: Request, body: DecisionRequest) -> Response:
    """Approves or denies what waits, once. An approved call is returned; an approved text may be sent again."""
    caller: Caller = request.state.caller
    held_id: str = request.path_params["held_id"]
    waiting = _confirmations(request)
    decision: Literal["approved", "denied"] = "approved" if body.decision == "approve" else "denied"
    journal = _guarding(request).journal
    known = next((held for held in waiting.waiting(caller.tenant) if held.id == held_id), None)
    if known is not None and journal is not None:
        details = {"kind": known.kind, "digest": known.digest}
        await journal.write(caller, "confirmation", held_id, decision, details=details)
    try:
        held = waiting.decide(caller.tenant, held_id, decision)
    except RequestError as error:
        message = str(error).replace("\n", " ")
        raise ApiError(404, "confirmation_not_found", message, param="held_id") from error
    return JsonBody({"id": held.id, "decision": decision, "kind": held.kind, "call": _call(held)})


router.include_router(_deciding)


def _guarding(request: Request) -> Any:
    guarding = services_of(request).guarding
    if guarding is None:
        message = "This server has no guard, so nothing waits. It was started with --guard off. Ask its operator."
        raise ApiError(404, "confirmation_not_found", message)
    return guarding


def _confirmations(request: Request) -> Confirmations:
    waiting: Confirmations = _guarding(request).confirmations
    return waiting


def _call(held: Held) -> dict[str, Any] | None:
    if held.kind != "tool_call" or held.decision != "approved":
        return None
    return {"id": f"call_{held.id}", "type": "function", "function": {"name": held.name, "arguments": held.content}}
