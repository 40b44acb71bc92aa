"""Goals in vLLM's spelling; a request is good if it keeps all of them."""

import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.reply import Reply

# 100 ms to the first token, 400 ms in all, so 100 ms for each of the three others.
REPLY = Reply(index=0, due_s=1.0, sent_s=1.0, token_times_s=(1.1, 1.2, 1.3, 1.4), num_tokens=4)


def test_goals_are_read_as_vllm_writes_them():
    assert Goals.parse(["ttft:2000", "tpot:150"]) == Goals(ttft_ms=2000, tpot_ms=150)


@pytest.mark.parametrize("pairs", [["ttft"], ["ttft:"], ["itl:3"], ["ttft:-1"], ["ttft:nan"], ["ttft:1", "ttft:2"]])
def test_what_is_no_goal_is_refused(pairs):
    with pytest.raises(ConfigError):
        Goals.parse(pairs)


@pytest.mark.parametrize(
    ("goals", "is_kept"),
    [
        ({"ttft_ms": 101}, True),
        ({"ttft_ms": 99}, False),
        ({"tpot_ms": 101}, True),
        ({"tpot_ms": 99}, False),
        ({"e2el_ms": 401}, True),
        ({"e2el_ms": 399}, False),
        ({"ttft_ms": 101, "tpot_ms": 101, "e2el_ms": 399}, False),
    ],
)
def test_every_goal_must_be_kept(goals, is_kept):
    assert Goals(**goals).are_kept_by(REPLY) is is_kept


def test_a_single_token_has_no_time_per_token_and_keeps_that_goal():
    single = Reply(index=0, due_s=1.0, sent_s=1.0, token_times_s=(1.1,), num_tokens=1)
    assert single.tpot_s is None
    assert Goals(tpot_ms=0).are_kept_by(single)
