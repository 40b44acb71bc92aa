"""Expressions and units worked out exactly; knows numbers, no model."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction

from zaphod.core.errors import RequestError

_MAX_TEXT, _MAX_DEPTH, _MAX_BITS = 200, 40, 4096
_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
# Each unit of one kind in the first of its kind; temperatures have an offset, too: value * factor + offset.
_UNITS: tuple[dict[str, tuple[Fraction, Fraction]], ...] = tuple(
    {name: (Fraction(factor), Fraction(offset)) for name, (factor, offset) in kind.items()}
    for kind in (
        {
            **dict.fromkeys(("metres", "m"), ("1", "0")),
            **dict.fromkeys(("kilometres", "km"), ("1000", "0")),
            **dict.fromkeys(("centimetres", "cm"), ("0.01", "0")),
            **dict.fromkeys(("millimetres", "mm"), ("0.001", "0")),
            "miles": ("1609.344", "0"),
            "feet": ("0.3048", "0"),
            "inches": ("0.0254", "0"),
            "yards": ("0.9144", "0"),
        },
        {
            **dict.fromkeys(("kilograms", "kg"), ("1", "0")),
            **dict.fromkeys(("grams", "g"), ("0.001", "0")),
            "pounds": ("0.45359237", "0"),
            "ounces": ("0.028349523125", "0"),
            "tonnes": ("1000", "0"),
            "stone": ("6.35029318", "0"),
        },
        {
            "litres": ("1", "0"),
            "millilitres": ("0.001", "0"),
            "gallons": ("4.54609", "0"),
            "pints": ("0.56826125", "0"),
            "quarts": ("1.1365225", "0"),
            "cups": ("0.25", "0"),
        },
        {"kelvin": ("1", "0"), "celsius": ("1", "273.15"), "fahrenheit": ("5/9", "45967/180")},
        {
            "seconds": ("1", "0"),
            "minutes": ("60", "0"),
            "hours": ("3600", "0"),
            "days": ("86400", "0"),
            "weeks": ("604800", "0"),
        },
        {"bytes": ("1", "0"), "kilobytes": ("1000", "0"), "megabytes": ("1e6", "0"), "gigabytes": ("1e9", "0")},
    )
)
"""Imperial gallons, pints and quarts (UK); metric cups; exact by the definition of 1959 of yard and pound."""


def calculated(expression: str) -> str:
    """The value of an expression of numbers, `+ - * /` and brackets.

    Raises:
        RequestError: it is none, is too long, or divides by zero.
    """
    if len(expression) > _MAX_TEXT:
        raise _no_expression(expression[:40] + "…", f"it has more than {_MAX_TEXT} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return said(_value(tree.body, 0))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _no_expression(expression, "it is not made of numbers and + - * /") from error
    except ZeroDivisionError as error:
        raise _no_expression(expression, "it divides by zero") from error


def converted(value: str | float, source: str, target: str) -> str:
    """A quantity in another unit of its kind. Raises `RequestError` for a unit that is not known or of another kind."""
    for kind in _UNITS:
        if source.lower() in kind and target.lower() in kind:
            (factor, offset), (wanted, wanted_offset) = kind[source.lower()], kind[target.lower()]
            return f"{said((_number(value) * factor + offset - wanted_offset) / wanted)} {target}"
    raise RequestError(
        f"{source} cannot be converted to {target}.",
        "Both are units of length, mass, volume, temperature, time or data, written in full and in the plural.",
        "Ask for a unit of the same kind.",
    )


def said(value: Fraction) -> str:
    """A number for people: exact if it has few digits, else to ten of them."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.10g}"


def _number(value: str | float) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise RequestError(f"{value!r} is no number.", "The value is a number in figures.", "Write one.") from error


def _value(node: ast.expr, depth: int) -> Fraction:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Fraction(str(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            result = _OPERATIONS[type(op)](_value(left, depth + 1), _value(right, depth + 1))
            if max(result.numerator.bit_length(), result.denominator.bit_length()) > _MAX_BITS:
                raise ValueError("too large")
            return result
    raise ValueError("not arithmetic")


def _no_expression(expression: str, reason: str) -> RequestError:
    return RequestError(
        f"{expression!r} cannot be calculated: {reason}.",
        "An expression has numbers, + - * / and brackets.",
        "Write it so, like 12 * 13.",
    )
