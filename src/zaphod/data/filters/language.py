"""Which language a text is in, by py3langid; knows nothing of what is said in it.

Of a long text three windows are read, at its beginning, middle and end: a kilobyte decides as well as a megabyte.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped
from zaphod.data.filters.identifier import Identifier, make_identifier


class Language(DocumentStage):
    """Writes each document's language down, and drops those in other languages or in none for sure.

    Args:
        languages: ISO 639-1 codes that are kept; none at all keeps every language.
        least_probability: below it a text is dropped. FineWeb takes 0.65 of another identifier.
        window_characters: how much is read at each of three places.

    Raises:
        ConfigError: a language that the identifier does not know.
        MissingExtraError: py3langid is not installed.
    """

    name = "language"

    def __init__(
        self, *, languages: tuple[str, ...] = ("en",), least_probability: float = 0.65, window_characters: int = 300
    ) -> None:
        super().__init__()
        self.languages = tuple(languages)
        self.least_probability = least_probability
        self.window_characters = window_characters
        unknown = set(self.languages) - set(_identifier().labels)
        if unknown:
            raise ConfigError(
                f"No language has the code {', '.join(sorted(unknown))}.",
                "Codes are ISO 639-1, like 'en' and 'de'.",
                "Correct the list of languages.",
            )

    def settings(self) -> Mapping[str, Any]:
        return {
            "languages": list(self.languages),
            "least_probability": self.least_probability,
            "window_characters": self.window_characters,
        }

    def judge(self, document: Document) -> Document | Dropped:
        language, probability = identify(windows(document.text, self.window_characters))
        if probability < self.least_probability:
            return Dropped("language not sure")
        if self.languages and language not in self.languages:
            return Dropped("other language")
        metadata = {**document.metadata, "language_probability": f"{probability:.3f}"}
        return replace(document, language=language, metadata=metadata)


def identify(text: str) -> tuple[str, float]:
    """The likeliest language's code, and how likely it is; a text without letters has no likely one."""
    language, probability = _identifier().classify(text)
    return language, float(probability)


def windows(text: str, size: int) -> str:
    """The beginning, the middle and the end of a text, or all of a short one."""
    if len(text) <= 3 * size:
        return text
    middle = (len(text) - size) // 2
    return " ".join((text[:size], text[middle : middle + size], text[-size:]))


@functools.cache
def _identifier() -> Identifier:
    return make_identifier()
