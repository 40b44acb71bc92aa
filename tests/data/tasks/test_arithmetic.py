from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks import Arithmetic, Example
from zaphod.data.tasks.arithmetic import worked_answer
from zaphod.data.tasks.task import is_held_out


def example(operation: str, a: int, b: int) -> Example:
    meta = {"operation": operation, "a": a, "b": b}
    return Example(task="arithmetic", prompt="", answer=worked_answer(operation, a, b), meta=meta)


@pytest.mark.parametrize(
    ("operation", "a", "b", "answer"),
    [
        ("+", 4817, 2944, "7+4+0=11 1+4+1=06 8+9+0=17 4+2+1=07\n= 7761"),
        ("-", 38, 512, "0:5< 2-8-0=14 1-3-1=17 5-0-1=04\n= -474"),
        ("-", 77, 77, "7:7,7:7= 7-7-0=00 7-7-0=00\n= 0"),
        ("*", 7, 481, "1*7+0=07 8*7+0=56 4*7+5=33\n= 3367"),
    ],
)
def test_steps_are_written_from_the_units_upwards(operation: str, a: int, b: int, answer: str) -> None:
    assert worked_answer(operation, a, b) == answer


@given(st.sampled_from("+-"), st.integers(0, 9999), st.integers(0, 9999))
def test_every_step_is_true_and_the_digits_give_the_result(operation: str, a: int, b: int) -> None:
    steps, result = worked_answer(operation, a, b).split("\n")
    sums = [step.split("=") for step in steps.split() if ":" not in step]
    for terms, value in sums:
        # NOTE: a borrow is written before the digit, and means minus ten.
        tens, digit = int(value[0]), int(value[1])
        assert eval(terms) == (10 * tens + digit if operation == "+" else digit - 10 * tens)
    digits = "".join(value[1] for _, value in reversed(sums))
    carried = int(sums[-1][1][0]) * 10 ** len(sums) if operation == "+" else 0
    assert abs(eval(f"{a}{operation}{b}")) == int(digits) + carried == abs(int(result.removeprefix("= ")))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("7+4+0=11 1+4+1=06 8+9+0=17 4+2+1=07\n= 7762", "the result is '= 7761', not '= 7762'"),
        ("7+4+0=11 1+4+0=05 8+9+0=17 4+2+1=07\n= 7761", "step 2 is '1+4+1=06', not '1+4+0=05'"),
        ("7+4+0=11 1+4+1=06 8+9+0=17\n= 7761", "4 steps were wanted, 3 given"),
        ("= 7761", "the result is '= 7761', not ''"),
    ],
)
def test_a_wrong_step_or_result_is_named(answer: str, reason: str) -> None:
    assert Arithmetic().judge(example("+", 4817, 2944), answer) == (False, reason)


def test_the_digits_of_an_addition_may_stand_in_either_order() -> None:
    assert Arithmetic().judge(example("+", 4817, 2944), "4+7+0=11 1+4+1=06 8+9+0=17 4+2+1=07\n= 7761").correct
    assert not Arithmetic().judge(example("+", 4817, 2944), "4+7+1=11 1+4+1=06 8+9+0=17 4+2+1=07\n= 7761").correct


def test_held_out_sums_are_never_trained_on() -> None:
    for seen in islice(Arithmetic().examples("train", 0), 500):
        assert not is_held_out(seen.meta["operation"], seen.meta["a"], seen.meta["b"])
