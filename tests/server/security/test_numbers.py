"""Row 10: numbers that nobody checked, and that other servers fell over. Every field of every route: `tests/server/fuzz`."""

from typing import Any

import pytest
from tests.server.security.attacking import CHAT, chat, post
from tests.support.running_server import RunningServer

EDGES = (-1, 2**31, 2**63, 2**64, 10**400, -(2**63), 1e308, "1", True, [1], {})
WHOLE = ("max_tokens", "max_completion_tokens", "n", "top_k", "top_logprobs")
REAL = ("temperature", "top_p", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty")
UNKNOWN_HERE = (
    "n_discard",
    "best_of",
    "beam_width",
    "length_penalty",
    "num_ctx",
    "id_slot",
    "n_probs",
    "max_tokens_per_step",
)
VOCABULARY = 4096


def is_refused(victim: RunningServer, path: str, body: Any) -> bool:
    answer = post(victim, path, body)
    assert answer.status_code in (200, 400), answer.text
    return answer.status_code == 400


@pytest.mark.parametrize("field", WHOLE)
def test_whole_numbers_have_bounds(victim: RunningServer, field: str) -> None:
    taken = [edge for edge in EDGES if not is_refused(victim, CHAT, chat(logprobs=True, **{field: edge}))]
    assert taken in ([], [-1])  # -1 is "no limit" of `top_k`
    assert taken == [] or field == "top_k"


@pytest.mark.parametrize("field", REAL)
def test_other_numbers_have_bounds(victim: RunningServer, field: str) -> None:
    taken = [edge for edge in EDGES if not is_refused(victim, CHAT, chat(**{field: edge}))]
    assert taken in ([], [-1])
    assert taken == [] or field.endswith(("frequency_penalty", "presence_penalty"))


@pytest.mark.parametrize("field", [*WHOLE, *REAL])
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "0x10", "01", "+1", "1_0"])
def test_what_json_does_not_have_is_refused(victim: RunningServer, field: str, text: str) -> None:
    body = b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, "' + f'{field}": {text}}}'.encode()
    assert is_refused(victim, CHAT, body)


@pytest.mark.parametrize("field", UNKNOWN_HERE)
def test_fields_of_other_servers_are_not_passed_on_unread(victim: RunningServer, field: str) -> None:
    assert is_refused(victim, CHAT, chat(**{field: -1}))


@pytest.mark.parametrize("token", [-1, VOCABULARY, 2**31, 2**32, 2**63, 1.5, "5", None])
def test_tokens_outside_of_the_vocabulary_are_refused(victim: RunningServer, token: Any) -> None:
    assert is_refused(victim, "/v1/completions", {"prompt": [5, token], "max_tokens": 1})
    assert is_refused(victim, "/v1/embeddings", {"input": [5, token]})
    assert is_refused(victim, "/detokenize", {"tokens": [5, token]})
    assert is_refused(victim, CHAT, chat(stop_token_ids=[token])) or token == VOCABULARY
    assert is_refused(victim, CHAT, chat(logit_bias={str(token): 1})) or token == "5"  # keys of JSON are texts


@pytest.mark.parametrize("prompt", ["", [], [[]], [""], [[], [5]], None, {}, [None], [5, [5]], [["5"]]])
def test_empty_and_mixed_prompts_are_refused(victim: RunningServer, prompt: Any) -> None:
    assert is_refused(victim, "/v1/completions", {"prompt": prompt, "max_tokens": 1})
    assert is_refused(victim, "/v1/embeddings", {"input": prompt})


def test_as_many_as_may_be_asked_for_are_answered_and_no_more(victim: RunningServer) -> None:
    assert not is_refused(victim, CHAT, chat(n=16, logprobs=True, top_logprobs=20, stop=["q" * 1024] * 16))
    for more in ({"n": 17}, {"stop": ["q"] * 17}, {"stop": "q" * 1025}, {"top_logprobs": 21, "logprobs": True}):
        assert is_refused(victim, CHAT, chat(**more))
    assert is_refused(victim, CHAT, chat(logit_bias={str(token): 1 for token in range(1025)}))
    assert is_refused(victim, CHAT, chat(stop_token_ids=[5] * 65))


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "1e999", "1_0", "0x10", "a", "", "9" * 400])
def test_a_time_limit_is_a_number_of_seconds(victim: RunningServer, seconds: str) -> None:
    assert post(victim, CHAT, chat(), x_zaphod_timeout_s=seconds).status_code in (400, 504)
