import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks.arithmetic import worked_answer
from zaphod.data.tasks.second.sums import worked_chain
from zaphod.launch.assistant.checking import check_steps, looks_worked

NUMBERS = st.integers(0, 9999)


@given(st.sampled_from("+-*"), NUMBERS, NUMBERS)
def test_a_right_sum_is_right_and_any_other_result_is_not(operation: str, a: int, b: int) -> None:
    answer = worked_answer(operation, a, b % 10 if operation == "*" else b)
    assert looks_worked(answer)
    assert check_steps(answer).is_right
    steps, result = answer.split("\n= ")
    assert not check_steps(f"{steps}\n= {int(result) + 1}").is_right


@given(NUMBERS, NUMBERS, st.data())
def test_any_other_digit_in_a_step_is_found(a: int, b: int, data: st.DataObject) -> None:
    steps, _, rest = worked_answer("+", a, b).partition("\n")
    place = data.draw(st.sampled_from([n for n, c in enumerate(steps) if c.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != steps[place]]))
    assert not check_steps(f"{steps[:place]}{digit}{steps[place + 1 :]}\n{rest}").is_right


def test_operations_in_a_row_must_follow_from_one_another() -> None:
    chain = worked_chain(48, [("+", 37), ("-", 5)])
    assert check_steps(chain).is_right
    other = chain.splitlines()[:3] + worked_chain(86, [("-", 5)]).splitlines()
    assert check_steps("\n".join(other)).reason == "operation 2 begins with 86, not with 85"


@pytest.mark.parametrize("answer", ["", "= 4", "2+2+0=04", "x\n= 4", "2+2+0=04\n= four", "-3 + 2\n3+2+0=05\n= 5"])
def test_what_cannot_be_read_is_not_right(answer: str) -> None:
    assert not check_steps(answer).is_right


@given(st.text(alphabet="0123456789+-*=:<>, \n", max_size=60))
def test_any_text_is_checked_without_an_exception(text: str) -> None:
    assert isinstance(check_steps(text).is_right, bool)
