"""Secrets: marked keys, private keys, tokens that decode, passwords behind their names; knows none of them to be valid.

What is only named as a secret ("password = …") has to look like one: placeholders, code that reads it somewhere and
words of prose are let through.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
import tomllib
from importlib.resources import files
from typing import Final

from zaphod.safety.guard.pii.checksums import base58check
from zaphod.safety.guard.pii.entropy import entropy_bits, looks_random, num_classes
from zaphod.safety.guard.pii.recogniser import Recogniser, whole

_PLACEHOLDER: Final = re.compile(
    r"(?i)[<\[{(]|^\$\w|%\w+%|\*{3,}|x{4,}|\.{3}|…|•|your[_\-]|^(?:none|null|nil|true|false|undefined|required|"
    r"optional|"
    r"string|password|passwd|secret|token|changeme|example|hidden|redacted|masked|env|environ|self|this|config|"
    r"settings|"
    r"os|process|getpass|input|prompt)\b|^(?:os|self|this|config|settings|process|env)\."
)
_NAMES: Final = (
    r"pass(?:word|wd|phrase|code)?s?|pwd|passwort|kennwort|mot de passe|contraseña|senha|wachtwoord|hasło|пароль|"
    r"密码|密碼|"
    r"パスワード|비밀번호|(?:api|access|secret|private|auth|signing|encryption|master|session)[_ \-]?key|apikey|"
    r"(?:client|app|shared|webhook|jwt)[_ \-]?secret|secret|(?:auth|access|refresh|bearer|bot|session|"
    r"id)[_ \-]?token|token|"
    r"credential|recovery code"
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_./\\\-]+")
"""A name in a program or a word of prose; four words and more with hyphens between them are a passphrase."""
_DIGEST: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")
"""As long as a digest: of a commit or a file, unless it is assigned to something that is called secret."""
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def is_jwt(text: str) -> bool:
    """Whether the first part decodes to a header that names its algorithm."""
    header = text.split(".")[0]
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and ("alg" in fields or "enc" in fields)


def is_password(text: str) -> bool:
    """Whether what stands behind `password` can be one: no placeholder, no word of prose, no code that reads it."""
    if len(text) < 6 or _PLACEHOLDER.search(text) or "(" in text or len(set(text)) < 4:
        return False
    if _IDENTIFIER.fullmatch(text):
        return text.count("-") >= 3
    return num_classes(text) >= 2 and entropy_bits(text) * len(text) >= 14


def is_random_token(text: str) -> bool:
    """Whether it looks drawn, and is neither a UUID nor a path or a name made of words."""
    has_digits = sum(letter.isdigit() for letter in text) >= 3
    is_mixed = (text != text.lower() and text != text.upper()) or len(re.findall(r"[/_\-]", text)) < 3
    return has_digits and is_mixed and looks_random(text) and not (_PLACEHOLDER.search(text) or _UUID.fullmatch(text))


def _is_marked(text: str) -> bool:
    """`sk-xxxxxxxx…` and `ghp_0000…` of documentation have no letters to speak of."""
    return len(set(text[-16:])) > 4 and (num_classes(text) >= 2 or entropy_bits(text) > 3)


def _is_private_wif(text: str) -> bool:
    payload = base58check(text)
    return payload is not None and payload[0] == 0x80 and len(payload) in (33, 34)


@functools.cache
def credential_rows() -> tuple[Recogniser, ...]:
    """The table of marks, and what has a structure or a name."""
    table = tomllib.loads(files(__package__).joinpath("credentials.toml").read_text(encoding="utf-8"))
    marked = [
        Recogniser(
            rule=row["rule"],
            title=row["title"],
            pattern=row["pattern"],
            check=whole(_is_marked),
            stands_alone=False,
            is_token=True,
            lead=row["pattern"],
            is_lead_free=True,
        )
        for row in table["credential"]
    ]
    return (*marked, *_structured(), *_named())


def _structured() -> list[Recogniser]:
    return [
        Recogniser(
            rule="secret.private_key",
            title="private key",
            pattern=r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:\s|\\[nr])*(?:(?:Proc-Type|DEK-Info|Version|Comment):[^\n]{0,100}\s*){0,4}[A-Za-z0-9+/=\s\\]*"
            r"(?:-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?",
            stands_alone=False,
            needs=("PRIVATE KEY",),
        ),
        Recogniser(
            rule="secret.private_key",
            title="private key of a wallet",
            pattern=r"[5KL][1-9A-HJ-NP-Za-km-z]{50,51}",
            check=whole(_is_private_wif),
            needs=("[0-9A-Za-z]{48}",),
        ),
        Recogniser(
            rule="secret.jwt",
            title="JSON web token",
            pattern=r"ey[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*(?:\.[A-Za-z0-9_\-]+){0,2}",
            check=whole(is_jwt),
            needs=(r"ey[0-9A-Za-z]",),
            glue="",
            is_token=True,
        ),
        Recogniser(
            rule="secret.url_password",
            title="password in a URL",
            pattern=r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:@/\"'<>]{0,100}:(?P<value>[^\s@/\"'<>]{2,200})@[A-Za-z0-9\[]",
            check=whole(lambda text: not _PLACEHOLDER.search(text)),
            needs=("://[^@]{0,300}@",),
            stands_alone=False,
        ),
    ]


def _named() -> list[Recogniser]:
    link = r"[\"'`*]{0,3}[ \t]{0,3}(?:[:=：]|=>|:=|(?:is|ist|est|es|è|é)[ ](?:now[ ])?:?)[ \t]{0,3}[\"'`*]{0,3}"
    return [
        Recogniser(
            rule="secret.password",
            title="password or key beside its name",
            pattern=rf"(?i:{_NAMES}){link}(?P<value>[^\s\"'`,;]{{6,200}})",
            check=_password_length,
            lead=_NAMES,
            is_lead_free=True,
            score=0.85,
            stands_alone=False,
        ),
        Recogniser(
            rule="secret.token",
            title="token in a header",
            pattern=r"(?i:bearer|basic|authorization:[ ]?(?:token|apikey)|x-api-key:)[ ]{1,3}"
            r"(?P<value>[A-Za-z0-9_.+/=~\-]{16,})",
            check=whole(is_random_token),
            score=0.9,
            lead="bearer|basic|authorization|x-api-key",
            is_token=True,
        ),
        Recogniser(
            rule="secret.token",
            title="random token beside a word that calls it secret",
            lead="secret|token|api|access|private|credential|passwor",
            is_lead_free=True,
            needs=(r"[A-Za-z0-9_+/\-]{24}",),
            pattern=r"[A-Za-z0-9][A-Za-z0-9_+/\-]{23,}={0,2}",
            check=whole(lambda text: is_random_token(text) and not _DIGEST.fullmatch(text)),
            context=r"\w{0,24}(?:secret|token|api[_ -]?key|apikey|access[_ -]?key|private[_ -]?key|"
            r"credential|password|passwort)s?",
            score=0.0,
            score_in_context=0.75,
            refusal=r"sha\d*|md5|digest|checksum|etag|commit|integrity|fingerprint|hash|uuid|blob|tree|object",
            is_token=True,
        ),
    ]


def _password_length(text: str) -> int:
    """All but the punctuation of the sentence around it."""
    bare = text.rstrip(".)]}>*")
    return len(bare) if is_password(bare) else 0
