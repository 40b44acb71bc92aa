"""The official OpenAI client on completions, models and embeddings of a running server."""

import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from tests.server.conftest import RunningServer


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def complete(client: openai.OpenAI, prompt: Any, **fields: Any) -> Any:
    fields.setdefault("max_tokens", 4)
    return client.completions.create(model="builtin", prompt=prompt, **fields)


def test_prompts_of_every_kind_are_continued(client: openai.OpenAI) -> None:
    for prompt, num_answers in (("a", 1), (["a", "b"], 2), ([1, 936, 2], 1), ([[1, 936, 2], [3]], 2)):
        answer = complete(client, prompt)
        assert [choice.index for choice in answer.choices] == list(range(num_answers))


def test_a_text_and_its_token_ids_are_continued_alike(client: openai.OpenAI) -> None:
    text = "<|user|>what is 2 + 2?<|assistant|>"
    ids = client.post("/../tokenize", body={"prompt": text}, cast_to=object)["tokens"]  # type: ignore[index]
    texts = {complete(client, prompt, temperature=0).choices[0].text for prompt in (text, ids)}
    assert len(texts) == 1


def test_an_echo_precedes_the_answer(client: openai.OpenAI) -> None:
    answer = complete(client, ["ab", "cd"], echo=True, n=2)
    assert [choice.text[:2] for choice in answer.choices] == ["ab", "ab", "cd", "cd"]
    chunks = list(complete(client, "ab", echo=True, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks).startswith("ab")


def test_log_probabilities_of_completions_tell_where_tokens_are(client: openai.OpenAI) -> None:
    choice = complete(client, "plan:", logprobs=2, seed=1).choices[0]
    told = choice.logprobs
    assert "".join(told.tokens) == choice.text
    assert all(
        choice.text[place:].startswith(token) for place, token in zip(told.text_offset, told.tokens, strict=True)
    )
    chunks = list(complete(client, "plan:", logprobs=2, stream=True, seed=1))
    offsets = [
        place for chunk in chunks if chunk.choices[0].logprobs for place in chunk.choices[0].logprobs.text_offset
    ]
    assert offsets == sorted(offsets)


def test_an_echo_tells_how_likely_the_prompt_is(client: openai.OpenAI) -> None:
    choice = complete(client, "plan: pick", logprobs=1, echo=True, temperature=0).choices[0]
    told = choice.logprobs
    assert "".join(told.tokens) == choice.text
    assert (told.token_logprobs[0], told.top_logprobs[0]) == (None, None)
    pairs = zip(told.token_logprobs[1:], told.top_logprobs[1:], strict=True)
    assert all(value <= max(top.values()) for value, top in pairs)
    # What the model says itself is as likely in a prompt as in an answer.
    again = complete(client, choice.text, logprobs=1, echo=True, max_tokens=1).choices[0].logprobs
    assert again.token_logprobs[1 : len(told.tokens)] == pytest.approx(told.token_logprobs[1:], abs=1e-3)


def test_a_streamed_echo_tells_the_same(client: openai.OpenAI) -> None:
    fields = {"logprobs": 1, "echo": True, "temperature": 0}
    whole = complete(client, "plan: pick", **fields).choices[0].logprobs
    chunks = [chunk.choices[0].logprobs for chunk in complete(client, "plan: pick", stream=True, **fields)]
    told = [value for chunk in chunks if chunk for value in chunk.token_logprobs]
    assert told[0] is None
    assert told[1:] == pytest.approx(whole.token_logprobs[1:], abs=1e-3)


def test_one_token_follows_a_scored_prompt_even_where_the_model_would_end(client: openai.OpenAI) -> None:
    (end,) = client.post("/../tokenize", body={"prompt": "<|end|>", "add_special_tokens": False}, cast_to=object)[
        "tokens"
    ]  # type: ignore[index]
    fields = {"logprobs": 1, "echo": True, "max_tokens": 1, "temperature": 0, "logit_bias": {str(end): 100}}
    told = complete(client, [[936, 2]], **fields).choices[0].logprobs
    assert len(told.tokens) == 3


def test_a_prompt_of_one_token_has_nothing_before_it(client: openai.OpenAI) -> None:
    told = complete(client, [[936]], logprobs=0, echo=True, max_tokens=1).choices[0].logprobs
    assert told.token_logprobs[0] is None
    assert len(told.tokens) == 2


@pytest.mark.parametrize(
    "fields",
    [{"suffix": "x"}, {"best_of": 2}, {"logprobs": 21}, {"n": 17}],
    ids=str,
)
def test_completions_that_cannot_be_given_are_refused(client: openai.OpenAI, fields: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        complete(client, "a", **fields)


@pytest.mark.parametrize("prompt", ["", [], [[]], [10**9], [["a"]], [2**31 - 1], ["a"] * 65], ids=lambda p: str(p)[:12])
def test_prompts_that_are_none_are_refused(client: openai.OpenAI, prompt: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        complete(client, prompt)


def test_models_are_listed_and_told(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["builtin"]
    assert client.models.retrieve("builtin").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


def test_embeddings_have_length_one_in_both_encodings(client: openai.OpenAI) -> None:
    texts = ["set a timer", "what is 2 + 2?"]
    plain = client.embeddings.create(model="builtin", input=texts, encoding_format="float")
    packed = client.embeddings.create(model="builtin", input=texts)  # the client asks for base64
    for one, other in zip(plain.data, packed.data, strict=True):
        assert math.fsum(value * value for value in one.embedding) == pytest.approx(1, abs=1e-5)
        assert other.embedding == pytest.approx(one.embedding, abs=1e-6)
    assert [one.index for one in plain.data] == [0, 1]
    assert plain.usage.prompt_tokens == plain.usage.total_tokens > 0


def test_the_same_text_has_the_same_vector_alone_and_among_others(client: openai.OpenAI) -> None:
    alone = client.embeddings.create(model="builtin", input="set a timer").data[0].embedding
    among = client.embeddings.create(model="builtin", input=["other words", "set a timer", "x"]).data[1].embedding
    assert among == pytest.approx(alone, abs=1e-5)


def test_embeddings_that_cannot_be_given_are_refused(client: openai.OpenAI) -> None:
    for fields in ({"input": "a", "dimensions": 3}, {"input": []}, {"input": ""}, {"input": [10**9]}):
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="builtin", **fields)
