"""Where the program keeps what it must not lose; knows folders, nothing of what is in them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from zaphod.core.errors import ConfigError

_READABLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]{0,64}")


def state_folder(chosen: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Keys, records, vault and audit: the chosen folder, or `zaphod` in `XDG_DATA_HOME`, or in `~/.local/share`."""
    if chosen is not None:
        return chosen
    base = (os.environ if environment is None else environment).get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "zaphod"


def require_tenant(tenant: str) -> str:
    """The same tenant, if it can be one.

    Raises:
        ConfigError: it is longer than 64 letters, or has letters that nobody can read or no file can hold.
    """
    if not isinstance(tenant, str) or not _PRINTABLE.fullmatch(tenant) or not _is_text(tenant):
        raise ConfigError(
            f"The tenant is {tenant!r}.", "It must have 0 to 64 printable letters.", "Take the tenant of a key."
        )
    return tenant


def tenant_folder_name(tenant: str) -> str:
    """A file name of its own for every tenant, on every file system.

    `local` is the user without keys. Short names of small letters stay readable behind `t-`. Others, those too that
    differ in capitals only, are `h-` and their SHA-256.

    Raises:
        ConfigError: no tenant can be called so.
    """
    if not require_tenant(tenant):
        return "local"
    if _READABLE.fullmatch(tenant):
        return f"t-{tenant}"
    return f"h-{hashlib.sha256(tenant.encode()).hexdigest()}"


def _is_text(tenant: str) -> bool:
    """Whether it has no half of a surrogate pair."""
    return not any("\ud800" <= letter <= "\udfff" for letter in tenant)
