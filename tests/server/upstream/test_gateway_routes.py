"""`zaphod serve --upstream` before a scripted engine, asked by the official clients."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
import openai
import pytest
from tests.support.fake_engine import USAGE, Asked, Connection, FakeEngine, answer_chat, chat_chunk, serving
from tests.support.running_server import RunningServer, started
from tests.support.waiting import until

MESSAGES: Any = [{"role": "user", "content": "hi"}]


@dataclass
class Gateway:
    server: RunningServer
    engine: FakeEngine

    @property
    def openai(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.server.url + "/v1", api_key="theirs", max_retries=0)

    @property
    def anthropic(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=self.server.url, api_key="theirs", max_retries=0)

    def post(self, path: str, fields: Any, **headers: str) -> httpx.Response:
        return httpx.post(self.server.url + path, json=fields, headers=headers)


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    engine = FakeEngine()
    with serving(engine), started(tmp_path_factory.mktemp("gateway"), "--upstream", engine.url + "/v1") as server:
        yield Gateway(server, engine)


@pytest.fixture
def gateway(whole_file: Gateway) -> Gateway:
    whole_file.engine.answer = answer_chat
    whole_file.engine.asked.clear()
    return whole_file


def test_a_chat_is_answered(gateway: Gateway) -> None:
    with gateway.openai as client:
        answer = client.chat.completions.create(model="m", messages=MESSAGES)
    assert answer.choices[0].message.content == "Hello there"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 7


def test_a_chat_is_streamed_and_usage_that_was_not_asked_for_is_not_shown(gateway: Gateway) -> None:
    with gateway.openai as client:
        chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
    assert all(chunk.usage is None for chunk in chunks)
    assert gateway.engine.asked[0].fields["stream_options"] == {"include_usage": True}


def test_usage_that_was_asked_for_is_shown(gateway: Gateway) -> None:
    options: Any = {"include_usage": True}
    with gateway.openai as client:
        chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, stream_options=options))
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2


def test_fields_of_the_engine_s_own_pass(gateway: Gateway) -> None:
    own = {"guided_regex": "[a-z]+", "extra": {"deep": [1, 2.5, None]}}
    with gateway.openai as client:
        client.chat.completions.create(model="m", messages=MESSAGES, extra_body=own)
    assert gateway.engine.asked[0].fields == {"model": "m", "messages": MESSAGES, **own}


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/chat/completions", {"messages": []}, "messages"),
        ("/v1/chat/completions", {"messages": "hi"}, "messages"),
        ("/v1/chat/completions", {}, "messages"),
        ("/v1/chat/completions", {"messages": MESSAGES, "n": 0}, "n"),
        ("/v1/chat/completions", {"messages": MESSAGES, "n": 2**31}, "n"),
        ("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": -1}, "max_tokens"),
        ("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 2**63}, "max_tokens"),
        ("/v1/chat/completions", {"messages": MESSAGES, "temperature": -0.5}, "temperature"),
        ("/v1/chat/completions", {"messages": MESSAGES, "stream": "yes"}, "stream"),
        ("/v1/chat/completions", {"messages": MESSAGES, "model": ""}, "model"),
        ("/v1/completions", {"prompt": {"a": 1}}, "prompt"),
        ("/v1/completions", {"prompt": [-1]}, "prompt"),
        ("/v1/responses", {"input": 7}, "input"),
        ("/v1/embeddings", {"model": "m"}, "input"),
    ],
)
def test_what_no_engine_can_mean_is_refused_here(gateway: Gateway, path: str, fields: Any, param: str) -> None:
    refused = gateway.post(path, fields)
    told = refused.json()["error"]["param"]
    assert (refused.status_code, told.split(".")[0]) == (400, param)
    assert gateway.engine.asked == []


def test_infinities_are_refused(gateway: Gateway) -> None:
    body = b'{"messages": [{"role": "user", "content": "hi"}], "own": [1e999]}'
    refused = httpx.post(gateway.server.url + "/v1/chat/completions", content=body)
    assert refused.status_code == 400


def test_an_unknown_model_is_named_with_those_there_are(gateway: Gateway) -> None:
    with gateway.openai as client, pytest.raises(openai.NotFoundError, match="Known: m") as refused:
        client.chat.completions.create(model="gpt-4", messages=MESSAGES)
    assert refused.value.code == "model_not_found"


def test_models_are_listed_without_the_engine_s_folders(gateway: Gateway) -> None:
    with gateway.openai as client:
        assert [model.id for model in client.models.list()] == ["m"]
        assert client.models.retrieve("m").owned_by == "vllm"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("n")
    assert "secret" not in json.dumps(gateway.server.get("/v1/models"))


def test_the_engine_is_told_of_the_trace_that_it_is_part_of(gateway: Gateway) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    gateway.post("/v1/chat/completions", {"messages": MESSAGES}, traceparent=trace)
    assert gateway.engine.asked[0].headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


def test_the_engine_sees_our_request_id_and_the_client_too(gateway: Gateway) -> None:
    answer = gateway.post("/v1/chat/completions", {"messages": MESSAGES})
    assert gateway.engine.asked[0].headers["x-request-id"] == answer.headers["x-request-id"]
    assert "authorization" not in gateway.engine.asked[0].headers


async def _dying(asked: Asked, connection: Connection) -> None:
    await connection.begin_stream()
    await connection.event(chat_chunk("Hel"))
    await asyncio.sleep(0.05)
    connection.die()


def test_an_engine_that_dies_in_a_stream_raises_in_the_client(gateway: Gateway) -> None:
    gateway.engine.answer = _dying
    with gateway.openai as client:
        chunks = iter(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
        # The guard held the word back, because it may go on, and lets it go when it does not.
        assert [next(chunks).choices[0].delta.content for _ in range(2)] == ["", "Hel"]
        with pytest.raises(openai.APIError, match="incomplete"):
            next(chunks)


def test_a_client_that_leaves_ends_the_answer_on_the_engine(gateway: Gateway) -> None:
    left = []

    async def patient(asked: Asked, connection: Connection) -> None:
        await connection.begin_stream()
        await connection.event(chat_chunk("Hel"))
        await connection.until_left()
        left.append(asked)

    gateway.engine.answer = patient
    with gateway.openai as client, client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
        next(iter(stream))
    until(lambda: bool(left))


def test_a_client_that_leaves_before_the_answer_ends_it_on_the_engine(gateway: Gateway) -> None:
    left = []

    async def patient(asked: Asked, connection: Connection) -> None:
        await connection.until_left()
        left.append(asked)

    gateway.engine.answer = patient
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(gateway.server.url + "/v1/chat/completions", json={"messages": MESSAGES}, timeout=0.2)
    until(lambda: bool(left))


def test_a_deadline_is_kept_and_passed_on(gateway: Gateway) -> None:
    async def patient(asked: Asked, connection: Connection) -> None:
        await connection.until_left()

    gateway.engine.answer = patient
    refused = gateway.post("/v1/chat/completions", {"messages": MESSAGES}, **{"X-Zaphod-Timeout-S": "0.2"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert 0 < float(gateway.engine.asked[0].headers["x-zaphod-timeout-s"]) <= 0.2


def test_completions_and_embeddings_pass(gateway: Gateway) -> None:
    async def answer(asked: Asked, connection: Connection) -> None:
        if asked.path == "/v1/embeddings":
            data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
            await connection.json({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 3}})
        else:
            choice = {"index": 0, "text": "x", "finish_reason": "length"}
            await connection.json({"id": "1", "object": "text_completion", "choices": [choice], "usage": USAGE})

    gateway.engine.answer = answer
    with gateway.openai as client:
        assert client.completions.create(model="m", prompt="a").choices[0].text == "x"
        embedded = client.embeddings.create(model="m", input=["a"], encoding_format="float")
    assert embedded.data[0].embedding == [0.5, 0.25]


@pytest.mark.parametrize("path", ["/tokenize", "/detokenize", "/v1/messages/count_tokens"])
def test_counting_and_splitting_pass(gateway: Gateway, path: str) -> None:
    async def answer(asked: Asked, connection: Connection) -> None:
        await connection.json({"path": asked.path, "tokens": [1, 2]})

    gateway.engine.answer = answer
    fields = {"messages": MESSAGES} if "count" in path else {"content": "llama-server's name for it"}
    assert gateway.post(path, fields).json() == {"path": path, "tokens": [1, 2]}


async def _respond(asked: Asked, connection: Connection) -> None:
    response = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": "completed"}
    usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
    await connection.begin_stream()
    await connection.event({"type": "response.created", "sequence_number": 0, "response": response})
    delta = {"type": "response.output_text.delta", "delta": "Hey", "sequence_number": 1}
    await connection.event({**delta, "item_id": "i", "output_index": 0, "content_index": 0, "logprobs": []})
    if asked.fields["input"] == "die":
        await asyncio.sleep(0.05)
        connection.die()
        return
    ended = {"type": "response.completed", "sequence_number": 2, "response": {**response, "usage": usage}}
    await connection.event(ended)
    await connection.end_stream()


def test_the_responses_api_is_streamed(gateway: Gateway) -> None:
    gateway.engine.answer = _respond
    with gateway.openai as client:
        kinds = [event.type for event in client.responses.create(model="m", input="hi", stream=True)]
    assert kinds == ["response.created", "response.output_text.delta", "response.completed"]
    assert "stream_options" not in gateway.engine.asked[0].fields


def test_a_broken_stream_of_the_responses_api_raises(gateway: Gateway) -> None:
    gateway.engine.answer = _respond
    with gateway.openai as client, pytest.raises(openai.APIError, match="incomplete"):
        list(client.responses.create(model="m", input="die", stream=True))


async def _message(asked: Asked, connection: Connection) -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    message = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hey"}}
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
    await connection.begin_stream()
    for event in ({"type": "message_start", "message": message}, block, delta):
        await connection.chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    if asked.fields["messages"][0]["content"] == "die":
        await asyncio.sleep(0.05)
        connection.die()
        return
    for event in ({"type": "content_block_stop", "index": 0}, last, {"type": "message_stop"}):
        await connection.chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    await connection.end_stream()


def test_anthropic_s_api_is_streamed(gateway: Gateway) -> None:
    gateway.engine.answer = _message
    with gateway.anthropic as client, client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream:
        assert "".join(stream.text_stream) == "Hey"
    assert gateway.engine.asked[0].headers["anthropic-version"]
    assert "x-api-key" not in gateway.engine.asked[0].headers


def test_a_broken_stream_of_anthropic_s_api_raises(gateway: Gateway) -> None:
    gateway.engine.answer = _message
    said: Any = [{"role": "user", "content": "die"}]
    with gateway.anthropic as client, pytest.raises(anthropic.APIError, match="incomplete"):  # noqa: SIM117
        with client.messages.stream(model="m", max_tokens=9, messages=said) as stream:
            "".join(stream.text_stream)


def test_errors_of_anthropic_s_api_have_its_shape(gateway: Gateway) -> None:
    with gateway.anthropic as client, pytest.raises(anthropic.NotFoundError, match="Known: m"):
        client.messages.create(model="claude", max_tokens=9, messages=MESSAGES)


def test_what_engines_report_is_counted(gateway: Gateway) -> None:
    before = _tokens(gateway)
    with gateway.openai as client:
        list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
        client.chat.completions.create(model="m", messages=MESSAGES)
    num_prompt, num_answer = (after - then for after, then in zip(_tokens(gateway), before, strict=True))
    assert num_answer == 4
    assert num_prompt > 0  # NOTE: counted at the first piece, when only the estimate is known


def test_a_gateway_whose_engine_answers_is_ready(gateway: Gateway) -> None:
    assert gateway.server.get("/ready")["ready"] is True


def _tokens(gateway: Gateway) -> list[float]:
    with urllib.request.urlopen(gateway.server.url + "/metrics") as answer:
        text = answer.read().decode()
    names = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")
    return [sum(map(float, re.findall(rf"^{name}\S* (\S+)$", text, re.MULTILINE))) for name in names]


def test_metrics_tell_how_each_server_is(gateway: Gateway) -> None:
    with urllib.request.urlopen(gateway.server.url + "/metrics") as answer:
        text = answer.read().decode()
    name = gateway.engine.url.removeprefix("http://")
    assert f'zaphod:upstream_state{{state="healthy",upstream="{name}"}} 1.0' in text
    assert "zaphod:ready 1.0" in text
