"""Quantities as people read them; knows numbers and their units, not what they measure.

Bytes are decimal throughout (1 GB = 10^9 bytes), as disks, networks and memory bandwidth are sold.
"""

_PREFIXES = ("", "k", "M", "G", "T", "P")
_COUNT_SUFFIXES = ("", "k", "M", "B", "T")


def format_bytes(num_bytes: float) -> str:
    """`318239886140` -> `318.2 GB`."""
    value, step = _scaled(num_bytes, len(_PREFIXES))
    return f"{num_bytes:.0f} B" if step == 0 else f"{value:.{_decimals(value)}f} {_PREFIXES[step]}B"


def parse_bytes(text: str) -> int:
    """`1.5 GB` -> 1500000000. Raises `ValueError` for what is no number of bytes."""
    number, unit = text.strip(), ""
    while number and not number[-1].isdigit():
        number, unit = number[:-1], number[-1] + unit
    prefix = unit.strip().upper().removesuffix("B")
    return int(float(number) * 1000 ** [p.upper() for p in _PREFIXES].index(prefix))


def format_count(count: float) -> str:
    """`315684820992` -> `315.7 B`, in the words of the field: k, M, B (10^9), T."""
    value, step = _scaled(count, len(_COUNT_SUFFIXES))
    return f"{count:.0f}" if step == 0 else f"{value:.{_decimals(value)}f} {_COUNT_SUFFIXES[step]}"


def format_rate(per_second: float, unit: str) -> str:
    """`1.2e9, "B"` -> `1.20 GB/s`."""
    value, step = _scaled(per_second, len(_PREFIXES))
    return f"{value:.{_decimals(value)}f} {_PREFIXES[step]}{unit}/s"


def format_duration(duration_s: float) -> str:
    """`0.25` -> `250 ms`, `3725` -> `1 h 02 min`."""
    if duration_s < 1:
        return f"{duration_s * 1e3:.0f} ms"
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def _scaled(value: float, num_steps: int) -> tuple[float, int]:
    step = 0
    # NOTE: 999.95 would print as 1000.0, so a value moves up as soon as it would round there.
    while abs(value) >= 999.5 and step < num_steps - 1:
        value /= 1000
        step += 1
    return value, step


def _decimals(value: float) -> int:
    return 2 if abs(value) < 9.995 else 1
