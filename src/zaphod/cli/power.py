"""`zaphod power`: limits of GPUs that save energy, and hours that save CO2; parses and prints, decides nothing."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.errors import ConfigError

if TYPE_CHECKING:
    from zaphod.capacity.operation.nvml import Gpus
    from zaphod.capacity.operation.selectors import Measured, Selector
    from zaphod.capacity.operation.sweep import Knob
    from zaphod.capacity.operation.windows import Forecast, Window

_HELP = """Spend less energy on the same work, and less CO2 on the same energy.

`sweep` tries power limits or clocks on a GPU; `window` finds the hours in which a job emits least.

\b
Examples:
  sudo zaphod power sweep --selector slowdown --slowdown 1.05 -- python step.py
  zaphod power sweep --trace sweep.csv --selector zeus --eta 0.5 --json
  zaphod power window forecast.csv --hours 6 --deadline 2026-03-02T08:00+01:00
"""
_SELECTORS = ("energy", "time", "zeus", "slowdown", "itl")

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)


@verbs.command("sweep")
def sweep_command(
    command: Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND", help="The work, run once each.")] = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="Choose from a sweep that was measured before.")
    ] = None,
    clocks: Annotated[bool, typer.Option("--clocks", help="Lock clocks, instead of limiting power.")] = False,
    settings: Annotated[
        list[float] | None, typer.Option("--set", metavar="W|MHZ", help="Try this; may be repeated.")
    ] = None,
    step_w: Annotated[float, typer.Option("--step", min=1, metavar="W", help="Between two power limits.")] = 25.0,
    gpu: Annotated[list[int] | None, typer.Option("--gpu", help="Number of a GPU; all unless given.")] = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="URL", help="Watch this server under load; needs no command.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Watch it so long at each setting.")] = 30.0,
    warm_ups: Annotated[int, typer.Option("--warm-ups", min=0, help="Runs that are not counted.")] = 1,
    selector: Annotated[str, typer.Option("--selector", help=f"{', '.join(_SELECTORS)}.")] = "slowdown",
    eta: Annotated[float, typer.Option("--eta", help="zeus: 1 counts energy alone, 0 time alone.")] = 0.5,
    slowdown: Annotated[float, typer.Option("--slowdown", help="slowdown: of the least time, at most.")] = 1.05,
    itl: Annotated[float, typer.Option("--itl", metavar="SECONDS", help="itl: 99th percentile, at most.")] = 0.05,
    max_power: Annotated[
        float | None, typer.Option("--max-power", metavar="W", help="zeus: of the device; its highest limit.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the sweep there (CSV).")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure the same work under each setting, put back what was set before, and tell which setting is best.

    Setting limits needs root. The limit that was set before is put back at any end; locked clocks are unlocked.
    zeus is `eta E + (1 - eta) Pmax t`; slowdown and itl take the least energy of what keeps the limit.

    \b
    Examples:
      sudo zaphod power sweep --selector slowdown --slowdown 1.05 -- python step.py
      sudo zaphod power sweep --clocks --metrics http://127.0.0.1:8000/metrics --selector itl --itl 0.05
      zaphod power sweep --trace sweep.csv --selector zeus --eta 0.5 --json
    """
    from zaphod.capacity.operation.trace import read_trace, write_trace

    _check_selector(selector)
    if trace is not None:
        if command or metrics:
            raise ConfigError(
                "Both --trace and work to measure were given.", "One of them is enough.", "Leave one out."
            )
        measured, gpus = read_trace(trace), None
    else:
        gpus, measured = _swept(command, metrics, seconds, clocks, settings, step_w, gpu, warm_ups, as_json)
    highest_w = max_power or (gpus.max_power_w() if gpus else None)
    chosen = _selector(selector, eta, slowdown, itl, highest_w, measured).choose(measured)
    if out is not None:
        write_trace(out, measured)
    _tell(measured, chosen, selector, gpu or [], as_json)


