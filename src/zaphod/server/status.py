"""Routes that tell how the server is: alive, ready, and in figures; none of them makes the engine work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from zaphod import __version__
from zaphod.capacity.hardware import this_machine
from zaphod.server.caller import LOCAL, Scope
from zaphod.server.modes.modes import Mode
from zaphod.server.services import Services, services_of

_MAY_SEE_POWER: frozenset[Scope] = frozenset({"metrics", "admin"})
"""The machine's power tells what others compute on it."""

router = APIRouter(tags=["status"])


_METRICS: dict[str, Any] = {
    "description": "The figures.",
    "content": {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "application/openmetrics-text")},
}


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Readiness(BaseModel):
    """Whether requests will be answered."""

    ready: bool
    reason: str
    step_age_s: float
    """Since the engine's loop turned last."""
    expected_step_s: float
    """How long it was expected to be away then."""


class ModeFacts(BaseModel):
    """A way to speak."""

    name: str
    title: str
    description: str


class ServerStatus(BaseModel):
    """What runs, and how busy it is. Fields are left out where they are not known."""

    version: str
    model: str
    models: list[str] = Field(description="All names that clients may ask for.")
    ready: bool
    reason: str
    modes: list[ModeFacts]
    needs_key: bool
    parameters: int = 0
    active_parameters: int = 0
    runner: str = Field("", description="What computes, for people to read.")
    threads: int = 0
    context_tokens: int = Field(0, description="Of prompt and answer together.")
    num_layers: int = 0
    num_experts: int = 0
    num_chosen: int = Field(0, description="Experts that compute each token.")
    power_w: float | None = Field(None, description="Of the machine; for keys with the scope metrics or admin.")
    energy_source: str | None = None
    memory_bytes: int = Field(0, description="That the engine's process takes.")
    total_memory_bytes: int = Field(0, description="Of the machine.")
    running: int = 0
    waiting: int = 0
    kv_cache_usage: float = Field(0.0, ge=0, le=1)
    tokens_per_s: float | None = None


@router.get("/live", summary="Whether the process is alive")
async def live() -> Alive:
    """Answers as long as the process does; says nothing of the engine."""
    return Alive()


@router.get(
    "/ready",
    summary="Whether requests will be answered",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Requests would not be answered now."}},
)
async def ready(request: Request) -> Response:
    """Read from the age of the engine's last pass against the time it was expected to take; nothing is generated."""
    services = services_of(request)
    readiness = readiness_of(services)
    return JSONResponse(readiness.model_dump(), status_code=200 if readiness.ready else 503)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses={200: _METRICS})
async def metrics(request: Request) -> Response:
    """In the text format of Prometheus, or OpenMetrics where it is asked for."""
    body, media_type = services_of(request).observer.render_metrics(request.headers.get("accept", ""))
    return Response(body, media_type=media_type)


@router.get("/zaphod/status", summary="Figures for the page", response_model=ServerStatus)
async def status(request: Request) -> Response:
    """What runs, and how busy it is. Fields are left out where they are not known."""
    services = services_of(request)
    names = model_names(services)
    readiness = readiness_of(services)
    facts = {
        "version": __version__,
        "model": names[0] if names else "",
        "models": names,
        "ready": readiness.ready,
        "reason": readiness.reason,
        "modes": [] if services.upstream else [_mode(mode) for mode in services.modes],
        "needs_key": request.state.caller != LOCAL,
        **model_facts(services),
        **engine_facts(services),
    }
    if not request.state.caller.scopes & _MAY_SEE_POWER:
        facts["power_w"] = None
    return JSONResponse(facts)


def model_names(services: Services) -> list[str]:
    """What clients may ask for; of other servers what they list, which may change at any time."""
    if services.upstream is None:
        return services.models.names
    return [str(model["id"]) for model in services.upstream.pool.models()]


def _mode(mode: Mode) -> dict[str, str]:
    return {"name": mode.name, "title": mode.title, "description": mode.description}


def readiness_of(services: Services) -> Readiness:
    """Of the engine, unless the server is going away."""
    if services.upstream is not None:
        health = services.upstream.health()
    else:
        assert services.engine is not None
        health = services.engine.health()
    is_draining = services.life.is_draining
    return Readiness(
        ready=health.is_ready and not is_draining,
        reason="the server is shutting down" if is_draining else health.reason,
        step_age_s=health.step_age_s,
        expected_step_s=health.expected_step_s,
    )


def model_facts(services: Services) -> dict[str, Any]:
    """What the model is; nothing where it is not known."""
    model = None if services.engine is None else services.engine.model
    if model is None:
        return {}
    return {
        "parameters": model.num_parameters,
        "active_parameters": model.num_active_parameters,
        "runner": model.runner,
        "threads": model.num_threads,
        "context_tokens": model.context_tokens,
        "num_layers": model.num_layers,
        "num_experts": model.num_experts,
        "num_chosen": model.num_chosen,
    }


def engine_facts(services: Services) -> dict[str, Any]:
    """How busy the engine is, and what it takes."""
    power = services.observer.power()
    figures: dict[str, Any] = {"power_w": power.watts, "energy_source": power.source}
    if services.engine is not None:
        stats = services.engine.stats
        figures |= {
            "memory_bytes": stats.rss_bytes,
            "total_memory_bytes": this_machine().memory_bytes,
            "running": stats.num_running,
            "waiting": stats.num_waiting,
            "kv_cache_usage": stats.kv_cache_usage,
            "tokens_per_s": services.engine.tokens_per_s,
        }
    return figures
