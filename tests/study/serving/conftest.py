"""What the tests of the load generator share: a server with known behaviour, and a load against it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.study.serving import small_server as small_server_module
from tests.study.serving.small_server import SmallServer, small_server

from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client, Endpoint, Target
from zaphod.study.benchmarks.serving.load import Load, Run, measure
from zaphod.study.benchmarks.serving.prompts import Prompt
from zaphod.study.benchmarks.serving.servers import RunningServer, ServerLaunch, free_port

Measure = Callable[..., Run]


@pytest.fixture(scope="session")
def running_server() -> Iterator[SmallServer]:
    with small_server() as running:
        yield running


@pytest.fixture
def server(running_server: SmallServer) -> SmallServer:
    running_server.forget()
    return running_server


@pytest.fixture
def measured(server: SmallServer) -> Measure:
    """Send `num` requests of `tokens` tokens each to the model `model` and return what came of it."""

    def run(
        model: str = "good",
        num: int = 4,
        tokens: int = 5,
        endpoint: Endpoint = "completions",
        base_url: str | None = None,
        timeout_s: float = 30.0,
        num_warmups: int = 0,
        arrivals: Arrivals | None = None,
        **extra: Any,
    ) -> Run:
        target = Target(
            base_url=base_url or server.base_url,
            model=model,
            endpoint=endpoint,
            timeout_s=timeout_s,
            extra_body=extra,
        )
        load = Load(arrivals=arrivals or Arrivals(max_concurrency=2), num_prompts=num, num_warmups=num_warmups)

        async def go() -> Run:
            async with Client(target) as client:
                return await measure(client, lambda index: Prompt(text=f"word {index}", max_tokens=tokens), load)

        return asyncio.run(go())

    return run


@pytest.fixture(scope="session")
def small_process() -> Iterator[RunningServer]:
    """The same server as a process of its own."""
    with RunningServer(launch_of(free_port())) as running:
        yield running


def launch_of(port: int) -> ServerLaunch:
    return ServerLaunch(name="small", command=[sys.executable, small_server_module.__file__, str(port)], port=port)
