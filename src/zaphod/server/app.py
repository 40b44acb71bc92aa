"""The application: which routes there are, and what every request passes on its way to one. Read this file first.

gate (who, from where, how large) -> count of running work -> route -> answering -> engine process
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from zaphod import __version__
from zaphod.core.errors import ZaphodError
from zaphod.server import status
from zaphod.server.admission.gate import Gate, GateOptions
from zaphod.server.api.fields import validation_error
from zaphod.server.document import document, wording
from zaphod.server.errors import ApiError, as_api_error
from zaphod.server.life import CountsWork
from zaphod.server.page import page
from zaphod.server.services import Services


def build_app(services: Services, gate: GateOptions) -> ASGIApp:
    """Everything that answers HTTP.

    Args:
        services: the parts that routes work with.
        gate: who may come in.
    """
    app = FastAPI(
        title="Zaphod",
        version=__version__,
        description=wording.DESCRIPTION,
        openapi_url=None,  # `document` describes more than FastAPI can see
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    for router in _routers(services):
        app.include_router(router)
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(ZaphodError, _on_zaphod_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unforeseen_error)
    door = Gate(CountsWork(AnswersHead(app), services.life), gate, services.keys, services.admission.require_room)
    services.observer.watch_gate(door.refusals)
    if services.guarding is not None:
        services.guarding.watch_gate(door.refusals)
    return door


def _routers(services: Services) -> Sequence[APIRouter]:
    from zaphod.server.api import confirmations, plans

    common = (status.router, document.router, page.router, confirmations.router, plans.router)
    if services.upstream is not None:
        from zaphod.server.upstream import routes

        return [*common, routes.router]
    from zaphod.server.api import chat, completions, embeddings, messages, models, responses, tokens

    apis = (chat, completions, responses, messages, models, embeddings, tokens)
    return [*common, *(api.router for api in apis)]


class AnswersHead:
    """ASGI middleware: HEAD is GET without the body, which the HTTP server leaves out. FastAPI's routes do not do this.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def error_response(request: Request, error: ApiError) -> JSONResponse:
    """The error in the shape that the route's clients read."""
    is_anthropic = request.url.path.startswith("/v1/messages")
    body = error.anthropic() if is_anthropic else error.openai()
    return JSONResponse(body, status_code=error.status, headers=dict(error.headers))


async def _on_api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return error_response(request, error)


async def _on_zaphod_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ZaphodError)
    return error_response(request, as_api_error(error))


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return error_response(request, validation_error(error))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    message = f"{request.method} {request.url.path}: {error.detail}. The routes are listed in /openapi.json."
    found = ApiError(
        error.status_code, codes.get(error.status_code, "http_error"), message, headers=error.headers or {}
    )
    return error_response(request, found)


async def _on_unforeseen_error(request: Request, error: Exception) -> JSONResponse:
    message = f"{type(error).__name__} in the server. This was not foreseen: please report it with the request's id."
    return error_response(request, ApiError(500, "internal_error", message))
