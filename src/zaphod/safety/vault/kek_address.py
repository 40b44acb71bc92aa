"""Which KEK, in one line of text; knows the forms of addresses, not what KEKs do.

    file:PATH                     a file of mode 0600
    env:NAME                      an environment variable
    pkcs11:token=T;object=K?module-path=LIBRARY&pin-source=file:PATH[&x-wrapping=aes-key-wrap]     as in RFC 7512
    transit:https://HOST:PORT/MOUNT/KEY?token-file=PATH[&ca-file=PATH][&namespace=NAME]            HashiCorp Vault

No address holds a secret, so it may stand in a file of settings and in a list of processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args
from urllib.parse import unquote, urlsplit

from zaphod.core.errors import ConfigError
from zaphod.safety.vault.kek import KekProvider
from zaphod.safety.vault.kek_environment import EnvironmentKek
from zaphod.safety.vault.kek_file import FileKek
from zaphod.safety.vault.kek_pkcs11 import Pkcs11Kek
from zaphod.safety.vault.kek_transit import TransitKek
from zaphod.safety.vault.pkcs11_token import Pkcs11Options, Wrapping
from zaphod.safety.vault.transit_client import TransitOptions

KINDS = ("file", "env", "pkcs11", "transit")


def open_kek(address: str) -> KekProvider:
    """The KEK at an address.

    Raises:
        ConfigError: it is no address, or there is no KEK.
        MissingExtraError: it needs a library that is not installed.
        UnavailableError: it does not answer.
    """
    kind, rest = _split(address)
    if kind == "file":
        return FileKek(_path(rest))
    if kind == "env":
        return EnvironmentKek(rest)
    if kind == "pkcs11":
        return Pkcs11Kek(pkcs11_options(rest))
    return TransitKek(transit_options(rest))


def create_kek(address: str) -> KekProvider:
    """A new KEK at an address, in a file or in a token.

    Raises:
        ConfigError: there is one already, or none can be made there.
    """
    kind, rest = _split(address)
    if kind == "file":
        return FileKek.create(_path(rest))
    if kind == "pkcs11":
        return Pkcs11Kek.create(pkcs11_options(rest))
    how = "openssl rand -hex 32" if kind == "env" else "vault write -f MOUNT/keys/KEY"
    raise ConfigError(f"A key at {kind}: is made elsewhere.", "Files and tokens get theirs here.", f"Run: {how}")


def pkcs11_options(text: str) -> Pkcs11Options:
    """`token=T;object=K?module-path=M&pin-source=file:P`, with percent signs as in RFC 7512."""
    path, _, query = text.partition("?")
    place = _pairs(path, ";", ("token", "object"), ())
    more = _pairs(query, "&", ("module-path", "pin-source"), ("x-wrapping",))
    wrapping = more.get("x-wrapping", "aes-gcm")
    if wrapping not in get_args(Wrapping):
        raise _malformed(f"x-wrapping is {wrapping!r}", f"one of {', '.join(get_args(Wrapping))}")
    return Pkcs11Options(
        module=_path(more["module-path"]),
        token=place["token"],
        key=place["object"],
        pin_file=_path(more["pin-source"].removeprefix("file:")),
        wrapping="aes-gcm" if wrapping == "aes-gcm" else "aes-key-wrap",
    )


def transit_options(text: str) -> TransitOptions:
    """`https://HOST:PORT/MOUNT/KEY?token-file=P`."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # refuses what is no number
    except ValueError as error:
        raise _malformed(
            "a transit address is no URL", "transit:https://HOST:PORT/MOUNT/KEY?token-file=PATH"
        ) from error
    mount, _, key = parts.path.strip("/").rpartition("/")
    more = _pairs(parts.query, "&", ("token-file",), ("ca-file", "namespace"))
    ca_file = more.get("ca-file")
    return TransitOptions(
        url=f"{parts.scheme}://{parts.netloc}",
        mount=mount,
        key=key,
        token_file=_path(more["token-file"]),
        namespace=more.get("namespace", ""),
        ca_file=None if ca_file is None else _path(ca_file),
    )


def _split(address: str) -> tuple[str, str]:
    kind, _, rest = address.partition(":")
    if kind not in KINDS or not rest:
        raise _malformed(f"there is no kind {kind[:20]!r}", "file:PATH, env:NAME, pkcs11:… or transit:…")
    if "\0" in rest or not _is_text(rest):
        raise _malformed("it holds what no path can", "text")
    return kind, rest


def _is_text(rest: str) -> bool:
    """Whether it has no half of a surrogate pair."""
    return not any("\ud800" <= letter <= "\udfff" for letter in rest)


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise _malformed("it names the home of nobody", "a path, or ~/…") from error


def _pairs(text: str, separator: str, needed: tuple[str, ...], allowed: tuple[str, ...]) -> Mapping[str, str]:
    """`a=b` between separators. What is unknown is refused: it could be a PIN, or a wrong letter."""
    pairs: dict[str, str] = {}
    for pair in filter(None, text.split(separator)):
        name, _, value = pair.partition("=")
        if name not in (*needed, *allowed) or name in pairs or not value:
            raise _malformed(f"{name[:20]!r} is unknown, twice there, or empty", ", ".join((*needed, *allowed)))
        pairs[name] = unquote(value)
    missing = [name for name in needed if name not in pairs]
    if missing:
        raise _malformed(f"{', '.join(missing)} is missing", f"{', '.join(needed)}")
    return pairs


def _malformed(reason: str, wanted: str) -> ConfigError:
    return ConfigError(f"The KEK's address is wrong: {reason}.", f"It must have: {wanted}.", "See docs/vault.md.")
