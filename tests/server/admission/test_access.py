from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route
from tests.server.admission.conftest import all_routes, echo

import zaphod.server
from zaphod.server.admission import ACCESS, PUBLIC, routes_without_a_row
from zaphod.server.admission.access import WORK, find_place


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/live", "/live"),
        ("/v1/models/org/name", "/v1/models/{model:path}"),
        ("/page/page.js", "/page/{name:path}"),
        ("/v1/messages/count_tokens", "/v1/messages/count_tokens"),
    ],
)
def test_a_path_leads_to_its_row(path: str, template: str) -> None:
    place = find_place(path)
    assert place is not None
    assert place.template == template


@pytest.mark.parametrize(
    "path",
    ["", "/v1", "/v1/", "//live", "/live/", "/LIVE", "/page/", "/page/../metrics", "/page/./x", "/page/..",
     "/page//etc/passwd",
     "/v1//models", "/page\\..\\metrics", "/page/a\0b", "/v1/models/", "/docs", "/redoc", "/live\n", "*"],
)  # fmt: skip
def test_everything_else_leads_nowhere(path: str) -> None:
    assert find_place(path) is None


def test_only_liveness_and_the_page_are_public() -> None:
    assert {path for (_, path), rule in ACCESS.items() if rule is PUBLIC} == {"/live", "/", "/page/{name:path}"}


def test_whoever_may_get_may_ask_for_the_head() -> None:
    place = find_place("/metrics")
    assert place is not None
    assert place.rules == {"GET": "metrics", "HEAD": "metrics"}


def test_an_application_with_a_row_for_each_route_passes() -> None:
    assert routes_without_a_row(all_routes().routes) == []


def every_router() -> Iterator[APIRouter]:
    """Of all modules of the server, whoever adds them to the application."""
    for module in pkgutil.walk_packages(zaphod.server.__path__, "zaphod.server."):
        if "engine_process" in module.name or "ray" in module.name:
            continue  # processes of their own, without routes
        router = getattr(importlib.import_module(module.name), "router", None)
        if isinstance(router, APIRouter):
            yield router


def test_the_server_has_no_route_without_a_row_and_no_row_without_a_route() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    for router in every_router():
        app.include_router(router)
    assert routes_without_a_row(app.routes) == []
    assert {path for _, path in ACCESS} <= {context.path for context in iter_route_contexts(app.routes)}


def test_a_route_without_a_row_is_named_wherever_it_hides() -> None:
    router = APIRouter()
    router.add_api_route("/v1/secret", echo, methods=["DELETE"])
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(router, prefix="/inner")
    app.router.routes += [Route("/x", echo, methods=["POST"]), Mount("/files", app=all_routes())]
    assert ("DELETE", "/inner/v1/secret") in routes_without_a_row(app.routes)
    assert ("POST", "/x") in routes_without_a_row(app.routes)
    assert ("GET", "/files/live") in routes_without_a_row(app.routes)


def test_work_is_what_is_posted_to_known_routes() -> None:
    assert {("POST", template) for template in WORK} <= ACCESS.keys()
