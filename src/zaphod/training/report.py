"""RUN/report.html: a run's curves, routing and settings as one page that needs no network; knows files, no tensors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zaphod.core.units import format_bytes, format_count, format_duration
from zaphod.training.charts import Series, heat_map, line_chart

_MAX_COLUMNS = 160  # of a heat map: steps are averaged

_STYLE = """
:root{color-scheme:light dark;--ink:#1c1c1e;--dim:#63636b;--page:#fff;--grid:#dcdce2;--line-1:#1f6fd0;--line-2:#c2570c}
@media(prefers-color-scheme:dark){:root{--ink:#ececf0;--dim:#a2a2ac;--page:#16161a;--grid:#36363e;--line-1:#6cb0ff;
--line-2:#ff9d52}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0 .8rem}
.dim,figcaption{color:var(--dim)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1rem 2rem}
figure{margin:0}figcaption{font-size:.9rem}svg{width:100%;height:auto;display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--dim)}
.grid{stroke:var(--grid);fill:none}polyline{fill:none;stroke-width:1.6}
.line-1{stroke:var(--line-1)}.line-2{stroke:var(--line-2)}.dot-1{fill:var(--line-1)}.dot-2{fill:var(--line-2)}
.key-1{color:var(--line-1)}.key-2{color:var(--line-2)}
.maps{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:1rem}
.maps img{width:100%;height:96px;image-rendering:pixelated;display:block;border:1px solid var(--grid)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.15rem 1rem .15rem 0;text-align:left;
vertical-align:top}th{color:var(--dim);font-weight:500}td.number,th.number{text-align:right}
.wide{overflow-x:auto}.scale{display:inline-block;width:8rem;height:.8rem;vertical-align:middle;
background:linear-gradient(90deg,rgb(38,102,196),rgb(150,150,150),rgb(240,140,20))}
.warning{border-left:4px solid var(--line-2);padding-left:.7rem}
"""


def write_report(folder: Path, facts: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the page of the run in `folder`; `facts` are rows for its first table.

    Raises:
        OSError: the run's files cannot be read.
    """
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    about = json.loads((folder / "run.json").read_text("utf-8"))
    held_out_file = folder / "validation.jsonl"
    held_out = (
        [json.loads(line) for line in held_out_file.read_text("utf-8").splitlines()] if held_out_file.exists() else []
    )
    file = folder / "report.html"
    unfinished = file.with_suffix(".partial")
    unfinished.write_text(_page(folder.name, lines, held_out, about, facts), encoding="utf-8")
    unfinished.replace(file)
    return file


def _page(
    name: str,
    lines: Sequence[Mapping[str, Any]],
    held_out: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    facts: Sequence[tuple[str, str]],
) -> str:
    sections = [
        f"<h1>{escape(name)}</h1>",
        f'<p class="dim">{_summary(lines)}</p>',
        _warnings(lines),
        _table([*facts, *_machine(about)]),
        f'<h2>Curves</h2><div class="charts">{"".join(_charts(lines, held_out))}</div>',
        *_routing(lines),
        f"<h2>Data</h2>{_table(_flat(about['data']))}",
        f"<h2>Settings</h2><details><summary>all of them</summary>{_table(_flat(about['settings']))}</details>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(name)}</title>'
    opening = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>'
    return opening + "".join(sections) + "</body></html>\n"


def _summary(lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return "No step has been taken yet."
    num_tokens, seconds = sum(line["num_tokens"] for line in lines), lines[-1]["seconds"]
    return (
        f"{len(lines)} steps, {format_count(num_tokens)} tokens, {format_duration(seconds)} of training, "
        f"{format_count(num_tokens / max(seconds, 1e-9))} tokens/s."
    )


def _warnings(lines: Sequence[Mapping[str, Any]]) -> str:
    skipped = [line for line in lines if line["skipped"] is not None]
    alarms = [line for line in lines if line["alarm"] is not None]
    told = []
    if skipped:
        told.append(f"{len(skipped)} steps were skipped; the last, {skipped[-1]['step']}: {skipped[-1]['skipped']}.")
    if alarms:
        told.append(
            f"{len(alarms)} warnings of the experts' load; the last, step {alarms[-1]['step']}: {alarms[-1]['alarm']}."
        )
    return "".join(f'<p class="warning">{escape(line)}</p>' for line in told)


def _charts(lines: Sequence[Mapping[str, Any]], held_out: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    def over_steps(key: str) -> list[tuple[float, float]]:
        return [(line["step"], line[key]) for line in lines if line[key] is not None]

    loss = [Series("training", over_steps("loss"))]
    loss.append(Series("held out", [(line["step"], line["loss"]) for line in held_out], has_dots=True))
    yield _figure("Loss, nats a token", loss, logarithmic=True)
    yield _figure("Norm of the gradient, before clipping", [Series("", over_steps("gradient_norm"))], logarithmic=True)
    yield _figure("Learning rate, share of the peak", [Series("", over_steps("rate_share"))])
    yield _figure("Tokens a second", [Series("", _speeds(lines))])
    if any(line["loads_LE"] for line in lines):
        yield _figure("Overload of the busiest expert (MaxVio), worst layer", [Series("", over_steps("max_violation"))])
        yield _figure(
            "Evenness of the load (entropy over its maximum), worst layer", [Series("", over_steps("entropy"))]
        )


def _speeds(lines: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    speeds, before_s = [], 0.0
    for line in lines:
        if line["seconds"] > before_s:
            speeds.append((line["step"], line["num_tokens"] / (line["seconds"] - before_s)))
        before_s = line["seconds"]
    return speeds


def _figure(title: str, series: Sequence[Series], *, logarithmic: bool = False) -> str:
    chart = line_chart(series, x_name="step", label=title, logarithmic=logarithmic)
    if not chart:
        return ""
    named = [one for one in series if one.name and one.points]
    keys = ", ".join(f'<span class="key-{n}">{escape(one.name)}</span>' for n, one in enumerate(named, 1))
    return f"<figure>{chart}<figcaption>{escape(title)}{': ' + keys if keys else ''}</figcaption></figure>"


def _routing(lines: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """How every layer's experts were loaded, from the first step to the last."""
    loads = [line["loads_LE"] for line in lines if line["loads_LE"]]
    if not loads:
        return
    loads_SLE = np.array(loads)
    loads_SLE = loads_SLE * loads_SLE.shape[2]
    columns = np.array_split(np.arange(len(loads_SLE)), min(_MAX_COLUMNS, len(loads_SLE)))
    means_XLE = np.stack([loads_SLE[rows].mean(0) for rows in columns])
    last_LE = loads_SLE[-max(1, len(loads_SLE) // 10) :].mean(0)
    yield "<h2>Routing</h2>"
    yield (
        '<p>Each row is an expert, time runs to the right. <span class="scale"></span> from no token over the mean to '
        "twice the mean and more.</p>"
    )
    maps = [
        f'<figure><img alt="load of the {loads_SLE.shape[2]} experts of layer {layer} over time" '
        f'src="{heat_map(means_XLE[:, layer].T)}"><figcaption>sparse layer {layer}</figcaption></figure>'
        for layer in range(loads_SLE.shape[1])
    ]
    yield f'<div class="maps">{"".join(maps)}</div>'
    rows = [
        (
            str(layer),
            *(f"{value:.2f}" for value in (mine.min(), mine.max(), mine.max() - 1)),
            str(int((mine == 0).sum())),
        )
        for layer, mine in enumerate(last_LE)
    ]
    yield "<p>Over the last tenth of the run, in multiples of the mean load:</p>"
    yield _table(rows, ("sparse layer", "least", "most", "MaxVio", "dead"))


def _machine(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    machine = about["machine"]
    return [
        ("machine", f"{machine['cpu']}, {machine['cores']} cores, {format_bytes(machine['memory_bytes'])}"),
        *((name, str(version)) for name, version in about.get("versions", {}).items()),
    ]


def _flat(values: Mapping[str, Any], place: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{place}.{key}" if place else key
        if isinstance(value, Mapping):
            rows += _flat(value, name)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value):
                rows += _flat(item, f"{name}[{number}]")
        elif value is not None:
            rows.append((name, str(value)))
    return rows


def _table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> str:
    """With a header, columns of numbers; without, names and values."""
    head = "".join(f'<th class="number">{escape(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{_cells(row, is_numbers=bool(header))}</tr>" for row in rows)
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _cells(row: Sequence[str], *, is_numbers: bool) -> str:
    if is_numbers:
        return "".join(f'<td class="number">{escape(cell)}</td>' for cell in row)
    return f"<th>{escape(row[0])}</th>" + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
