"""Texts that a pattern matches, made from its tree; knows no rule. For people who read rules, and for tests."""

from __future__ import annotations

import random

from zaphod.safety.guard.rules.nodes import Characters, Choice, Edge, Gap, Node, Repeat, Sequence

_ANY = "abcdefghijklmnopqrstuvwxyz 0123456789"
_BY_PROPERTY = {"L": "aé中", "N": "07", "P": ".!", "S": "+$", "Z": " ", "Latin": "aé", "Han": "中", "Cyrillic": "д"}


def example(node: Node, dice: random.Random, *, at_most: int = 2) -> str:
    """A text that the pattern matches as a whole, if nothing stands beside it.

    Args:
        node: the pattern's tree.
        dice: chooses.
        at_most: repetitions beyond the fewest.
    """
    match node:
        case Characters():
            return _character(node, dice)
        case Gap():
            return dice.choice((" ", " ", " ", ", ", "-", "\n"))
        case Edge():
            return ""
        case Sequence(items):
            return "".join(example(item, dice, at_most=at_most) for item in items)
        case Choice(options):
            return example(dice.choice(options), dice, at_most=at_most)
        case Repeat(item, low, high):
            times = dice.randint(low, min(high, low + at_most))
            return "".join(example(item, dice, at_most=at_most) for _ in range(times))


def _character(node: Characters, dice: random.Random) -> str:
    if node.is_negated:
        return dice.choice([letter for letter in _ANY if not _holds(node, letter)])
    options = [*node.ranges, *((ord(c), ord(c)) for name in node.properties for c in _BY_PROPERTY.get(name[:1], ""))]
    first, last = dice.choice(options)
    return chr(dice.randint(first, last))


def _holds(node: Characters, letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in node.ranges) or any(
        letter in _BY_PROPERTY.get(name, "") for name in node.properties
    )
