"""`zaphod data`: builds shards from sources and tells what is in them; knows no source, stage or file format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.data_topic import topic
from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes, format_count, format_duration, format_rate
from zaphod.data.build_config import BuildConfig, read_build_config
from zaphod.data.pipeline import Build, BuildReport
from zaphod.data.shard_manifest import Manifest, StageEntry
from zaphod.data.shards import ShardSet
from zaphod.data.slices import Executor, in_process
from zaphod.data.snapshots import take_snapshot, today

_HELP = """Build training data from texts, and see what is in it.

\b
Examples:
  zaphod data build build.toml --out shards
  zaphod data show shards --json
  zaphod data snapshot build.toml --root days
"""
_MOST_REASONS = 8

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

verbs.command("topic")(topic)

CopyleftFlag = Annotated[bool, typer.Option("--allow-copyleft", help="Take GPL, CC-BY-SA and the like as well.")]
RestrictedFlag = Annotated[bool, typer.Option("--allow-restricted", help="Take non-commercial licences as well.")]
UnknownFlag = Annotated[bool, typer.Option("--allow-unknown-licences", help="Take texts that name no licence.")]
RayFlag = Annotated[bool, typer.Option("--ray", help="Work on Ray Data: on the cluster of RAY_ADDRESS, or here.")]


@verbs.command("build")
def build(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML file: tokenizer, [[sources]], [[stages]].")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the shards go.")],
    allow_copyleft: CopyleftFlag = False,
    allow_restricted: RestrictedFlag = False,
    allow_unknown_licences: UnknownFlag = False,
    use_ray: RayFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Read sources, sort out, pack what is left into shards.

    After an interruption of any kind the same command goes on where it stopped, and the shards are the same.

    \b
    Examples:
      zaphod data build build.toml --out shards
      zaphod data build build.toml --out shards --allow-copyleft --json
    """
    wanted = _config(config, allow_copyleft, allow_restricted, allow_unknown_licences)
    report = Build(wanted, out).run(_executor(use_ray), ProgressLines())
    if as_json:
        print_json({"folder": str(out), **_as_dict(report.manifest), "run": _run_as_dict(report)})
        return
    _print_stages(report.manifest.stages)
    print_line()
    _print_totals(report.manifest)
    _print_run(report)
    print_line(f"next     zaphod data show {out}")


