"""Writes docs/images/page-*.png: the page in a real browser, at the real server with the built-in model.

    .venv/bin/python scripts/page_screenshots.py [FOLDER]

Needs Chromium, `pip install playwright` and the extra robotics. While pictures are taken another client asks:
the live figures move.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent.parent / "docs" / "images"
SHAPES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "device_scale_factor": 1.5},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
MOVE = "Move the red cup from the table to the shelf"
MOST_DOUBTFUL = """(tokens) => {
  const doubts = tokens.map((token) => Number(token.style.getPropertyValue("--doubt")));
  return doubts.indexOf(Math.max(...doubts));
}"""
SUM = "What is 4817 + 2944?"
CARRY = "Pick up the fragile glass and place it carefully on the shelf."


def main() -> None:
    """Take all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with serve("--keys-file", str(Path(scratch) / "none.json")) as url, other_client(url):
            for shape in SHAPES:
                for scheme in ("light", "dark"):
                    take_answer(browser, url, shape, scheme, folder / f"page-{shape}-{scheme}.png")
            take_empty(browser, url, folder / "page-empty.png")
            take_probabilities(browser, url, folder / "page-probabilities.png")
            take_tools(browser, url, folder / "page-tools.png")
            for shape, scheme in (("desktop", "light"), ("phone", "dark")):
                take_replay(browser, url, shape, scheme, Path(scratch), folder / f"page-replay-{shape}.png")
        take_error(browser, Path(scratch) / "keys.json", folder / "page-error.png")
        browser.close()


def take_answer(browser: Browser, url: str, shape: str, scheme: str, path: Path) -> None:
    """A plan, the live panel, the routing map."""
    page = open_page(browser, url, shape, color_scheme=scheme)
    ask(page, MOVE)
    page.wait_for_timeout(1200)  # the panel follows once a second
    page.screenshot(path=path)
    page.context.close()


def take_empty(browser: Browser, url: str, path: Path) -> None:
    """What a first visit meets."""
    page = open_page(browser, url, "desktop", color_scheme="light")
    page.wait_for_timeout(1200)
    page.screenshot(path=path)
    page.context.close()


def take_probabilities(browser: Browser, url: str, path: Path) -> None:
    """Token probabilities with one of them open."""
    page = open_page(browser, url, "desktop", color_scheme="light")
    page.click("#open-settings")
    page.fill("[name=temperature]", "0")
    page.check("[name=probabilities]")
    page.keyboard.press("Escape")
    ask(page, "tell mum i will be late because the train is stuck")
    page.hover(f".token >> nth={page.eval_on_selector_all('.token', MOST_DOUBTFUL)}")
    page.wait_for_timeout(300)
    page.screenshot(path=path)
    page.context.close()


def take_tools(browser: Browser, url: str, path: Path) -> None:
    """A tool call that waits for its result."""
    page = open_page(browser, url, "desktop", color_scheme="dark")
    page.click("#open-tools")
    for name in ("get_weather", "set_timer"):
        page.check(f"[value={name}]")
    page.keyboard.press("Escape")
    ask(page, "What is the weather in Oslo tomorrow?")
    page.fill(".results-form textarea", "rain, 8 °C")
    page.wait_for_timeout(1200)
    page.screenshot(path=path)
    page.context.close()


def take_replay(browser: Browser, url: str, shape: str, scheme: Any, scratch: Path, path: Path) -> None:
    """A robot's episode, at a moment above the wall."""
    if not (scratch / "episode.json").exists():
        command = ["robot", "run", CARRY, "--seed", "3", "--out", str(scratch), "--json"]
        subprocess.run([sys.executable, "-m", "zaphod", *command], check=True, capture_output=True)
    page = browser.new_context(**{**SHAPES[shape], "device_scale_factor": 1}, color_scheme=scheme).new_page()
    page.goto(f"{url}page/robot.html")
    page.set_input_files("#file", scratch / "episode.json")
    page.focus(".scrub")
    for key in ("PageUp",) * 8 + ("ArrowRight",) * 30:
        page.keyboard.press(key)
    page.screenshot(path=path, full_page=shape == "desktop")
    page.context.close()


def take_error(browser: Browser, keys_file: Path, path: Path) -> None:
    """A key that has used up its minute."""
    create = ["keys", "create", "--name", "page", "--requests-per-minute", "1", "--json", "--keys-file", str(keys_file)]
    made = subprocess.run([sys.executable, "-m", "zaphod", *create], check=True, capture_output=True)
    with serve("--keys-file", str(keys_file)) as url:
        page = open_page(browser, url, "desktop", color_scheme="light")
        page.fill(".key-form input", json.loads(made.stdout)["secret"])
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice", state="detached")
        ask(page, SUM)
        ask(page, MOVE)
        page.wait_for_timeout(1200)
        page.screenshot(path=path)
        page.context.close()


def open_page(browser: Browser, url: str, shape: str, **options: Any) -> Page:
    """A tab of its own."""
    page = browser.new_context(**SHAPES[shape], **options).new_page()
    page.goto(url)
    page.wait_for_selector("[data-cell=speed]:not([hidden]), .key-form")
    return page


def ask(page: Page, text: str) -> None:
    """Ask, and wait for the whole answer."""
    page.fill("#question", text)
    page.press("#question", "Enter")
    page.wait_for_selector(".answer:last-child[aria-busy=false]")


@contextlib.contextmanager
def serve(*flags: str) -> Iterator[str]:
    """The address of a server of its own."""
    command = [sys.executable, "-m", "zaphod", "serve", "--port", "0", "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("}"):
                    break
            yield json.loads("".join(lines))["url"] + "/"
        finally:
            process.terminate()


@contextlib.contextmanager
def other_client(url: str) -> Iterator[None]:
    """Somebody else who asks, one question after the other."""
    is_over = threading.Event()
    body = json.dumps({"messages": [{"role": "user", "content": MOVE}]}).encode()

    def ask_on() -> None:
        while not is_over.wait(0.02):
            with urllib.request.urlopen(f"{url}v1/chat/completions", body) as answer:
                answer.read()

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


if __name__ == "__main__":
    main()
