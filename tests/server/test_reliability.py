"""What must hold when things go wrong, on a server as users start it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest
from tests.support.running_server import RunningServer, StartServer, started
from tests.support.waiting import until

from zaphod.model.fetching.references import BUILTIN_FOLDER

QUESTION = {"messages": [{"role": "user", "content": "what is 4817 + 2944?"}], "temperature": 0}
LONG = {**QUESTION, "max_tokens": 400, "ignore_eos": True}
ANSWER = "7+4+0=11 1+4+1=06 8+9+0=17 4+2+1=07\n= 7761"


def status(server: RunningServer) -> dict[str, Any]:
    facts: dict[str, Any] = server.get("/zaphod/status")
    return facts


def is_idle(server: RunningServer) -> bool:
    facts = status(server)
    return facts["running"] + facts["waiting"] == 0 and facts["kv_cache_usage"] == 0


def ask(server: RunningServer, **changes: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/chat/completions", json={**QUESTION, **changes}, timeout=60)


@contextmanager
def stream(server: RunningServer, **changes: Any) -> Iterator[Iterator[str]]:
    body = {**LONG, "stream": True, **changes}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=60) as response:
        assert response.status_code == 200, response.read()
        yield (line.removeprefix("data: ") for line in response.iter_lines() if line)


@contextmanager
def held(server: RunningServer) -> Iterator[None]:
    """The engine stands still, wherever it is."""
    engine = server.engine
    engine.suspend()
    try:
        yield
    finally:
        engine.resume()


def is_ready(server: RunningServer) -> bool:
    return httpx.get(f"{server.url}/ready", timeout=30).status_code == 200


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """It answers one request at a time."""
    with started(tmp_path_factory.mktemp("narrow"), "--max-num-seqs", "1") as running:
        yield running


class TestDisconnecting:
    """Item 1: whoever leaves frees its place, and the others' answers stay what they are."""

    def test_in_the_middle_of_an_answer(self, server: RunningServer) -> None:
        with stream(server) as lines:
            for _ in range(5):
                next(lines)
        until(lambda: is_idle(server))
        assert ask(server).json()["choices"][0]["message"]["content"] == ANSWER

    def test_while_it_waits(self, narrow: RunningServer) -> None:
        with stream(narrow) as lines:
            next(lines)
            with held(narrow), pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{narrow.url}/v1/chat/completions", json=QUESTION, timeout=0.3)
        until(lambda: is_idle(narrow))

    def test_while_an_answer_that_is_not_streamed_is_computed(self, server: RunningServer) -> None:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(httpx.post, f"{server.url}/v1/chat/completions", json={**LONG, "n": 8}, timeout=0.5)
            until(lambda: status(server)["running"] > 0)
            with held(server), pytest.raises(httpx.ReadTimeout):
                answer.result()
        until(lambda: is_idle(server))

    def test_while_a_grammar_is_compiled(self, server: RunningServer) -> None:
        schema = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(200)}}
        shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
        with held(server), pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/v1/chat/completions", json={**LONG, "response_format": shape}, timeout=0.3)
        until(lambda: is_idle(server))

    def test_in_a_tool_call_that_streams(self, server: RunningServer) -> None:
        tool = {"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}
        with stream(server, tools=[tool], tool_choice="required", ignore_eos=False) as lines:
            next(lines)
            next(lines)
        until(lambda: is_idle(server))

    def test_leaves_the_others_answers_as_they_are(self, server: RunningServer) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(ask, server) for _ in range(4)]
            for _ in range(4):
                with stream(server) as lines:
                    next(lines)
            texts = {answer.result().json()["choices"][0]["message"]["content"] for answer in answers}
        assert texts == {ANSWER}


class TestStopping:
    """Item 2: SIGTERM drains; a second one ends at once."""

    def test_running_answers_finish_and_new_ones_are_refused(self, start_server: StartServer) -> None:
        with start_server() as server:
            with stream(server) as lines:
                next(lines)
                with held(server):
                    server.process.send_signal(signal.SIGTERM)
                    until(lambda: not is_ready(server))
                    refused = ask(server)
                assert refused.status_code == 503
                assert "Retry-After" in refused.headers
                rest = list(lines)
            assert rest[-1] == "[DONE]"
            assert json.loads(rest[-2])["choices"][0]["finish_reason"] == "length"
            assert server.process.wait(20) == 0

    def test_what_still_runs_at_the_deadline_is_told(self, start_server: StartServer) -> None:
        with start_server("--shutdown-timeout", "0.05") as server:
            with stream(server, n=8) as lines:
                next(lines)
                server.engine.suspend()
                server.process.send_signal(signal.SIGTERM)
                rest = list(lines)
            assert json.loads(rest[-2])["error"]["code"] == "shutting_down"
            assert rest[-1] == "[DONE]"
            assert server.process.wait(20) == 0

    def test_a_second_signal_ends_at_once(self, start_server: StartServer) -> None:
        with start_server() as server:
            engine = server.engine
            with stream(server, n=8) as lines:
                next(lines)
                engine.suspend()
                server.process.send_signal(signal.SIGTERM)
                until(lambda: not is_ready(server))
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(5) == 1
            engine.resume()
            until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE)