@verbs.command("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `zaphod data build` wrote.")],
    document: Annotated[int | None, typer.Option("--document", "-d", metavar="NUMBER", help="One document.")] = None,
    skip_digests: Annotated[bool, typer.Option("--skip-digests", help="Check sizes and indexes only.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Verify a folder of shards and tell its sources, licences, stages; or where one document comes from.

    \b
    Examples:
      zaphod data show shards
      zaphod data show shards --document 17 --json
    """
    shards = ShardSet.open(folder, verify=not skip_digests, progress=ProgressLines())
    if document is not None:
        _show_document(shards, document, as_json)
        return
    if as_json:
        print_json({"folder": str(folder), **_as_dict(shards.manifest)})
        return
    _print_sources(shards.manifest)
    print_line()
    _print_stages(shards.manifest.stages)
    print_line()
    _print_totals(shards.manifest)


@verbs.command("snapshot")
def snapshot(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML file, as for `build`.")],
    root: Annotated[Path, typer.Option("--root", metavar="FOLDER", help="Folder of all snapshots.")],
    name: Annotated[str | None, typer.Option("--name", help="Of this one; today's date unless given.")] = None,
    allow_copyleft: CopyleftFlag = False,
    allow_restricted: RestrictedFlag = False,
    allow_unknown_licences: UnknownFlag = False,
    use_ray: RayFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Add what is new or has changed since the last snapshot, and tell how fresh it is.

    Earlier snapshots stay as they are. After an interruption the same command goes on where it stopped.

    \b
    Examples:
      zaphod data snapshot build.toml --root days
      zaphod data snapshot build.toml --root days --name 2026-11-21 --json
    """
    wanted = _config(config, allow_copyleft, allow_restricted, allow_unknown_licences)
    report = take_snapshot(wanted, root, name or today(), executor=_executor(use_ray), progress=ProgressLines())
    if as_json:
        print_json(
            {
                "folder": str(root / report.head.name),
                "snapshot": asdict(report.head),
                "num_unchanged": report.num_unchanged,
                "freshness": asdict(report.freshness) if report.freshness else None,
                **_as_dict(report.build.manifest),
                "run": _run_as_dict(report.build),
            }
        )
        return
    _print_stages(report.build.manifest.stages)
    print_line()
    head = report.head
    print_line(
        f"{head.num_new:,} new, {head.num_changed:,} changed, {report.num_unchanged:,} unchanged since "
        f"{head.parent or 'the beginning'}"
    )
    if report.freshness is not None:
        print_line(
            f"readable {format_duration(report.freshness.median_s)} after publication or fetch "
            f"(median of {report.freshness.num_documents:,}; at most {format_duration(report.freshness.max_s)})"
        )
    print_line(f"next     zaphod data show {root / head.name}")


def _config(file: Path, allow_copyleft: bool, allow_restricted: bool, allow_unknown_licences: bool) -> BuildConfig:
    """A flag that is not given leaves what the file says."""
    return read_build_config(
        file,
        allow_copyleft=allow_copyleft or None,
        allow_restricted=allow_restricted or None,
        allow_unknown_licences=allow_unknown_licences or None,
    )


def _executor(use_ray: bool) -> Executor:
    if not use_ray:
        return in_process
    from zaphod.data.ray_pipeline import RayExecutor

    return RayExecutor()


def _show_document(shards: ShardSet, number: int, as_json: bool) -> None:
    if not 0 <= number < len(shards):
        raise ConfigError(
            f"There is no document {number}.", f"{shards.folder} holds {len(shards)}, from 0 on.", "Name one of them."
        )
    about = {**shards.lineage(number), "num_tokens": shards.record(number).num_tokens}
    if as_json:
        print_json(about)
        return
    print_pairs((name, _as_text(name, value)) for name, value in about.items())


def _as_text(name: str, value: Any) -> str:
    if name == "timestamp_s":
        return "unknown" if value is None else datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(value, dict):
        return ", ".join(f"{key}={entry}" for key, entry in value.items())
    return " > ".join(value) if isinstance(value, list) else str(value)


def _print_stages(stages: Sequence[StageEntry]) -> None:
    rows = [
        (
            stage.name,
            f"{stage.num_seen:,}",
            f"{stage.num_kept:,}",
            f"{stage.num_changed:,}" if stage.num_changed else "",
            _reasons(stage.dropped),
        )
        for stage in stages
    ]
    print_table(rows, header=("stage", "seen", "kept", "changed", "dropped, and why"), right=(1, 2, 3))


def _reasons(dropped: dict[str, int]) -> str:
    ranked = sorted(dropped.items(), key=lambda item: -item[1])
    told = [f"{count:,} {reason}" for reason, count in ranked[:_MOST_REASONS]]
    left = sum(count for _, count in ranked[_MOST_REASONS:])
    return "; ".join([*told, f"{left:,} for other reasons"] if left else told)


def _print_sources(manifest: Manifest) -> None:
    rows = [
        (
            source.name,
            f"{source.num_documents:,}",
            f"{source.num_tokens:,}",
            f"{source.num_tokens / max(manifest.num_tokens, 1):.1%}",
            ", ".join(f"{licence or 'unknown'} {count:,}" for licence, count in source.licences.items()),
        )
        for source in manifest.sources
    ]
    print_table(rows, header=("source", "documents", "tokens", "share", "tokens by licence"), right=(1, 2, 3))


def _print_totals(manifest: Manifest) -> None:
    bytes_per_token = manifest.num_bytes / max(manifest.num_tokens, 1)
    print_line(
        f"{manifest.num_documents:,} documents, {format_count(manifest.num_tokens)} tokens, "
        f"{format_bytes(manifest.num_bytes)} of text, {bytes_per_token:.2f} bytes a token, "
        f"{len(manifest.shards)} shards ({manifest.tokenizer.name})"
    )


def _print_run(report: BuildReport) -> None:
    if report.num_slices == report.num_resumed:
        print_line("It was finished already; nothing was read.")
        return
    resumed = f"; {report.num_resumed} of {report.num_slices} slices were done before" if report.num_resumed else ""
    print_line(
        f"{format_bytes(report.num_input_bytes)} in {format_duration(report.seconds)}, "
        f"{format_rate(report.num_input_bytes / max(report.seconds, 1e-9), 'B')}{resumed}"
    )


def _run_as_dict(report: BuildReport) -> dict[str, Any]:
    names = ("seconds", "cpu_s", "num_input_bytes", "num_slices", "num_resumed", "readable_at_s")
    return {name: getattr(report, name) for name in names}


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    return {
        "num_documents": manifest.num_documents,
        "num_tokens": manifest.num_tokens,
        "num_bytes": manifest.num_bytes,
        "num_shards": len(manifest.shards),
        "tokenizer": {"name": manifest.tokenizer.name, "digest": manifest.tokenizer.digest},
        "licences": manifest.licences(),
        "sources": [
            {
                "name": source.name,
                "num_documents": source.num_documents,
                "num_tokens": source.num_tokens,
                "licences": source.licences,
            }
            for source in manifest.sources
        ],
        "stages": [
            {
                "name": stage.name,
                "num_seen": stage.num_seen,
                "num_kept": stage.num_kept,
                "num_changed": stage.num_changed,
                "dropped": stage.dropped,
            }
            for stage in manifest.stages
        ],
    }
