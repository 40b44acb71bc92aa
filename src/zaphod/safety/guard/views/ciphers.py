"""Text turned round or with letters exchanged for others: rot13 and every shift, atbash, and those reversed.

No key is guessed from words. Pairs of letters tell English from what is none: windows of the text that do not look
English are read in all 54 ways at once, and a way is taken where it makes a window look English. So a sentence in
rot13 is found in the middle of a page, and a page of plain English costs one look-up for each letter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from zaphod.safety.guard.views.letters import BORDER, letter_codes, pair_log_odds

WINDOW = 24
"""Pairs of letters that are judged together."""
_MIN_PAIRS = 8
_PLAIN = 0.35
"""Log odds a pair from which on a window looks English as it is."""
_RATHER = 0
"""Log odds a pair from which on a text as a whole is a language, and no encoding."""
_ENGLISH = 0.35
"""Log odds a pair from which on a window looks English in another reading."""
_MARGIN = 0.5
"""By how much it must look better there."""
_MAX_READINGS = 3
_BLOCK = 8
_NO_PAIR = BORDER * 28
_CHUNK = 256
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@cache
def _ways() -> tuple[tuple[tuple[str, ...], str], ...]:
    """Each way: its steps and the alphabet that letters are replaced by. The first one is the text as it is."""
    shifts = [((f"rot{k}",) if k else (), _ALPHABET[k:] + _ALPHABET[:k]) for k in range(26)]
    forward = [*shifts, (("atbash",), _ALPHABET[::-1])]
    return tuple(forward + [((*steps, "reverse"), alphabet) for steps, alphabet in forward])


@cache
def _scores() -> NDArray[np.float32]:
    """Log odds of each pair of letters in each way, [729, 54]."""
    odds = pair_log_odds()
    tables = []
    for steps, alphabet in _ways():
        order = np.append(letter_codes(alphabet), BORDER)
        table = odds[np.ix_(order, order)]
        tables.append((table.T if steps[-1:] == ("reverse",) else table).ravel())
    return np.stack(tables, axis=1)


def likely_ways(text: str) -> list[tuple[str, ...]]:
    """Ways to read a text that make parts of it English, the best first; empty for a text that is English."""
    pairs = _pairs(text)
    if len(pairs) < _MIN_PAIRS:
        return []
    blocks = np.append(pairs, np.full(-len(pairs) % _BLOCK, _NO_PAIR, np.int32)).reshape(-1, _BLOCK)
    size = min(WINDOW // _BLOCK, len(blocks))
    num_pairs = np.minimum(size * _BLOCK, len(pairs) - _BLOCK * np.arange(len(blocks) - size + 1))
    doubtful = _windows(_scores()[blocks, 0].sum(axis=1)[:, None], size)[:, 0] < _PLAIN * num_pairs
    best = np.full(len(_ways()), -np.inf, np.float32)
    for first in range(0, len(doubtful), _CHUNK):
        wanted = doubtful[first : first + _CHUNK]
        if wanted.any():
            part = _of_some(blocks[first : first + _CHUNK + size - 1], wanted, size)
            sums = _windows(part, size)[wanted] / num_pairs[first : first + _CHUNK][wanted, None]
            best = np.maximum(best, np.where(sums > sums[:, :1] + _MARGIN, sums, -np.inf).max(axis=0))
    order = np.argsort(-best, kind="stable")[:_MAX_READINGS]
    return [_ways()[way][0] for way in order if best[way] > _ENGLISH]


def _of_some(blocks: NDArray[np.int32], wanted: NDArray[np.bool_], size: int) -> NDArray[np.float32]:
    """Scores of blocks in all ways, [blocks, ways]; of those only that a wanted window has, 0 for the rest."""
    needed = np.convolve(wanted, np.ones(size, np.int32)) > 0
    scores = np.zeros((len(blocks), len(_ways())), np.float32)
    scores[needed] = _scores()[blocks[needed]].sum(axis=1)
    return scores


def _windows(scores: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Sums of so many blocks side by side, [blocks - size + 1, ways]."""
    count = len(scores) - size + 1
    return sum((scores[i : i + count] for i in range(1, size)), start=scores[:count])


def looks_spoken(text: str) -> bool:
    """Whether letters follow one another as in European languages, or in code; not at random, as in encodings."""
    pairs = _pairs(text)
    return 2 * len(pairs) > len(text) and float(_scores()[pairs, 0].sum()) > _RATHER * len(pairs)


def _pairs(text: str) -> NDArray[np.int32]:
    """Each pair of letters as one number; nothing for what lies between words, and for letters that stand alone."""
    codes = letter_codes(f" {text} ").astype(np.int32)
    is_border = codes == BORDER
    codes[1:-1][is_border[:-2] & is_border[2:]] = BORDER
    pairs = codes[:-1] * 27 + codes[1:]
    kept: NDArray[np.int32] = pairs[pairs != _NO_PAIR]
    return kept


@cache
def _translation(step: str) -> dict[int, int]:
    """Letters in both cases, exchanged."""
    alphabet = next(alphabet for steps, alphabet in _ways() if steps == (step,))
    return str.maketrans(_ALPHABET + _ALPHABET.upper(), alphabet + alphabet.upper())


def exchanged(text: str, step: str) -> str:
    """The text with its letters exchanged: `rot1` to `rot25`, or `atbash`. Length and places stay."""
    return text.translate(_translation(step))
