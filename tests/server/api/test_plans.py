"""The planner's route: what it knows, what it answers, and what it does not open."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from zaphod.capacity.catalogue.accelerators import accelerators
from zaphod.server.api import plans
from zaphod.server.errors import ApiError


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.include_router(plans.router)

    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> JSONResponse:
        return JSONResponse(error.openai(), error.status, headers=dict(error.headers))

    return TestClient(app)


def ask(client: TestClient, **question: Any) -> dict[str, Any]:
    answer = client.post("/zaphod/plan", json=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(client: TestClient, **question: Any) -> dict[str, Any]:
    answer = client.post("/zaphod/plan", json=question)
    assert answer.status_code == 400
    found: dict[str, Any] = answer.json()["error"]
    return found


def test_everything_that_is_listed_can_be_asked_for(client: TestClient) -> None:
    listed = client.get("/zaphod/plan").json()
    assert {row["name"] for row in listed["gpus"]} == set(accelerators())
    [grok] = [row for row in listed["models"] if row["name"] == "grok-1"]
    assert (grok["parameters"], grok["active_parameters"]) == (315_684_820_992, 83_756_587_008)


def test_a_plan_has_figures_with_intervals(client: TestClient) -> None:
    plan = ask(client, model="grok-1", gpu="h100", users=50_000, region="us")["plan"]
    figures = plan["figures"]
    assert figures["devices"]["value"] >= 8
    assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in figures.values())
    assert figures["itl_s"]["low"] < figures["itl_s"]["high"]
    assert len(plan["curve"]) > 2


def test_more_users_need_more_devices(client: TestClient) -> None:
    few, many = (ask(client, users=users)["plan"]["figures"]["devices"]["value"] for users in (1000, 1_000_000))
    assert many > 100 * few / 8


def test_a_dearer_device_costs_more_and_nothing_else_changes(client: TestClient) -> None:
    cheap, dear = (ask(client, price_per_hour=price)["plan"]["figures"] for price in (2.0, 4.0))
    assert dear["cost_per_hour"]["value"] == pytest.approx(2 * cheap["cost_per_hour"]["value"])
    assert dear["power_w"]["value"] == cheap["power_w"]["value"]


def test_what_cannot_be_is_an_answer_with_a_reason(client: TestClient) -> None:
    found = ask(client, prompt_tokens=1_000_000)
    assert found["plan"] is None
    assert all(found["why_not"].values())


@pytest.mark.parametrize("field", ["model", "gpu", "region", "precision"])
def test_an_unknown_name_is_refused_by_its_field(client: TestClient, field: str) -> None:
    assert refusal(client, **{field: "nothing-like-it"})["param"] == field


def test_a_near_name_is_suggested(client: TestClient) -> None:
    assert "'grok-1'" in refusal(client, model="grok1")["message"]


def test_no_file_is_opened_for_a_client(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}")
    told = [refusal(client, model=str(path))["message"] for path in (file, tmp_path / "absent.json")]
    assert told[0] == told[1]


@pytest.mark.parametrize(("field", "value"), [("users", 0), ("prompt_tokens", -1), ("max_itl_s", 0), ("think_s", -5)])
def test_numbers_out_of_bounds_are_refused_by_their_field(client: TestClient, field: str, value: float) -> None:
    assert refusal(client, **{field: value})["param"] == field


def test_who_comes_while_many_wait_is_told_to_come_back(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_waiting", threading.BoundedSemaphore(1))
    plans._waiting.acquire()
    answer = client.post("/zaphod/plan", json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
