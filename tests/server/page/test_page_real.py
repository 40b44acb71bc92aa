"""The page at the real server with the built-in model, in a real browser: nothing is played here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import RunningServer, StartServer
from tests.server.page.conftest import Visit, Visits

from zaphod.data.tasks import HONEST_ANSWER

SUM = "What is 4817 + 2944?"
MOVE = "Move the red cup from the table to the shelf"


@pytest.fixture
def visit(visits: Visits, server: RunningServer) -> Visit:
    """A tab at the server; the likeliest token is always taken, so that answers are the same each time."""
    made = visits(f"{server.url}/")
    made.set("temperature", "0")
    return made


def _create_key(keys_file: Path, *flags: str) -> str:
    command = [
        sys.executable,
        "-m",
        "zaphod",
        "keys",
        "create",
        "--name",
        "page",
        "--json",
        "--keys-file",
        str(keys_file),
    ]
    made: dict[str, Any] = json.loads(subprocess.run([*command, *flags], check=True, capture_output=True).stdout)
    return str(made["secret"])


def test_an_example_is_asked_by_a_click_and_answered(visit: Visit) -> None:
    visit.page.click(f"text={SUM}")
    assert visit.answer().endswith("= 7761")
    assert "tokens/s" in visit.page.inner_text(".took")


def test_an_answer_says_what_energy_it_took_and_how_that_is_known(visit: Visit) -> None:
    visit.ask_and_wait(SUM)
    energy = r"\d+\.\d+ J (estimated|RAPL|NVML)|< 0\.01 J (estimated|RAPL|NVML)"
    rate = r"( · [\d,]+ tokens/s)?"  # none where it took no time worth measuring
    assert re.fullmatch(rf"42 tokens{rate}( · ({energy}))?", visit.page.inner_text(".took"))


def test_a_plan_is_a_list_of_steps(visit: Visit) -> None:
    assert visit.ask_and_wait(MOVE).split("\n") == [
        "go to table",
        "grasp red cup",
        "go to shelf",
        "place red cup on shelf",
    ]


def test_a_refusal_is_told_as_one(visit: Visit) -> None:
    visit.page.click("text=Put the wooden phone in the power outlet")
    assert visit.answer() == "Refused unsafe: it could hurt someone"


def test_a_tool_call_is_a_card(visit: Visit) -> None:
    visit.page.wait_for_selector("text=8 tools")  # the built-in model's own are attached
    visit.ask_and_wait("Set a timer for 10 minutes")
    assert visit.page.inner_text(".call").split() == ["set_timer", "amount", "10", "unit", "minutes"]
    assert visit.page.locator(".results-form").count() == 1


def test_a_tool_that_is_detached_is_not_called(visit: Visit) -> None:
    visit.page.wait_for_selector("text=8 tools")
    visit.page.click("#open-tools")
    for name in visit.page.locator("#tool-presets input").evaluate_all("boxes => boxes.map(box => box.value)"):
        visit.page.uncheck(f"[value={name}]")
    visit.page.keyboard.press("Escape")
    assert visit.page.locator("#attached-tools").is_hidden()
    assert visit.ask_and_wait("Set a timer for 10 minutes") == HONEST_ANSWER.replace("`", "")
    assert visit.page.locator(".call").count() == 0


def test_a_result_of_a_tool_is_sent_back(visit: Visit) -> None:
    visit.ask_and_wait("What is the weather in Oslo tomorrow?")
    visit.page.fill(".results-form textarea", "rain")
    with visit.page.expect_response("**/v1/chat/completions") as response:
        visit.page.keyboard.press("Enter")
    assert response.value.status == 200
    visit.answer()
    assert visit.page.locator(".problem").count() == 0


def test_the_whole_tour_of_a_conversation(visit: Visit) -> None:
    visit.ask_and_wait(SUM)
    visit.page.click("text=Regenerate")
    visit.page.wait_for_selector("text=2 of 2")
    assert visit.answer().endswith("= 7761")
    visit.page.click("text=Edit")
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.type("What is 20 + 22?")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("text== 42")
    visit.page.click("[aria-label='Previous question']")
    assert visit.answer().endswith("= 7761")


def test_stopping_ends_the_answer_in_the_engine_too(visit: Visit, server: RunningServer) -> None:
    slow = {"offline": False, "latency": 0, "downloadThroughput": 2000, "uploadThroughput": -1}
    visit.page.wait_for_selector("[data-cell=speed]")
    visit.page.context.new_cdp_session(visit.page).send("Network.emulateNetworkConditions", slow)
    visit.ask(MOVE)
    visit.page.wait_for_selector(".plan li")
    visit.page.keyboard.press("Escape")
    visit.answer()
    assert visit.page.inner_text(".ending") == "Stopped."
    assert server.get("/zaphod/status")["running"] == 0


@pytest.mark.parametrize("mode", ["regular", "fun", "concise"])
def test_every_mode_answers(visit: Visit, mode: str) -> None:
    visit.page.wait_for_selector("#mode-choice")
    visit.page.select_option("#mode", mode)
    with visit.page.expect_request("**/v1/chat/completions") as request:
        assert visit.ask_and_wait(SUM).endswith("= 7761")
    assert request.value.post_data_json["mode"] == mode


def test_sampling_settings_are_taken_by_the_server(visit: Visit) -> None:
    visit.page.click("#open-settings")
    for name, value in {"temperature": "0.7", "top_p": "0.9", "top_k": "40", "max_tokens": "5", "seed": "7"}.items():
        visit.page.fill(f"[name={name}]", value)
    visit.page.keyboard.press("Escape")
    visit.ask_and_wait(SUM)
    assert visit.page.inner_text(".ending") == "Cut at the limit of tokens."
    assert visit.page.inner_text(".took").startswith("5 tokens")


def test_probabilities_of_real_tokens_sum_to_at_most_one(visit: Visit) -> None:
    visit.switch_on("probabilities")
    visit.ask_and_wait(SUM)
    visit.page.focus(".token >> nth=0")
    shares = visit.page.eval_on_selector_all(
        ".bar", "bars => bars.map((bar) => Number(bar.style.getPropertyValue('--share')))"
    )
    assert len(shares) == 5
    assert 0.5 < sum(shares) <= 1.001
    assert "".join(visit.page.locator(".token").all_inner_texts()).replace("⏎", "").endswith("= 7761")


def test_the_routing_map_counts_every_token_in_every_layer(visit: Visit) -> None:
    visit.ask_and_wait(SUM)
    tokens = int(visit.page.inner_text(".routing summary").split()[2])
    visit.page.click("text=As a table")
    visit.page.wait_for_selector(".as-table tbody")
    rows = visit.page.locator(".as-table tbody tr").all_inner_texts()
    counts = [[int(count) for count in row.split()[1:]] for row in rows]
    assert [len(row) for row in counts] == [8] * 6
    assert {sum(row) for row in counts} == {2 * tokens}


def test_the_panel_and_the_facts_are_the_servers(visit: Visit, server: RunningServer) -> None:
    visit.page.wait_for_selector("[data-cell=cache]")
    status = server.get("/zaphod/status")
    assert visit.page.inner_text("[data-cell=running] dd") == "0"
    assert status["energy_source"] in visit.page.inner_text("[data-cell=power]")
    visit.page.click("#open-settings")
    assert "8 in 6 layers, 2 chosen a token" in visit.page.inner_text("#facts")


@pytest.mark.parametrize(
    "text",
    ["Send a message to Bob saying <img src=x onerror=alert(1)>", "<script>alert(1)</script>", "define <b>bold</b>"],
)
def test_markup_that_the_model_copies_stays_text(visit: Visit, text: str) -> None:
    visit.ask_and_wait(text)
    assert visit.page.locator("main img, main script, main b").count() == 0


def test_a_prompt_that_does_not_fit_is_refused_in_words(visit: Visit) -> None:
    visit.allowed = "400"
    visit.ask_and_wait("word " * 2000)
    assert "511" in visit.page.inner_text(".problem[data-kind=refused]")


def test_nothing_but_the_pages_files_and_the_api_is_asked_for(visits: Visits, server: RunningServer) -> None:
    visit = visits("about:blank")
    visit.url = server.url
    asked: set[str] = set()
    visit.page.on("request", lambda request: asked.add(request.url.removeprefix(server.url).split("/")[1]))
    visit.page.goto(f"{server.url}/")
    visit.ask_and_wait(SUM)
    assert asked == {"", "page", "zaphod", "v1"}


def test_the_page_lets_no_inline_script_run(visit: Visit) -> None:
    visit.allowed = "Content Security Policy"
    visit.page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.hacked = 1";
      document.body.append(script);
      document.body.setAttribute("onclick", "window.hacked = 2");
      document.body.click();
    }""")
    assert visit.page.evaluate("window.hacked ?? null") is None


