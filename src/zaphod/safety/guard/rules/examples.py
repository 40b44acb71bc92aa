"""Texts that a pattern matches, made from its tree; knows no rule. For people who read rules, and for tests."""

from __future__ import annotations

import random

import re2

from zaphod.safety.guard.rules.nodes import Characters, Choice, Edge, Gap, Node, Repeat, Sequence
from zaphod.safety.guard.rules.source import plain_source

_ANY = "abcdefghijklmnopqrstuvwxyz 0123456789.,!-_+$éджя中指가अ\n\t"
"""What one of the open sets is chosen from."""


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
    if node.is_negated or not node.ranges:
        allowed = re2.compile(plain_source(node))
        return dice.choice([letter for letter in _ANY if allowed.fullmatch(letter)])
    first, last = dice.choice(node.ranges)
    return chr(dice.randint(first, last))
