"""`GET /v1/models`: names that clients may ask for; knows nothing of what they are but their length."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request

from zaphod.server.api.documents import Model, ModelList
from zaphod.server.api.fields import ERROR_RESPONSES
from zaphod.server.api.sse import JsonBody
from zaphod.server.errors import ApiError
from zaphod.server.services import Services, services_of

router = APIRouter(tags=["OpenAI"])

_STARTED = int(time.time())


@router.get("/v1/models", response_model=ModelList, responses=ERROR_RESPONSES, summary="Names of models")
async def list_models(request: Request) -> JsonBody:
    """Lists the served model under all its names, and its adapters."""
    services = services_of(request)
    return JsonBody({"object": "list", "data": [_model(services, name) for name in services.models.names]})


@router.get("/v1/models/{model:path}", response_model=Model, responses=ERROR_RESPONSES, summary="One model")
async def retrieve_model(request: Request, model: str) -> JsonBody:
    """Tells of one of them."""
    services = services_of(request)
    if model not in services.models.names:
        known = ", ".join(services.models.names)
        message = f"There is no model {model[:256]!r}. This server has {known}. Name one of them."
        raise ApiError(404, "model_not_found", message, param="model")
    return JsonBody(_model(services, model))


def _model(services: Services, name: str) -> dict[str, Any]:
    engine = services.engine
    return {
        "id": name,
        "object": "model",
        "created": _STARTED,
        "owned_by": "zaphod",
        "root": services.models.own,
        "max_model_len": None if engine is None or engine.model is None else engine.model.context_tokens,
    }
