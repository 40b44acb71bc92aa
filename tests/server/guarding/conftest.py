"""A server under a policy that finds something in answers which the built-in model certainly gives."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.running_server import RunningServer, started

POLICY = r"""
name = "tests"
version = "7"
description = "Sums are secrets, timers wait for a person, and nobody speaks of plovers without asking."
extends = "default"
max_delay_tokens = 8

[stages.input.actions]
"secret.plover" = "confirm"

[stages.output.actions]
"secret.forbidden" = "block"

[[rules]]
id = "secret.sum"
title = "the sum"
stages = ["output"]
patterns = ['7761']

[[rules]]
id = "secret.forbidden"
title = "a forbidden sum"
stages = ["output"]
patterns = ['1111']

[[rules]]
id = "secret.plover"
title = "the word plover"
stages = ["input"]
patterns = ['plover']

[authority.tools.set_timer]
action = "confirm"

[authority.tools.convert_units]
action = "block"
"""


@dataclass(frozen=True)
class Answered:
    """An answer to a request."""

    status: int
    body: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Guarded:
    """A server under `POLICY`."""

    server: RunningServer

    def post(self, path: str, body: Any, **headers: str) -> Answered:
        """Whatever is answered, errors too."""
        data = json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.server.url + path, data=data, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        return Answered(status, {} if text.startswith(("data:", "event:")) else json.loads(text), text)

    def ask(self, text: str, **fields: Any) -> Answered:
        """A question in a chat."""
        headers = {"X-Zaphod-Confirmation": fields.pop("approved")} if "approved" in fields else {}
        body = {"messages": [{"role": "user", "content": text}], "temperature": 0, **fields}
        return self.post("/v1/chat/completions", body, **headers)

    def records(self) -> list[dict[str, Any]]:
        """The audit, in order."""
        folder = self.server.folder / "data" / "zaphod" / "audit" / "local"
        lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
        return [record for line in lines if "seq" in (record := json.loads(line))]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One server for all tests of a file."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    with started(folder, "--guard", str(policy)) as server:
        yield Guarded(server)
