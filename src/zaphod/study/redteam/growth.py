"""Texts that make careless expressions slow, and how the time grows with their length; knows no expression.

Backtracking shows as a time that grows faster than the text: with the square of its length, or worse.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from zaphod.study.redteam.deadline import TooLongError, deadline

Grow = Callable[[int], str]


def _repeated(piece: str, end: str = "") -> Grow:
    return lambda length: (piece * (length // len(piece) + 1))[: length - len(end)] + end


HOSTILE: Mapping[str, Grow] = {
    "one letter": _repeated("a"),
    "one letter, then a sign": _repeated("a", "!"),
    "capital letters behind a word": lambda length: "tool" + "K" * (length - 4),
    "doubled letters": _repeated("aabbccdd"),
    "spaces": _repeated(" "),
    "spaces, then a letter": _repeated(" ", "x"),
    "line ends": _repeated("\n"),
    "first word of an attack": _repeated("ignore "),
    "most of an attack": _repeated("ignore all the previous previous "),
    "attack without its end": _repeated("please disregard any and all of the "),
    "single letters": _repeated("i g n o r e "),
    "dots between letters": _repeated("i.g.n.o.r.e."),
    "open brackets": _repeated("(["),
    "open tags": _repeated("<a href="),
    "open comments": _repeated("<!-- "),
    "Markdown images": _repeated("![a]("),
    "open objects": _repeated('{"a":'),
    "quotes": _repeated('"'),
    "backslashes": _repeated("\\"),
    "percent signs": _repeated("%4"),
    "entities": _repeated("&#1"),
    "escapes": _repeated("\\u00"),
    "hex digits": _repeated("6a"),
    "code of base64": _repeated("QUJD"),
    "nested code of base64": _repeated("Vm0wd2QyUXlV"),
    "code of base32": _repeated("MFRGG"),
    "digits": _repeated("1"),
    "card numbers": _repeated("4111 1111 1111 "),
    "addresses": _repeated("a@a."),
    "many @": _repeated("@"),
    "host names": _repeated("a.a-"),
    "addresses of the web": _repeated("http://a/"),
    "combining marks": lambda length: "a" + "\u0301" * (length - 1),
    "zero-width characters": _repeated("\u200b"),
    "tag characters": _repeated("\U000e0061"),
    "variation selectors": _repeated("\ufe0f"),
    "bidi overrides": _repeated("\u202e"),
    "Hangul and Jamo": _repeated("\u1100\u1161"),
    "ligatures that grow": _repeated("\ufdfa"),
    "unpaired surrogates": _repeated("\ud800"),
    "morse": _repeated(".- "),
    "binary": _repeated("0101 "),
    "key words of secrets": _repeated("password="),
    "private keys without an end": _repeated("-----BEGIN PRIVATE KEY-----\n"),
    "Chinese attack": _repeated("忽略之前"),
    "Arabic attack": _repeated("تجاهل جميع "),
}
"""A name, and what makes such a text of any length."""


class Growth(NamedTuple):
    """How long texts of one kind took.

    Args:
        sizes: their lengths, in characters.
        times_s: of the processor, the best of several runs, for each.
        is_cut: whether the longest were left out because shorter ones took too long.
    """

    sizes: tuple[int, ...]
    times_s: tuple[float, ...]
    is_cut: bool

    @property
    def exponent(self) -> float:
        """By which power of the length the time grows: the slope between logarithms, of the longer half."""
        pairs = list(zip(self.sizes, self.times_s, strict=True))[-3:]
        if len(pairs) < 2:
            return math.nan
        xs, ys = zip(*((math.log(size), math.log(max(seconds, 1e-9))) for size, seconds in pairs), strict=True)
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((x - mean_x) ** 2 for x in xs)
        return float(sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread)


def measure_growth(
    look: Callable[[str], object], grow: Grow, sizes: Sequence[int], repetitions: int = 3, limit_s: float = 20.0
) -> Growth:
    """How the time of `look` grows.

    A text that takes longer than the limit is given up, and longer ones are not tried.
    """
    times_s: list[float] = []
    for size in sizes:
        text = grow(size)
        try:
            with deadline(limit_s):
                times_s.append(min(_seconds(look, text) for _ in range(repetitions)))
        except TooLongError:
            break
    return Growth(tuple(sizes[: len(times_s)]), tuple(times_s), len(times_s) < len(sizes))


def _seconds(look: Callable[[str], object], text: str) -> float:
    begun_s = time.process_time()  # of this process: others on the machine do not count
    look(text)
    return time.process_time() - begun_s
