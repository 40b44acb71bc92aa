"""The page's files as the server hands them out, and what they must not hold. Needs no browser."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import islice

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from zaphod.data.tasks.tool_call import ToolCall
from zaphod.server.errors import ApiError
from zaphod.server.page import page

FOLDER = files("zaphod.server.page")
TEXTS = {name: FOLDER.joinpath(name).read_text(encoding="utf-8") for name in page.PAGE_FILES}


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.include_router(page.router)
    app.add_exception_handler(ApiError, lambda request, error: JSONResponse({}, getattr(error, "status", 500)))
    return TestClient(app)


def test_every_file_of_the_folder_is_served_and_no_other() -> None:
    there = {file.name for file in FOLDER.iterdir() if file.name.endswith((".html", ".css", ".js", ".svg"))}
    assert there == set(page.PAGE_FILES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_come_with_their_type(client: TestClient, name: str, kind: str) -> None:
    answer = client.get(f"/page/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content == FOLDER.joinpath(name).read_bytes()


def test_the_root_is_the_page_itself(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == TEXTS["index.html"]


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    etag = client.get("/page/app.js").headers["etag"]
    again = client.get("/page/app.js", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


def test_a_changed_file_is_sent(client: TestClient) -> None:
    assert client.get("/page/app.js", headers={"If-None-Match": '"an older one"'}).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "page.py",
        "__init__.py",
        "nothing.js",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "%2e/app.js",
        "/etc/passwd",
        "app.js%00",
        "APP.JS",
    ],
)
def test_no_other_file_can_be_had(client: TestClient, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404


def test_head_tells_without_the_content(client: TestClient) -> None:
    answer = client.head("/page/app.js")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_page_holds_no_inline_script_or_style() -> None:
    html = TEXTS["index.html"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=|javascript:", html) == []


def test_no_file_refers_to_another_origin() -> None:
    namespace = "http://www.w3.org/2000/svg"
    found = {
        name: re.findall(r"""["'(]\s*(?:https?:)?//[^"')\s]+""", text.replace(namespace, ""))
        for name, text in TEXTS.items()
    }
    assert {name: links for name, links in found.items() if links} == {}


def test_no_script_can_turn_text_into_markup_or_code() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
    danger = rf"{markup}|\beval\(|new Function"
    assert [name for name, text in TEXTS.items() if re.search(danger, text)] == []


def test_every_import_is_a_file_that_is_served() -> None:
    for name, text in TEXTS.items():
        for target in re.findall(r'from "\./([^"]+)"', text):
            assert target in page.PAGE_FILES, f"{name} imports {target}"


def test_scripts_stay_small() -> None:
    assert {name: text.count("\n") for name, text in TEXTS.items() if text.count("\n") > 300} == {}


def test_the_presets_are_the_tools_of_the_built_in_model() -> None:
    presets = TEXTS["tool-presets.js"]
    for example in islice(ToolCall().examples("train", 0), 400):
        call = json.loads(example.answer)
        definition = re.search(rf'"{call["tool"]}",(.*?)(?=tool\(|\]\n?;)', presets, re.DOTALL)
        assert definition, call
        assert all(f"{name}:" in definition[1] for name in call["arguments"]), call
