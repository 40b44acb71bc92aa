"""Row 15: web pages of others that make a browser call this machine; names that attackers point at it."""

import pytest
from tests.server.security.attacking import CHAT, chat, get, post, send
from tests.support.running_server import RunningServer

HOSTS = (
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8000", "0x7f.1", "2130706433", "127.1",
    "0.0.0.0", "[::]", "[::ffff:8.8.8.8]", "localhost@evil.example", "evil.example#localhost", "localhost%00.evil.example",
    "ⓛocalhost", "loc\u0430lhost", "127。0。0。1", "localhost evil.example", "", "localhost:80:80", "a" * 300, "*",
)  # fmt: skip
ORIGINS = (
    "http://evil.example", "https://localhost.evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://",
    "chrome-extension://abc", "http://localhost@evil.example", "HTTP://EVIL.EXAMPLE", "", "about:blank", "http://[::1]",
)  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/models", "/live", "/", "/metrics"])
def test_a_name_that_is_not_ours_is_refused_everywhere(victim: RunningServer, path: str) -> None:
    for host in HOSTS:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        assert send(victim, head).statuses[0] in (400, 403), host


def test_a_page_of_another_origin_is_refused(victim: RunningServer) -> None:
    for origin in ORIGINS:
        refused = post(victim, CHAT, chat(), origin=origin, content_type="text/plain")
        assert refused.status_code == 403, origin
        assert "access-control-allow-origin" not in refused.headers
        assert get(victim, "/v1/models", origin=origin).status_code == 403


def test_no_preflight_is_answered(victim: RunningServer) -> None:
    for origin in ORIGINS:
        head = (
            f"OPTIONS {CHAT} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n"
            "Access-Control-Request-Private-Network: true\r\nConnection: close\r\n\r\n"
        ).encode()
        reply = send(victim, head)
        assert reply.statuses[0] in (403, 404, 405), origin
        assert not [name for name in reply.headers if name.startswith(b"access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("kind", ["image", "script", "iframe", "empty", "style"])
def test_what_a_page_loads_without_asking_is_refused(victim: RunningServer, site: str, kind: str) -> None:
    headers = {"sec_fetch_site": site, "sec_fetch_mode": "no-cors", "sec_fetch_dest": kind}
    assert get(victim, "/v1/models", **headers).status_code == 403
    assert get(victim, "/metrics", **headers).status_code == 403


def test_a_form_of_another_site_cannot_ask_the_model(victim: RunningServer) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "text/plain"):
        assert (
            post(victim, CHAT, b'{"messages": []}', content_type=kind, origin="http://evil.example").status_code == 403
        )


def test_our_own_page_is_let_in(victim: RunningServer) -> None:
    assert post(victim, CHAT, chat(), origin=victim.url).status_code == 200


def test_no_answer_sets_a_cookie_or_lets_another_page_read_it(victim: RunningServer) -> None:
    for path in ("/", "/live", "/v1/models", "/nowhere", "/openapi.json", "/page/page.css"):
        headers = get(victim, path, cookie="session=1").headers
        assert "set-cookie" not in headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_an_error_that_repeats_what_was_sent_is_no_page(victim: RunningServer) -> None:
    for answer in (
        get(victim, "/<script>alert(1)</script>"),
        get(victim, "/v1/models/<img src=x onerror=alert(1)>"),
        post(victim, CHAT, chat(model="<script>alert(1)</script>")),
        post(victim, CHAT, chat(**{"<script>": 1})),
    ):
        assert answer.headers["content-type"].startswith("application/json")
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_server_runs_no_tools(victim: RunningServer) -> None:
    for kind in (
        "mcp",
        "shell",
        "local_shell",
        "code_interpreter",
        "computer_use_preview",
        "web_search",
        "custom",
        "bash",
    ):
        for path, body in ((CHAT, chat()), ("/v1/responses", {"input": "hi"})):
            assert post(victim, path, {**body, "tools": [{"type": kind, "name": "a"}]}).status_code == 400
