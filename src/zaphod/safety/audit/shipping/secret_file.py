"""Secrets of sinks, each in a file of its own; knows nothing of what they open.

They are read anew for every request, so that they can be changed while the program runs, and never stand in a message.
"""

from __future__ import annotations

import re
from pathlib import Path

from zaphod.core.errors import ConfigError

_SECRET = re.compile(r"[\x21-\x7e]{1,4096}")


def read_secret(path: Path) -> str:
    """What stands in the file, without spaces around it.

    Raises:
        ConfigError: the file cannot be read, or holds something that is no secret.
    """
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII"
        raise ConfigError(f"{path} cannot be read: {reason}.", "It must hold a secret.", "Check the path.") from None
    if not _SECRET.fullmatch(secret):
        raise ConfigError(f"{path} holds no secret.", "It must be one line without spaces.", "Write it anew.")
    return secret
