"""`/zaphod/plan`: what a deployment would take, for the planner's page; knows no formula and no engine.

A model is one of those that are known by name: a client cannot make the server open files. Plans are computed one at a
time on a thread, kept for whoever asks the same, and refused while several wait.
"""

from __future__ import annotations

import asyncio
import difflib
import functools
import threading
from collections.abc import Collection
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from zaphod.capacity.catalogue.accelerators import accelerators
from zaphod.capacity.catalogue.grid import grids
from zaphod.capacity.estimate import Estimate
from zaphod.capacity.memory.precisions import PRECISIONS
from zaphod.capacity.report.content import Report
from zaphod.capacity.report.tables import answer, as_json, headline, layout_of
from zaphod.capacity.shapes.known import known_shapes
from zaphod.capacity.workload import Workload
from zaphod.core.errors import ZaphodError
from zaphod.server.api.fields import ERROR_RESPONSES, JsonRoute, RequestModel
from zaphod.server.api.sse import JsonBody
from zaphod.server.errors import ApiError

MOST_USERS: Final = 100_000_000
MOST_TOKENS: Final = 10_000_000
_MOST_WAITING: Final = 8
_MOST_CONSIDERED: Final = 40
_KEPT: Final = 256

router = APIRouter(tags=["Planning"])
_asking = APIRouter(route_class=JsonRoute)
_one_at_a_time = threading.Lock()
_waiting = threading.BoundedSemaphore(_MOST_WAITING)


def _one_of(kind: str, names: Collection[str]) -> AfterValidator:
    """Refuses what is none of `names`, and says which is near."""

    def check(name: str) -> str:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]!r}" if near else "GET /zaphod/plan lists them"
            raise PydanticCustomError("unknown_name", f"There is no such {kind}; {len(names)} are known. {hint}")
        return name

    return AfterValidator(check)


def _listed(names: Collection[str]) -> WithJsonSchema:
    """The same for the document."""
    return WithJsonSchema({"type": "string", "enum": list(names)})


_Model = Annotated[str, _one_of("model", known_shapes()), _listed(known_shapes())]
_Gpu = Annotated[str, _one_of("accelerator", accelerators()), _listed(accelerators())]
_Region = Annotated[str, _one_of("region", grids()), _listed(grids())]
_Precision = Annotated[str, _one_of("precision", PRECISIONS), _listed(PRECISIONS)]
_Seconds = Annotated[float, Field(ge=0.001, le=3600)]


class PlanQuestion(RequestModel):
    """What somebody wants to know."""

    model: _Model = "grok-1"
    gpu: _Gpu = "h100"
    users: Annotated[int, Field(ge=1, le=MOST_USERS, description="People with an open session.")] = 1000
    prompt_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] = 1024
    output_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] = 512
    precision: Annotated[_Precision | None, Field(description="The cheapest that fits unless given.")] = None
    region: _Region = "world"
    think_s: Annotated[_Seconds, Field(description="Between an answer and the next request.")] = 60.0
    max_ttft_s: Annotated[_Seconds, Field(description="First token, for 95 of 100 requests.")] = 2.0
    max_itl_s: Annotated[_Seconds, Field(description="Mean time between two tokens.")] = 0.05
    price_per_hour: Annotated[
        float | None, Field(gt=0, le=10_000, description="US dollars for a device; the catalogue's band unless given.")
    ] = None


