"""The words and the layout of an episode's page; draws no picture and no curve.

It is read from above: what came of it, what it looked like, what was proved and under which assumptions, what was
measured against its limits, and how the plan came about.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final, NamedTuple

from zaphod.agents.robotics.recording.recording import Ending, Recording, Round
from zaphod.agents.robotics.rendering.rendering import Pixels
from zaphod.agents.robotics.report.charts import COLOURS, LINES

_STYLE: Final = (
    COLOURS
    + LINES
    + """
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1120px;margin:2rem auto;
padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .6rem}h2{font-size:1.1rem;margin:2.2rem 0 .5rem}p{margin:.3rem 0 .7rem}
.dim,figcaption{color:var(--dim);font-size:.9rem}
.status{border-left:5px solid var(--proved);padding:.1rem 0 .1rem .8rem;font-size:1.1rem}
.status.bad{border-color:var(--limit)}.status b{margin-right:.4rem}
figure{margin:0;break-inside:avoid}svg,img{width:100%;height:auto;display:block}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(46%,300px),1fr));gap:.8rem}
.strip.one{grid-template-columns:minmax(0,480px)}.strip img,.strip svg{border-radius:6px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1.4rem 2rem}
.key-1{color:var(--line-1)}.key-2{color:var(--line-2)}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) minmax(0,1fr);gap:.25rem 1.2rem;margin:0}
dt{color:var(--dim)}dd{margin:0;font-variant-numeric:tabular-nums}
ol,ul{padding-left:1.4rem;margin:.2rem 0}li{margin:.2rem 0}
pre{overflow-x:auto;font-size:.8rem;line-height:1.4}code{font-size:.85em}
@media(max-width:480px){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{body{margin:0;max-width:none;font-size:11pt}details{display:none}}
"""
)
_HOLDS_N: Final = 0.05
_UNITS: Final = {"_m_s": "m/s", "_n": "N", "_m": "m", "_s": "s", "_kg": "kg"}


class Picture(NamedTuple):
    """One moment."""

    caption: str
    content: Pixels | str
    """Pixels, or an SVG."""


def page(recording: Recording, pictures: Sequence[Picture], way: str, charts: Sequence[str]) -> str:
    """The whole page.

    Args:
        recording: what it tells of.
        pictures: in their order.
        way: how they were drawn, as a sentence.
        charts: SVGs; empty ones are left out.
    """
    title = recording.instruction or "An episode"
    sections = [
        f"<h1>{escape(title)}</h1>",
        _status(recording),
        _strip(pictures, way),
        f"<h2>What was proved</h2>{_list(_proved(recording))}",
        _measured(recording, [svg for svg in charts if svg]),
        _rounds(recording.rounds, recording.planner),
        _plan(recording),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    opening = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body><main>'
    return opening + "".join(sections) + "</main></body></html>\n"


def told(recording: Recording) -> str:
    """What came of it, in one sentence or two."""
    ending = recording.outcome
    if ending is None:
        return f"Nothing was moved. {recording.refusal}"
    if ending.succeeded:
        off_mm = 1000 * ending.misplaced_m
        return f"The load stands upright {off_mm:.0f} mm from its goal, whole. Nothing was touched that must not be."
    return " ".join(_failures(ending, recording))


def _failures(ending: Ending, recording: Recording) -> Iterable[str]:
    if ending.stopped:
        yield f"The monitor stopped it: {ending.stopped}."
    if ending.dropped:
        yield "The load was dropped."
    if ending.collisions:
        yield f"It touched: {', '.join(ending.collisions)}."
    breaks_at = recording.limits.breaks_at_n if recording.limits else None
    if breaks_at is not None and ending.peak_force_n > breaks_at:
        yield f"A pad pressed with {ending.peak_force_n:.2f} N; the load breaks at {breaks_at:g} N."
    if not ending.upright:
        yield "The load does not stand upright."
    if not ending.stopped:
        yield f"It lies {1000 * ending.misplaced_m:.0f} mm from its goal."
    elif min(recording.samples.pad_forces_n[-1]) > _HOLDS_N:
        yield "The load is still held."


def _status(recording: Recording) -> str:
    ending = recording.outcome
    is_good = ending is not None and ending.succeeded
    word = "Done." if is_good else "Refused." if ending is None else "Not done."
    kind = "status" if is_good else "status bad"
    return f'<p class="{kind}" role="status"><b>{word}</b>{escape(told(recording))}</p>'


def _strip(pictures: Sequence[Picture], way: str) -> str:
    figures = "".join(
        f"<figure>{_content(picture)}<figcaption>{escape(picture.caption)}</figcaption></figure>"
        for picture in pictures
    )
    kind = "strip one" if len(pictures) == 1 else "strip"
    return f'<h2>What it looked like</h2><div class="{kind}">{figures}</div><p class="dim">{escape(way)}</p>'


def _content(picture: Picture) -> str:
    if isinstance(picture.content, str):
        return picture.content
    from zaphod.agents.robotics.rendering.strip import webp  # here, because flat pictures need no library

    height, width, _ = picture.content.shape
    data = b64encode(webp(picture.content)).decode()
    return (
        f'<img alt="{escape(picture.caption, quote=True)}" width="{width}" height="{height}"'
        f' src="data:image/webp;base64,{data}">'
    )


def _proved(recording: Recording) -> Iterable[tuple[str, str]]:
    proof = recording.proof
    if proof is None:
        yield "proof", "none: there was no plan to prove anything of"
        return
    num = sum(proof.claims.values())
    claims = ", ".join(f"{name} {count}" for name, count in proof.claims.items())
    verdict = "accepted" if proof.accepted else "refused"
    yield "proof", f"{verdict}; {num} claims ({claims}) in {1000 * proof.seconds:.0f} ms"
    yield "assuming", recording.assuming or "nothing"
    yield "certificate", recording.certificate_sha256 or "none was made"
    yield from ((name, digest) for name, digest in proof.subjects.items())
    limits = recording.limits
    if limits is not None and limits.force_n is not None:
        yield "force", f"{limits.force_n[0]:.2f} to {limits.force_n[1]:.2f} N keep the grip"


def _measured(recording: Recording, charts: Sequence[str]) -> str:
    ending = recording.outcome
    if ending is None or not charts:
        return ""
    keys = (
        '<span class="key-1">left</span>, <span class="key-2">right (dashed)</span>; shaded: what may be commanded.'
        " A pad's real force also has its error, inertia and the blow of closing.",
        "Nearest ball of tool or load to what must not be touched, as the contract describes both; the margin is"
        " proved for the path, following it costs some of it. Higher values are cut off.",
    )
    figures = "".join(
        f"<figure>{svg}<figcaption>{key}</figcaption></figure>" for svg, key in zip(charts, keys, strict=False)
    )
    smallest = min(recording.samples.clearance_m)
    facts = [
        ("largest force", f"{ending.peak_force_n:.2f} N"),
        ("smallest clearance", f"{1000 * smallest:.1f} mm"),
        ("monitor", _rungs(recording)),
        ("time", f"{ending.seconds:.1f} s, simulated"),
    ]
    under = (
        '<p class="dim">Numbers above the curves are those of the pictures; the bar below is the monitor\'s rung.</p>'
    )
    return f'<h2>What was measured</h2><div class="charts">{figures}</div>{under}{_list(facts)}'


def _rungs(recording: Recording) -> str:
    runs = groupby(zip(recording.samples.time_s, recording.samples.rung, strict=True), key=lambda item: item[1])
    begun = [(rung, next(iter(group))[0]) for rung, group in runs]
    if len(begun) == 1:
        return f"{begun[0][0]} all the time"
    return ", ".join(f"{rung} from {time_s:.2f} s" for rung, time_s in begun)


def _rounds(rounds: Sequence[Round], planner: str) -> str:
    if not rounds:
        return f"<h2>How the plan came about</h2><p>Planner: {escape(planner)}. It made no plan.</p>"
    items = []
    for one in rounds:
        numbers = ", ".join(_quantity(key, value) for key, value in one.proposal.items())
        verdict = "accepted" if one.accepted else "refused"
        findings = "".join(f"<li>{escape(finding)}</li>" for finding in one.findings)
        items.append(f"<li>{escape(numbers)}: <b>{verdict}</b>{'<ul>' + findings + '</ul>' if findings else ''}</li>")
    return f"<h2>How the plan came about</h2><p>Planner: {escape(planner)}.</p><ol>{''.join(items)}</ol>"


def _quantity(key: str, value: object) -> str:
    for suffix, unit in _UNITS.items():
        if key.endswith(suffix) and isinstance(value, float | int):
            return f"{key.removesuffix(suffix).replace('_', ' ')} {value:.3g} {unit}"
    return f"{key.replace('_', ' ')} {value}"


def _plan(recording: Recording) -> str:
    def shown(name: str, document: Mapping[str, Any] | None) -> str:
        if document is None:
            return ""
        text = json.dumps(document, indent=1, default=str)
        return f"<details><summary>{name}</summary><pre>{escape(text)}</pre></details>"

    details = shown("the plan", recording.plan) + shown("the contract", recording.contract)
    return f"<h2>In full</h2>{details}" if details else ""


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows) + "</dl>"
