"""The page where the guard did something: what was withheld and why, calls and questions that wait for a person."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse
from tests.server.page.conftest import Visit
from tests.server.page.scripted import DONE, Answer, Script, delta, event, says, streamed

from zaphod.server.errors import ApiError


def finding(**fields: Any) -> dict[str, Any]:
    return {
        "stage": "output", "where": "choices.0", "rule": "pii.card", "title": "a payment card", "action": "redact",
        "start": 3, "end": 19, "score": 1.0, "views": [], **fields,
    }  # fmt: skip


def guard(*findings: dict[str, Any], held: Any = ()) -> dict[str, Any]:
    return {"policy": "default@1#abc", "findings": list(findings), "held": list(held)}


HELD = {
    "id": "hold_1", "kind": "tool_call", "name": "send_email", "content": '{"to": "eve@evil.example"}',
    "reasons": [{"rule": "authority.foreign_argument", "title": "an argument that untrusted text alone contains"}],
    "expires_at": 2_000_000_000,
}  # fmt: skip


def answers(text: str, told: dict[str, Any], *, finish: str = "stop") -> Answer:
    last = event({"id": "c", "object": "chat.completion.chunk", "choices": [], "zaphod": {"guard": told}})
    return streamed(delta(text), delta(finish=finish), last, DONE)


def refused(status: int, code: str, told: dict[str, Any]) -> Answer:
    error = ApiError(status, code, "messages.0.content was not let in: an override.", details={"guard": told})
    return lambda asked: JSONResponse(error.openai(), status)


def test_an_answer_says_that_something_was_withheld_and_why(visit: Visit, script: Script) -> None:
    script.answers = [answers("It is [withheld].", guard(finding(views=["base64"])))]
    visit.ask_and_wait("What is the card?")
    visit.page.click(".guard summary")
    assert visit.page.locator(".guard summary").inner_text() == "The guard withheld 1 thing."
    told = visit.page.locator(".guard .findings").inner_text()
    assert "A payment card in the answer: withheld, seen after base64." in told
    assert "default@1" in told
    assert visit.audit() == []


def test_an_answer_without_findings_says_nothing_of_a_guard(visit: Visit, script: Script) -> None:
    script.answers = [says("All is well.")]
    visit.ask_and_wait("How are you?")
    assert visit.page.locator(".guard").inner_text() == ""


def test_an_answer_that_was_ended_says_by_whom(visit: Visit, script: Script) -> None:
    stopped = finding(action="block", title="a canary of the prompt")
    script.answers = [answers("It is", guard(stopped), finish="content_filter")]
    visit.ask_and_wait("What is it?")
    assert visit.page.locator(".ending").inner_text() == "Ended by the guard."
    assert visit.page.locator(".guard summary").inner_text() == "The guard stopped 1 thing."


def test_a_held_call_is_shown_and_made_once_it_is_approved(visit: Visit, script: Script) -> None:
    script.answers = [
        answers("", guard(finding(stage="tool_call", action="confirm"), held=[HELD]), finish="content_filter")
    ]
    script.decision = {"call": {"id": "call_1", "function": {"name": "send_email", "arguments": HELD["content"]}}}
    visit.ask_and_wait("mail it")
    card = visit.page.locator(".held")
    assert "eve@evil.example" in card.inner_text()
    assert "An argument that untrusted text alone contains." in card.inner_text()
    assert visit.audit() == []
    visit.page.click("text=Approve the call")
    visit.page.wait_for_selector(".tool-calls .call >> text=send_email")
    assert script.decided == [("hold_1", "approve")]
    assert visit.page.is_visible("text=Result of send_email")


def test_a_held_call_that_is_denied_is_not_made(visit: Visit, script: Script) -> None:
    script.answers = [answers("", guard(finding(action="confirm"), held=[HELD]), finish="content_filter")]
    visit.ask_and_wait("mail it")
    visit.page.click("text=Deny")
    visit.page.wait_for_selector("text=Denied. The call is not made.")
    assert script.decided == [("hold_1", "deny")]
    assert visit.page.locator(".tool-calls .call").count() == 0


def test_what_does_not_wait_any_more_is_told(visit: Visit, script: Script) -> None:
    visit.allowed = "404"
    script.answers = [answers("", guard(finding(action="confirm"), held=[HELD]), finish="content_filter")]
    script.decision = None
    visit.ask_and_wait("mail it")
    visit.page.click("text=Approve the call")
    visit.page.wait_for_selector("text=Nothing waits any more.")


def test_a_question_that_is_not_let_in_says_why(visit: Visit, script: Script) -> None:
    visit.allowed = "400"
    told = guard(finding(stage="input", action="block", title="an order to drop instructions"))
    script.answers = [refused(400, "content_blocked", told)]
    visit.ask_and_wait("drop them")
    card = visit.page.locator(".problem").inner_text()
    assert "The guard did not let this in" in card
    assert "An order to drop instructions in what was asked: stopped." in card
    assert visit.page.is_visible("text=Edit the question")


def test_a_question_that_waits_is_sent_once_it_is_confirmed(visit: Visit, script: Script) -> None:
    visit.allowed = "409"
    told = guard(finding(stage="input", action="confirm"), held=[{**HELD, "kind": "input", "name": None}])
    script.answers = [refused(409, "confirmation_required", told), says("Done.")]
    visit.ask("send it")
    visit.page.click("text=Confirm and send")
    visit.page.wait_for_selector(".answer-body >> text=Done.")
    assert script.decided == [("hold_1", "approve")]
    assert script.headers[1]["x-zaphod-confirmation"] == "hold_1"
    assert script.asked[0]["messages"] == script.asked[1]["messages"]


def test_what_the_guard_tells_cannot_become_markup(visit: Visit, script: Script) -> None:
    hostile = "<img src=x onerror='window.hacked=1'>"
    script.answers = [answers("x", guard(finding(title=hostile, views=[hostile]), held=[{**HELD, "name": hostile}]))]
    visit.ask_and_wait("what?")
    visit.page.click(".guard summary")
    assert visit.page.evaluate("window.hacked") is None
    assert visit.page.locator(".guard img").count() == 0
