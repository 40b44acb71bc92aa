"""Which licences let a text into a training set by default, and which want a word from the user; knows no text.

Names are SPDX identifiers and expressions. This sorts names; it is no advice on law, and it trusts what a source says
of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, DocumentStage, Dropped


class LicenceKind(StrEnum):
    """What a licence asks of those who pass a work on."""

    PERMISSIVE = "permissive"
    COPYLEFT = "copyleft"
    RESTRICTED = "restricted"
    """No commercial use, or no changed copies."""
    UNKNOWN = "unknown"


# From the least to the most that is asked: `A OR B` is the lesser, `A AND B` the greater.
_ORDER = (LicenceKind.PERMISSIVE, LicenceKind.COPYLEFT, LicenceKind.RESTRICTED, LicenceKind.UNKNOWN)

_RESTRICTED = re.compile(r"CC-BY(-SA)?-N[CD]|.*-NonCommercial", re.IGNORECASE)
_COPYLEFT = re.compile(
    r"(A|L)?GPL-|GFDL-|CC-BY-SA-|MPL-|EPL-|CDDL-|EUPL-|OSL-|CECILL-(1|2)|CPL-|IPL-|SSPL-|ODbL-|MS-RL|QPL-|Sleepycat",
    re.IGNORECASE,
)
_PERMISSIVE = re.compile(
    r"(0BSD|AFL-.*|Apache-.*|Artistic-.*|BlueOak-.*|BSD-.*|BSL-1\.0|CC0-1\.0|CC-BY-\d\.\d(-[A-Z]+)?|CNRI-.*|FTL|"
    r"HPND.*|ICU|ISC|LicenseRef-Public-?Domain|MIT(-.*)?|MS-PL|NCSA|ODC-By-.*|OLDAP-.*|OpenSSL|PDDL-1\.0|PHP-.*|"
    r"PostgreSQL|PSF-2\.0|Python-2\.0(\.1)?|TCL|Unicode-.*|Unlicense|UPL-1\.0|Vim|W3C.*|WordNet|"
    r"X11.*|Zlib|ZPL-.*|blessing)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def licence_kind(expression: str) -> LicenceKind:
    """The kind of an SPDX identifier or of an expression with AND, OR and WITH; UNKNOWN for anything else."""
    words = iter(_TOKEN.findall(expression))
    try:
        kind, last = _any_of(words, depth=0)
    except _MalformedError:
        return LicenceKind.UNKNOWN
    return kind if last == "" else LicenceKind.UNKNOWN


class _MalformedError(Exception):
    """It is no licence expression."""


def _any_of(words: Iterator[str], depth: int) -> tuple[LicenceKind, str]:
    """Alternatives up to a closing bracket or the end, and which of them it was."""
    if depth > 20:
        raise _MalformedError
    kind, word = _all_of(words, depth)
    while word.upper() == "OR":
        other, word = _all_of(words, depth)
        kind = min(kind, other, key=_ORDER.index)
    return kind, word


def _all_of(words: Iterator[str], depth: int) -> tuple[LicenceKind, str]:
    kind, word = _one(words, depth)
    while word.upper() == "AND":
        other, word = _one(words, depth)
        kind = max(kind, other, key=_ORDER.index)
    return kind, word


def _one(words: Iterator[str], depth: int) -> tuple[LicenceKind, str]:
    word = next(words, "")
    if word == "(":
        kind, last = _any_of(words, depth + 1)
        if last != ")":
            raise _MalformedError
    elif word in ("", ")") or word.upper() in ("AND", "OR", "WITH"):
        raise _MalformedError
    else:
        kind = _named(word)
    following = next(words, "")
    if following.upper() == "WITH":  # an exception takes duties away, never adds any
        if next(words, "") in ("", "(", ")"):
            raise _MalformedError
        following = next(words, "")
    return kind, following


def _named(name: str) -> LicenceKind:
    if _RESTRICTED.match(name):
        return LicenceKind.RESTRICTED
    if _COPYLEFT.match(name):
        return LicenceKind.COPYLEFT
    return LicenceKind.PERMISSIVE if _PERMISSIVE.fullmatch(name) else LicenceKind.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class LicencePolicy:
    """Which kinds may go into a build beside the permissive ones."""

    allow_copyleft: bool = False
    allow_restricted: bool = False
    allow_unknown_licences: bool = False

    def allows(self, licence: str) -> bool:
        switch = _SWITCHES.get(licence_kind(licence))
        return switch is None or bool(getattr(self, switch))

    def require(self, source: str, licence: str) -> None:
        """Refuse a source that nobody has let in.

        Raises:
            ConfigError: names the licence and the switch.
        """
        if self.allows(licence):
            return
        kind = licence_kind(licence)
        switch = _SWITCHES[kind]
        raise ConfigError(
            f"The source {source!r} has {_named_in_words(licence, kind)}.",
            "Without a word from you a build takes permissive licences only.",
            f"Set `{switch} = true` in the configuration, or give --{switch.replace('_', '-')}, if that is what you "
            "want; or leave the source out.",
        )


_SWITCHES = {
    LicenceKind.COPYLEFT: "allow_copyleft",
    LicenceKind.RESTRICTED: "allow_restricted",
    LicenceKind.UNKNOWN: "allow_unknown_licences",
}


def _named_in_words(licence: str, kind: LicenceKind) -> str:
    if not licence:
        return "no licence"
    return f"the licence {licence}, which is {'not known here' if kind is LicenceKind.UNKNOWN else kind.value}"


class LicenceStage(DocumentStage):
    """Drops documents whose own licence is not allowed, whatever their source said; stands before all other stages."""

    name = "licence"

    def __init__(
        self, *, allow_copyleft: bool = False, allow_restricted: bool = False, allow_unknown_licences: bool = False
    ) -> None:
        super().__init__()
        self._policy = LicencePolicy(
            allow_copyleft=allow_copyleft,
            allow_restricted=allow_restricted,
            allow_unknown_licences=allow_unknown_licences,
        )

    def settings(self) -> dict[str, bool]:
        return {switch: getattr(self._policy, switch) for switch in _SWITCHES.values()}

    def judge(self, document: Document) -> Document | Dropped:
        if self._policy.allows(document.licence):
            return document
        return Dropped(f"{licence_kind(document.licence)} licence")
