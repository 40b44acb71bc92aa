"""Rows 5 and 6: addresses and media in requests. The server fetches nothing, opens nothing and decodes nothing."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.security.attacking import CHAT, Listener, listener, post
from tests.support.running_server import RunningServer

PNG_BOMB = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06" + bytes(64)
).decode()
JPEG_2000 = base64.b64encode(b"\0\0\0\x0cjP  \r\n\x87\n" + b"\xff" * 64).decode()
ELSEWHERE = (
    "file:///etc/passwd", "FILE:/etc/passwd", "/etc/passwd", "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/", "http://[fd00:ec2::254]/", "gopher://127.0.0.1:6379/_x", "ftp://127.0.0.1/",
    "jar:http://127.0.0.1!/", "unix:///var/run/docker.sock", f"data:image/png;base64,{PNG_BOMB}",
    f"data:image/jp2;base64,{JPEG_2000}", "data:text/html,<script>", "\\\\127.0.0.1\\share",
)  # fmt: skip


@pytest.fixture(scope="module")
def inside() -> Iterator[Listener]:
    """A service of this machine that only the server could reach, and that redirects to another one."""
    with listener(302, {"Location": "http://169.254.169.254/latest/meta-data/"}) as found:
        yield found


def spellings(url: str) -> list[str]:
    """Ways to write an address of loopback that simple checks take for another one."""
    port = url.rpartition(":")[2]
    hosts = ("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]")
    names = ("localhost", "localhost.", "127.0.0.1.nip.io", "example.org@127.0.0.1", "0.0.0.0", "①②⑦.⓪.⓪.①")
    return [f"http://{host}:{port}/secret" for host in (*hosts, *names)]


def requests_for(url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place of every API that takes addresses elsewhere."""
    for part in (
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": url},
        {"type": "video_url", "video_url": {"url": url}},
        {"type": "audio_url", "audio_url": {"url": url}},
        {"type": "input_audio", "input_audio": {"data": url, "format": "wav"}},
        {"type": "file", "file": {"file_data": url, "filename": "../../a"}},
    ):
        yield CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, part]}]}
    for part in (
        {"type": "input_image", "image_url": url},
        {"type": "input_image", "file_id": url},
        {"type": "input_file", "file_url": url},
    ):
        yield "/v1/responses", {"input": [{"role": "user", "content": [part]}]}
    yield "/v1/responses", {"input": "hi", "tools": [{"type": "mcp", "server_label": "a", "server_url": url}]}
    yield "/v1/responses", {"input": "hi", "tools": [{"type": "web_search"}]}
    for kind in ("image", "document"):
        for source in ({"type": "url", "url": url}, {"type": "base64", "media_type": "image/png", "data": url}):
            content = [{"type": kind, "source": source}]
            yield (
                "/v1/messages",
                {"model": "builtin", "max_tokens": 1, "messages": [{"role": "user", "content": content}]},
            )
    schema = {"$ref": url}
    shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    yield CHAT, {"messages": [{"role": "user", "content": "hi"}], "response_format": shape}
    yield "/v1/embeddings", {"input": [{"type": "image_url", "image_url": {"url": url}}]}


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_address_is_refused_wherever_it_stands(victim: RunningServer, url: str) -> None:
    for path, body in requests_for(url):
        refused = post(victim, path, body)
        assert refused.status_code == 400, (path, body, refused.text)
        assert "root:" not in refused.text


def test_no_spelling_of_an_address_makes_the_server_call_it(victim: RunningServer, inside: Listener) -> None:
    path, body = next(requests_for("x"))
    for url in spellings(inside.url):
        for path, body in requests_for(url):
            assert post(victim, path, body).status_code == 400, (path, body)
    assert inside.visits == []


def test_an_address_in_a_text_is_text(victim: RunningServer, inside: Listener) -> None:
    text = f"![a]({inside.url}/a.png) <img src={inside.url}> {inside.url}"
    assert post(victim, CHAT, {"messages": [{"role": "user", "content": text}], "max_tokens": 2}).status_code == 200
    assert inside.visits == []


def test_the_listener_counts_its_visitors(inside: Listener) -> None:
    import httpx

    with listener() as other:
        assert httpx.get(f"{other.url}/a").status_code == 200
        assert other.visits == ["GET /a"]


def test_no_media_library_is_in_any_process(victim: RunningServer) -> None:
    """What is not there cannot overflow."""
    for pid in (victim.process.pid, victim.engine.pid):
        mapped = Path(f"/proc/{pid}/maps").read_text()
        assert "libpython" in mapped or "python" in mapped
        found = [
            name for name in ("PIL", "cv2", "libav", "openjp", "libjpeg", "libwebp", "soundfile") if name in mapped
        ]
        assert found == []
