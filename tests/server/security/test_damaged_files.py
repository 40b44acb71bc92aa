"""Reliability 6: files with wrong bits, files that end early, disks that are full. Named errors, and a server that goes on."""

import json
import os
import resource
import shutil
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.server.security.attacking import CHAT, builtin_copy, chat, code, get, post
from tests.server.security.conftest import Here
from tests.support.running_server import RunningServer, StartServer
from tests.support.waiting import until

from zaphod.model.fetching.references import BUILTIN_FOLDER
from zaphod.server.admission.keys import KeyStore

WEIGHTS = "packed.safetensors"


def header_length() -> int:
    with (BUILTIN_FOLDER / WEIGHTS).open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
    return int(length)


@pytest.mark.parametrize("place", [0, 3, 7, 8, 9, "middle of the header", "end of the header"])
def test_a_flipped_bit_in_the_head_of_a_file_is_named(zaphod_here: Here, tmp_path: Path, place: int | str) -> None:
    model = builtin_copy(tmp_path / "model")
    offsets = {"middle of the header": 8 + header_length() // 2, "end of the header": 7 + header_length()}
    data = bytearray((model / WEIGHTS).read_bytes())
    data[offsets.get(str(place), place if isinstance(place, int) else 0)] ^= 0x40
    (model / WEIGHTS).write_bytes(data)
    ended = zaphod_here("serve", "model", "--port", "0")
    assert ended.returncode in (2, 3), ended
    assert WEIGHTS in ended.stderr
    assert ended.stderr.count("zaphod:") == 1


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, -1, -4096])
def test_a_file_that_ends_early_is_named(zaphod_here: Here, tmp_path: Path, keep: int) -> None:
    model = builtin_copy(tmp_path / "model")
    size = (model / WEIGHTS).stat().st_size
    os.truncate(model / WEIGHTS, keep if keep >= 0 else size + keep)
    ended = zaphod_here("serve", "model", "--port", "0")
    assert ended.returncode == 3, ended
    assert WEIGHTS in ended.stderr


def test_a_file_that_shrinks_under_a_server_ends_no_more_than_the_engine(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The engine may die of it; the gateway lives, says why nothing is ready, and goes on when the file is back."""
    model = builtin_copy(tmp_path / "model")
    with start_server(str(model)) as server:
        os.truncate(model / WEIGHTS, 5000)
        os.kill(server.engine.pid, signal.SIGKILL)
        until(lambda: WEIGHTS in server.log.read_text())
        assert get(server, "/live").status_code == 200
        assert get(server, "/ready").status_code == 503
        refused = post(server, CHAT, chat())
        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        shutil.copy(BUILTIN_FOLDER / WEIGHTS, model / "new")
        (model / "new").rename(model / WEIGHTS)
        until(lambda: get(server, "/ready").status_code == 200)
        assert post(server, CHAT, chat()).status_code == 200


@contextmanager
def full_disk(server: RunningServer) -> Iterator[None]:
    """No log and no audit of the gateway grows beyond what it has now, as on a disk without a free block."""
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    growing = [server.folder / "access.log", *server.folder.rglob("*.jsonl")]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (min(file.stat().st_size for file in growing), hard))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def keyed(
    start_server: StartServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[RunningServer, KeyStore]]:
    """A server with a key, and with flags that the test may name."""
    folder = tmp_path / "keyed"
    flags = ("--log-file", str(folder / "access.log"), *getattr(request, "param", ()))
    with KeyStore(folder / "data" / "zaphod" / "keys.sqlite") as keys:
        secret = keys.create(name="a")[0]
        with start_server(*flags, folder=folder, key=secret) as server:
            yield server, keys


def test_on_a_full_disk_nothing_is_done_that_cannot_be_written_down(keyed: tuple[RunningServer, KeyStore]) -> None:
    server, keys = keyed
    [key] = keys.keys()
    assert post(server, CHAT, chat()).status_code == 200
    until(lambda: sum(keys.usage(key.id).values()) > 0)
    used = sum(keys.usage(key.id).values())
    with full_disk(server):
        for body in (chat(), chat(stream=True)):
            refused = post(server, CHAT, body)
            assert (refused.status_code, code(refused)) == (503, "audit_unavailable")
            assert "nothing is done without it" in refused.json()["error"]["message"]
            assert int(refused.headers["Retry-After"]) > 0
        assert get(server, "/ready").status_code == 200
    until(lambda: post(server, CHAT, chat()).status_code == 200)
    until(lambda: sum(keys.usage(key.id).values()) == 2 * used)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("keyed", [("--no-audit",)], indirect=True)
def test_without_an_audit_a_full_disk_stops_nothing_and_what_was_used_is_written_later(
    keyed: tuple[RunningServer, KeyStore],
) -> None:
    server, keys = keyed
    [key] = keys.keys()
    assert post(server, CHAT, chat()).status_code == 200
    until(lambda: sum(keys.usage(key.id).values()) > 0)
    used = sum(keys.usage(key.id).values())
    lines = len((server.folder / "access.log").read_text().splitlines())
    with full_disk(server):
        for _ in range(3):
            assert post(server, CHAT, chat()).status_code == 200
        until(lambda: "a line of the log could not be written" in server.log.read_text())
        time.sleep(2.2)  # what was used is written every two seconds
        assert get(server, "/ready").status_code == 200
        assert sum(keys.usage(key.id).values()) == used
    assert post(server, CHAT, chat()).status_code == 200
    until(lambda: sum(keys.usage(key.id).values()) >= 5 * used)
    told = (server.folder / "access.log").read_text()
    assert all(json.loads(line) for line in told.splitlines() if line)
    assert len(told.splitlines()) > lines
    assert "Traceback" not in server.log.read_text()


def test_a_key_that_cannot_be_written_is_not_told(zaphod_here: Here, tmp_path: Path) -> None:
    """Whoever was shown a secret would believe that it opens something."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        ended = zaphod_here("keys", "create", "--name", "a", "--keys-file", "mine/keys.sqlite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ended.returncode == 2, ended
    assert "zk-" not in ended.stdout
    assert "keys.sqlite" in ended.stderr


@pytest.mark.parametrize("place", ["nowhere/access.log", "/dev/full/x", "."])
def test_a_log_that_cannot_be_opened_ends_the_start(zaphod_here: Here, place: str) -> None:
    ended = zaphod_here("serve", "--port", "0", "--log-file", place)
    assert ended.returncode == 2, ended
    assert "cannot be written" in ended.stderr


def test_a_log_on_a_full_device_stops_nothing(start_server: StartServer) -> None:
    with start_server("--log-file", "/dev/full") as server:
        assert post(server, CHAT, chat()).status_code == 200
        until(lambda: "could not be written" in server.log.read_text())
        assert post(server, CHAT, chat()).status_code == 200
