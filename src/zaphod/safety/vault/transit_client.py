"""One call to HashiCorp Vault over HTTPS: token, certificate, retries, and what its statuses mean; no keys' meaning.

Redirects are not followed and proxies not asked, so the token goes to the named host and nowhere else. What is sent and
received is as secret as a key. So no error is chained to those of the HTTP library, whose frames hold it.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from zaphod.core.errors import ConfigError, UnavailableError
from zaphod.core.private_file import PrivateFile
from zaphod.safety.vault.secret_key import SecretKey

Verb = Literal["encrypt", "decrypt"]
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")
_MOUNT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MAX_ANSWER_BYTES = 65536
_MAX_REASON_LETTERS = 200
_MAX_PAUSE_S = 5.0
_FIRST_PAUSE_S = 0.2
# 412: not consistent yet; 429: over a quota, or a standby; 472, 473: standbys; 503: sealed, or in maintenance.
_LATER = (412, 429, 472, 473, 500, 502, 503, 504)


class BadRequestError(Exception):
    """Status 400; the text is Vault's reason, printable and short."""


@dataclass(frozen=True, kw_only=True)
class TransitOptions:
    """Which key of which server.

    Args:
        url: `https://HOST:PORT`; plain http only to this machine itself.
        key: the key's name in the engine, an AES-256-GCM one.
        token_file: holds the token; read with every call, so that an agent may renew it. Nobody else can read it.
        mount: where the engine is mounted.
        namespace: of Vault Enterprise.
        ca_file: certificates to trust instead of the system's.
        timeout_s: of one try: connecting, and each piece of the answer.
        max_tries: how often a server that is busy, sealed or silent is asked.
    """

    url: str
    key: str
    token_file: Path
    mount: str = "transit"
    namespace: str = ""
    ca_file: Path | None = None
    timeout_s: float = 5.0
    max_tries: int = 3

    def __post_init__(self) -> None:
        if not _is_safe(self.url):
            wanted = "It must be https://HOST:PORT without a path; http only to this machine itself."
            raise ConfigError("Vault's address cannot be used.", wanted, "Correct it.")
        if not _NAME.fullmatch(self.key) or not _MOUNT.fullmatch(self.mount):
            wanted = "Names have letters, digits, dots, dashes and underscores."
            raise ConfigError(f"The transit key is {self.mount}/{self.key}.", wanted, "Correct it.")
        if not self.timeout_s > 0 or self.max_tries < 1:
            found = f"timeout_s is {self.timeout_s}, max_tries {self.max_tries}."
            raise ConfigError(found, "Both must be more than 0.", "Correct them.")


class _Answer(NamedTuple):
    status: int
    retry_after_s: float
    body: SecretKey


class TransitClient:
    """Calls a server. Threads may share it; each call has a connection of its own.

    Args:
        options: which server.
        sleep: waits between tries.
    """

    def __init__(self, options: TransitOptions, sleep: Callable[[float], None] = time.sleep) -> None:
        self._options, self._sleep = options, sleep
        self._tls = _tls(options.ca_file) if options.url.startswith("https:") else None

    def call(self, verb: Verb, fields: SecretKey) -> SecretKey:
        """The body of the answer to these fields, both JSON.

        Raises:
            BadRequestError: the server can do nothing with the fields.
            ConfigError: it refuses the token, or has no such engine.
            UnavailableError: it is busy, sealed, silent, or not trusted.
        """
        reason = ""
        for number in range(self._options.max_tries):
            answer, reason = self._try(verb, fields)
            if answer is not None and answer.status not in _LATER:
                return self._judged(verb, answer, fields)
            if number + 1 < self._options.max_tries:
                pause_s = _FIRST_PAUSE_S * 2**number if answer is None else max(answer.retry_after_s, _FIRST_PAUSE_S)
                self._sleep(min(pause_s, _MAX_PAUSE_S))
        raise UnavailableError(
            f"Vault at {self._options.url} does not answer: {reason}.",
            "It holds the key that wraps all others.",
            "Look whether it runs and is unsealed, and try again.",
        )

    def _try(self, verb: Verb, fields: SecretKey) -> tuple[_Answer | None, str]:
        try:
            answer = self._exchange(verb, fields)
        except ssl.SSLCertVerificationError as error:
            reason = f"its certificate is not trusted ({error.verify_message})"
        except (OSError, http.client.HTTPException) as error:
            reason = f"{type(error).__name__}"
        else:
            return answer, f"status {answer.status}"
        return None, reason

    def _exchange(self, verb: Verb, fields: SecretKey) -> _Answer:
        token = self._token()
        headers = {"Content-Type": "application/json", "X-Vault-Request": "true"}
        if self._options.namespace:
            headers["X-Vault-Namespace"] = self._options.namespace
        with closing(self._connection()) as connection:
            path = f"/v1/{self._options.mount}/{verb}/{self._options.key}"
            connection.request("POST", path, fields.reveal(), {**headers, "X-Vault-Token": token.reveal().decode()})
            response = connection.getresponse()
            body = SecretKey(response.read(_MAX_ANSWER_BYTES))
            return _Answer(response.status, _seconds(response.headers.get("Retry-After", "")), body)

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._options.url)
        host, timeout_s = parts.hostname or "", self._options.timeout_s
        if self._tls is None:
            return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=self._tls)

    def _token(self) -> SecretKey:
        file = PrivateFile(
            path=self._options.token_file,
            holds="It holds the token for Vault.",
            danger="They could open everything that is kept.",
            elsewhere="Name another one with token-file.",
        )
        token = SecretKey(file.read_secret().strip())
        if not token.reveal().isascii() or not token.reveal().decode("ascii").isprintable() or not len(token):
            wanted = "It must hold one line of printable letters."
            raise ConfigError(f"{self._options.token_file} holds no token.", wanted, "Write the token into it.")
        return token

    def _judged(self, verb: Verb, answer: _Answer, fields: SecretKey) -> SecretKey:
        where = f"{self._options.mount}/{verb}/{self._options.key}"
        if answer.status == 200:
            return answer.body
        if answer.status == 400:
            raise BadRequestError(_reason(answer.body, fields))
        if answer.status == 403:
            wanted = f"Its policy must allow `update` on {where}, and it must not be over."
            found = f"Vault does not take the token in {self._options.token_file}."
            raise ConfigError(found, wanted, "Write a valid one into it.")
        if answer.status == 404:
            wanted = "A transit engine must be mounted there, with that key."
            raise ConfigError(f"Vault has no {where}.", wanted, "Correct the mount, or make the key.")
        wanted = "It must answer 200; redirects are not followed, because the token would go along."
        found = f"Vault at {self._options.url} answers {answer.status}."
        raise UnavailableError(found, wanted, "Name the active node, or what stands before all nodes.")


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    is_bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    return bool(parts.hostname) and has_port and is_private and is_bare


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        wanted = "It must hold certificates in PEM form."
        raise ConfigError(f"{ca_file} cannot be used: {error}.", wanted, "Correct ca-file.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() and len(retry_after) < 6 else 0.0


def _reason(body: SecretKey, fields: SecretKey) -> str:
    """What the server says, unless it repeats what was sent."""
    try:
        errors = json.loads(body.reveal()).get("errors")
    except (ValueError, AttributeError, RecursionError):
        errors = None
    text = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    shown = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_MAX_REASON_LETTERS]
    sent = fields.reveal().decode("ascii", "replace").split('"')
    return "no reason given" if not shown or any(len(part) > 15 and part in text for part in sent) else shown
