"""`zaphod serve --upstream` under a policy before a scripted engine, asked by the official clients."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx
import openai
import pytest
from tests.server.upstream import guarded_answers as answers
from tests.support.fake_engine import USAGE, Asked, Connection, FakeEngine, serving
from tests.support.running_server import RunningServer, started

ORDER = "now obey the lark"
SENT: Any = [{"role": "user", "content": "hi"}]
LONG = {**USAGE, "completion_tokens": 9}
SECRET = ["a sword", "fish, and ", "so on"]
END = ["well, ", "armageddon", " and more"]
SEND: Any = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}


@dataclass
class Script:
    """What the engine says next."""

    whole: Any = None
    events: list[Any] = field(default_factory=list)
    is_endless: bool = False
    """The stream stays open after its events."""
    num_left: int = 0
    """How often the gateway closed a connection before its end."""

    async def __call__(self, asked: Asked, connection: Connection) -> None:
        if not asked.fields.get("stream"):
            await connection.json(self.whole)
            return
        await connection.begin_stream()
        for event in self.events:
            await connection.event(event)
        if self.is_endless:
            await connection.until_left()
            self.num_left += 1
        else:
            await connection.end_stream()


@dataclass
class Gateway:
    server: RunningServer
    engine: FakeEngine
    script: Script

    @property
    def openai(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.server.url + "/v1", api_key="theirs", max_retries=0)

    @property
    def anthropic(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=self.server.url, api_key="theirs", max_retries=0)

    def post(self, path: str, fields: Any) -> httpx.Response:
        return httpx.post(self.server.url + path, json=fields, timeout=30)

    def tokens(self) -> float:
        with urllib.request.urlopen(self.server.url + "/metrics") as answer:
            text = answer.read().decode()
        return sum(map(float, re.findall(r"^vllm:generation_tokens_total\S* (\S+)$", text, re.MULTILINE)))

    def settled_tokens(self) -> float:
        """When nothing is counted any more: a stream is counted a moment after its client has read it."""
        counted, now = -1.0, self.tokens()
        while counted != now:
            time.sleep(0.3)
            counted, now = now, self.tokens()
        return now


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    policy = folder / "words.toml"
    policy.write_text(answers.POLICY)
    engine = FakeEngine()
    with serving(engine), started(folder, "--upstream", engine.url, "--guard", str(policy)) as server:
        yield Gateway(server, engine, Script())


@pytest.fixture
def gateway(whole_file: Gateway) -> Gateway:
    script = whole_file.script = Script()
    whole_file.engine.answer = script
    whole_file.engine.asked.clear()
    return whole_file


def chat_events(pieces: list[str]) -> list[Any]:
    return [*answers.chat_events(pieces), "[DONE]"]


def a_chat(text: str, **more: Any) -> Any:
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


ROUTES = {
    "chat": ("/v1/chat/completions", lambda text: {"messages": [{"role": "user", "content": text}]}),
    "completion": ("/v1/completions", lambda text: {"prompt": text}),
    "response": ("/v1/responses", lambda text: {"input": text}),
    "message": ("/v1/messages", lambda text: {"max_tokens": 9, "messages": [{"role": "user", "content": text}]}),
    "count": ("/v1/messages/count_tokens", lambda text: {"messages": [{"role": "user", "content": text}]}),
    "embedding": ("/v1/embeddings", lambda text: {"input": text}),
    "tokens": ("/tokenize", lambda text: {"prompt": text}),
    "tokens of a chat": ("/tokenize", lambda text: {"messages": [{"role": "user", "content": text}]}),
    "tokens by llama-server": ("/tokenize", lambda text: {"content": text}),
}


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("stream", [False, True])
def test_no_route_lets_an_order_through_to_the_engine(gateway: Gateway, name: str, stream: bool) -> None:
    path, fields_of = ROUTES[name]
    refused = gateway.post(path, {**fields_of(ORDER), **({"stream": True} if stream else {})})
    assert refused.status_code == 400
    assert "was not let in" in refused.json()["error"]["message"]
    assert gateway.engine.asked == []


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_withholds_on_the_way_in(gateway: Gateway, name: str) -> None:
    path, fields_of = ROUTES[name]
    gateway.script.whole = {"object": "list", "data": [], "tokens": [1]}
    gateway.post(path, fields_of("the swordfish"))
    [asked] = gateway.engine.asked
    assert asked.fields == fields_of("the [secret withheld]") or asked.fields == fields_of("the [withheld]")


def test_token_ids_do_not_pass(gateway: Gateway) -> None:
    for path, fields in (("/v1/completions", {"prompt": [1, 2]}), ("/v1/embeddings", {"input": [[1], [2]]})):
        assert gateway.post(path, fields).json()["error"]["code"] == "invalid_value"
    assert gateway.engine.asked == []


def test_embeddings_counts_and_tokens_come_back_as_they_are(gateway: Gateway) -> None:
    for name in ("embedding", "count", "tokens"):
        path, fields_of = ROUTES[name]
        gateway.script.whole = {"object": "list", "data": [{"embedding": [0.5]}], "tokens": [1], "input_tokens": 2}
        assert gateway.post(path, fields_of("hi")).json() == gateway.script.whole


def test_the_text_of_tokens_is_read(gateway: Gateway) -> None:
    gateway.script.whole = {"prompt": "a swordfish"}
    assert gateway.post("/detokenize", {"tokens": [1]}).json()["prompt"] == "a [withheld]"


WHOLE = {
    "chat": a_chat("a swordfish"),
    "completion": {"id": "c", "choices": [{"index": 0, "text": "a swordfish", "finish_reason": "stop"}]},
    "message": {**answers.message_start()["message"], "content": [{"type": "text", "text": "a swordfish"}]},
    "response": {**answers.RESPONSE, "status": "completed",
                 "output": answers.response_events(["a swordfish"])[-1]["response"]["output"]},
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_every_api_withholds_from_whole_answers(gateway: Gateway, name: str) -> None:
    path, fields_of = ROUTES[name]
    gateway.script.whole = WHOLE[name]
    told = gateway.post(path, fields_of("hi"))
    assert "a [withheld]" in told.text
    assert "swordfish" not in told.text
    assert answers.rules(told.json()) == [("secret.plain", "redact")]


@pytest.mark.parametrize("name", WHOLE)
def test_long_answers_are_read_to_their_end(gateway: Gateway, name: str) -> None:
    path, fields_of = ROUTES[name]
    gateway.script.whole = json.loads(
        json.dumps(WHOLE[name]).replace("a swordfish", "so it goes. " * 4000 + "swordfish")
    )
    assert "so it goes. [withheld]" in gateway.post(path, fields_of("hi")).text


def test_a_chat_s_stream_is_read_by_its_client(gateway: Gateway) -> None:
    gateway.script.events = chat_events(SECRET)
    with gateway.openai as client, client.chat.completions.stream(model="m", messages=SENT) as stream:
        last = stream.get_final_completion()
    assert last.choices[0].message.content == "a [withheld], and so on"
    assert last.choices[0].finish_reason == "stop"


def test_a_completion_s_stream_is_read_by_its_client(gateway: Gateway) -> None:
    gateway.script.events = [*answers.text_events(SECRET), "[DONE]"]
    with gateway.openai as client:
        chunks = list(client.completions.create(model="m", prompt="hi", stream=True))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "a [withheld], and so on"


def test_a_response_s_stream_is_read_by_its_client(gateway: Gateway) -> None:
    gateway.script.events = answers.response_events(SECRET)
    with gateway.openai as client, client.responses.stream(model="m", input="hi") as stream:
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert stream.get_final_response().output_text == said == "a [withheld], and so on"


def test_a_message_s_stream_is_read_by_its_client(gateway: Gateway) -> None:
    gateway.script.events = answers.message_events(SECRET)
    with gateway.anthropic as client, client.messages.stream(model="m", max_tokens=9, messages=SENT) as stream:
        assert "".join(stream.text_stream) == "a [withheld], and so on"
        assert stream.get_final_message().stop_reason == "end_turn"


def _chunk(delta: Any, finish: str | None = None) -> Any:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _call(number: int, name: str, arguments: str) -> Any:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": number, "id": f"call_{number}", "type": "function", "function": function}]}


NAMES = ("forbidden", "send")


def test_a_chat_s_client_gets_the_calls_that_may_be_made(gateway: Gateway) -> None:
    tools: Any = [{"type": "function", "function": {"name": name, "parameters": SEND}} for name in NAMES]
    deltas = [
        _call(0, "forbidden", "{}"),
        _call(1, "send", '{"to":'),
        {"tool_calls": [{"index": 1, "function": {"arguments": '"ada"}'}}]},
    ]
    gateway.script.events = [*map(_chunk, deltas), _chunk({}, "tool_calls"), "[DONE]"]
    with gateway.openai as client, client.chat.completions.stream(model="m", messages=SENT, tools=tools) as stream:
        last = stream.get_final_completion()
    [call] = last.choices[0].message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("send", '{"to":"ada"}')


def test_a_response_s_client_gets_the_calls_that_may_be_made(gateway: Gateway) -> None:
    calls = [{"type": "function_call", "id": f"fc_{name}", "call_id": f"c_{name}", "name": name, "status": "completed",
              "arguments": '{"to": "ada"}'} for name in NAMES]  # fmt: skip
    events: list[Any] = [{"type": "response.created", "response": answers.RESPONSE, "sequence_number": 0}]
    for index, call in enumerate(calls):
        place = {"output_index": index, "sequence_number": len(events)}
        events.append({"type": "response.output_item.added", "item": {**call, "arguments": ""}, **place})
        events.append(
            {"type": "response.function_call_arguments.delta", "item_id": call["id"], "delta": '{"to": "ada"}', **place}
        )
        events.append({"type": "response.output_item.done", "item": call, **place})
    completed = {**answers.RESPONSE, "status": "completed", "output": calls}
    gateway.script.events = [*events, {"type": "response.completed", "response": completed, "sequence_number": 99}]
    tools: Any = [{"type": "function", "name": name, "parameters": SEND} for name in NAMES]
    with gateway.openai as client, client.responses.stream(model="m", input="hi", tools=tools) as stream:
        list(stream)
        [item] = stream.get_final_response().output
    assert (item.type, getattr(item, "name", "")) == ("function_call", "send")


def test_a_message_s_client_gets_the_calls_that_may_be_made(gateway: Gateway) -> None:
    blocks: list[Any] = []
    for index, name in enumerate(NAMES):
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": '{"to": "ada"}'}
        blocks += [
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    gateway.script.events = [answers.message_start(), *blocks, *answers.message_end("tool_use")]
    tools: Any = [{"name": name, "input_schema": SEND} for name in NAMES]
    with (
        gateway.anthropic as client,
        client.messages.stream(model="m", max_tokens=9, messages=SENT, tools=tools) as stream,
    ):
        [block] = stream.get_final_message().content
    assert block.type == "tool_use"
    assert (block.name, block.input) == ("send", {"to": "ada"})


STREAMS = {
    "chat": chat_events(END)[:-2],
    "completion": answers.text_events(END)[:-1],
    "response": answers.response_events(END)[:6],
    "message": answers.message_events(END)[:5],
}
"""Up to where an engine would go on."""
LAST = {
    "chat": ("[DONE]", "content_filter"),
    "completion": ("[DONE]", "content_filter"),
    "response": ("response.incomplete", "content_filter"),
    "message": ("message_stop", "refusal"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_blocked_stream_ends_and_so_does_the_engine_s_work(gateway: Gateway, name: str) -> None:
    path, fields_of = ROUTES[name]
    gateway.script.events, gateway.script.is_endless = STREAMS[name], True
    before = gateway.tokens()
    told = gateway.post(path, {**fields_of("hi"), "stream": True})
    last, reason = LAST[name]
    assert last in told.text.splitlines()[-2]
    assert reason in told.text
    assert "armageddon" not in told.text
    assert "more" not in told.text
    deadline = time.monotonic() + 10
    while gateway.script.num_left == 0:
        assert time.monotonic() < deadline, "the engine goes on"
        time.sleep(0.01)
    assert gateway.tokens() > before


def test_a_blocked_response_tells_its_client_what_was_said_before(gateway: Gateway) -> None:
    gateway.script.events, gateway.script.is_endless = STREAMS["response"], True
    with gateway.openai as client, client.responses.stream(model="m", input="hi") as stream:
        last = list(stream)[-1]
    assert last.type == "response.incomplete"
    assert last.response.output_text == "well, "
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "content_filter"


def test_a_blocked_message_is_read_by_its_client(gateway: Gateway) -> None:
    gateway.script.events, gateway.script.is_endless = STREAMS["message"], True
    with gateway.anthropic as client, client.messages.stream(model="m", max_tokens=9, messages=SENT) as stream:
        last = stream.get_final_message()
    assert (last.stop_reason, last.usage.output_tokens) == ("refusal", 3)


def test_usage_is_counted_whatever_is_withheld(gateway: Gateway) -> None:
    before = gateway.settled_tokens()
    gateway.script.events = [*chat_events(SECRET)[:-1], {"id": "c", "choices": [], "usage": LONG}, "[DONE]"]
    with gateway.openai as client:
        options: Any = {"include_usage": True}
        chunks = list(client.chat.completions.create(model="m", messages=SENT, stream=True, stream_options=options))
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [9]
    assert gateway.settled_tokens() - before == 9


def test_a_call_waits_for_a_person_and_can_be_approved(gateway: Gateway) -> None:
    call = _call(0, "asked", '{"to": "ada"}')["tool_calls"][0]
    gateway.script.whole = a_chat("", tool_calls=[call])
    body = gateway.post("/v1/chat/completions", {"messages": SENT}).json()
    [held] = body["zaphod"]["guard"]["held"]
    assert body["choices"][0]["finish_reason"] == "content_filter"
    decided = gateway.post(f"/zaphod/confirmations/{held['id']}", {"decision": "approve"}).json()
    assert decided["call"]["function"] == {"name": "asked", "arguments": '{"to": "ada"}'}


def test_the_audit_tells_how_each_request_ended_and_nothing_of_what_was_said(gateway: Gateway) -> None:
    gateway.script.whole = a_chat("a swordfish")
    gateway.post("/v1/chat/completions", {"messages": SENT})
    gateway.post("/v1/chat/completions", {"messages": [{"role": "user", "content": ORDER}]})
    files = (gateway.server.folder / "data" / "zaphod" / "audit").rglob("*.jsonl")
    text = "".join(file.read_text() for file in files)
    records = [json.loads(line) for line in text.splitlines()]
    done = [(one["action"], one["decision"]) for one in records if one.get("action", "").startswith("chat")]
    assert done[-3:] == [
        ("chat.completions", "allow"),
        ("chat.completions.end", "redact"),
        ("chat.completions", "block"),
    ]
    assert "swordfish" not in text
    assert "lark" not in text
