"""Requests against a real server with known behaviour: what is counted, and how each failure is called."""

import asyncio
import socket

import pytest

from zaphod.core.errors import ZaphodError
from zaphod.study.benchmarks.serving.client import Client, Target
from zaphod.study.benchmarks.serving.prompts import Prompt


@pytest.mark.parametrize("endpoint", ["completions", "chat"])
def test_tokens_are_the_servers_count_and_chunks_are_timed_in_order(measured, endpoint):
    for reply in measured(tokens=6, endpoint=endpoint).replies:
        assert (reply.failure, reply.num_tokens, reply.count_source, reply.num_letters) == (None, 6, "usage", 6)
        assert len(reply.token_times_s) == 6
        assert reply.sent_s <= reply.token_times_s[0]
        assert list(reply.token_times_s) == sorted(reply.token_times_s)
        assert (reply.prompt_tokens, reply.cached_tokens) == (2 * 2 + 3, 1)


def test_the_first_token_and_all_gaps_add_up_to_the_whole(measured):
    for reply in measured(tokens=6, delay_s=0.005).replies:
        assert reply.ttft_s + sum(reply.itls_s) == pytest.approx(reply.e2el_s)
        assert reply.tpot_s * 5 == pytest.approx(sum(reply.itls_s))


def test_a_request_lasts_no_shorter_than_the_server_slept(measured):
    [reply] = measured(num=1, tokens=6, delay_s=0.01).replies
    # Event loops' clocks have steps of a millisecond, so a sleep may end a little early; nothing else shortens it.
    assert reply.e2el_s >= 6 * 0.0085


def test_without_usage_a_full_answer_has_the_length_asked_for(measured):
    assert {(reply.num_tokens, reply.count_source) for reply in measured("silent", tokens=7).replies} == {(7, "length")}


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("refuses", "429"),
        ("fails", "5xx"),
        ("forbids", "4xx"),
        ("breaks", "broken_stream"),
        ("ends", "broken_stream"),
        ("errs", "broken_stream"),
        ("stutters", "broken_stream"),
        ("empty", "empty"),
    ],
)
def test_every_failure_has_its_kind(measured, model, kind):
    assert [reply.failure.kind for reply in measured(model).replies] == [kind] * 4


def test_a_refusal_keeps_its_status_and_when_to_try_again(measured):
    [reply] = measured("refuses", num=1, again_s="7").replies
    assert (reply.failure.status, reply.failure.retry_after) == (429, "7")
    assert "too many" in reply.failure.message


def test_nobody_listening_is_a_failed_connection(measured):
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    assert {reply.failure.kind for reply in measured(base_url=f"http://127.0.0.1:{port}").replies} == {"connection"}


def test_an_answer_that_never_ends_is_given_up(measured):
    [reply] = measured(num=1, delay_s=60, timeout_s=0.2).replies
    assert reply.failure.kind == "timeout"


def test_the_key_is_sent_and_not_shown(server):
    target = Target(base_url=server.base_url + "/v1/", model="good", api_key="sk-secret")

    async def go():
        async with Client(target) as client:
            return await client.send(Prompt(text="hello", max_tokens=2), 0)

    assert asyncio.run(go()).num_tokens == 2
    assert server.headers[-1]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(target)


def test_words_are_counted_as_the_server_counts_them(server):
    async def go(model):
        async with Client(Target(base_url=server.base_url, model=model)) as client:
            return await client.calibrate()

    words = asyncio.run(go("good"))
    assert (words.tokens_per_word, words.fixed_tokens) == (2.0, 3.0)
    assert words.num_words(103) == 50
    with pytest.raises(ZaphodError, match="answers 500"):
        asyncio.run(go("fails"))


@pytest.mark.parametrize("base", ["http://h", "http://h/", "http://h/v1", "http://h/v1/"])
def test_the_version_may_be_part_of_the_address(base):
    assert Target(base_url=base, model="m").url("models") == "http://h/v1/models"


def test_another_version_is_kept():
    assert Target(base_url="http://h/v3", model="m").url("models") == "http://h/v3/models"
