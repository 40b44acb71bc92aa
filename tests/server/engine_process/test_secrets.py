"""The engine process reads what strangers made: it gets no key and no way to records."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.support.running_server import StartServer

from zaphod.core.configuration import Settings
from zaphod.server import assembly
from zaphod.server.assembly import EngineOptions, engine_client

KEY = secrets.token_hex(32)
SECRETS = Settings(database="postgresql://ada:s3cret@db/zaphod", state_dir=Path("/records"), kek="env:OUR_KEK")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What engines are made of."""
    made: dict[str, Any] = {}

    def client(load: Any, tokenizer: Any, progress: Any, **more: Any) -> None:
        made.update(load=load, **more)

    monkeypatch.setattr(assembly, "EngineClient", client)
    return made


def test_settings_for_the_engine_lead_to_no_record_and_no_key(told: dict[str, Any]) -> None:
    engine_client(EngineOptions(settings=SECRETS), lambda progressed: None)
    kept = {field.name for field in dataclasses.fields(Settings)} - {"database", "state_dir", "kek"}
    assert set(told["load"].settings) == kept
    assert "s3cret" not in str(told["load"])


@pytest.mark.parametrize(
    ("kek", "hidden"),
    [("env:OUR_KEK", {"ZAPHOD_DATABASE", "OUR_KEK"}), ("file:/key", {"ZAPHOD_DATABASE"}), (None, {"ZAPHOD_DATABASE"})],
)
def test_variables_that_hold_secrets_are_hidden(told: dict[str, Any], kek: str | None, hidden: set[str]) -> None:
    engine_client(EngineOptions(settings=dataclasses.replace(SECRETS, kek=kek)), lambda progressed: None)
    assert told["hidden"] == hidden


def test_a_real_engine_has_neither_the_key_s_variable_nor_lost_the_others(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEK", KEY)
    monkeypatch.setenv("OUR_OTHER", "seen")
    with start_server("--kek", "env:OUR_KEK") as server:
        variables = server.engine.environ()
        assert psutil.Process(server.process.pid).environ()["OUR_KEK"] == KEY
    assert "OUR_KEK" not in variables
    assert variables["OUR_OTHER"] == "seen"
