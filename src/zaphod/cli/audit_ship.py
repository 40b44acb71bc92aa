"""`zaphod audit ship`: passes the log on; knows neither the log's form nor a sink's."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_table
from zaphod.core.configuration import MergedSettings
from zaphod.core.places import state_folder
from zaphod.core.progress import ProgressLines
from zaphod.safety.audit.shipping.shipper import Shipper, SinkStatus
from zaphod.safety.audit.shipping.sinks_file import load_sinks


def ship(
    context: typer.Context,
    sinks: Annotated[Path, typer.Option("--sinks", metavar="FILE", help="Names Splunk, Elasticsearch and others.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    give_up_after: Annotated[
        float, typer.Option("--give-up-after", min=0.0, metavar="SECONDS", help="Nothing was taken for so long.")
    ] = 60.0,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="The audit folder; else the state folder's.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Send records to other systems, each from where it stopped, at least once.

    Do not run it beside a server that ships to the same sinks. Exit code 11 if a sink takes nothing.

    \b
    Examples:
      zaphod audit ship --sinks sinks.toml
      zaphod audit ship --sinks sinks.toml --follow
    """
    settings: MergedSettings = context.obj
    place = folder or state_folder(settings.values.state_dir) / "audit"
    shippers = [Shipper(place, sink) for sink in load_sinks(sinks)]
    if follow:
        _follow(shippers)
    else:
        for shipper in shippers:
            shipper.catch_up(give_up_after, ProgressLines())
    _show([shipper.status() for shipper in shippers], as_json)


def _follow(shippers: list[Shipper]) -> None:
    for shipper in shippers:
        shipper.start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print_line("Stopping.")
    finally:
        for shipper in shippers:
            shipper.close()


def _show(statuses: list[SinkStatus], as_json: bool) -> None:
    if as_json:
        print_json([vars(status) for status in statuses])
        return
    rows = [(status.name, f"{status.num_sent:,}", f"{status.num_refused:,}") for status in statuses]
    print_table(rows, header=("sink", "sent", "refused"), right=(1, 2))
    for status in statuses:
        for name, problem in status.problems.items():
            print_line(f"{status.name}, {name}: {problem}", style="bold")
        if status.num_refused:
            print_line(f"{status.name}: what it refused is listed beside its cursor, in *.refused.jsonl.")
