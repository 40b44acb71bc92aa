"""Replaces personal data and secrets in documents by what kind they are; knows no pattern: the guard finds them.

`redact` leaves the kind (`<EMAIL>`), `pseudonymise` a keyed hash beside it (`<EMAIL_7f3k9q2m>`), so that a model can
still learn who is who. Neither can be turned back: nothing is kept. What the finders do not cover is in docs/guard.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.safety.guard.finder import Finder
from zaphod.safety.guard.pii import PiiFinder, PiiOptions, Pseudonyms, Seal, SecretFinder
from zaphod.safety.guard.pii.pseudonyms import kind_of
from zaphod.safety.guard.verdict import Hit
from zaphod.safety.guard.views.view import RawView

Method = Literal["redact", "pseudonymise"]

_PART_CHARACTERS: Final = 20_000
"""Long texts are read in parts that end at an empty line or a line's end, so that time grows with their length."""
_KEPT_NOWHERE: Final = Seal(seal=lambda value, word: value, open=lambda sealed, word: sealed)


class PersonalData(DocumentStage):
    """Takes personal data out of each document, and drops documents that consist of little else.

    `found` counts what was replaced by its rule.

    Args:
        method: `redact` or `pseudonymise`.
        key_file: for pseudonyms: a file of at least 16 secret bytes. The same key gives the same pseudonyms.
        without: rules that are left alone, with all that begin so (`pii.name`).
        secrets: whether passwords, keys and tokens are taken out too.
        least_score: less sure finds are left alone.
        max_share: a document is dropped when more of its characters than this were replaced.

    Raises:
        ConfigError: the method is not known, or it is `pseudonymise` and the key cannot be read or is too short.
    """

    name = "personal_data"

    def __init__(
        self,
        *,
        method: Method = "redact",
        key_file: str = "",
        without: tuple[str, ...] = (),
        secrets: bool = True,
        least_score: float = 0.5,
        max_share: float = 0.3,
    ) -> None:
        super().__init__()
        if method not in get_args(Method):
            raise ConfigError(
                f"Personal data cannot be treated with {method!r}.",
                f"Ways are {', '.join(get_args(Method))}.",
                "Choose one of them.",
            )
        self.method, self.key_file, self.without = method, key_file, tuple(without)
        self.secrets, self.least_score, self.max_share = secrets, least_score, max_share
        self.found: Counter[str] = Counter()
        options = PiiOptions(least_score=least_score, without=self.without)
        self._finders: tuple[Finder, ...] = (PiiFinder(options), *((SecretFinder(options),) if secrets else ()))
        self._pseudonyms = _pseudonyms(key_file) if method == "pseudonymise" else None

    def settings(self) -> Mapping[str, Any]:
        return {
            "method": self.method,
            "key_file": self.key_file,
            "without": list(self.without),
            "secrets": self.secrets,
            "least_score": self.least_score,
            "max_share": self.max_share,
        }

    def judge(self, document: Document) -> Document | Dropped:
        parts, num_replaced = list[str](), 0
        for part in _parts(document.text):
            hits = [hit for finder in self._finders for hit in finder.find([RawView(part)], "input")]
            self.found.update(hit.rule for hit in hits)
            num_replaced += sum(hit.end - hit.start for hit in hits)
            parts.append(self._replaced(part, hits) if hits else part)
        if num_replaced > self.max_share * len(document.text):
            return Dropped("mostly personal data")
        return replace(document, text="".join(parts)) if num_replaced else document

    def _replaced(self, text: str, hits: list[Hit]) -> str:
        if self._pseudonyms is not None:
            return self._pseudonyms.pseudonymise(text, hits)
        pieces, done = list[str](), 0
        for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
            if hit.start >= done:
                pieces += (text[done : hit.start], f"<{kind_of(hit.rule)}>")
            done = max(done, hit.end)
        return "".join((*pieces, text[done:]))


class _NoTable:
    """Keeps no value: pseudonyms of documents are not turned back."""

    def put(self, *, tenant: str, subject: str, pseudonym: str, sealed: bytes) -> bytes:
        return sealed

    def get(self, *, tenant: str, subject: str, pseudonym: str) -> bytes | None:
        return None


def _pseudonyms(key_file: str) -> Pseudonyms:
    try:
        key = Path(key_file).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The key file {key_file!r} cannot be read: {error.strerror}.",
            "Pseudonyms are made with a secret key.",
            "Make one of 32 random bytes, and keep it out of the data.",
        ) from error
    return Pseudonyms(key, _NoTable(), seal=_KEPT_NOWHERE)


def _parts(text: str) -> Iterator[str]:
    """The text in order, cut where a line ends if there is one near."""
    start = 0
    while len(text) - start > _PART_CHARACTERS:
        end = start + _PART_CHARACTERS
        least = start + _PART_CHARACTERS // 2
        for mark in ("\n\n", "\n", " "):
            place = text.rfind(mark, least, end)
            if place >= 0:
                end = place + len(mark)
                break
        yield text[start:end]
        start = end
    yield text[start:]