class Figured(BaseModel):
    """A figure and the interval that holds it in 80 of 100 cases."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    told: str
    """For people, with its unit."""
    amount: str
    """The same without what it is divided by, which the name says."""
    interval: str
    """For people; empty where the figure is exact."""
    basis: list[str]


class CurveSpot(BaseModel):
    """One replica with so many streams at once."""

    concurrency: int
    itl_s: list[float] = Field(description="Low, value, high.")
    output_tokens_per_s: list[float] = Field(description="Low, value, high.")


class Rejected(BaseModel):
    """A layout that was looked at and not chosen."""

    layout: str
    reason: str


class Planned(BaseModel):
    """A plan."""

    title: str
    answer: str
    layout: str
    figures: dict[str, Figured]
    memory: dict[str, float] = Field(description="Bytes of one device.")
    memory_bytes: float = Field(description="That one device has.")
    operating_point: list[float] = Field(description="Output tokens/s of a replica, seconds between two tokens.")
    curve: list[CurveSpot]
    considered: list[Rejected]
    num_considered: int
    assumptions: list[str]


class WhyNot(BaseModel):
    """Why there is no plan: nothing fits, nothing keeps the promise, or nothing was measured that is near enough."""

    found: str
    wanted: str
    remedy: str


class PlanAnswer(BaseModel):
    """One of the two is there."""

    plan: Planned | None
    why_not: WhyNot | None


class ModelChoice(BaseModel):
    """A model that can be planned for."""

    name: str
    parameters: int
    active_parameters: int
    context_tokens: int


class Choice(BaseModel):
    """Something else that can be chosen."""

    name: str
    title: str


class PlanChoices(BaseModel):
    """What `POST /zaphod/plan` knows."""

    models: list[ModelChoice]
    gpus: list[Choice]
    regions: list[Choice]
    precisions: list[Choice]


@router.get("/zaphod/plan", response_model=PlanChoices, responses=ERROR_RESPONSES, summary="What can be planned")
async def choices(request: Request) -> Response:
    """Lists the models, accelerators, regions and precisions that plans can be made of."""
    return JsonBody(_choices())


@_asking.post("/zaphod/plan", response_model=PlanAnswer, responses=ERROR_RESPONSES, summary="Plan a deployment")
async def ask(request: Request, body: PlanQuestion) -> Response:
    """Says what a deployment needs, how fast it is and what it costs, each figure with an interval, or why not."""
    if not _waiting.acquire(blocking=False):
        message = f"{_MOST_WAITING} plans are being made. One is made at a time. Come back in a second."
        raise ApiError(429, "too_many_plans", message, headers={"Retry-After": "1"})
    try:
        told = await asyncio.to_thread(_answer, body)
    finally:
        _waiting.release()
    return JsonBody(told)


router.include_router(_asking)


def _answer(body: PlanQuestion) -> dict[str, Any]:
    with _one_at_a_time:
        return _planned(body)


@functools.lru_cache(maxsize=_KEPT)
def _planned(body: PlanQuestion) -> dict[str, Any]:
    try:
        return {"plan": _plan(body), "why_not": None}
    except ZaphodError as error:  # an answer, too: nothing fits, or nothing that was measured is near enough
        why_not = {"found": error.found, "wanted": error.wanted, "remedy": error.remedy}
        return {"plan": None, "why_not": why_not}


def _plan(body: PlanQuestion) -> dict[str, Any]:
    from zaphod.capacity.planning import PlanRequest, plan  # here, because few servers are asked for plans
    from zaphod.capacity.report.curve import curve_of

    workload = Workload(
        users=body.users,
        prompt_tokens=body.prompt_tokens,
        output_tokens=body.output_tokens,
        think_s=body.think_s,
        max_ttft_s=body.max_ttft_s,
        max_itl_s=body.max_itl_s,
    )
    made = plan(
        PlanRequest(
            model=body.model,
            gpu=body.gpu,
            workload=workload,
            precision=body.precision,
            region=body.region,
            price_per_hour=body.price_per_hour,
        )
    )
    return told(Report(plan=made, curve=curve_of(made)))


def told(report: Report) -> dict[str, Any]:
    """A plan as `Planned` has it."""
    made, whole, service = report.plan, as_json(report), report.plan.service
    shown = made.considered[:_MOST_CONSIDERED]
    return {
        "title": headline(made),
        "answer": answer(made),
        "layout": layout_of(made.replica),
        "figures": whole["figures"],
        "memory": whole["memory"],
        "memory_bytes": made.replica.accelerator.memory_bytes,
        "operating_point": [service.output_tokens_per_s.value, service.itl_s.value],
        "curve": [
            {
                "concurrency": point.concurrency,
                "itl_s": _ends(point.itl_s),
                "output_tokens_per_s": _ends(point.output_tokens_per_s),
            }
            for point in report.curve
        ],
        "considered": [{"layout": layout_of(one.replica), "reason": one.reason} for one in shown],
        "num_considered": len(made.considered),
        "assumptions": list(made.assumptions),
    }


def _ends(estimate: Estimate) -> list[float]:
    return [estimate.low, estimate.value, estimate.high]


@functools.cache
def _choices() -> dict[str, Any]:
    return {
        "models": [
            {
                "name": name,
                "parameters": shape.total_parameters,
                "active_parameters": shape.active_parameters,
                "context_tokens": shape.context_length,
            }
            for name, shape in known_shapes().items()
        ],
        "gpus": [{"name": name, "title": row.title} for name, row in accelerators().items()],
        "regions": [{"name": name, "title": row.title} for name, row in grids().items()],
        "precisions": [
            {"name": name, "title": f"{row.bits_per_weight:.3g} bits a weight"} for name, row in PRECISIONS.items()
        ],
    }
