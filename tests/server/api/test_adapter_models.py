"""Adapters are models: listed, asked for by their names, and answering in their own way."""

import contextlib
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.server.conftest import StartServer
from tests.support.adapters import random_adapter, write_peft

from zaphod.core.configuration import Settings
from zaphod.launch.runners import open_weights
from zaphod.model.files.names import OURS

SUM: Any = [{"role": "user", "content": "what is 4817 + 2944?"}]


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    with open_weights(Settings(), None, None) as weights:
        config = weights.config
    return write_peft(tmp_path / "law", random_adapter(config, rank=2), OURS)


def test_an_adapter_is_a_model_of_its_own(start_server: StartServer, adapter: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(start_server("--adapter", f"law={adapter}", "--alias", "own", "--alias", "other"))
        client = stack.enter_context(openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0))
        models = {model.id: model for model in client.models.list()}
        answers = {
            name: client.chat.completions.create(model=name, messages=SUM, temperature=0, max_tokens=20)
            for name in models
        }
    assert list(models) == ["own", "other", "law"]
    assert models["law"].root == "own"
    texts = {name: answer.choices[0].message.content for name, answer in answers.items()}
    assert texts["own"] == texts["other"] != texts["law"]
    assert {name: answer.model for name, answer in answers.items()} == {name: name for name in models}
