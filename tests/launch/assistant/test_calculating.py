import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import RequestError
from zaphod.launch.assistant.calculating import calculated, converted


@pytest.mark.parametrize(
    ("expression", "value"),
    [("12 * 13", "156"), ("77 * 60 / 100", "46.2"), ("1/3", "0.3333333333"), ("2 + 3 * 4 - -1", "15")]
    + [("0.1 + 0.2", "0.3"), ("10000000 * 99999999", "999999990000000"), ("(1 + 2) * 3", "9")],
)
def test_expressions_are_worked_out_exactly(expression: str, value: str) -> None:
    assert calculated(expression) == value


@pytest.mark.parametrize(
    "expression", ["1/0", "2**9", "__import__('os')", "a", "", "True", "1" * 201, "1,2", "-" * 150 + "1"]
)
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(RequestError):
        calculated(expression)


@given(st.text(max_size=60))
def test_any_text_is_calculated_or_refused(text: str) -> None:
    try:
        float(calculated(text))
    except RequestError:
        return


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (3, "miles", "kilometres", "4.828032"),
        (100, "celsius", "fahrenheit", "212"),
        (-40, "fahrenheit", "celsius", "-40"),
    ]
    + [(2, "hours", "minutes", "120"), (0, "celsius", "kelvin", "273.15"), (1, "stone", "pounds", "14")],
)
def test_units_are_converted(value: int, source: str, target: str, result: str) -> None:
    assert converted(value, source, target) == f"{result} {target}"


def test_units_of_different_kinds_are_refused() -> None:
    with pytest.raises(RequestError, match="metres cannot be converted to hours"):
        converted(1, "metres", "hours")
