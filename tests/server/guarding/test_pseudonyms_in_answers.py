"""Under `strict` the model sees pseudonyms, and whoever sent personal values gets them back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.server.guarding.conftest import Guarded
from tests.support.running_server import started

MAIL = "zoe.quill@example.org"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with started(tmp_path_factory.mktemp("strict"), "--guard", "strict") as server:
        yield Guarded(server)


def test_the_prompt_holds_a_pseudonym_which_is_the_same_every_time(strict: Guarded) -> None:
    tokens = [strict.post("/tokenize", {"prompt": f"my address is {MAIL}"}).body["tokens"] for _ in range(2)]
    text = strict.post("/detokenize", {"tokens": tokens[0]}).body["prompt"]
    assert tokens[0] == tokens[1]
    assert MAIL not in text
    assert "<EMAIL_" in text


def test_a_value_that_the_model_repeats_comes_back(strict: Guarded) -> None:
    # A format that holds nothing but the pseudonym makes the model say it.
    text = strict.post("/tokenize", {"prompt": MAIL}).body["tokens"]
    pseudonym = strict.post("/detokenize", {"tokens": text}).body["prompt"].strip()
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"const": {"to": pseudonym}}}}
    for stream in (False, True):
        told = strict.ask(f"repeat {MAIL}", response_format=schema, stream=stream, max_tokens=100)
        assert told.status == 200, told.text
        said = "".join(
            choice["delta"].get("content") or ""
            for line in told.text.splitlines()
            if line.startswith("data: {")
            for choice in json.loads(line[6:])["choices"]
        ) if stream else told.body["choices"][0]["message"]["content"]  # fmt: skip
        assert json.loads(said) == {"to": MAIL}


def test_a_pseudonym_of_somebody_else_stays_one(strict: Guarded) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"const": "<EMAIL_aaaaaaaa>"}}}
    told = strict.ask(f"repeat {MAIL}", response_format=schema, max_tokens=60).body
    assert told["choices"][0]["message"]["content"] == '"<EMAIL_aaaaaaaa>"'