class TestTheEnginesDeath:
    """Item 3: told at once, started again, nothing left behind."""

    def test_streams_end_with_an_error_and_the_server_recovers(self, start_server: StartServer) -> None:
        with start_server() as server:
            before = set(os.listdir("/dev/shm"))
            engine = server.engine
            with stream(server, n=4) as lines:
                next(lines)
                engine.kill()
                rest = list(lines)
            assert json.loads(rest[-2])["error"]["code"] == "engine_died"
            until(lambda: not is_ready(server) or server.engine.pid != engine.pid)
            until(lambda: is_ready(server))
            assert ask(server).json()["choices"][0]["message"]["content"] == ANSWER
            assert not psutil.pid_exists(engine.pid)
            assert set(os.listdir("/dev/shm")) <= before

    def test_a_request_without_an_engine_is_refused_at_once(self, start_server: StartServer) -> None:
        with start_server() as server:
            server.engine.kill()
            until(lambda: not is_ready(server))
            refused = ask(server)
            assert refused.status_code in (200, 503)
            assert httpx.get(f"{server.url}/live").status_code == 200
            until(lambda: is_ready(server))


class TestHanging:
    """Item 4: an engine that hangs is not ready, though alive; nobody asks it anything to find out."""

    def test_it_is_alive_but_not_ready(self, start_server: StartServer) -> None:
        with start_server() as server:
            engine = server.engine
            engine.suspend()
            try:
                until(lambda: not is_ready(server), timeout_s=10)
                assert "silent" in httpx.get(f"{server.url}/ready").json()["reason"]
                assert httpx.get(f"{server.url}/live").status_code == 200
            finally:
                engine.resume()
            until(lambda: is_ready(server))

    def test_probes_make_the_engine_do_nothing(self, server: RunningServer) -> None:
        before = httpx.get(f"{server.url}/metrics").text
        for _ in range(50):
            httpx.get(f"{server.url}/ready")
            httpx.get(f"{server.url}/live")
        steps = "zaphod:engine_steps_total"
        after = httpx.get(f"{server.url}/metrics").text
        assert [line for line in before.splitlines() if line.startswith(steps)] == [
            line for line in after.splitlines() if line.startswith(steps)
        ]


class TestOverload:
    """Item 7: what cannot wait is sent away with a time to come back, and no key starves another."""

    def test_a_full_queue_refuses_with_a_time(self, start_server: StartServer) -> None:
        with start_server("--max-num-seqs", "1", "--max-queue", "2") as server, ThreadPoolExecutor(16) as pool:
            server.engine.suspend()
            answers = [pool.submit(ask, server, max_tokens=50) for _ in range(16)]
            until(lambda: sum(answer.done() for answer in answers) >= 12)
            server.engine.resume()
            results = [answer.result() for answer in answers]
        refused = [result for result in results if result.status_code == 429]
        assert len(refused) >= 12
        assert all(int(result.headers["Retry-After"]) >= 1 for result in refused)
        assert {result.status_code for result in results} == {200, 429}

    def test_a_deadline_that_passes_in_the_queue_is_told(self, start_server: StartServer) -> None:
        with start_server("--max-num-seqs", "1") as server, stream(server) as lines:
            next(lines)
            server.engine.suspend()
            headers = {"X-Zaphod-Timeout-S": "0.2"}
            late = httpx.post(f"{server.url}/v1/chat/completions", json=QUESTION, headers=headers, timeout=30)
            server.engine.resume()
            assert late.status_code == 504
            assert late.json()["error"]["code"] == "deadline_exceeded"


class TestTheSameAnswer:
    """Item 9: alone, in company, after a cached prefix and after preemption, bit for bit."""

    def test_tokens_and_probabilities_do_not_depend_on_company(self, start_server: StartServer) -> None:
        asked = {"logprobs": True, "top_logprobs": 3, "max_tokens": 60, "ignore_eos": True}
        with start_server("--max-num-seqs", "8", "--max-model-len", "128") as server:
            alone = ask(server, **asked).json()["choices"][0]
            with ThreadPoolExecutor(12) as pool:
                others = [pool.submit(ask, server, max_tokens=90, ignore_eos=True, seed=n) for n in range(8)]
                together = [pool.submit(ask, server, **asked) for _ in range(4)]
                same = [answer.result().json()["choices"][0] for answer in together]
                assert all(other.result().status_code == 200 for other in others)
        for other in same:
            assert other["message"] == alone["message"]
            assert other["logprobs"] == alone["logprobs"]


class TestFiles:
    """Item 6: a damaged model is named, with the exit code of its kind."""

    @pytest.mark.parametrize("keep", [0, 100, 5000])
    def test_a_cut_file_is_refused(self, start_server: StartServer, tmp_path: Any, keep: int) -> None:
        data = (BUILTIN_FOLDER / "packed.safetensors").read_bytes()
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / "packed.safetensors").write_bytes(data[:keep])
        command = [sys.executable, "-m", "zaphod", "serve", str(folder), "--port", "0"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 3, ended.stderr
        assert "packed.safetensors" in ended.stderr
        assert "Traceback" not in ended.stderr
