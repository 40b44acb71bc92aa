"""Whether everybody can use the page: by keyboard, by ear, on a phone, in the dark, without motion."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.page import scripted
from tests.server.page.conftest import Visit, Visits
from tests.server.page.scripted import DONE, Script, delta, event, refuses, says, streamed

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PROSE = "A *sentence* with `code`.\n\n- one\n- two\n\n```py\nx = 1\n```\n\nSee https://example.org."


def _everything(asked: dict[str, Any]) -> Any:
    logprobs = scripted.with_logprobs([("Sure", -0.7, [("Sure", -0.7), ("No", -0.9)]), ("\n", -4.0, [])])
    usage = {
        "choices": [],
        "usage": {"completion_tokens": 2},
        "zaphod": {"energy_j": 1.0, "energy_source": "estimated"},
    }
    shown = logprobs if asked.get("logprobs") else None
    text = "Sure\n" if shown else PROSE
    end = (delta(finish="stop"), event(usage), DONE)
    return streamed(delta(text, logprobs=shown, zaphod={"experts": scripted.experts(2)}), *end)(asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_view_has_a_barrier(visits: Visits, script: Script, scheme: str, shape: dict[str, Any]) -> None:
    script.answers = [_everything]
    visit = visits(script.url, color_scheme=scheme, **shape)
    visit.page.wait_for_selector("[data-cell=speed]")
    found = {"empty": visit.audit()}
    visit.ask_and_wait("question")
    visit.page.click("text=As a table")
    found["answer"] = visit.audit()
    visit.page.click("text=Edit")
    found["editing"] = visit.audit()
    visit.page.keyboard.press("Escape")
    for name in ("settings", "tools", "help"):
        visit.page.click(f"#open-{name}")
        found[name] = visit.audit()
        visit.page.keyboard.press("Escape")
    visit.switch_on("probabilities")
    visit.ask_and_wait("question")
    visit.page.focus(".token")
    found["tokens"] = visit.audit()
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_error_has_a_barrier(visits: Visits, script: Script, scheme: str) -> None:
    script.status = refuses(401, "No key was given.")
    visit = visits(script.url, color_scheme=scheme, **PHONE)
    visit.allowed = "status of 4"
    visit.page.wait_for_selector(".key-form")
    found = {"key": visit.audit()}
    script.answers = [
        refuses(429, "Too many.", **{"Retry-After": "50"}),
        refuses(400, "Wrong."),
        streamed(delta("Half")),
    ]
    for kind in ("wait", "refused", "broken"):
        visit.ask("question")
        visit.page.wait_for_selector(f".problem[data-kind={kind}]")
        found[kind] = visit.audit()
    assert found == {name: [] for name in found}


def test_the_audit_finds_what_it_looks_for(visit: Visit) -> None:
    visit.page.evaluate("""() => {
      const bad = document.createElement("button");
      bad.id = "question";
      document.querySelector("main").append(bad, "");
      const pale = Object.assign(document.createElement("p"), { textContent: "pale" });
      pale.style.color = "#bbb";
      const wide = document.createElement("div");
      wide.style.cssText = "width: 3000px; height: 1px";
      document.querySelector("main").append(pale, wide);
    }""")
    found = " ".join(visit.audit())
    for complaint in ("no name", "id twice", "contrast", "wider than the window", "small"):
        assert complaint in found


def test_a_conversation_needs_no_mouse(visit: Visit, script: Script) -> None:
    script.answers = [says("first"), says("second")]
    press = visit.page.keyboard.press
    press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "skip"
    press("Enter")
    visit.page.keyboard.type("question")
    press("Enter")
    assert visit.answer() == "first"
    press("Alt+Shift+R")
    visit.page.wait_for_selector("text=2 of 2")
    visit.answer()
    press("Control+.")
    assert visit.page.is_visible("#settings")
    press("Escape")
    press("Control+/")
    assert visit.page.is_visible("#help")
    press("Escape")
    press("Alt+Shift+N")
    assert visit.page.locator(".answer").count() == 0


def test_tab_reaches_everything_in_order_and_shows_where_it_is(visit: Visit, script: Script) -> None:
    script.answers = [_everything]
    visit.ask_and_wait("question")
    visit.page.focus(".skip")
    seen = []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        seen.append(
            visit.page.evaluate("""() => {
          const e = document.activeElement, s = getComputedStyle(e);
          const isShown = s.outlineStyle !== "none" || e.closest(".composer:has(textarea:focus)");
          return [e.id || e.dataset.deed || e.className || e.tagName, Boolean(isShown)];
        }""")
        )
        if seen[-1][0] == "ask":
            break
    names = [name for name, _ in seen]
    expected = [
        "new-conversation",
        "open-settings",
        "theme",
        "edit",
        "copy",
        "regenerate",
        "map",
        "question",
        "model",
        "ask",
    ]
    assert [name for name in names if name in expected] == expected
    assert [name for name, is_shown in seen if not is_shown] == []


def test_a_dialog_takes_the_focus_and_gives_it_back(visit: Visit) -> None:
    visit.page.focus("#open-settings")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.querySelector('#settings').contains(document.activeElement)")
    visit.page.keyboard.press("Escape")
    assert visit.page.evaluate("document.activeElement.id") == "open-settings"


def test_sentences_are_announced_and_not_every_token(visit: Visit, script: Script) -> None:
    sentence = [delta(f"{word} ") for word in ["Here", "is", "one", "long", "sentence."]]
    script.answers = [streamed(*sentence, 0.9, delta("And "), 0.1, delta("another."), delta(finish="stop"), DONE)]
    visit.ask_and_wait("question")
    said = visit.page.eval_on_selector_all("#announcements p", "all => all.map((line) => line.textContent)")
    assert said == ["Here is one long sentence.", "And another."]
    assert visit.page.get_attribute("#announcements", "aria-live") == "polite"


def test_a_plan_is_announced_as_a_sentence(visit: Visit, script: Script) -> None:
    script.answers = [says('{"plan":[{"do":"go","to":"kitchen"},{"do":"grasp","object":"cup"}]}')]
    visit.ask_and_wait("question")
    assert visit.page.inner_text("#announcements") == "A plan of 2 steps: go to kitchen; grasp cup."


def test_problems_are_announced(visit: Visit, script: Script) -> None:
    visit.allowed = "400"
    script.answers = [refuses(400, "Too long.")]
    visit.ask("question")
    visit.page.wait_for_selector("#announcements >> text=The server refused this. Too long.", state="attached")


def test_the_theme_switch_beats_the_system_and_stays(visits: Visits, script: Script) -> None:
    visit = visits(script.url, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = visit.page.evaluate(paper)
    visit.page.click("#theme")
    light = visit.page.evaluate(paper)
    visit.page.reload()
    assert visit.page.evaluate(paper) == light != dark
    assert visit.page.get_attribute("#theme", "aria-label") == "Theme: light"


def test_nothing_moves_for_those_who_asked_for_it(visits: Visits, script: Script) -> None:
    script.answers = [streamed(delta("a"), 30.0)]
    visit = visits(script.url, reduced_motion="reduce")
    visit.ask("question")
    visit.page.wait_for_selector(".answer .prose p")
    running = visit.page.evaluate("document.getAnimations().length")
    visit.page.keyboard.press("Escape")
    assert running == 0


def test_figures_keep_their_places_while_they_change(visit: Visit, script: Script) -> None:
    script.answers = [_everything]
    places = "() => [...document.querySelectorAll('.cell')].map((cell) => cell.getBoundingClientRect().x)"
    visit.page.wait_for_selector("[data-cell=waiting] >> text=0")
    before = visit.page.evaluate(places)
    script.status = {**scripted.STATUS, "waiting": 128, "tokens_per_s": 12345.6, "kv_cache_usage": 1.0, "running": 64}
    visit.ask_and_wait("question")
    visit.page.wait_for_selector("[data-cell=waiting] >> text=128")
    assert visit.page.evaluate(places) == before


def test_the_page_asks_for_the_status_only_while_it_is_seen(visit: Visit) -> None:
    visit.page.wait_for_selector("[data-cell=speed]")
    asked: list[str] = []
    turned = "document.dispatchEvent(new Event('visibilitychange'))"
    visit.page.evaluate(f"Object.defineProperty(document, 'hidden', {{ value: true, configurable: true }}); {turned}")
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.wait_for_timeout(1500)
    assert asked == []
    visit.page.evaluate(f"delete document.hidden; {turned}")
    visit.page.wait_for_timeout(100)
    assert [url.rsplit("/", 1)[1] for url in asked] == ["status"]
