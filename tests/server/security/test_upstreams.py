"""Servers behind the gateway that are not what they seem: they redirect, grow without end, and speak to browsers."""

import gzip
import json
from collections.abc import Iterator

import psutil
import pytest
from tests.server.security.attacking import CHAT, Listener, chat, get, listener, post
from tests.server.security.conftest import Here
from tests.support.running_server import RunningServer, started

from zaphod.server.admission.keys import KeyStore

MODELS = b'{"object": "list", "data": [{"id": "m", "object": "model"}]}'
MB = 1_000_000


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, Listener]]:
    """A gateway with a key, before a server whose answers a test chooses."""
    folder = tmp_path_factory.mktemp("gateway")
    with KeyStore(folder / "data" / "zaphod" / "keys.sqlite") as keys:
        secret = keys.create(name="a", scopes=["generate", "metrics", "admin"])[0]
    with listener(body=MODELS) as behind, started(folder, "--upstream", behind.url, key=secret) as running:
        yield running, behind


@pytest.fixture(autouse=True)
def _honest_again(evil: tuple[RunningServer, Listener]) -> Iterator[None]:
    yield
    behind = evil[1]
    behind.status, behind.headers, behind.body = 200, {}, MODELS
    behind.visits.clear()
    behind.seen.clear()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed(evil: tuple[RunningServer, Listener], status: int) -> None:
    server, behind = evil
    with listener() as inside:
        behind.status, behind.headers = status, {"Location": f"{inside.url}/secret"}
        answer = post(server, CHAT, chat(model="m"))
        assert answer.status_code in (502, 503), answer.text
        assert inside.visits == []


def test_a_bomb_in_an_answer_is_not_unpacked_without_end(evil: tuple[RunningServer, Listener]) -> None:
    server, behind = evil
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    behind.headers, behind.body = (
        {"Content-Encoding": "gzip", "Content-Type": "application/json"},
        gzip.compress(bytes(400 * MB)),
    )
    answer = post(server, CHAT, chat(model="m"))
    assert answer.status_code in (502, 503), answer.status_code
    assert process.memory_info().rss - before < 250 * MB


def test_what_it_says_to_browsers_is_not_passed_on(evil: tuple[RunningServer, Listener]) -> None:
    server, behind = evil
    behind.headers = {
        "Set-Cookie": "session=evil", "Access-Control-Allow-Origin": "*", "Content-Type": "text/html",
        "Content-Security-Policy": "script-src *", "X-Frame-Options": "ALLOWALL", "Server": "evil",
    }  # fmt: skip
    behind.body = b"<script>alert(1)</script>"
    for answer in (post(server, CHAT, chat(model="m")), get(server, "/v1/models")):
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        assert "html" not in answer.headers["content-type"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


def test_it_never_sees_the_clients_key_or_cookie(evil: tuple[RunningServer, Listener]) -> None:
    server, behind = evil
    post(server, CHAT, chat("what is this?", model="m"), cookie="session=1", x_api_key="", proxy_authorization="secret")
    [told] = [seen for seen in behind.seen if "what is this?" in seen]
    assert server.key is not None
    assert server.key not in told
    assert "session=1" not in told
    assert "secret" not in told


@pytest.mark.parametrize("path", ["../metrics", "x/../../admin", "%2e%2e/admin", "m?x=http://evil.example", "m#a"])
def test_no_name_makes_the_gateway_ask_for_another_path(evil: tuple[RunningServer, Listener], path: str) -> None:
    server, behind = evil
    get(server, f"/v1/models/{path}")
    post(server, CHAT, chat(model=path))
    assert all("admin" not in visit and "metrics" not in visit for visit in behind.visits)


def test_what_it_says_is_wrong_never_reaches_the_log(evil: tuple[RunningServer, Listener]) -> None:
    server, behind = evil
    behind.status, behind.body = 400, json.dumps({"error": {"message": "qanary\n\x1b[2J\nforged"}}).encode()
    post(server, CHAT, chat(model="m"))
    assert "qanary" not in server.log.read_text()
    assert "\x1b" not in server.log.read_text()


def test_the_key_of_an_upstream_comes_by_file(zaphod_here: Here) -> None:
    """A flag would show it to everybody on the machine."""
    assert zaphod_here("serve", "--upstream-key", "secret").returncode == 2
