"""What can be asked of each route of `ACCESS`: with a word to plant, and with names of things; knows no tenant.

Rows are checked against the table itself: a route without a row here fails a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from tests.server.isolation.tenants import Asked, Names, chat_of

Visit = Callable[[str, Names], Iterator[Asked]]
Row = tuple[str, str]

TIMER: Any = {
    "type": "object",
    "properties": {"amount": {"type": "integer"}, "unit": {"enum": ["seconds", "minutes"]}},
    "required": ["amount", "unit"],
}
_CHAT = "/v1/chat/completions"


def _plain(method: str, path: str) -> Visit:
    return lambda word, names: iter([Asked(method, path), Asked(method, f"{path}?tenant={names.word}&x={word}")])


def _chat(word: str, names: Names) -> Iterator[Asked]:
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": f'{{"q": "{word}"}}'}}
    messages = [
        {"role": "system", "content": f"The patient is {word}."},
        {"role": "user", "content": f"what is known of {word}?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": f"The record of {word}."},
    ]
    about = {"metadata": {"case": word}, "user": word, "safety_identifier": word, "prompt_cache_key": word}
    yield Asked("POST", _CHAT, {"messages": messages, "max_tokens": 8, **about})
    yield Asked("POST", _CHAT, {"messages": messages[:2], "max_tokens": 8, "stream": True})
    ask = [{"role": "user", "content": f"set a timer for 10 minutes for {word}"}]
    tools = [{"type": "function", "function": {"name": "set_timer", "description": word, "parameters": TIMER}}]
    yield Asked("POST", _CHAT, {"messages": ask, "tools": tools, "tool_choice": "required", "max_tokens": 60})
    yield Asked("POST", _CHAT, {"messages": ask, "max_tokens": 1, "model": word})
    yield chat_of(f"what is 1 + 1 {word}", x_request_id=f"{word}-1", x_tenant=names.word, openai_project=names.word)
    for named in (names.word, names.response, names.held):
        yield Asked("POST", _CHAT, {"messages": ask, "max_tokens": 1, "model": named})
        yield Asked("POST", _CHAT, {"messages": ask, "max_tokens": 1, "user": named, "prompt_cache_key": named})
        yield Asked("POST", _CHAT, {"messages": ask, "max_tokens": 1, "tenant": named})
    yield chat_of(names.text, x_zaphod_confirmation=names.approved)
    yield chat_of(names.text, x_zaphod_confirmation=names.held)


def _completions(word: str, names: Names) -> Iterator[Asked]:
    body = {"prompt": f"The word is {word}", "max_tokens": 8, "user": word}
    yield Asked("POST", "/v1/completions", body)
    yield Asked("POST", "/v1/completions", {**body, "stream": True, "echo": True})
    yield Asked("POST", "/v1/completions", {**body, "user": names.word, "max_tokens": 1})
    yield Asked("POST", "/v1/completions", {**body, "model": names.word})


def _responses(word: str, names: Names) -> Iterator[Asked]:
    body: Any = {"input": f"tell Max that {word} is here", "instructions": word, "max_output_tokens": 16}
    body |= {"metadata": {"of": word}, "user": word}
    yield Asked("POST", "/v1/responses", body)
    yield Asked("POST", "/v1/responses", {**body, "stream": True})
    yield Asked("POST", "/v1/responses", {**body, "store": True})
    yield Asked("POST", "/v1/responses", {**body, "store": True, "stream": True})
    del body["user"]
    previous = {"previous_response_id": names.response}
    for more in ({}, {"store": True}, {"stream": True}, {"user": names.word}, {"safety_identifier": word}):
        yield Asked("POST", "/v1/responses", {**body, **previous, **more})
    yield Asked("POST", "/v1/responses", {**body, "conversation": names.response})
    yield Asked("POST", "/v1/responses", {**body, "input": names.text}, {"x-zaphod-confirmation": names.approved})


def _stored(method: str, suffix: str = "", *queries: str) -> Visit:
    def visit(word: str, names: Names) -> Iterator[Asked]:
        for query in ("", *queries):
            body: Any = {} if method == "POST" else None
            filled = query.format(item=names.item, word=word)
            yield Asked(method, f"/v1/responses/{names.response}{suffix}{filled}", body)
        for odd in (names.held, names.item, names.word, names.response.upper(), f"{names.response}%00"):
            yield Asked(method, f"/v1/responses/{odd}{suffix}", {} if method == "POST" else None)

    return visit


def _messages(word: str, names: Names) -> Iterator[Asked]:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": f"The record of {word}."}
    messages = [
        {"role": "user", "content": f"what is known of {word}?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "search", "input": {"q": word}}]},
        {"role": "user", "content": [result]},
    ]
    body = {"messages": messages, "system": f"The patient is {word}.", "max_tokens": 8}
    yield Asked("POST", "/v1/messages", {**body, "metadata": {"user_id": word}})
    yield Asked("POST", "/v1/messages", {**body, "stream": True})
    yield Asked("POST", "/v1/messages", {**body, "model": names.word})
    yield Asked("POST", "/v1/messages", {**body, "workspace_id": names.word, "max_tokens": 1})
    waits = {"messages": [{"role": "user", "content": names.text}], "max_tokens": 2}
    yield Asked("POST", "/v1/messages", waits, {"x-zaphod-confirmation": names.approved})


def _one_text(path: str, field: str) -> Visit:
    def visit(word: str, names: Names) -> Iterator[Asked]:
        yield Asked("POST", path, {field: f"The word is {word}"})
        yield Asked("POST", path, {field: f"The word is {word}", "model": names.word})
        yield Asked("POST", path, {field: names.text}, {"x-zaphod-confirmation": names.approved})

    return visit


def _count(word: str, names: Names) -> Iterator[Asked]:
    messages = [{"role": "user", "content": f"what is known of {word}?"}]
    yield Asked("POST", "/v1/messages/count_tokens", {"messages": messages, "system": word})
    yield Asked("POST", "/v1/messages/count_tokens", {"messages": messages, "model": names.word})


def _detokenize(word: str, names: Names) -> Iterator[Asked]:
    yield Asked("POST", "/detokenize", {"tokens": [300 + ord(letter) for letter in word]})
    yield Asked("POST", "/detokenize", {"tokens": [300], "model": names.word})


def _model(word: str, names: Names) -> Iterator[Asked]:
    for name in ("builtin", word, *names.all[:3], names.word):
        yield Asked("GET", f"/v1/models/{name}")


def _decide(word: str, names: Names) -> Iterator[Asked]:
    for held, decision in product((names.held, names.approved, names.response, names.word), ("deny", "approve")):
        yield Asked("POST", f"/zaphod/confirmations/{held}", {"decision": decision})
    yield Asked("POST", f"/zaphod/confirmations/{names.held}", {"decision": word})


def _plan(word: str, names: Names) -> Iterator[Asked]:
    yield Asked("POST", "/zaphod/plan", {"users": 1 + len(word)})
    for model in (word, names.word):
        yield Asked("POST", "/zaphod/plan", {"model": model})


VISITS: Mapping[Row, Visit] = {
    ("GET", "/live"): _plain("GET", "/live"),
    ("GET", "/"): _plain("GET", "/"),
    ("GET", "/page/{name:path}"): lambda word, names: iter(
        [Asked("GET", "/page/app.js"), Asked("GET", f"/page/{names.response}"), Asked("GET", f"/page/{word}")]
    ),
    ("GET", "/ready"): _plain("GET", "/ready"),
    ("GET", "/openapi.json"): _plain("GET", "/openapi.json"),
    ("GET", "/zaphod/status"): _plain("GET", "/zaphod/status"),
    ("GET", "/v1/models"): _plain("GET", "/v1/models"),
    ("GET", "/v1/models/{model:path}"): _model,
    ("POST", _CHAT): _chat,
    ("POST", "/v1/completions"): _completions,
    ("POST", "/v1/responses"): _responses,
    ("GET", "/v1/responses/{response_id}"): _stored(
        "GET", "", "?stream=true", "?include=message.input_image.image_url"
    ),
    ("DELETE", "/v1/responses/{response_id}"): _stored("DELETE"),
    ("POST", "/v1/responses/{response_id}/cancel"): _stored("POST", "/cancel"),
    ("GET", "/v1/responses/{response_id}/input_items"): _stored(
        "GET", "/input_items", "?after={item}", "?order=asc&limit=1", "?limit=0", "?after={word}"
    ),
    ("POST", "/v1/messages"): _messages,
    ("POST", "/v1/messages/count_tokens"): _count,
    ("POST", "/v1/embeddings"): _one_text("/v1/embeddings", "input"),
    ("POST", "/tokenize"): _one_text("/tokenize", "prompt"),
    ("POST", "/detokenize"): _detokenize,
    ("GET", "/zaphod/confirmations"): _plain("GET", "/zaphod/confirmations"),
    ("POST", "/zaphod/confirmations/{held_id}"): _decide,
    ("GET", "/zaphod/plan"): _plain("GET", "/zaphod/plan"),
    ("POST", "/zaphod/plan"): _plan,
    ("GET", "/metrics"): _plain("GET", "/metrics"),
}


def asked_of(row: Row, word: str, names: Names) -> list[Asked]:
    """Everything that is asked of a route."""
    return list(VISITS[row](word, names))
