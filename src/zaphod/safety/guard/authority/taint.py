"""Which words of a conversation nobody vouches for, and whether a value came from them; knows no tool and no policy.

What tools, documents and web pages say is untrusted: whoever wrote it may have wanted to be read by a model. A value
that occurs there, and nowhere in what the operator or the person said, was chosen by that somebody. Values are compared
after folding case, width and white space, so that a copy in other letters is still a copy.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_FEWEST_LETTERS = 4
"""Shorter values occur anywhere by chance."""
_SPACE = re.compile(r"\s+")
_WORD_EDGE = r"(?<![\w-]){}(?![\w-])"


def folded(text: str) -> str:
    """The text as it is compared: one case, one width, single spaces, nothing invisible."""
    compatible = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(letter for letter in compatible if unicodedata.category(letter) != "Cf")
    return _SPACE.sub(" ", visible)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The words of a conversation, by whether somebody vouches for them.

    Args:
        trusted: what the operator and the person said.
        untrusted: what tools and sources said.
    """

    trusted: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()

    @property
    def is_tainted(self) -> bool:
        """Whether anything untrusted was read."""
        return any(text.strip() for text in self.untrusted)

    def is_foreign(self, value: str) -> bool:
        """Whether a value, or a line of it, stands in untrusted words and in no trusted ones."""
        if not self.is_tainted:
            return False
        parts = [folded(part).strip() for part in (value, *value.splitlines())]
        return any(self._is_foreign(part) for part in parts if len(part) >= _FEWEST_LETTERS)

    def names(self, tool: str) -> bool:
        """Whether untrusted words name a tool that trusted ones do not name."""
        word = re.compile(_WORD_EDGE.format(re.escape(folded(tool))))
        return word.search(self._untrusted) is not None and word.search(self._trusted) is None

    def _is_foreign(self, part: str) -> bool:
        return part in self._untrusted and part not in self._trusted

    @cached_property
    def _trusted(self) -> str:
        return folded("\n".join(self.trusted))

    @cached_property
    def _untrusted(self) -> str:
        return folded("\n".join(self.untrusted))


def texts_in(value: object) -> Iterable[str]:
    """All texts of a JSON value, names of fields too."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif one is not None and not isinstance(one, bool):
            yield str(one)
