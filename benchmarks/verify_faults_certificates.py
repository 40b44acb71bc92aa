"""Certificates that were changed after they were made: every number by one unit, every field, whole claims."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Certificate = dict[str, Any]

_ODD: list[Any] = [None, "", [], {}, 0, -1, True, [None], "sha256:0", "the load flies"]


def numbers_changed(certificate: Certificate) -> Iterator[Certificate]:
    """Every number of every claim, one unit of its last place up, and one down: only one number is ever wrong."""
    for place, value in list(_leaves(certificate["claims"], ("claims",))):
        if "tree" in place:
            continue
        for step in (1, -1):
            if isinstance(value, int) and not isinstance(value, bool):
                yield _replaced(certificate, place, value + step)
            elif isinstance(value, str) and _is_number(value):
                number = Fraction(value)
                yield _replaced(certificate, place, str(number + Fraction(step, number.denominator)))


def fields_changed(certificate: Certificate) -> Iterator[Certificate]:
    """Every field left out, emptied, or of another kind; words exchanged; fields that nobody knows."""
    for place in [(key,) for key in certificate] + [("subjects", key) for key in certificate["subjects"]]:
        yield _without(certificate, place)
        yield from (_replaced(certificate, place, value) for value in _ODD)
    for number in {0, len(certificate["claims"]) // 2, len(certificate["claims"]) - 1}:
        for key, value in certificate["claims"][number].items():
            yield _without(certificate, ("claims", number, key))
            for other in _ODD:
                if other != value:
                    yield _replaced(certificate, ("claims", number, key), other)
        yield _replaced(certificate, ("claims", number, "note"), "checked by hand")
    yield {**certificate, "note": "checked by hand"}


def trees_broken(certificate: Certificate, rng: random.Random, num: int) -> Iterator[Certificate]:
    """Trees with a word too few, too many, or one that means nothing: none of them covers its box."""
    for _ in range(num):
        number = rng.randrange(len(certificate["claims"]))
        tree = list(certificate["claims"][number]["tree"])
        kind = rng.randrange(3)
        if kind == 0:
            del tree[rng.randrange(len(tree))]
        elif kind == 1:
            tree.insert(rng.randrange(len(tree) + 1), rng.choice([0, "t", 99, None, True, "", 1.5]))
        else:
            tree[rng.randrange(len(tree))] = rng.choice([99, -1, None, True, "", "x", 0.5, [0]])
        yield _replaced(certificate, ("claims", number, "tree"), tree)


def claims_changed(certificate: Certificate, other: Certificate, rng: random.Random, num: int) -> Iterator[Certificate]:
    """Claims left out, doubled, exchanged, or taken from another certificate; proofs taken from another claim."""
    claims = certificate["claims"]
    for number in range(len(claims)):
        yield {**certificate, "claims": claims[:number] + claims[number + 1 :]}
    for _ in range(num):
        a, b = rng.sample(range(len(claims)), 2)
        made = list(claims)
        kind = rng.randrange(4)
        if kind == 0:
            made[a], made[b] = made[b], made[a]
        elif kind == 1:
            made[a] = made[b]
        elif kind == 2:
            made.insert(a, made[b])
        else:
            made[a] = rng.choice(other["claims"])
        if made != claims:
            yield {**certificate, "claims": made}
    yield {**certificate, "claims": list(reversed(claims))}
    yield {**certificate, "claims": []}


def others_offered(certificate: Certificate, others: list[Certificate]) -> Iterator[Certificate]:
    """Certificates of other plans, contracts and versions, as they are and with these subjects."""
    for other in others:
        yield other
        yield {**other, "subjects": certificate["subjects"]}
        yield {**certificate, "subjects": other["subjects"]}
    for version in ("0.0.1", "0.0.0", "", "99.0", None):
        yield _replaced(certificate, ("subjects", "zaphod"), version)
    yield {**certificate, "format": "zaphod-certificate-0"}
    yield {**certificate, "subjects": {**certificate["subjects"], "plan": certificate["subjects"]["contract"]}}


def as_read(certificate: Certificate) -> Certificate:
    """As it comes out of a file."""
    parsed: Certificate = json.loads(json.dumps(certificate))
    return parsed


def _leaves(inner: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(inner, dict | list):
        for key, value in inner.items() if isinstance(inner, dict) else enumerate(inner):
            yield from _leaves(value, (*place, key))
    else:
        yield place, inner


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace("/", "").isdecimal()


def _replaced(certificate: Certificate, place: tuple[str | int, ...], value: Any) -> Certificate:
    """A copy that shares what was not touched."""
    made = copy.copy(certificate)
    inner: Any = made
    for key in place[:-1]:
        inner[key] = copy.copy(inner[key])
        inner = inner[key]
    inner[place[-1]] = value
    return made


def _without(certificate: Certificate, place: tuple[str | int, ...]) -> Certificate:
    made = _replaced(certificate, place, None)
    inner: Any = made
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return made
