"""py3langid's classifier with its walk over the bytes in numpy; knows bytes and languages, no document.

The library walks a text's bytes through an automaton, one after the other in Python. Here all bytes step at once, from
the states that the round before left them in, until no state changes: then each is the one the walk comes through. As
the automaton forgets what is longer ago than its longest feature, that takes a few rounds. N bytes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import MissingExtraError


class Identifier(Protocol):
    """Tells the language of a text, and how likely it is."""

    labels: list[str]

    def classify(self, text: str) -> tuple[str, float]: ...


def make_identifier() -> Identifier:
    """The library's own model.

    Raises:
        MissingExtraError: py3langid is not installed.
    """
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtraError("py3langid", "data") from error

    class Rounds(LanguageIdentifier):  # type: ignore[misc]
        """The same classifier; what it gives is equal to the last bit."""

        nb_ptc: npt.NDArray[np.floating[Any]]

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.nb_ptc = self.nb_ptc.astype(np.float32)  # numpy would widen the rows that it needs each time
            self._rows_S = np.asarray(self._rowbase, dtype=np.int64)
            self._next = np.asarray(self.tk_nextmove)
            self._features_S = np.asarray(self.tk_output)

        def _raw_score(self, text: bytes) -> npt.NDArray[np.float32]:
            letters_N = np.frombuffer(text, dtype=np.uint8)
            found_N = self._features_S[walk(self._next, self._rows_S, letters_N)]
            visits = Counter(found_N[found_N >= 0].tolist())
            scores: npt.NDArray[np.float32] = (
                self._sparse_score(visits, self.nb_ptc) if visits else super()._raw_score(text)
            )
            return scores

    identifier: Identifier = Rounds.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier


def walk(
    next_states: npt.NDArray[np.integer[Any]], rows_S: npt.NDArray[np.int64], letters_N: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """The state behind each byte, beginning in state 0.

    Args:
        next_states: of state s and byte b at `rows_S[s] + b`.
    """
    offsets_N = letters_N.astype(np.int64)
    states = np.zeros(len(letters_N) + 1, dtype=np.int64)
    before_N, after_N = states[:-1], states[1:]
    while True:
        found_N = next_states.take(rows_S.take(before_N) + offsets_N)
        if (found_N == after_N).all():
            return after_N
        after_N[:] = found_N
