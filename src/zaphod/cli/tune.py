"""`zaphod tune`: how the native runner is fastest on this machine; knows not how it is tried, nor where it is kept."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod.capacity.hardware import this_machine
from zaphod.cli.options import ConfigFlag, JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.compute.kernels import dispatch
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import CapacityError, ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes
from zaphod.launch.runners import open_weights

if TYPE_CHECKING:
    from zaphod.engine.tuning import Tuning
    from zaphod.model.files.weights import ModelWeights
    from zaphod.study.tuning.search import Found

# Weights in small pages lie beside those in huge ones while both are tried, and caches and scratch beside them.
_TWICE_SHARE = 0.4
_TOO_NOISY = 0.05


def command(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Tried on this model; else on a random one of 0.3 GB.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=3, help="How often each choice is measured.")] = 5,
    show: Annotated[bool, typer.Option("--show", help="Print what was found before.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Go back to the defaults.")] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Find out with how many threads, in chunks of which size and in which pages this machine computes fastest.

    Every choice is measured in turn with the default, several times. A default is left only where the gain exceeds
    what the default differs from itself. The result is kept for this machine in the user's cache folder, and every
    command that computes natively uses it; --threads and the setting `threads` stand above it. Run it while the
    machine has nothing else to do.

    \b
    Examples:
      zaphod tune
      zaphod tune model.gguf --rounds 9
      zaphod tune --show
      zaphod tune --forget
    """
    if show and forget:
        raise ConfigError("Both --show and --forget are given.", "They contradict each other.", "Give one of them.")
    if show or forget:
        (_show if show else _forget)(as_json)
        return
    dispatch.native()
    _tune(context.obj.with_flags(model=model), model is not None, rounds, config, as_json)


def _tune(settings: MergedSettings, has_model: bool, num_rounds: int, config: str | None, as_json: bool) -> None:
    from zaphod.engine.tuning import store_tuning
    from zaphod.study.tuning.random_model import NAME, random_weights
    from zaphod.study.tuning.search import search

    machine = this_machine()
    with open_weights(settings.values, config) if has_model else random_weights() as weights:
        tuning, found = search(
            weights,
            num_cores=machine.num_cores,
            num_rounds=num_rounds,
            with_huge_pages=_fits_twice(weights),
            progress=ProgressLines(),
        )
    tuning = dataclasses.replace(
        tuning,
        measured_on=settings.values.model if has_model else NAME,
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    file = store_tuning(machine, tuning)
    if as_json:
        print_json({"file": str(file), **_as_dict(tuning), "trials": [_trial(one) for one in found]})
        return
    _print_trials(found)
    noise = max(one.trial.noise for one in found)
    if noise > _TOO_NOISY:
        print_line(
            f"The default differed from itself by {noise:.0%}: try again when the machine has nothing else to do."
        )
    print_line()
    _print_tuning(tuning)
    print_line(f"kept in {file} for this machine; `zaphod tune --forget` removes it")


def _fits_twice(weights: ModelWeights) -> bool:
    """Whether the weights fit twice. Raises `CapacityError` where they do not even fit once."""
    from zaphod.model.native import native_bytes

    needed_bytes, free_bytes = native_bytes(weights), this_machine().available_memory_bytes
    if needed_bytes > free_bytes:
        raise CapacityError(
            f"The weights take {format_bytes(needed_bytes)}; {format_bytes(free_bytes)} are free.",
            "All of them must fit into the memory to be measured.",
            "Leave the model out: what is fastest depends on the machine more than on the model.",
        )
    return needed_bytes <= _TWICE_SHARE * free_bytes


def _show(as_json: bool) -> None:
    from zaphod.engine.tuning import stored_tuning, tuning_file

    tuning = stored_tuning(this_machine())
    if as_json:
        print_json({"file": str(tuning_file()), **(_as_dict(tuning) if tuning else {"tuning": None})})
    elif tuning is None:
        print_line("Nothing was found out for this machine yet: the defaults are used. Run `zaphod tune`.")
    else:
        _print_tuning(tuning)
        print_line(f"from {tuning_file()}")


def _forget(as_json: bool) -> None:
    from zaphod.engine.tuning import forget_tuning, tuning_file

    was_there = dispatch.native_is_available() and forget_tuning(this_machine())
    if as_json:
        print_json({"file": str(tuning_file()), "forgotten": was_there})
    else:
        print_line("Forgotten: the defaults are used." if was_there else "There was nothing to forget.")


def _as_dict(tuning: Tuning) -> dict[str, Any]:
    return {"tuning": dataclasses.asdict(tuning)}


def _trial(found: Found) -> dict[str, Any]:
    trial = found.trial
    return {
        "setting": found.setting,
        "default": trial.default,
        "ratios": [{"value": value, "ratio": ratio} for value, ratio in trial.ratios.items()],
        "best": trial.best,
        "gain": trial.gain,
        "noise": trial.noise,
        "kept": trial.kept,
    }


def _print_trials(found: list[Found]) -> None:
    print_table(
        [
            (
                one.setting.replace("_", " "),
                _spoken(one.setting, value),
                f"{ratio:.3f}" if value != one.trial.default else "1",
                _remark(one, value),
            )
            for one in found
            for value, ratio in one.trial.ratios.items()
        ],
        header=("setting", "value", "speed", ""),
        right=(1, 2),
    )


def _remark(found: Found, value: Any) -> str:
    trial = found.trial
    if value == trial.default:
        return f"default; noise {trial.noise:.1%}" + (", kept" if trial.kept == value else "")
    if value != trial.best:
        return ""
    verdict = "kept" if trial.kept == value else "within the noise"
    return f"measured again: {trial.gain:+.1%}, {verdict}"


def _print_tuning(tuning: Tuning) -> None:
    rows = []
    for name in ("threads", "chunk_bytes", "huge_pages"):
        margin = tuning.margins.get(name)
        how = f"{margin.gain:.1%} faster, noise {margin.noise:.1%}" if margin else "default"
        rows.append((name.replace("_", " "), f"{_spoken(name, getattr(tuning, name))} ({how})"))
    print_pairs([*rows, ("measured on", tuning.measured_on), ("date", tuning.date)])


def _spoken(setting: str, value: Any) -> str:
    if setting == "chunk_bytes":
        return f"{value // 1024} KiB"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
