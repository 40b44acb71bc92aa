"""`zaphod pull`: fetch a model and say where it lies; knows neither the Hub's protocol nor BitTorrent's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.output import print_json, print_line
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes
from zaphod.model.fetching.hub import HubName, parse_hub_name

GROK1_BYTES = 318_239_886_140
"""All 770 files of the release."""
_SHOWN_FILES = 12


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="ORG/NAME[@REVISION]", help="A repository of the Hugging Face Hub.")],
    revision: Annotated[str | None, typer.Option("--revision", help="Branch, tag or commit.")] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help="Only files that match; may be repeated.")
    ] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", help="Where pulled models lie.")] = None,
    torrent: Annotated[
        Path | None, typer.Option("--torrent", metavar="FOLDER", help="Fetch xai-org/grok-1 by BitTorrent into FOLDER.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; implies --yes.")] = False,
) -> None:
    """Fetch a model, after telling its size. Pulling again continues, or brings only what is new.

    Pickled weights (.bin, .pt) are left out: reading them could run foreign code.

    \b
    Examples:
      zaphod pull org/name
      zaphod pull org/name@v1.0 --yes
      zaphod pull org/name-GGUF --include "*Q4_K_M*"
      zaphod pull xai-org/grok-1 --torrent ./grok-1
    """
    settings: MergedSettings = context.obj.with_flags(cache_dir=cache_dir)
    name = _hub_name(model, revision)
    agreed = yes or as_json
    if torrent is not None:
        _pull_torrent(name, torrent, agreed, as_json)
    else:
        _pull_hub(name, tuple(include or ()), settings.values.cache_dir, agreed, as_json)


def _hub_name(model: str, revision: str | None) -> HubName:
    name = parse_hub_name(model)
    if name is None:
        raise ConfigError(
            f"{model!r} is not the name of a Hub repository.", "It looks like org/name or org/name@revision."
        )
    return name if revision is None else HubName(name.repository, revision)


def _pull_hub(name: HubName, include: tuple[str, ...], cache_dir: Path | None, agreed: bool, as_json: bool) -> None:
    from zaphod.model.fetching.repository import plan_pull, pull

    plan = plan_pull(name, include, cache_dir)
    if not as_json:
        print_line(f"{name}, commit {plan.commit[:12]}: {len(plan.files)} files, {format_bytes(plan.total_bytes)}")
        for file in sorted(plan.files, key=lambda file: -file.num_bytes)[:_SHOWN_FILES]:
            print_line(f"  {format_bytes(file.num_bytes):>9}  {file.name}{'  (here)' if file.is_cached else ''}")
        if len(plan.files) > _SHOWN_FILES:
            print_line(f"             and {len(plan.files) - _SHOWN_FILES} smaller ones")
    if plan.missing_bytes and not agreed:
        _ask(plan.missing_bytes)
    folder = pull(plan, ProgressLines(), cache_dir)
    if as_json:
        names = [file.name for file in plan.files]
        print_json({"model": str(name), "commit": plan.commit, "path": str(folder), "files": names})
    else:
        print_line(f"It lies in {folder}")
        print_line(f"next     zaphod show {name}")


def _pull_torrent(name: HubName, folder: Path, agreed: bool, as_json: bool) -> None:
    from zaphod.compute.weights.grok1 import OfficialGrok1
    from zaphod.model.fetching.torrent import GROK1_MAGNET, fetch_torrent

    if name.repository != "xai-org/grok-1":
        raise ConfigError(
            f"--torrent was given for {name}.",
            "Only xai-org/grok-1 was published as a torrent.",
            f"Run: zaphod pull {name}",
        )
    if not agreed:
        _ask(GROK1_BYTES)
    top = fetch_torrent(GROK1_MAGNET, folder, ProgressLines())
    problems = OfficialGrok1(top).integrity()
    if problems:
        raise CorruptFileError(
            f"{len(problems)} files of {top} are not those of the release; the first: {problems[0].file} "
            f"{problems[0].problem}.",
            "All 770 must have their published sizes.",
            f"See `zaphod show {top}`.",
        )
    if as_json:
        print_json({"model": str(name), "path": str(top)})
    else:
        print_line(f"All files of the release lie in {top}")
        print_line(f"next     zaphod show {top}")


def _ask(num_bytes: int) -> None:
    """Ask before a download; without somebody to ask, the answer is no."""
    if not sys.stdin.isatty():
        raise ConfigError(
            f"{format_bytes(num_bytes)} would be downloaded, and there is nobody to ask.",
            "A download must be agreed to.",
            "Add --yes.",
        )
    if not typer.confirm(f"Download {format_bytes(num_bytes)}?", default=True):
        print_line("Nothing was downloaded.")
        raise typer.Exit(1)
