"""Units of measured tables, and how a figure is turned from one into another; knows no metrics."""

from __future__ import annotations

import re

from zaphod.capacity.estimate import Estimate, RefusedError

_TIMES = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "second": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0}
_TIMES |= {"h": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0}
_BYTES = {"b": 1.0, "bytes": 1.0, "byte": 1.0}
_BYTES |= {f"{letter}b": 1000.0 ** (power + 1) for power, letter in enumerate("kmgtp")}
_BYTES |= {f"{letter}ib": 1024.0 ** (power + 1) for power, letter in enumerate("kmgtp")}
_ENERGIES = {"j": 1.0, "mj": 1e-3, "kj": 1e3, "wh": 3.6e3, "mwh": 3.6e9, "kwh": 3.6e6, "gwh": 3.6e12, "joules": 1.0}
_POWERS = {"w": 1.0, "kw": 1e3, "mw": 1e6, "watts": 1.0}
_MASSES = {"kg": 1.0, "g": 1e-3, "t": 1e3, "tonnes": 1e3, "tons": 1e3, "kt": 1e6, "mg": 1e-6}
_MONEY = {"usd": 1.0, "$": 1.0, "dollars": 1.0, "us$": 1.0, "musd": 1e6}
_FLOPS = {"flop/s": 1.0, "tflop/s": 1e12, "tflops": 1e12, "tf": 1e12, "pflops": 1e15, "pflop/s": 1e15}
_DEVICE_HOURS = {"gpu-h": 1.0, "gpu-hours": 1.0, "gpuh": 1.0, "gpu hours": 1.0, "device-h": 1.0}
_DEVICE_HOURS |= {"m gpu-h": 1e6, "k gpu-h": 1e3, "gpu-days": 24.0}
_TOKENS = {"tokens": 1.0, "token": 1.0, "tok": 1.0, "ktok": 1e3, "mtok": 1e6, "1m tokens": 1e6, "1m tok": 1e6}
_TOKENS |= {"m tokens": 1e6, "m tok": 1e6, "1m": 1e6, "million tokens": 1e6, "t": 1.0}
_SHARES = {"": 1.0, "%": 0.01, "fraction": 1.0, "share": 1.0, "ratio": 1.0, "percent": 0.01}
_COUNTS = {"": 1.0, "seqs": 1.0, "sequences": 1.0, "requests": 1.0, "req": 1.0, "gpus": 1.0, "x": 1.0, "nodes": 1.0}
_COUNTS |= {"devices": 1.0, "users": 1.0, "parameters": 1.0, "params": 1.0, "b params": 1e9, "count": 1.0}
_KINDS = (_TIMES, _BYTES, _ENERGIES, _POWERS, _MASSES, _MONEY, _FLOPS, _DEVICE_HOURS, _TOKENS, _SHARES, _COUNTS)


def in_unit(estimate: Estimate, unit: str) -> Estimate:
    """The figure in the unit of a table: `ms` for seconds, `GiB` for bytes, `Wh/token` for joules a token, ...

    What follows a `/` beside times and tokens (`/GPU`, `/node`, `/user`) says what the figure is of; whoever
    predicts it minds that, so it is not converted here.

    Raises:
        RefusedError: the unit is unknown or measures something else.
    """
    if not unit or _plain(unit) == _plain(estimate.unit):
        return estimate
    above, below = _parts(unit)
    own_above, own_below = _parts(estimate.unit)
    factor = _ratio(own_above, above)
    if factor is not None and own_below and below:
        per = _ratio(own_below, below)
        factor = None if per is None else factor / per
    if factor is None:
        raise RefusedError(
            f"The unit {unit!r} does not measure what is predicted in {estimate.unit!r}.",
            "",
            f"Give the figure in {estimate.unit!r}.",
        )
    return estimate.scaled(factor, unit)


def _plain(unit: str) -> str:
    text = unit.strip().lower().replace(" per ", "/").replace("co2eq", "").replace("co2e", "").replace("co2", "")
    return re.sub(r"\s*/\s*", "/", text).strip()


def _parts(unit: str) -> tuple[str, str]:
    """Numerator, and the first denominator that is a time or tokens (empty where there is none)."""
    text = _plain(unit)
    if text in _FLOPS:
        return text, ""
    above, *rest = text.split("/")
    known = [each for each in rest if each in _TIMES or each in _TOKENS]
    return above.strip(), known[0] if known else ""


def _ratio(source: str, target: str) -> float | None:
    if source == target:
        return 1.0
    for kind in _KINDS:
        if source in kind and target in kind:
            return kind[source] / kind[target]
    return None
