"""A real browser for the page: a tab that remembers every error and every request that left its origin."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.page import scripted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("ZAPHOD_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass
class Visit:
    """A tab at a server."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    """What the console and the page complained of."""
    foreign: list[str] = field(default_factory=list)
    """Requests to anywhere else."""
    allowed: str = ""
    """Part of the errors that the test provokes: browsers log every response that is an error."""

    def watch(self) -> None:
        """Remember what goes wrong from now on."""
        self.page.on("console", lambda told: told.type in ("error", "warning") and self.errors.append(told.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: asked.url.startswith(self.url) or self.foreign.append(asked.url))

    def ask(self, text: str) -> None:
        """Type a question and press Enter."""
        self.page.fill("#question", text)
        self.page.press("#question", "Enter")

    def ask_and_wait(self, text: str) -> str:
        """The answer's text once it is whole."""
        self.ask(text)
        return self.answer()

    def answer(self) -> str:
        """The newest answer's text once it is whole."""
        self.page.wait_for_selector(".answer:last-child[aria-busy=false]")
        return self.page.locator(".answer:last-child .answer-body").inner_text()

    def switch_on(self, name: str) -> None:
        """One of the switches of the settings."""
        self.page.click("#open-settings")
        self.page.check(f"[name={name}]")
        self.page.keyboard.press("Escape")

    def set(self, name: str, value: str) -> None:
        """One of the numbers of the settings."""
        self.page.click("#open-settings")
        self.page.fill(f"[name={name}]", value)
        self.page.keyboard.press("Escape")

    def run(self, module: str, expression: str, *arguments: Any) -> Any:
        """What a module of the page answers: `m` is the module, `a` the arguments."""
        code = f"async ([name, a]) => {{ const m = await import(`/page/${{name}}.js`); return {expression.strip()}; }}"
        return self.page.evaluate(code, [module, list(arguments)])

    def audit(self) -> list[str]:
        """What a person with a screen reader, a keyboard or weak eyes would stumble over."""
        found: list[str] = self.page.evaluate((Path(__file__).parent / "audit.js").read_text())
        return found


Visits = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (apt-get install chromium): the page was not tried in a browser")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def _watched(browser: Browser) -> Iterator[Visits]:
    """Opens tabs; afterwards none of them may have complained or called elsewhere."""
    opened: list[Visit] = []

    def visit(url: str, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1024, "height": 768}, **options})
        context.set_default_timeout(15_000)
        made = Visit(context.new_page(), url)
        made.watch()
        opened.append(made)
        made.page.goto(url)
        return made

    yield visit
    for made in opened:
        made.page.context.close()
        assert [error for error in made.errors if not made.allowed or made.allowed not in error] == []
        assert made.foreign == []


@pytest.fixture
def visits(browser: Browser) -> Iterator[Visits]:
    """Opens tabs for one test."""
    with _watched(browser) as visits:
        yield visits


@pytest.fixture(scope="module")
def tab(browser: Browser, _scripted_server: scripted.Script) -> Iterator[Visit]:
    """One tab for all tests of a file that only ask its modules."""
    with _watched(browser) as visits:
        yield visits(_scripted_server.url)


@pytest.fixture(scope="module")
def _scripted_server() -> Iterator[scripted.Script]:
    with scripted.serve(scripted.Script()) as script:
        yield script


@pytest.fixture
def script(_scripted_server: scripted.Script) -> scripted.Script:
    """What the scripted server will say, from a fresh start."""
    fresh = scripted.Script()
    fields = ("status", "answers", "asked", "keys", "headers", "decided", "decision", "choices", "plans", "planned")
    for name in fields:
        setattr(_scripted_server, name, getattr(fresh, name))
    return _scripted_server


@pytest.fixture
def visit(visits: Visits, script: scripted.Script) -> Visit:
    """A tab at the scripted server."""
    return visits(script.url)
