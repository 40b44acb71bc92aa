"""Row 8: names that lead out of where they belong, in requests, pulls, indexes and the page's files."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.security.attacking import CHAT, chat, get, post, send, zaphod
from tests.server.security.conftest import Here
from tests.support.hub import StubHub, serve
from tests.support.running_server import RunningServer
from tests.support.tiny_models import open_tiny

from zaphod.core.errors import DownloadError
from zaphod.core.progress import SILENT
from zaphod.model.fetching.hub import HubName
from zaphod.model.fetching.repository import plan_pull, pull
from zaphod.model.files.conversion import convert

OUT = (
    "../../../../etc/passwd", "/etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "..\\..\\etc\\passwd", "....//....//etc/passwd",
    "%2e%2e/%2e%2e/etc/passwd", "%252e%252e/etc/passwd", "./passwd", "a/../../passwd", "~/x", "$HOME", "C:\\x", "\\\\h\\s\\x",
    "file:///etc/passwd", "passwd\0.css", "page.css/../../x", "..;/x", "%c0%ae%c0%ae/x", "．．/x", "con", "-rf", "`id`", "$(id)",
)  # fmt: skip


@pytest.mark.parametrize("name", OUT)
def test_no_model_name_leads_to_a_file(victim: RunningServer, name: str) -> None:
    for path, body in ((CHAT, chat()), ("/v1/embeddings", {"input": "a"}), ("/tokenize", {"prompt": "a"})):
        refused = post(victim, path, {**body, "model": name})
        assert refused.status_code == 404, refused.text
        assert "root:" not in refused.text


@pytest.mark.parametrize("start", ["/page/", "/v1/models/", "/"])
def test_no_address_leads_to_a_file(victim: RunningServer, start: str) -> None:
    for name in OUT:
        line = "".join(letter if 32 < ord(letter) < 127 else f"%{ord(letter) % 256:02x}" for letter in name)
        reply = send(victim, f"GET {start}{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert reply.statuses in ([404], [400]), (name, reply.data[:200])
        assert b"root:" not in reply.data


def test_the_page_serves_its_own_files_and_not_the_packages(victim: RunningServer) -> None:
    assert get(victim, "/").status_code == 200
    for name in ("page.py", "__init__.py", "__pycache__", "../app.py", ".", ""):
        assert get(victim, f"/page/{name}").status_code == 404, name


@pytest.fixture
def hub() -> Iterator[StubHub]:
    config = b'{"model_type": "mixtral"}'
    with serve(StubHub({"config.json": config, "model.safetensors": b"\x02\0\0\0\0\0\0\0{}"})) as running:
        yield running


def fetch(hub: StubHub, cache: Path) -> None:
    pull(plan_pull(HubName("org/name"), (), cache, hub.endpoint), SILENT, cache, hub.endpoint)


@pytest.mark.parametrize("evil", ["../../../../escaped.json", "/tmp/zaphod-escaped.json", "a/../../../escaped.json",
                                  "..\\..\\escaped.json", "a\0b.json", "C:\\escaped.json", "/"])  # fmt: skip
def test_a_repository_that_names_files_outside_of_itself_is_not_fetched(
    hub: StubHub, tmp_path: Path, evil: str
) -> None:
    hub.files[evil] = b"{}"
    with pytest.raises(DownloadError, match="names a file"):
        fetch(hub, tmp_path / "far" / "down" / "cache")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    assert not Path("/tmp/zaphod-escaped.json").exists()


def test_the_same_repository_without_it_is_fetched(hub: StubHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path / "cache")
    assert list(tmp_path.rglob("config.json"))


def test_a_commit_that_leads_elsewhere_is_refused(
    hub: StubHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = hub.describe
    monkeypatch.setattr(hub, "describe", lambda: {**honest(), "sha": "../../../escaped"})
    with pytest.raises(DownloadError, match="names a file"):
        fetch(hub, tmp_path / "far" / "down" / "cache")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    "name", ["../x/y", "org/../x", "org/..", "./x", "org//x", "org/x@../../y", "org/x/../../y", "hf://../x"]
)
def test_what_is_pulled_is_named_like_a_repository(zaphod_here: Here, tmp_path: Path, name: str) -> None:
    assert zaphod_here("pull", name, "--yes", "--cache-dir", "cache").returncode == 2
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize("revision", ["../../y", "/etc", "-rf", "a/../../b", "a b", "a\0b", ""])
def test_a_revision_names_no_file_outside_of_the_cache(zaphod_here: Here, revision: str) -> None:
    ended = zaphod_here("pull", "org/x", "--revision", revision, "--yes", "--cache-dir", "cache")
    assert (ended.returncode, "no revision" in ended.stderr) == (2, True), ended


def test_a_pull_that_was_cut_short_is_not_served(
    hub: StubHub, zaphod_here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the library waits between its tries
    hub.break_after_bytes = 3
    with pytest.raises(DownloadError):
        fetch(hub, tmp_path / "cache")
    monkeypatch.setenv("ZAPHOD_CACHE_DIR", str(tmp_path / "cache"))
    assert zaphod_here("serve", "org/name", "--port", "0").returncode == 8


@pytest.mark.parametrize("shard", ["../secret.safetensors", "/etc/passwd", "a/../../secret.safetensors", ".."])
def test_an_index_names_files_beside_itself_only(zaphod_here: Here, tmp_path: Path, shard: str) -> None:
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "safetensors", tmp_path / "model")
        names = list(source.names())
    (tmp_path / "model" / "model.safetensors").rename(tmp_path / "secret.safetensors")
    index = {"weight_map": dict.fromkeys(names, shard)}
    (tmp_path / "model" / "model.safetensors.index.json").write_text(json.dumps(index))
    ended = zaphod_here("serve", "model", "--port", "0")
    assert ended.returncode == 3, ended.stderr
    assert "weight_map" in ended.stderr


def test_an_adapter_is_a_folder_with_its_two_files(tmp_path: Path) -> None:
    ended = zaphod("serve", "--port", "0", "--adapter", "a=/etc/passwd", folder=tmp_path)
    assert ended.returncode == 3, ended.stderr
    assert "root:" not in ended.stderr


@pytest.mark.parametrize("word", ["=x", "a=", "a", "="])
def test_an_adapter_has_a_name_and_a_folder(zaphod_here: Here, word: str) -> None:
    assert zaphod_here("serve", "--port", "0", "--adapter", word).returncode == 2
