from zaphod.data.tasks import HONEST_ANSWER, Example, OutOfScope

QUESTION = Example(task="out_of_scope", prompt="who are you?", answer=HONEST_ANSWER)


def test_the_honest_sentence_is_right_and_names_the_way_out() -> None:
    assert OutOfScope().judge(QUESTION, HONEST_ANSWER).correct
    assert "zaphod run" in HONEST_ANSWER


def test_an_invented_fact_is_wrong() -> None:
    assert not OutOfScope().judge(QUESTION, "The capital of France is Paris.").correct
