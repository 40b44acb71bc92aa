"""Times as flags give them, like 30d or 2031-12-24; knows nothing of what they are for."""

from __future__ import annotations

import datetime
import re

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.record import moment

_UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"([0-9]{1,6})([mhdw])")


def duration_s(text: str) -> int | None:
    """Seconds of a duration like 30m, 12h, 7d or 8w; None where it is none."""
    found = _DURATION.fullmatch(text)
    return None if found is None else int(found[1]) * _UNITS_S[found[2]]


def day_or_time(text: str) -> datetime.datetime:
    """A day or a time, of UTC where it names no zone. Raises `ValueError` where it is neither."""
    when = datetime.datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)


def audit_moment(flag: str, text: str | None) -> str:
    """`24h` ago, or a UTC day or time, as records of the audit write moments; empty where the flag was not given.

    Raises:
        ConfigError: it is neither.
    """
    if text is None:
        return ""
    ago_s = duration_s(text)
    try:
        if ago_s is None:
            when = day_or_time(text)
        else:
            when = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago_s)
        return moment(round(when.timestamp() * 1e6) * 1000)
    except (ValueError, OverflowError) as error:
        wanted = "It must be a time before now, like 30m, 24h or 7d, or a moment like 2031-12-24 or 2031-12-24T18:00."
        raise ConfigError(f"{flag} is {text!r}.", wanted, "Correct it.") from error
