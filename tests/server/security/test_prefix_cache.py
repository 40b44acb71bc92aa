"""Row 14: what a fast answer tells about the prompts of others (CVE-2025-46570). Tenants share no prefix, in no API."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.server.security.attacking import CHAT, get, post
from tests.server.security.conftest import Guarded
from tests.support.running_server import RunningServer


def ask_chat(server: RunningServer, text: str) -> int:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 1}
    return int(told(post(server, CHAT, body).json())["prompt_tokens_details"]["cached_tokens"])


def ask_completion(server: RunningServer, text: str) -> int:
    answer = post(server, "/v1/completions", {"prompt": text, "max_tokens": 1}).json()
    return int(told(answer)["prompt_tokens_details"]["cached_tokens"])


def ask_response(server: RunningServer, text: str) -> int:
    answer = post(server, "/v1/responses", {"input": text, "max_output_tokens": 16}).json()
    return int(told(answer)["input_tokens_details"]["cached_tokens"])


def ask_message(server: RunningServer, text: str) -> int:
    body = {"model": "builtin", "max_tokens": 1, "messages": [{"role": "user", "content": text}]}
    return int(told(post(server, "/v1/messages", body).json())["cache_read_input_tokens"])


def told(answer: dict[str, Any]) -> dict[str, Any]:
    usage: dict[str, Any] = answer["usage"]
    return usage


Ask = Callable[[RunningServer, str], int]
APIS: tuple[Ask, ...] = (ask_chat, ask_completion, ask_response, ask_message)


def secret() -> str:
    """A prompt of several blocks that nobody has sent before."""
    return " ".join(f"the word of {uuid.uuid4().hex}" for _ in range(4))


@pytest.mark.parametrize("ask", APIS)
def test_a_prompt_is_cached_inside_a_tenant_and_not_across(guarded: Guarded, ask: Ask) -> None:
    alice, bob, mallory = (guarded.holding(name) for name in ("alice", "bob", "mallory"))
    prompt = secret()
    assert ask(alice, prompt) == 0
    assert ask(mallory, prompt) == 0
    assert ask(alice, prompt) > 0
    assert ask(bob, prompt) > 0


def test_no_api_finds_what_another_one_cached_for_another_tenant(guarded: Guarded) -> None:
    prompt = secret()
    for ask in APIS:
        ask(guarded.holding("alice"), prompt)
    assert [ask(guarded.holding("generate"), prompt) for ask in APIS[:2]] == [0, 0]


@pytest.mark.parametrize("field", ["prompt_cache_key", "user", "safety_identifier"])
def test_no_field_of_a_request_names_another_tenant(guarded: Guarded, field: str) -> None:
    prompt = secret()
    ask_chat(guarded.holding("alice"), prompt)
    body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 1, field: "lab"}
    answer = post(guarded.holding("mallory"), CHAT, body).json()
    assert told(answer)["prompt_tokens_details"]["cached_tokens"] == 0


def test_no_header_names_another_tenant(guarded: Guarded) -> None:
    prompt = secret()
    ask_chat(guarded.holding("alice"), prompt)
    headers = {"x_tenant": "lab", "openai_organization": "lab", "openai_project": "lab", "x_zaphod_tenant": "lab"}
    body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 1}
    answer = post(guarded.holding("mallory"), CHAT, body, **headers).json()
    assert told(answer)["prompt_tokens_details"]["cached_tokens"] == 0


def test_hits_are_told_to_the_operator_only(guarded: Guarded) -> None:
    """A counter of hits would tell whoever reads it what the timing does."""
    assert get(guarded.holding("mallory"), "/metrics").status_code == 403
    assert "hit" not in get(guarded.holding("mallory"), "/zaphod/status").text
