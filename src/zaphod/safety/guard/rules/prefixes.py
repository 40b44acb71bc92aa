"""What a match may look like before it is whole; knows trees of patterns, no texts.

Of a pattern's tree another is made, that matches every proper prefix of every match, and nothing else. Searched for at
the end of a text, it tells where a match may have begun that is not over: a stream is held up from there, and only
from there.
"""

from __future__ import annotations

from collections.abc import Iterable

from zaphod.safety.guard.rules.nodes import (
    EMPTY,
    MAX_GAP,
    Characters,
    Choice,
    Edge,
    Gap,
    Node,
    Repeat,
    Sequence,
    choice,
    sequence,
)
from zaphod.safety.guard.rules.source import GAP_CHARACTERS, edge_before, plain_source
from zaphod.safety.guard.rules.syntax import alternatives, split_edges


def proper_prefixes(node: Node) -> Node | None:
    """Matches the proper prefixes of what `node` matches, the empty one included; None if there are none.

    An edge is taken for a character that is still to come: whether a word ends is not known before it did.
    """
    match node:
        case Characters() | Edge():
            return EMPTY
        case Gap():
            return Repeat(GAP_CHARACTERS, 0, MAX_GAP - 1)
        case Choice(options):
            return _any_of(proper_prefixes(option) for option in options)
        case Repeat(item, _, high):
            last = proper_prefixes(item)
            if last is None or high == 1:
                return last
            return sequence([Repeat(item, 0, high - 1), last])
        case Sequence(items):
            return _of_sequence(items)


def _of_sequence(items: tuple[Node, ...]) -> Node | None:
    """From behind: what ends in the last part, or in the one before it, and so on."""
    ends: Node | None = None
    for item in reversed(items):
        inside = proper_prefixes(item)
        through = None if ends is None else sequence([item, ends])
        ends = _any_of([through, inside])
    return ends


def _any_of(options: Iterable[Node | None]) -> Node | None:
    kept = [option for option in options if option is not None]
    if not kept:
        return None
    some = [option for option in kept if not _is_empty(option)]
    if len(some) == len(kept):
        return choice(kept)
    return Repeat(choice(some), 0, 1) if some else EMPTY


def _is_empty(node: Node) -> bool:
    return isinstance(node, Sequence) and not node.items


def pending_source(node: Node, *, is_case_sensitive: bool = False) -> str:
    """RE2's pattern for the proper prefixes of a pattern, written backwards.

    The text is read backwards, too, from its end: where nothing is pending, that is known after a character or two,
    however long the text is.

    An edge that only the character before it tells is left out: a match that it would forbid is waited for in vain,
    which costs a few characters' delay and nothing else.
    """
    parts = []
    for alternative in alternatives(node):
        before, body, behind = split_edges(alternative)
        prefixes = proper_prefixes(sequence([body, behind] if behind else [body]))
        if prefixes is not None and not _is_empty(prefixes):
            parts.append(f"(?:{plain_source(backwards(prefixes))})" + _place(edge_before(before, body)))
    source = "|".join(parts)
    return source if is_case_sensitive or not parts else f"(?i:{source})"


def backwards(node: Node) -> Node:
    """The pattern of the same texts, read from their ends."""
    match node:
        case Sequence(items):
            return Sequence(tuple(backwards(item) for item in reversed(items)))
        case Choice(options):
            return Choice(tuple(backwards(option) for option in options))
        case Repeat(item, low, high, is_lazy):
            return Repeat(backwards(item), low, high, is_lazy)
        case _:
            return node


def _place(edge: str) -> str:
    """The same edge, met from the other side."""
    return {r"\b": r"\b", "(?m:^)": "(?m:$)", r"\A": r"\z"}.get(edge, "")
