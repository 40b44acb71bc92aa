import pytest
from pydantic import ValidationError

from zaphod.server.upstream.requests import (
    DEFAULT_ANSWER_TOKENS,
    PassedChat,
    PassedCompletion,
    PromptEstimate,
    max_answer_tokens,
    num_answers,
)


def test_what_came_goes_on_and_nothing_is_added() -> None:
    sent = {"messages": [{"role": "user", "content": "hi"}], "top_p": 1, "fields": {"a": None}, "model_x": 2}
    assert PassedChat.model_validate(sent).fields() == sent


@pytest.mark.parametrize("wrong", [{"n": True}, {"temperature": "1"}, {"seed": 2**64}, {"top_p": 1.5}])
def test_known_fields_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PassedCompletion.model_validate({"prompt": "a", **wrong})


@pytest.mark.parametrize("prompt", ["a", ["a", "b"], [1, 2], [[1], [2]], ""])
def test_every_form_of_prompt_passes(prompt: object) -> None:
    assert PassedCompletion.model_validate({"prompt": prompt}).fields() == {"prompt": prompt}


@pytest.mark.parametrize(
    ("fields", "answers", "tokens"),
    [
        ({}, 1, DEFAULT_ANSWER_TOKENS),
        ({"max_tokens": 5, "n": 3}, 3, 15),
        ({"max_completion_tokens": 4, "max_tokens": 9}, 1, 4),
        ({"max_output_tokens": 6}, 1, 6),
        ({"prompt": ["a", "b"], "max_tokens": 2, "n": 2}, 4, 8),
        ({"prompt": [1, 2, 3], "max_tokens": 2}, 1, 2),
        ({"max_tokens": 2**31 - 1, "n": 128}, 128, 2**31 - 1),
    ],
)
def test_the_longest_answer_is_reserved(fields: dict[str, object], answers: int, tokens: int) -> None:
    assert (num_answers(fields), max_answer_tokens(fields)) == (answers, tokens)


def test_token_prompts_are_counted_exactly() -> None:
    assert PromptEstimate().num_tokens({"prompt": [5] * 77}) == 77


def test_estimates_learn_from_what_servers_say() -> None:
    estimate, fields = PromptEstimate(), {"prompt": "wörter " * 100}
    before = estimate.num_tokens(fields)
    for _ in range(200):
        estimate.learn(fields, 100)
    assert before > 200
    assert 95 <= estimate.num_tokens(fields) <= 105


def test_one_absurd_report_does_not_spoil_the_estimate() -> None:
    estimate, fields = PromptEstimate(), {"prompt": "word " * 100}
    before = estimate.num_tokens(fields)
    estimate.learn(fields, 10**9)
    estimate.learn(fields, 1)
    assert abs(estimate.num_tokens(fields) - before) < 0.2 * before


def test_attached_images_do_not_count_by_their_bytes() -> None:
    url = "data:image/png;base64," + "A" * 1_000_000
    image = {"type": "image_url", "image_url": {"url": url}}
    sound = {"type": "input_audio", "input_audio": {"data": "A" * 1_000_000}}
    fields = {"messages": [{"role": "user", "content": [{"type": "text", "text": "what?"}, image, sound]}]}
    assert PromptEstimate().num_tokens(fields) < 4000
