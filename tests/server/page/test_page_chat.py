"""The page at a server that says what the test tells it to: talking, and everything that can go wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.responses import JSONResponse
from tests.server.page import scripted
from tests.server.page.conftest import Visit, Visits
from tests.server.page.scripted import DONE, Script, delta, event, refuses, says, streamed

ENDLESS = streamed(delta("It goes on. "), *([0.05, delta("and on ")] * 400))
XSS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>[a](javascript:window.hacked=1)'


def test_an_answer_appears_under_its_question(visit: Visit, script: Script) -> None:
    script.answers = [says("Two heads are *better* than one.")]
    assert visit.ask_and_wait("Why Zaphod?") == "Two heads are better than one."
    assert visit.page.locator(".question-text").inner_text() == "Why Zaphod?"
    assert visit.page.input_value("#question") == ""


def test_the_request_holds_what_was_said_before(visit: Visit, script: Script) -> None:
    script.answers = [says("eins"), says("zwei")]
    visit.ask_and_wait("one")
    visit.ask_and_wait("two")
    assert [message["content"] for message in script.asked[1]["messages"]] == ["one", "eins", "two"]
    assert script.asked[1]["stream_options"] == {"include_usage": True}


def test_characters_and_events_cut_in_two_arrive_whole(visit: Visit, script: Script) -> None:
    whole = delta("Grüße, 世界 🙂!") + delta(finish="stop") + DONE
    script.answers = [streamed(*(whole[at : at + 3] for at in range(0, len(whole), 3)))]
    assert visit.ask_and_wait("hello") == "Grüße, 世界 🙂!"


def test_shift_enter_breaks_the_line(visit: Visit, script: Script) -> None:
    script.answers = [says("yes")]
    visit.page.focus("#question")
    for key in ("a", "Shift+Enter", "b", "Enter"):
        visit.page.keyboard.press(key)
    visit.answer()
    assert script.asked[0]["messages"][0]["content"] == "a\nb"


@pytest.mark.parametrize("how", ["Stop", "Escape"])
def test_stopping_keeps_what_came(visit: Visit, script: Script, how: str) -> None:
    script.answers = [ENDLESS]
    visit.ask("go on")
    visit.page.wait_for_selector(".answer-body >> text=and on")
    visit.page.click("#stop") if how == "Stop" else visit.page.keyboard.press("Escape")
    assert visit.answer().startswith("It goes on. and on")
    assert visit.page.locator(".ending").inner_text() == "Stopped."
    assert visit.page.is_visible("#ask")


def test_an_edited_question_is_a_branch_and_the_old_one_stays(visit: Visit, script: Script) -> None:
    script.answers = [says("first answer"), says("second answer")]
    visit.ask_and_wait("first")
    visit.page.click("text=Edit")
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.type("second")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("text=second answer")
    assert [m["content"] for m in script.asked[1]["messages"]] == ["second"]
    visit.page.click("[aria-label='Previous question']")
    assert visit.page.locator(".question-text").inner_text() == "first"
    assert visit.answer() == "first answer"


def test_editing_is_left_with_escape(visit: Visit, script: Script) -> None:
    script.answers = [says("answer")]
    visit.ask_and_wait("first")
    visit.page.focus("#question")
    visit.page.keyboard.press("ArrowUp")
    visit.page.keyboard.type(" changed")
    visit.page.keyboard.press("Escape")
    assert visit.page.locator(".question-text").inner_text() == "first"
    assert visit.page.evaluate("document.activeElement.textContent") == "Edit"


def test_a_regenerated_answer_keeps_the_other_one(visit: Visit, script: Script) -> None:
    script.answers = [says("one answer"), says("another")]
    visit.ask_and_wait("question")
    visit.page.click("text=Regenerate")
    visit.page.wait_for_selector("text=2 of 2")
    assert visit.answer() == "another"
    visit.page.click("[aria-label='Previous answer']")
    assert visit.answer() == "one answer"


def test_an_answer_can_be_copied(visits: Visits, script: Script) -> None:
    visit = visits(script.url, permissions=["clipboard-read", "clipboard-write"])
    script.answers = [says("**copied** as it was written")]
    visit.ask_and_wait("question")
    visit.page.click("text=Copy")
    visit.page.wait_for_selector("#announcements >> text=Copied.", state="attached")
    assert visit.page.evaluate("navigator.clipboard.readText()") == "**copied** as it was written"


def test_a_cleared_conversation_can_be_brought_back(visit: Visit, script: Script) -> None:
    script.answers = [says("the answer")]
    visit.ask_and_wait("question")
    visit.page.click("#new-conversation")
    assert visit.page.locator(".answer").count() == 0
    visit.page.click("#restore")
    assert visit.answer() == "the answer"


def test_clearing_while_an_answer_comes_ends_it(visit: Visit, script: Script) -> None:
    script.answers = [ENDLESS, says("short")]
    visit.ask("go on")
    visit.page.wait_for_selector("text=and on")
    visit.page.click("#new-conversation")
    assert visit.ask_and_wait("again") == "short"


def test_settings_become_fields_of_the_request(visit: Visit, script: Script) -> None:
    script.answers = [says("yes")]
    visit.page.click("#open-settings")
    wanted = {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "max_tokens": 64, "seed": 7}
    for name, value in wanted.items():
        visit.page.fill(f"[name={name}]", str(value))
    visit.page.fill("[name=system]", "Be brief.")
    visit.page.keyboard.press("Escape")
    visit.page.select_option("#mode", "fun")
    visit.ask_and_wait("question")
    assert script.asked[0].items() >= {**wanted, "mode": "fun", "model": "builtin", "routing": True}.items()
    assert script.asked[0]["messages"][0] == {"role": "system", "content": "Be brief."}


def test_a_value_that_cannot_be_is_named_and_not_sent(visit: Visit, script: Script) -> None:
    script.answers = [says("yes")]
    visit.page.click("#open-settings")
    visit.page.fill("[name=temperature]", "7")
    assert visit.page.inner_text("#problem-temperature") == "A number from 0 to 2."
    visit.page.keyboard.press("Escape")
    visit.ask_and_wait("question")
    assert "temperature" not in script.asked[0]


LOGPROBS = scripted.with_logprobs(
    [("Yes", -0.1, [("Yes", -0.1), ("No", -2.4)]), ("\n", -3.0, [("!", -0.2), ("\n", -3.0)])]
)


def test_token_probabilities_open_on_hover_and_by_keyboard(visit: Visit, script: Script) -> None:
    script.answers = [streamed(delta("Yes\n", logprobs=LOGPROBS), delta(finish="stop"), DONE)]
    visit.switch_on("probabilities")
    visit.ask_and_wait("question")
    assert script.asked[0]["logprobs"] is True
    assert script.asked[0]["top_logprobs"] == 5
    visit.page.hover(".token >> nth=0")
    assert re.findall(r"\d[\d.]* %", visit.page.inner_text("#token-card")) == ["90.5 %", "90.5 %", "9.07 %"]
    visit.page.focus(".token >> nth=0")
    visit.page.keyboard.press("ArrowRight")
    assert "4.98 %" in visit.page.inner_text("#token-card")
    visit.page.keyboard.press("Escape")
    assert visit.page.is_hidden("#token-card")


def test_probabilities_can_be_put_away_for_an_answer(visit: Visit, script: Script) -> None:
    script.answers = [streamed(delta("Yes\n", logprobs=LOGPROBS), delta(finish="stop"), DONE)]
    visit.switch_on("probabilities")
    visit.ask_and_wait("question")
    visit.page.click("[data-deed=probabilities]")
    assert visit.page.locator(".token").count() == 0
    assert visit.page.evaluate("document.activeElement.dataset.deed") == "probabilities"


CALLS = [
    delta(
        delta={
            "tool_calls": [
                {"index": 0, "id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
            ]
        }
    ),
    delta(delta={"tool_calls": [{"index": 0, "function": {"arguments": '{"city":"Oslo",'}}]}),
    delta(delta={"tool_calls": [{"index": 0, "function": {"arguments": '"day":"today"}'}}]}),
    delta(finish="tool_calls"),
    DONE,
]


def test_a_tool_call_is_a_card_and_takes_a_result(visit: Visit, script: Script) -> None:
    script.answers = [streamed(*CALLS), says("It rains.")]
    visit.ask("weather in Oslo")
    visit.page.fill(".results-form textarea", "rain, 8 °C")
    assert visit.page.inner_text(".call").split() == ["get_weather", "city", "Oslo", "day", "today"]
    visit.page.click("text=Send result")
    visit.page.wait_for_selector("text=It rains.")
    assert "get_weather" in [tool["function"]["name"] for tool in script.asked[0]["tools"]]
    assert script.asked[1]["messages"][-1] == {"role": "tool", "tool_call_id": "c1", "content": "rain, 8 °C"}
    assert script.asked[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"] == '{"city":"Oslo","day":"today"}'


def test_a_tool_of_ones_own_is_attached_as_json(visit: Visit, script: Script) -> None:
    script.answers = [says("yes")]
    visit.page.click("#open-tools")
    visit.page.fill("#tool-json", '{"type":"function","function":{"name":"open_door","parameters":{"type":"object"}}}')
    visit.page.click("#tool-editor button")
    visit.page.keyboard.press("Escape")
    assert visit.page.inner_text("#attached-tools") == "9 tools"
    visit.ask_and_wait("open")
    assert [tool["function"]["name"] for tool in script.asked[0]["tools"]][-1] == "open_door"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "This is no JSON"),
        ('{"name":"a b"}', "“name” must be"),
        ('{"name":"set_timer"}', "already"),
        ('{"name":"a","parameters":[]}', "JSON Schema"),
        ("null", "“name”"),
    ],
)
def test_a_wrong_tool_is_refused_in_words(visit: Visit, text: str, problem: str) -> None:
    visit.page.click("#open-tools")
    visit.page.fill("#tool-json", text)
    visit.page.click("#tool-editor button")
    assert problem in visit.page.inner_text("#tool-problem")


def test_the_routing_map_fills_and_tells_by_key_hover_and_table(visit: Visit, script: Script) -> None:
    experts = [[[0, 4]] * 6, [[0, 5]] * 6, [[1, 4]] * 6]
    script.answers = [streamed(delta("abc", zaphod={"experts": experts}), delta(finish="stop"), DONE)]
    visit.ask_and_wait("question")
    assert visit.page.inner_text(".readout") == "Busiest: layer 1, expert 1: 2 of 3 tokens"
    visit.page.focus(".map")
    for key in ("ArrowDown", "ArrowRight"):
        visit.page.keyboard.press(key)
    assert visit.page.inner_text(".readout") == "layer 2, expert 2: 1 of 3 tokens"
    visit.page.hover(".map canvas", position={"x": 100, "y": 60})
    assert visit.page.inner_text(".readout") == "layer 3, expert 5: 2 of 3 tokens"
    visit.page.click("text=As a table")
    visit.page.wait_for_selector(".as-table tbody tr")
    first = visit.page.locator(".as-table tbody tr").first
    assert first.locator("th, td").all_text_contents() == list("121002100")


def test_the_map_paints_busy_experts_stronger(visit: Visit, script: Script) -> None:
    script.answers = [streamed(delta("a", zaphod={"experts": [[[0, 1]] * 6]}), delta(finish="stop"), DONE)]
    visit.ask_and_wait("question")
    row = "document.querySelector('.map canvas').getContext('2d').getImageData(0, 5, 176, 1).data"
    busy, idle = visit.page.evaluate(f"((row) => [row[4 * 5 + 3], row[4 * 115 + 3]])({row})")
    assert busy == 255
    assert idle < 40


def test_a_problem_offers_one_way_on_and_not_two(visit: Visit, script: Script) -> None:
    script.answers = [streamed(delta("Half an ans"))]
    visit.ask_and_wait("question")
    assert visit.page.locator("[data-deed=regenerate]").count() == 0
    assert visit.page.locator(".problem button").all_inner_texts() == ["Try again"]


def test_an_answer_of_no_joules_is_an_answer_of_unknown_joules(visit: Visit, script: Script) -> None:
    told = {"energy_j": 0.0, "energy_source": "estimated"}
    usage = event({"choices": [], "usage": {"completion_tokens": 3}, "zaphod": told})
    script.answers = [streamed(delta("yes"), delta(finish="stop"), usage, DONE)]
    visit.ask_and_wait("question")
    assert visit.page.inner_text(".took") == "3 tokens"
    assert visit.page.inner_text("[data-cell=energy] dd") == "–"


@pytest.mark.parametrize(
    ("joules", "shown"), [(0.001, "< 0.01 J"), (0.834, "0.83 J"), (12.34, "12.3 J"), (4200.0, "4.2 kJ")]
)
def test_joules_keep_a_steady_number_of_figures(visit: Visit, joules: float, shown: str) -> None:
    assert visit.run("format", "m.joules(a[0])", joules) == shown


def test_a_model_with_more_layers_than_experts_lies_across(visit: Visit, script: Script) -> None:
    script.status = {**scripted.STATUS, "num_layers": 64}
    experts = scripted.experts(4, num_layers=64)
    script.answers = [streamed(delta("a", zaphod={"experts": experts}), delta(finish="stop"), DONE)]
    visit.ask_and_wait("question")
    width, height = visit.page.evaluate(
        "(({clientWidth, clientHeight}) => [clientWidth, clientHeight])(document.querySelector('.map canvas'))"
    )
    assert width > 3 * height
    assert visit.page.inner_text(".map-words .hint").startswith("Each row is an expert, each column a layer.")


USAGE = event({
    "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 42},
    "zaphod": {
        "energy_j": 1.23, "energy_source": "estimated", "tokens_per_s": 812.3,
        "mode": "regular", "mode_reason": "safety",
    },
})  # fmt: skip


def test_an_answer_says_what_it_took(visit: Visit, script: Script) -> None:
    script.answers = [streamed(delta("yes"), delta(finish="stop"), USAGE, DONE)]
    visit.ask_and_wait("question")
    assert visit.page.inner_text(".took") == "42 tokens · 812 tokens/s · 1.2 J estimated"
    assert visit.page.inner_text(".ending") == "Answered in regular mode: safety"
    assert visit.page.inner_text("[data-cell=energy]").split() == ["answer,", "estimated", "1.2", "J"]


def test_the_panel_follows_the_server(visit: Visit, script: Script) -> None:
    visit.page.wait_for_selector("[data-cell=waiting] >> text=0")
    script.status = {**scripted.STATUS, "waiting": 7}
    visit.page.wait_for_selector("[data-cell=waiting] >> text=7")


def test_what_another_engine_does_not_tell_is_not_shown(visits: Visits, script: Script) -> None:
    script.status = {
        "version": "0.1",
        "model": None,
        "models": ["org/big"],
        "ready": True,
        "reason": "",
        "needs_key": False,
        "power_w": None,
    }
    script.answers = [streamed(delta("plain answer"), delta(finish="stop"), DONE)]
    visit = visits(script.url)
    visit.page.wait_for_selector("#model-choice")
    assert visit.ask_and_wait("question") == "plain answer"
    assert visit.page.locator(".cell:visible, #mode-choice:visible, .routing:visible").count() == 0
    assert set(script.asked[0]) == {"messages", "stream", "stream_options", "model"}
    assert script.asked[0]["model"] == "org/big"


# What goes wrong ---------------------------------------------------------------------------------------------------


def test_a_server_that_is_gone_is_said_and_found_again(visits: Visits) -> None:
    script = Script()
    with scripted.serve(script):
        visit = visits(script.url)
        visit.allowed = "ERR_CONNECTION_REFUSED"
        visit.page.wait_for_selector("[data-cell=speed]")
        port = int(script.url.rstrip("/").rsplit(":", 1)[1])
    visit.page.wait_for_selector("text=The server does not answer")
    visit.ask("are you there?")
    visit.page.wait_for_selector(".problem[data-kind=unreachable]")
    script.answers = [says("yes")]
    with scripted.serve(script, port):
        visit.page.wait_for_selector(".notice", state="detached")
        visit.page.click("text=Try again")
        assert visit.answer() == "yes"


def test_loading_gives_the_reason_and_goes_away(visits: Visits, script: Script) -> None:
    script.status = {**scripted.STATUS, "ready": False, "reason": "the model is being loaded: 40 of 74 tensors"}
    visit = visits(script.url)
    visit.page.wait_for_selector("text=40 of 74 tensors")
    script.status = dict(scripted.STATUS)
    visit.page.wait_for_selector(".notice", state="detached")


def test_a_key_is_asked_for_kept_in_the_tab_and_sent(visits: Visits, script: Script) -> None:
    script.status = refuses(401, "No key was given.")
    script.answers = [says("welcome")]
    visit = visits(script.url)
    visit.allowed = "401"
    visit.page.wait_for_selector("text=This server asks for a key")
    script.status = {**scripted.STATUS, "needs_key": True}
    visit.page.fill(".key-form input", "zk-secret")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(".notice", state="detached")
    assert visit.ask_and_wait("hello") == "welcome"
    assert script.keys == ["Bearer zk-secret"]
    assert visit.page.evaluate(
        "[JSON.stringify(sessionStorage).includes('zk-secret'), JSON.stringify(localStorage).includes('zk-secret')]"
    ) == [True, False]
    visit.page.click("#open-settings")
    visit.page.click("#forget-key")
    assert visit.page.evaluate("sessionStorage.length") == 0


def test_a_question_that_failed_for_want_of_a_key_is_asked_again(visit: Visit, script: Script) -> None:
    visit.allowed = "401"
    script.answers = [refuses(401, "No key was given."), says("welcome")]
    visit.ask("hello")
    visit.page.fill(".key-form input", "zk-secret")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("text=welcome")


def test_too_many_requests_count_down_to_a_retry(visit: Visit, script: Script) -> None:
    visit.allowed = "429"
    script.answers = [refuses(429, "One request a minute is allowed.", **{"Retry-After": "2"}), says("now")]
    visit.ask("hello")
    visit.page.wait_for_selector(".countdown >> text=second")
    assert visit.page.is_disabled("text=Try again")
    visit.page.click("text=Try again")  # waits until it may be clicked
    visit.page.wait_for_selector(".answer-body >> text=now")
    assert visit.page.locator(".answer .branches").count() == 0  # an answer that never came is no version


def test_a_refusal_gives_the_servers_words_and_offers_to_edit(visit: Visit, script: Script) -> None:
    visit.allowed = "400"
    script.answers = [refuses(400, "The prompt has 600 tokens; 512 fit. Shorten it.")]
    visit.ask("hello")
    assert "512 fit" in visit.page.inner_text(".problem")
    visit.page.click("text=Edit the question")
    assert visit.page.evaluate("document.activeElement.value") == "hello"


ERROR_EVENT = event({"error": {"message": "The engine died.", "code": "engine_died"}})


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ((), "ended before"),
        ((ERROR_EVENT, DONE), "The engine died."),
        ((b"data: {broken\n\n",), "cannot be read"),
        ((DONE,), "ended before"),
    ],
)
def test_a_broken_stream_keeps_what_came_and_offers_another(
    visit: Visit, script: Script, end: tuple[bytes, ...], words: str
) -> None:
    script.answers = [streamed(delta("Half an ans"), *end), says("A whole answer")]
    assert visit.ask_and_wait("question") == "Half an ans"
    assert words in visit.page.inner_text(".problem")
    visit.page.click("text=Try again")
    visit.page.wait_for_selector("text=2 of 2")
    assert visit.answer() == "A whole answer"


def test_a_proxys_error_page_is_no_riddle(visit: Visit, script: Script) -> None:
    visit.allowed = "502"
    script.answers = [lambda asked: JSONResponse("<h1>Bad gateway</h1>", 502)]
    visit.ask("hello")
    assert "status 502" in visit.page.inner_text(".problem")


# Hostile text ------------------------------------------------------------------------------------------------------


def _hostile_answer(asked: dict[str, Any]) -> Any:
    logprobs = scripted.with_logprobs([(XSS, -0.1, [(XSS, -0.1)])])
    call = {"index": 0, "id": XSS, "type": "function", "function": {"name": XSS, "arguments": XSS}}
    chunk = delta(XSS, delta={"tool_calls": [call]}, logprobs=logprobs if asked.get("logprobs") else None)
    usage = {"choices": [], "zaphod": {"energy_j": 1, "energy_source": XSS, "mode": XSS, "mode_reason": XSS}}
    return streamed(chunk, delta(finish="tool_calls"), event(usage), DONE)(asked)


@pytest.mark.parametrize("probabilities", [False, True])
def test_hostile_text_is_text_wherever_it_stands(visits: Visits, script: Script, probabilities: bool) -> None:
    modes = [{"name": XSS, "title": XSS, "description": XSS}]
    script.status = {
        **scripted.STATUS,
        "model": XSS,
        "models": [XSS],
        "modes": modes,
        "runner": XSS,
        "energy_source": XSS,
        "ready": False,
        "reason": XSS,
    }
    script.answers = [_hostile_answer]
    visit = visits(script.url)
    if probabilities:
        visit.switch_on("probabilities")
    assert "<img" in visit.ask_and_wait(XSS)
    if probabilities:
        visit.page.hover(".token")
    assert visit.page.inner_text(".question-text") == XSS
    assert visit.page.inner_text(".call-name") == XSS
    assert visit.page.evaluate("[window.hacked ?? null, document.querySelectorAll('img, body script').length]") == [
        None,
        0,
    ]


@pytest.mark.parametrize(
    "answer",
    [
        '{"tool":"X","arguments":{"X":"X"}}',
        '{"plan":[{"do":"X","to":"X"}]}',
        '{"refuse":"X"}',
        '{"X":"X"}',
        "```X\nX\n```",
    ],
)
def test_hostile_data_is_text(visit: Visit, script: Script, answer: str) -> None:
    script.answers = [says(answer.replace("X", XSS.replace('"', '\\"')))]
    visit.ask_and_wait("question")
    assert visit.page.evaluate("[window.hacked ?? null, document.querySelectorAll('img, body script').length]") == [
        None,
        0,
    ]


# What stays --------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_unless_it_is_asked_for(visit: Visit, script: Script) -> None:
    script.answers = [says("the answer")]
    visit.ask_and_wait("question")
    assert visit.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    visit.page.reload()
    assert visit.page.locator(".answer").count() == 0


def test_a_kept_conversation_is_there_again_and_goes_with_the_switch(visit: Visit, script: Script) -> None:
    script.answers = [says("the answer")]
    visit.switch_on("keeps")
    visit.ask_and_wait("question")
    visit.page.reload()
    assert visit.answer() == "the answer"
    visit.page.click("#open-settings")
    visit.page.uncheck("[name=keeps]")
    assert visit.page.evaluate("localStorage.getItem('zaphod.kept')") is None