def _check_selector(name: str) -> None:
    if name not in _SELECTORS:
        raise ConfigError(f"There is no selector {name!r}.", f"Known are {', '.join(_SELECTORS)}.", "Choose one.")


def _swept(
    command: list[str] | None,
    metrics: str | None,
    seconds: float,
    clocks: bool,
    settings: Sequence[float] | None,
    step_w: float,
    gpu: Sequence[int] | None,
    warm_ups: int,
    is_quiet: bool,
) -> tuple[Gpus, tuple[Measured, ...]]:
    from zaphod.capacity.operation.nvml import LockedClock, PowerLimit, open_gpus
    from zaphod.capacity.operation.sweep import sweep
    from zaphod.capacity.operation.work import run_of, window_of

    if bool(command) == bool(metrics):
        raise ConfigError(
            "There is no work to measure." if not command else "Both a command and --metrics were given.",
            "A command after --, or a server under load with --metrics URL.",
            "Like: zaphod power sweep -- python step.py",
        )
    gpus = open_gpus(gpu or ())
    knob: Knob = LockedClock(gpus) if clocks else PowerLimit(gpus, step_w)
    measure: Callable[[], tuple[float, float, float | None]]
    measure = run_of(command, gpus.energy_j) if command else window_of(str(metrics), seconds, gpus.energy_j)
    if not is_quiet:
        _announce(gpus, knob)
    told = (lambda measured: None) if is_quiet else _tell_one
    return gpus, sweep(knob, measure, settings or (), warm_ups=warm_ups, on_measured=told)


def _announce(gpus: Gpus, knob: Knob) -> None:
    from zaphod.capacity.operation.nvml import PowerLimit

    print_line(", ".join(gpus.names))
    if isinstance(knob, PowerLimit):
        print_line(f"limit before: {', '.join(f'{watts:g} W' for watts in knob.former_w)}; it is put back", style="dim")


def _tell_one(measured: Measured) -> None:
    print_line(f"{measured.setting:g} {measured.unit}: {measured.time_s:.4g} s, {measured.energy_j:.4g} J", style="dim")


def _selector(
    name: str, eta: float, slowdown: float, itl: float, highest_w: float | None, measured: Sequence[Measured]
) -> Selector:
    from zaphod.capacity.operation.selectors import Energy, MaxSlowdown, MeetItl, Time, ZeusCost

    if name == "zeus":
        limits = [each.setting for each in measured if each.unit == "W"]
        if highest_w is None and not limits:
            raise ConfigError(
                "The device's highest power is not known.", "zeus weighs time with it.", "Give it: --max-power 700"
            )
        return ZeusCost(eta=eta, max_power_w=highest_w if highest_w is not None else max(limits))
    simple: dict[str, Selector] = {"energy": Energy(), "time": Time()}
    if name in simple:
        return simple[name]
    return MaxSlowdown(factor=slowdown) if name == "slowdown" else MeetItl(limit_s=itl)


def _tell(measured: Sequence[Measured], chosen: Measured, selector: str, gpu: Sequence[int], as_json: bool) -> None:
    highest = max(measured, key=lambda each: each.setting)
    saved, slower = 1 - chosen.energy_j / highest.energy_j, chosen.time_s / highest.time_s - 1
    if as_json:
        found: dict[str, Any] = {"selector": selector, "chosen": _row(chosen), "measured": [*map(_row, measured)]}
        print_json({**found, "energy_saved": saved, "time_added": slower, "apply": _apply(chosen, gpu)})
        return
    print_line()
    rows = [
        (
            ("* " if each is chosen else "  ") + f"{each.setting:g} {each.unit}",
            f"{each.time_s:.4g} s",
            f"{each.energy_j:.4g} J",
            f"{each.power_w:.4g} W",
            "" if each.itl_p99_s is None else f"{each.itl_p99_s * 1000:.4g} ms",
        )
        for each in sorted(measured, key=lambda each: -each.setting)
    ]
    print_table(rows, header=("setting", "time", "energy", "mean power", "ITL p99"), right=(1, 2, 3, 4))
    print_line()
    print_pairs(
        [
            (selector, f"{chosen.setting:g} {chosen.unit}: {saved:.1%} less energy, {slower:.1%} more time"),
            ("to set it", _apply(chosen, gpu)),
        ]
    )


