"""`Checker.lean` transcribed word by word, so that what it computes can be tried where there is no Lean.

A name here is the name there. Lists are lists, 0 without variables is an int, trees are tuples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

Add = Callable[[Any, Any], Any]
Mul = Callable[[int, Any], Any]
Side = tuple[int, int, int]


def pw(x: int, n: int) -> int:
    return 1 if n == 0 else pw(x, n - 1) * x


def horner(f: Callable[[Any], int], p: int, q: int, d: int, cs: list[Any]) -> int:
    if not cs:
        return 0
    if d == 0:
        return f(cs[0])
    return f(cs[0]) * pw(q, d) + p * horner(f, p, q, d - 1, cs[1:])


def value(ds: list[int], x: list[tuple[int, int]], c: Any) -> int:
    if not ds:
        return int(c)
    if not x:
        return 0
    return horner(lambda one: value(ds[1:], x[1:], one), x[0][0], x[0][1], ds[0], c)


def in_box(bs: Sequence[Side], x: Sequence[tuple[int, int]]) -> bool:
    if not bs or not x:
        return not bs and not x
    (low, high, den), (p, q) = bs[0], x[0]
    return q > 0 and low * q <= den * p <= high * q and in_box(bs[1:], x[1:])


def add_with(g: Add, xs: list[Any], ys: list[Any]) -> list[Any]:
    if not xs or not ys:
        return xs or ys
    return [g(xs[0], ys[0]), *add_with(g, xs[1:], ys[1:])]


def poly_zero(ds: list[int]) -> Any:
    return [] if ds else 0


def poly_add(ds: list[int]) -> Add:
    return (lambda a, b: add_with(poly_add(ds[1:]), a, b)) if ds else (lambda a, b: a + b)


def poly_mul(ds: list[int]) -> Mul:
    return (lambda k, a: [poly_mul(ds[1:])(k, one) for one in a]) if ds else (lambda k, a: k * a)


def times_line(add: Add, mul: Mul, low: int, h: int, d: int, k: Any, rs: list[Any]) -> list[Any]:
    if not rs:
        return [k]
    if d == 0:
        return [add(k, mul(low, rs[0])), mul(h, rs[0])]
    return [add(k, mul(low, rs[0])), *times_line(add, mul, low, h, d - 1, mul(h, rs[0]), rs[1:])]


def to_unit(add: Add, mul: Mul, low: int, w: int, m: int, d: int, cs: list[Any]) -> list[Any]:
    if not cs:
        return []
    if d == 0:
        return [cs[0]]
    return times_line(add, mul, low, w, d - 1, mul(pw(m, d), cs[0]), to_unit(add, mul, low, w, m, d - 1, cs[1:]))


def reading(add: Add, mul: Mul, zero: Any, d: int, j: int, acc: list[Any], cs: list[Any]) -> list[Any]:
    made = times_line(add, mul, 1, 1, j, cs[0] if cs else zero, acc)
    return made if d == 0 else reading(add, mul, zero, d - 1, j + 1, made, cs[1:])


def bernstein(add: Add, mul: Mul, zero: Any, d: int, us: list[Any]) -> list[Any]:
    if d == 0 or not us:
        return us
    return reading(add, mul, zero, d - 1, 0, [us[0]], us[1:])


def on_side(ds: list[int], b: Side, d: int, cs: list[Any]) -> list[Any]:
    low, high, den = b
    add, mul = poly_add(ds), poly_mul(ds)
    return bernstein(add, mul, poly_zero(ds), d, to_unit(add, mul, low, high - low, den, d, cs))


def all_pass(passes: Callable[[Any], bool], d: int, cs: list[Any]) -> bool:
    if not cs:
        return False
    return passes(cs[0]) if d == 0 else passes(cs[0]) and all_pass(passes, d - 1, cs[1:])


def positive(ds: list[int], bs: Sequence[Side], c: Any) -> bool:
    if not ds:
        return not bs and c > 0
    if not bs:
        return False
    low, high, den = bs[0]
    on_it = on_side(ds[1:], bs[0], ds[0], c) if den > 0 and low <= high else []
    return all_pass(lambda one: positive(ds[1:], bs[1:], one), ds[0], on_it)


def lower_half(i: int, bs: list[Side]) -> list[Side]:
    if not bs:
        return []
    low, high, den = bs[0]
    return [(2 * low, low + high, 2 * den), *bs[1:]] if i == 0 else [bs[0], *lower_half(i - 1, bs[1:])]


def upper_half(i: int, bs: list[Side]) -> list[Side]:
    if not bs:
        return []
    low, high, den = bs[0]
    return [(low + high, 2 * high, 2 * den), *bs[1:]] if i == 0 else [bs[0], *upper_half(i - 1, bs[1:])]


def proves(ds: list[int], ps: list[Any], tree: Any, bs: list[Side]) -> bool:
    if tree[0] == "leaf":
        return tree[1] < len(ps) and positive(ds, bs, ps[tree[1]])
    _, i, lower, upper = tree
    return proves(ds, ps, lower, lower_half(i, bs)) and proves(ds, ps, upper, upper_half(i, bs))


def check_claim(claim: tuple[list[int], list[Side], list[Any], Any]) -> bool:
    degrees, box, polynomials, tree = claim
    return proves(degrees, polynomials, tree, box)


def read(text: str) -> list[tuple[list[int], list[Side], list[Any], Any]]:
    """The claims of a Lean file, in order."""
    flat = re.sub(r"\s+", " ", text)
    polynomials = {
        name: json.loads(value)
        for name, value in re.findall(
            r"def (claim_\d+_polynomial_\d+) : [A-Za-z() ]+ := ([-0-9\[\], ]+?) (?=def)", flat
        )
    }
    found = []
    pattern = (
        r"def (claim_\d+) : Claim := Claim\.mk (\[[\d, ]*\]) \[([-⟨⟩\d, ]*)\] \[([\w, ]*)\] (\(.*?\)) theorem \1_holds"
    )
    for _, degrees, box, names, tree in re.findall(pattern, flat):
        sides = [tuple(json.loads(f"[{side}]")) for side in re.findall("⟨(.*?)⟩", box)]
        found.append((json.loads(degrees), sides, [polynomials[name] for name in names.split(", ")], _tree(tree)))
    return found


def _tree(text: str) -> Any:
    words = re.findall(r"[()]|[\w.]+", text)

    def one() -> Any:
        assert words.pop(0) == "("
        kind = words.pop(0).removeprefix("Tree.")
        made = (kind, int(words.pop(0)), *((one(), one()) if kind == "halve" else ()))
        assert words.pop(0) == ")"
        return made

    whole = one()
    assert not words
    return whole
