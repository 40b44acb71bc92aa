"""Serves the page's files, which are named one by one; knows no other file and nothing of what the page does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from zaphod.server.errors import ApiError

_HTML = "text/html; charset=utf-8"
_CSS = "text/css; charset=utf-8"
_SCRIPT = "text/javascript; charset=utf-8"
_SVG = "image/svg+xml"

_STYLES = ("base", "controls", "conversation", "evidence", "planner", "robot")
_SCRIPTS = (
    "announce", "answer", "answer-view", "app", "branches", "chat", "clipboard", "composer", "conversation", "dom",
    "empty", "first-paint", "format", "guard-view", "markdown", "notices", "panel", "partial-json", "planner",
    "planner-answer", "planner-charts", "planner-question", "problem", "question-view", "readable", "robot",
    "robot-chart", "robot-charts", "robot-checks", "robot-episode", "robot-file", "robot-geometry", "robot-plan",
    "robot-player", "robot-proof", "robot-recording", "robot-scene", "robot-verdict", "routing-map", "settings",
    "settings-drawer", "shortcuts", "sse", "status", "storage", "theme", "thread-view", "token-view", "tool-calls-view",
    "tool-presets", "tools-dialog", "transport",
)  # fmt: skip

PAGE_FILES = {
    "index.html": _HTML,
    "planner.html": _HTML,
    "robot.html": _HTML,
    "icon.svg": _SVG,
    **{f"{name}.css": _CSS for name in _STYLES},
    **{f"{name}.js": _SCRIPT for name in _SCRIPTS},
}
"""Every file that is served, with its type. Names are looked up here first, so none can lead elsewhere."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class _File:
    content: bytes
    etag: str
    """Of the content, so that a new version is fetched at once and an old one never shown."""


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request) -> Response:
    """The page itself."""
    return _response(request, "index.html")


@router.api_route("/page/{name:path}", methods=["GET", "HEAD"])
def page_file(request: Request, name: str) -> Response:
    """A style, a script or the icon."""
    if name not in PAGE_FILES:
        raise ApiError(404, "not_found", "The page has no such file. Its files are those that / refers to.")
    return _response(request, name)


def _response(request: Request, name: str) -> Response:
    file = _read(name)
    headers = {"ETag": file.etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if file.etag in request.headers.get("If-None-Match", "").split(", "):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=PAGE_FILES[name], headers=headers)


@cache
def _read(name: str) -> _File:
    content = files(__package__).joinpath(name).read_bytes()
    return _File(content=content, etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"')