def _row(measured: Measured) -> dict[str, Any]:
    return {**dataclasses.asdict(measured), "power_w": measured.power_w}


def _apply(chosen: Measured, gpu: Sequence[int]) -> str:
    where = f" --id={','.join(map(str, gpu))}" if gpu else ""
    if chosen.unit == "W":
        return f"nvidia-smi{where} --power-limit={chosen.setting:g}"
    return f"nvidia-smi{where} --lock-gpu-clocks={chosen.setting:g},{chosen.setting:g}"


@verbs.command("window")
def window_command(
    forecast: Annotated[Path, typer.Argument(metavar="FORECAST.csv", help="Columns time (ISO 8601) and g_per_kwh.")],
    hours: Annotated[float, typer.Option("--hours", help="That the job runs.")],
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="TIME", help="It must have ended by then (ISO 8601).")
    ] = None,
    restart: Annotated[
        float | None,
        typer.Option("--restart", metavar="HOURS", help="It may be paused; each further start costs so much work."),
    ] = None,
    power_kw: Annotated[float, typer.Option("--power", metavar="KW", help="That the job takes, PUE included.")] = 1.0,
    as_json: JsonFlag = False,
) -> None:
    """Find the hours in which a training or a batch job emits least, for the forecast that is given.

    Without --restart the job runs without a pause. A started hour of the forecast counts whole.

    \b
    Examples:
      zaphod power window forecast.csv --hours 6 --deadline 2026-03-02T08:00+01:00
      zaphod power window forecast.csv --hours 40 --restart 0.2 --power 12 --json
    """
    from zaphod.capacity.operation.windows import best_window, read_forecast

    if not 0 < power_kw < float("inf"):
        raise ConfigError(f"--power is {power_kw}.", "It must be above 0.", "Like --power 12")
    ahead = read_forecast(forecast)
    window = best_window(ahead, hours, deadline=_time(deadline), restart_h=restart)
    _tell_window(ahead, window, power_kw, as_json)


def _time(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--deadline is {text!r}.", "It must be ISO 8601.", "Like 2026-03-02T08:00+01:00") from error


def _spans(forecast: Forecast, window: Window) -> list[tuple[str, str]]:
    """Beginning and end of each stretch without a pause."""
    spans: list[list[int]] = []
    for step in window.steps:
        if spans and spans[-1][1] == step:
            spans[-1][1] = step + 1
        else:
            spans.append([step, step + 1])
    return [(forecast.time(begin).isoformat(), forecast.time(end).isoformat()) for begin, end in spans]


def _tell_window(forecast: Forecast, window: Window, power_kw: float, as_json: bool) -> None:
    kg, at_once_kg = window.g_per_kw * power_kw / 1000, window.at_once_g_per_kw * power_kw / 1000
    spans = _spans(forecast, window)
    if as_json:
        told = {"windows": [{"from": begin, "to": end} for begin, end in spans], "num_starts": window.num_starts}
        amounts = {"co2_kg": kg, "co2_kg_at_once": at_once_kg, "saved": window.saved}
        print_json({**told, "mean_g_per_kwh": window.mean_g_per_kwh, **amounts})
        return
    print_table(spans, header=("from", "to"))
    print_line()
    print_pairs(
        [
            ("grid", f"{window.mean_g_per_kwh:.4g} g/kWh on average"),
            ("CO2", f"{kg:.4g} kg; {at_once_kg:.4g} kg if it began at once"),
            ("saved", f"{window.saved:.1%}, if the forecast holds"),
        ]
    )
