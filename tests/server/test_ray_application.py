"""A real Ray cluster of one machine runs our engine as replicas; without Ray, what is said about it."""

import concurrent.futures
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from zaphod.core.errors import MissingExtraError

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install 'zaphod[ray]'")
imports_ray = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # those of Ray's own code
LONG: Any = {"messages": [{"role": "user", "content": "what is 1 + 1?"}], "max_tokens": 300, "ignore_eos": True}


@dataclass
class Cluster:
    url: str
    driver: subprocess.Popen[str]

    def ask(self, fields: Any) -> httpx.Response:
        return httpx.post(self.url + "/v1/chat/completions", json=fields, timeout=60)

    def stream(self) -> AbstractContextManager[httpx.Response]:
        return httpx.stream("POST", self.url + "/v1/chat/completions", json={**LONG, "stream": True}, timeout=60)

    def num_replicas(self) -> int:
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write("\n")
        self.driver.stdin.flush()
        states: dict[str, int] = json.loads(self.driver.stdout.readline())
        return sum(number for state, number in states.items() if "RUNNING" in state)

    def figure(self, name: str) -> float:
        text = httpx.get(self.url + "/metrics", timeout=30).text
        return sum(map(float, re.findall(rf"^{name}\S* (\S+)$", text, re.MULTILINE)))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = (
        "host=127.0.0.1 threads=1 max_replicas=2 target_ongoing_requests=2 upscale_delay_s=0.2 downscale_delay_s=600"
    )
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.support.ray_driver", str(port), *words.split()]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as driver:
        assert driver.stdout is not None
        yield Cluster(json.loads(driver.stdout.readline())["url"], driver)
        assert driver.stdin is not None
        driver.stdin.close()
        assert driver.wait(60) == 0


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_the_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'zaphod[ray]'")):
        importlib.import_module("zaphod.server.ray_application")


@needs_ray
def test_a_replica_answers(cluster: Cluster) -> None:
    answer = cluster.ask({"messages": [{"role": "user", "content": "what is 4817 + 2944?"}]})
    assert "7761" in answer.json()["choices"][0]["message"]["content"]


@needs_ray
def test_answers_are_streamed_through_ray_s_proxy(cluster: Cluster) -> None:
    arrived_s = []
    with httpx.stream(
        "POST", cluster.url + "/v1/chat/completions", json={**LONG, "stream": True}, timeout=60
    ) as answer:
        for line in answer.iter_lines():
            arrived_s += [time.monotonic()] if line.startswith("data: {") else []
    assert len(arrived_s) > 20
    assert len({round(at_s, 2) for at_s in arrived_s}) > 5, "all of it came at one moment"


@needs_ray
def test_a_client_that_leaves_frees_the_replica(cluster: Cluster) -> None:
    with httpx.stream(
        "POST", cluster.url + "/v1/chat/completions", json={**LONG, "stream": True}, timeout=60
    ) as answer:
        next(answer.iter_lines())
    deadline_s = time.monotonic() + 20
    while cluster.figure("vllm:num_requests_running") > 0:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@needs_ray
def test_a_queue_adds_a_replica(cluster: Cluster) -> None:
    assert cluster.num_replicas() == 1
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        deadline_s = time.monotonic() + 90
        while cluster.num_replicas() < 2:
            assert time.monotonic() < deadline_s
            answers = list(pool.map(cluster.ask, [LONG] * 24))
            assert {answer.status_code for answer in answers} == {200}


@needs_ray
@imports_ray
def test_open_to_others_without_a_key_is_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from zaphod.core.errors import ConfigError
    from zaphod.server.ray_application import RayOptions, ReplicaApp

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="no key is valid"):
        ReplicaApp(RayOptions())


@needs_ray
@imports_ray
def test_a_misspelt_option_is_refused() -> None:
    from pydantic import ValidationError

    from zaphod.server.ray_application import RayOptions

    with pytest.raises(ValidationError, match="modle"):
        RayOptions.model_validate({"modle": "builtin"})
