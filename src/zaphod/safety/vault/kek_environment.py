"""A KEK in an environment variable, as containers hand secrets over; knows nothing of what it wraps.

Programs that this one starts inherit the variable, and root can read it in /proc. A file of mode 0600 is better.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from zaphod.core.errors import ConfigError
from zaphod.safety.vault.kek import MemoryKek, parse_key
from zaphod.safety.vault.secret_key import SecretKey

DEFAULT_VARIABLE = "ZAPHOD_VAULT_KEK"


class EnvironmentKek(MemoryKek):
    """The KEK in a variable: 64 hexadecimal digits, or base64.

    Args:
        variable: its name.
        environment: `os.environ` unless given.

    Raises:
        ConfigError: it is not set, or holds no key.
    """

    def __init__(self, variable: str = DEFAULT_VARIABLE, environment: Mapping[str, str] | None = None) -> None:
        where = f"The environment variable {variable}"
        super().__init__(parse_key(_text_in(variable, environment), where), "environment")


def _text_in(variable: str, environment: Mapping[str, str] | None) -> SecretKey:
    # No variable holds the environment: with a traceback's local variables all its other secrets would be shown.
    text = (os.environ if environment is None else environment).get(variable, "")
    if not text:
        raise ConfigError(
            f"The environment variable {variable} is not set.",
            "It must hold the key that wraps all others: 32 random bytes as hexadecimal digits or base64.",
            f'Make one: export {variable}="$(openssl rand -hex 32)", and keep it where back-ups are not.',
        )
    return SecretKey(text.encode("utf-8", "surrogateescape"))