def test_no_real_view_has_a_barrier(visit: Visit) -> None:
    visit.switch_on("probabilities")
    visit.ask_and_wait(MOVE)
    visit.page.click("text=As a table")
    visit.page.focus(".token >> nth=3")
    assert visit.audit() == []


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file with a key that allows one request a minute, and its secret."""
    keys_file = tmp_path_factory.mktemp("keys") / "keys.json"
    return keys_file, _create_key(keys_file, "--requests-per-minute", "1")


def test_a_server_with_keys_asks_for_one_and_holds_to_its_limit(
    visits: Visits, start_server: StartServer, keyed: tuple[Path, str]
) -> None:
    keys_file, secret = keyed
    with start_server("--keys-file", str(keys_file)) as server:
        visit = visits(f"{server.url}/")
        visit.allowed = "Failed to load resource"
        visit.page.fill(".key-form input", "not-a-key")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("text=This key was not accepted")
        visit.page.fill(".key-form input", secret)
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector(".notice", state="detached")
        assert visit.ask_and_wait(SUM).endswith("= 7761")
        visit.ask_and_wait(SUM)
        visit.page.wait_for_selector(".problem[data-kind=wait] .countdown >> text=second")
        assert visit.page.is_disabled(".problem button")


def test_the_page_works_at_a_gateway_before_another_server(
    visits: Visits, start_server: StartServer, server: RunningServer
) -> None:
    with start_server("--upstream", server.url) as gateway:
        visit = visits(f"{gateway.url}/")
        visit.allowed = "ERR_CONNECTION_REFUSED"  # the gateway ends before the tab
        visit.page.wait_for_selector("#model-choice")
        assert visit.ask_and_wait(SUM).endswith("= 7761")
        assert visit.page.locator("[data-cell=cache]:visible, .routing:visible").count() == 0
