"""Row 18: what a failing or dying server leaves in logs, traces, metrics and crash dumps. Never a text, a key, a header.

Requests that are answered or refused: `observability/test_canaries.py`. Here the code itself fails, as nobody foresaw.
"""

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from tests.server.security.attacking import CHAT, chat, connect, get, post
from tests.support.running_server import RunningServer, started
from tests.support.waiting import until

CANARY = "qanary7f3a91"
FAULTS = '''
"""Puts faults into the processes of a server whose messages hold what clients sent."""
import sys

if "serve" in sys.orig_argv:
    from zaphod.server.api import chat_turn

    honest = chat_turn.turn_of

    def turn_of(body):
        if "gateway" in str(body.messages[-1].content):
            raise ValueError(f"cannot lay out {body!r}")
        return honest(body)

    chat_turn.turn_of = turn_of
if any("engine_process.worker" in word for word in sys.orig_argv):
    from zaphod.engine import engine

    add_request = engine.Engine.add_request

    def add(self, request):
        if request.sampling.stop == ("engine",):
            raise RuntimeError(f"cannot add {request!r}")
        return add_request(self, request)

    engine.Engine.add_request = add
'''


@contextmanager
def core_files_allowed() -> Iterator[None]:
    """Processes that are started inside could leave core files, if they did not see to it themselves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose code fails where a message asks for it, with all its outputs kept."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "sitecustomize.py").write_text(FAULTS)
    with core_files_allowed(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        with started(folder, "--log-file", str(folder / "access.log")) as running:
            yield running


def told(server: RunningServer) -> str:
    return server.log.read_text() + (server.folder / "access.log").read_text()


def is_ready(server: RunningServer) -> bool:
    return get(server, "/ready").status_code == 200


def test_an_exception_that_nobody_foresaw_is_logged_by_place_and_type(faulty: RunningServer) -> None:
    headers = {"x_api_key": f"zk-{CANARY}", "cookie": CANARY, "user_agent": CANARY}
    failed = post(faulty, CHAT, chat(f"gateway {CANARY}"), **headers)
    assert failed.status_code == 500
    assert CANARY not in failed.text
    until(lambda: "ValueError" in told(faulty))
    assert "in turn_of" in told(faulty)
    assert CANARY not in told(faulty)
    assert CANARY not in get(faulty, "/metrics").text


def test_an_engine_that_falls_over_a_request_says_so_by_place_and_type(faulty: RunningServer) -> None:
    failed = post(faulty, CHAT, chat(CANARY, stop=["engine"]))
    assert failed.status_code in (500, 503)
    assert CANARY not in failed.text
    until(lambda: "RuntimeError" in told(faulty))
    assert "in add" in told(faulty)
    assert CANARY not in told(faulty)
    until(lambda: is_ready(faulty))


DUMPS = {
    signal.SIGABRT: "Fatal Python error: Aborted",
    signal.SIGSEGV: "Fatal Python error: Segmentation fault",
    signal.SIGBUS: "Fatal Python error: Bus error",
}


@pytest.mark.parametrize("number", DUMPS)
def test_a_dump_of_the_engine_shows_places_only(faulty: RunningServer, number: signal.Signals) -> None:
    before = faulty.engine.pid
    with httpx.stream(
        "POST", faulty.url + CHAT, json=chat(CANARY, max_tokens=400, stream=True, ignore_eos=True)
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        os.kill(before, number)
        assert any("engine_died" in line for line in lines)
    until(lambda: DUMPS[number] in told(faulty))
    assert CANARY not in told(faulty)
    until(lambda: is_ready(faulty) and faulty.engine.pid != before)


def test_no_process_leaves_a_core_file(faulty: RunningServer) -> None:
    root = psutil.Process(faulty.process.pid)
    for process in (root, *root.children(recursive=True)):
        soft, _ = resource.prlimit(process.pid, resource.RLIMIT_CORE)
        assert soft == 0, process.cmdline()


def test_no_process_shows_a_key_or_a_prompt_to_its_neighbours(faulty: RunningServer) -> None:
    """The arguments of a process are for everybody on the machine to read."""
    post(faulty, CHAT, chat(CANARY), x_api_key=f"zk-{CANARY}")
    root = psutil.Process(faulty.process.pid)
    for process in (root, *root.children(recursive=True)):
        assert CANARY not in " ".join(process.cmdline())
        assert CANARY not in str(process.environ())


def test_a_dump_of_the_gateway_shows_places_only(faulty: RunningServer) -> None:
    """The last test of this file: it ends the server."""
    engine = faulty.engine
    with connect(faulty) as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n{CANARY}".encode())
        time.sleep(0.1)
        os.kill(faulty.process.pid, signal.SIGABRT)
        faulty.process.wait(10)
    assert faulty.process.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in faulty.log.read_text()
    assert CANARY not in told(faulty)
    # The engine has seen its socket close.
    until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE)
    assert not [file for file in Path.cwd().glob("core*") if file.is_file()]
