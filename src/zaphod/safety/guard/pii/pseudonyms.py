"""Words that stand for personal values and can be turned back; knows not how values are found or kept.

A pseudonym is a kind and a keyed hash of the normalised value, like `<EMAIL_7f3k9q2m>`: within a tenant the same value
has the same one, so that a model can still follow who is who; between tenants nothing matches, and without the
tenant's key nobody can try values out. The value itself comes back only out of the table, and only for its subject.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.pii.prefixes import beginnings_of
from zaphod.safety.guard.pii.pseudonym_table import UNSEALED, MemoryTable, PseudonymTable, Seal
from zaphod.safety.guard.pii.recogniser import compact, compiled
from zaphod.safety.guard.verdict import Hit

_KINDS: Final = {
    "pii.address": "ADDRESS", "pii.bank_account": "ACCOUNT", "pii.bic": "BIC", "pii.birth_date": "BIRTHDATE",
    "pii.card": "CARD", "pii.card_code": "CARDCODE", "pii.coordinates": "PLACE", "pii.driver_licence": "LICENCE",
    "pii.email": "EMAIL", "pii.health_insurance": "INSURANCE", "pii.iban": "IBAN", "pii.identity_card": "IDCARD",
    "pii.ip": "IP", "pii.mac": "MAC", "pii.medical_record": "RECORD", "pii.name": "NAME", "pii.national_id": "ID",
    "pii.passport": "PASSPORT", "pii.phone": "PHONE", "pii.tax": "TAX", "pii.vehicle": "VEHICLE",
    "pii.wallet": "WALLET",
    "secret": "SECRET",
}  # fmt: skip
_OTHER_KIND: Final = "DATA"
_COMPACT_KINDS: Final = frozenset(
    {"ACCOUNT", "BIC", "CARD", "CARDCODE", "IBAN", "ID", "IDCARD", "INSURANCE", "LICENCE", "MAC", "PASSPORT", "PHONE",
     "RECORD", "TAX", "VEHICLE"}
)  # fmt: skip
"""Where spaces and hyphens are only a way of writing."""
_EXACT_KINDS: Final = frozenset({"SECRET", "WALLET"})
_CODE_LETTERS: Final = (8, 16, 24, 32, 40, 48)
"""40 bits are enough to tell values apart in a prompt; the next lengths serve values whose shorter codes are taken."""
_LEAST_KEY_BYTES: Final = 16

_NAMES: Final = "|".join(sorted({*_KINDS.values(), _OTHER_KIND}, key=len, reverse=True))
_CORE: Final = rf"(?:{_NAMES})\\?[_\-][a-z2-7]{{8,48}}"
_BRACKETED: Final = rf"(?:\\?<|&lt;|＜|⟨)[ *_`\\]{{0,3}}{_CORE}[ *_`\\]{{0,3}}(?:\\?>|&gt;|＞|⟩)"
_WORD: Final = re.compile(rf"(?i:{_BRACKETED}|(?<![0-9A-Za-z_]){_CORE}(?![0-9A-Za-z]))")
_PARTS: Final = re.compile(rf"(?i)({_NAMES})\\?[_\-]([a-z2-7]{{8,48}})")
_UNFINISHED: Final = compiled(
    rf"(?:{beginnings_of(f'(?i:{_BRACKETED})')}|(?:\A|[^0-9A-Za-z_]){beginnings_of(f'(?i:{_CORE})')})\z"
)
_LETTERS: Final = frozenset(string.ascii_letters + string.digits + "_")
_BEHIND_A_LETTER: Final = "0"
"""Stands for what was shown last, since a pseudonym does not begin inside a word; itself it begins none."""
_HELD_CHARACTERS: Final = 128
"""More than the longest way to write a pseudonym."""


class Pseudonyms:
    """The pseudonyms of one tenant and one subject. Thread-safe if the table is.

    Args:
        key: the tenant's own, at least 16 bytes; pseudonyms change with it.
        table: where sealed values are kept; without one they live as long as this object.
        tenant, subject: whose values they are.
        seal: how values are sealed before they go into the table.

    Raises:
        ConfigError: the key is too short, or a table was given and no seal.
    """

    def __init__(
        self,
        key: bytes,
        table: PseudonymTable | None = None,
        *,
        tenant: str = "",
        subject: str = "",
        seal: Seal | None = None,
    ) -> None:
        if len(key) < _LEAST_KEY_BYTES:
            raise ConfigError(
                f"A key for pseudonyms has {len(key)} bytes.",
                f"It needs {_LEAST_KEY_BYTES} at least, or values could be found by trying.",
                "Take the tenant's digest key.",
            )
        if table is not None and seal is None:
            raise ConfigError(
                "A table of pseudonyms came without a seal.",
                "Values that outlive a request have to be encrypted.",
                "Pass seal=Seal(seal=…, open=…).",
            )
        self._key = key
        self._table: PseudonymTable = MemoryTable() if table is None else table
        self._seal = seal or UNSEALED
        self._tenant = tenant
        self._subject = subject

    def pseudonymise(self, text: str, hits: Iterable[Hit]) -> str:
        """The text with pseudonyms instead of what was found. What overlaps becomes one."""
        pieces: list[str] = []
        done = 0
        for rule, start, end in _merged(hits):
            pieces += (text[done:start], self.pseudonym(rule, text[start:end]))
            done = end
        return "".join([*pieces, text[done:]])

    def pseudonym(self, rule: str, value: str) -> str:
        """The pseudonym of a value, which can be restored from now on."""
        kind = kind_of(rule)
        digest = hmac.digest(
            self._key, f"{kind}\0{normalised(kind, value)}".encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        code = base64.b32encode(digest).decode().lower()
        for num_letters in _CODE_LETTERS:
            word = f"{kind}_{code[:num_letters]}"
            if self._keeps(word, kind, value):
                return f"<{word}>"
        raise RuntimeError(f"every length of the code of one {kind} is taken by other values")

    def restore(self, text: str) -> str:
        """The text with the values back in. Pseudonyms that are not this subject's stay as they are."""
        return _WORD.sub(self._restored, text)

    def stream(self) -> PseudonymStream:
        """The same for a text that comes in pieces."""
        return PseudonymStream(self)

    def _keeps(self, word: str, kind: str, value: str) -> bool:
        """Whether the table has this value, or another way to write it, under that word."""
        data = value.encode("utf-8", "surrogatepass")
        standing = self._table.get(tenant=self._tenant, subject=self._subject, pseudonym=word)
        if standing is None:
            sealed = self._seal.seal(data, word)
            standing = self._table.put(tenant=self._tenant, subject=self._subject, pseudonym=word, sealed=sealed)
        kept = self._seal.open(standing, word)
        return kept is not None and normalised(kind, kept.decode("utf-8", "surrogatepass")) == normalised(kind, value)

    def _restored(self, match: re.Match[str]) -> str:
        parts = _PARTS.search(match.group())
        assert parts is not None
        word = f"{parts[1].upper()}_{parts[2].lower()}"
        sealed = self._table.get(tenant=self._tenant, subject=self._subject, pseudonym=word)
        value = None if sealed is None else self._seal.open(sealed, word)
        return match.group() if value is None else value.decode("utf-8", "surrogatepass")


