"""The planner in a real browser: what is asked, what is shown, for whom, and what is said when there is no plan."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import JSONResponse
from tests.capacity.report import plans
from tests.server.page.conftest import Visit, Visits
from tests.server.page.scripted import Answer, Script, refuses

from zaphod.server.api.plans import told

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
WHY_NOT = {"found": "grok-1 takes 631 GB.", "wanted": "One device has 85.5 GB.", "remedy": "Take more devices."}

FIVE_STEPS = """() => {
  const slider = document.querySelector("[name=users]");
  for (let step = 0; step < 5; step += 1) {
    slider.stepUp();
    slider.dispatchEvent(new Event("input"));
  }
}"""


def says(plan: dict[str, Any] | None = None, why_not: dict[str, str] | None = None) -> Answer:
    return lambda asked: JSONResponse({"plan": plan, "why_not": why_not})


def at_planner(visits: Visits, script: Script, **options: Any) -> Visit:
    if not script.plans:
        script.plans = [says(told(plans.report()))]
    visit = visits(script.url, **options)
    visit.page.goto(f"{script.url}page/planner.html")
    return visit


def text_of(visit: Visit) -> str:
    visit.page.wait_for_selector("#answer:not([aria-busy])")
    return visit.page.locator("#answer").inner_text()


@pytest.fixture
def planner(visits: Visits, script: Script) -> Visit:
    return at_planner(visits, script)


def asked_by_key(visit: Visit, script: Script, name: str, key: str) -> dict[str, Any]:
    """The question after a key on a control."""
    text_of(visit)
    visit.page.focus(f"[name={name}]")
    with visit.page.expect_response("**/zaphod/plan"):
        visit.page.keyboard.press(key)
    return script.planned[-1]


def test_the_help_of_the_page_leads_to_the_planner(visit: Visit, script: Script) -> None:
    script.plans = [says(told(plans.report()))]
    visit.page.click("#open-help")
    visit.page.click("text=Plan a deployment")
    assert "800 devices" in text_of(visit)


def test_figures_are_shown_with_their_intervals(planner: Visit) -> None:
    text = text_of(planner)
    for word in (
        "grok-1 on H100 SXM for 50,000 users",
        "$2,400 an hour",
        "$1,600 to $3,600",
        "30.0 ms",
        "25.0 to 36.0",
    ):
        assert word in text
    assert planner.page.locator(".drawings svg").count() == 3


def test_what_was_not_chosen_and_what_it_rests_on_can_be_read(planner: Visit) -> None:
    text_of(planner)
    for summary in planner.page.locator("summary").all():
        summary.click()
    text = text_of(planner)
    for word in ("weights of 79.0 GB leave no room", "Prompts are as long as their mean.", "prices of 2026"):
        assert word in text


def test_a_slider_asks_again_with_its_next_value(planner: Visit, script: Script) -> None:
    assert asked_by_key(planner, script, "users", "ArrowRight")["users"] == 2000
    assert planner.page.locator("[name=users]").get_attribute("aria-valuetext") == "2,000"
    assert asked_by_key(planner, script, "prompt_tokens", "Home")["prompt_tokens"] == 32


def test_choices_are_asked_for(planner: Visit, script: Script) -> None:
    text_of(planner)
    with planner.page.expect_response("**/zaphod/plan"):
        planner.page.select_option("[name=gpu]", "mi300x")
    with planner.page.expect_response("**/zaphod/plan"):
        planner.page.select_option("[name=precision]", "fp8")
    asked = script.planned[-1]
    assert (asked["gpu"], asked["precision"], asked["model"], asked["region"]) == ("mi300x", "fp8", "grok-1", "world")


def test_a_slider_that_moves_asks_once_it_rests(planner: Visit, script: Script) -> None:
    text_of(planner)
    before = len(script.planned)
    with planner.page.expect_response("**/zaphod/plan"):
        planner.page.evaluate(FIVE_STEPS)
    assert [asked["users"] for asked in script.planned[before:]] == [50_000]


def test_a_price_that_is_none_is_not_sent(planner: Visit, script: Script) -> None:
    text_of(planner)
    with planner.page.expect_response("**/zaphod/plan"):
        planner.page.fill("[name=price_per_hour]", "2.5")
    assert script.planned[-1]["price_per_hour"] == 2.5
    with planner.page.expect_response("**/zaphod/plan"):
        planner.page.fill("[name=price_per_hour]", "-4")
    assert script.planned[-1]["price_per_hour"] is None


def test_what_cannot_be_planned_says_why_and_what_to_change(visits: Visits, script: Script) -> None:
    script.plans = [says(why_not=WHY_NOT)]
    text = text_of(at_planner(visits, script))
    for sentence in WHY_NOT.values():
        assert sentence in text


def test_a_missing_key_is_named_and_asking_again_works(visits: Visits, script: Script) -> None:
    script.plans = [refuses(401, "No key was sent."), says(told(plans.report()))]
    visit = at_planner(visits, script)
    visit.allowed = "401"
    assert "A key is needed" in text_of(visit)
    visit.page.click("text=Try again")
    visit.page.wait_for_selector(".figures")


def test_a_server_that_fails_leaves_the_question_usable(visits: Visits, script: Script) -> None:
    script.plans = [refuses(500, "A mistake."), says(told(plans.report()))]
    visit = at_planner(visits, script)
    visit.allowed = "500"
    assert "The server failed" in text_of(visit)
    asked_by_key(visit, script, "users", "ArrowLeft")
    visit.page.wait_for_selector(".figures")


def test_hostile_words_stay_words(visits: Visits, script: Script) -> None:
    report = plans.report(assumptions=(plans.HOSTILE,), region=plans.HOSTILE)
    script.plans = [says(told(report))]
    visit = at_planner(visits, script)
    visit.page.locator("summary >> text=Assumptions").click()
    assert plans.HOSTILE in text_of(visit)
    assert visit.page.evaluate("document.querySelectorAll('main script').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nobody_stumbles(visits: Visits, script: Script, size: dict[str, Any], scheme: str) -> None:
    visit = at_planner(visits, script, color_scheme=scheme, **size)
    text_of(visit)
    for summary in visit.page.locator("summary").all():
        summary.click()
    assert visit.audit() == []


def test_a_reader_hears_the_answer(planner: Visit) -> None:
    planner.page.wait_for_selector("#announcements >> text=800 devices", state="attached")


def test_pictures_follow_the_width(planner: Visit) -> None:
    text_of(planner)
    before = planner.page.locator(".drawings svg").first.get_attribute("width")
    planner.page.set_viewport_size({"width": 500, "height": 700})
    planner.page.wait_for_function(
        f"() => document.querySelector('.drawings svg').getAttribute('width') !== '{before}'"
    )
    assert planner.page.evaluate("document.documentElement.scrollWidth") <= 500