class PseudonymStream:
    """Restores pseudonyms in a text that comes in pieces, cut anywhere. For one stream and one thread."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._held = ""
        self._last = ""

    def push(self, text: str) -> str:
        """What may be shown now; the beginning of a pseudonym waits."""
        return self._shown(self._held + text, is_end=False)

    def finish(self) -> str:
        """What was still waiting."""
        return self._shown(self._held, is_end=True)

    def _shown(self, text: str, is_end: bool) -> str:
        place = len(text) if is_end else _unfinished(self._last + text) - len(self._last)
        place = max(0, place)
        ready, self._held = text[:place], text[place:]
        shown = self._pseudonyms.restore(self._last + ready)[len(self._last) :]
        if ready:
            self._last = _BEHIND_A_LETTER if ready[-1] in _LETTERS else ""
        return shown


def kind_of(rule: str) -> str:
    """`EMAIL` for `pii.email`; a part of a rule stands for all rules below it."""
    while rule:
        if rule in _KINDS:
            return _KINDS[rule]
        rule = rule.rpartition(".")[0]
    return _OTHER_KIND


def normalised(kind: str, value: str) -> str:
    """What is the same in all ways to write one value."""
    if kind in _EXACT_KINDS:
        return value
    folded = unicodedata.normalize("NFKC", value).casefold()
    return compact(folded) if kind in _COMPACT_KINDS else " ".join(folded.split())


def _unfinished(text: str) -> int:
    """Where the end of a text begins that may become a pseudonym; its length if nothing does."""
    tail = text[-_HELD_CHARACTERS:]
    match = _UNFINISHED.search(tail.encode("utf-8", "replace"))
    if match is None:
        return len(text)
    start = min(match.start(group) for group in (1, 2) if match.start(group) >= 0)
    held = match.group()[start - match.start() :].decode("utf-8")
    return len(text) - len(held)


def _merged(hits: Iterable[Hit]) -> Iterator[tuple[str, int, int]]:
    """Rules and spans, by place; what overlaps is one, with the rule of what begins first and reaches farthest."""
    rule, start, end = "", 0, 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= end:
            if end > start:
                yield rule, start, end
            rule, start, end = hit.rule, hit.start, hit.end
        end = max(end, hit.end)
    if end > start:
        yield rule, start, end
