"""A document that can be forwarded: one file, no script, nothing from elsewhere, light and dark, fit for paper.

Knows HTML and escapes whatever it is given; knows no subject. What is called `html` here is markup already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Final

from zaphod.core.report.colours import VARIABLES
from zaphod.core.report.picture import Picture, as_svg, picture_css

STYLE: Final = (
    VARIABLES
    + picture_css()
    + """
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2.5rem auto;
padding:0 clamp(1rem,4vw,2rem);overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.2rem;margin:2.6rem 0 .6rem}
h3{font-size:1rem;margin:1.4rem 0 .3rem}p{margin:.3rem 0 .8rem;max-width:46rem}
.dim,figcaption{color:var(--dim)}figcaption{font-size:.9rem;margin-top:.3rem}.lead{font-size:1.15rem}
figure{margin:0;break-inside:avoid}svg,img{width:100%;height:auto;display:block}svg{overflow:visible}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:1.8rem 2.4rem}
.charts+p{margin-top:1.4rem}
.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;margin:1.4rem 0;
background:var(--grid);border:1px solid var(--grid);border-radius:8px;overflow:hidden}
.card{background:var(--page);padding:.8rem 1rem}
.card b{display:block;font-size:1.45rem;font-weight:600;line-height:1.25}
.card span{display:block;font-size:.875rem;color:var(--dim)}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.25rem 1.2rem;margin:0}
dt{color:var(--dim)}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.925rem}
th,td{text-align:left;vertical-align:top;padding:.35rem 1.1rem .35rem 0;border-top:1px solid var(--grid);
overflow-wrap:normal}thead th{color:var(--dim);font-weight:500;border-top:0}td:last-child,th:last-child{padding-right:0}
td.number,th.number{text-align:right;white-space:nowrap}td svg{width:6.5rem;margin:.2rem 0}
tr.group th{padding-top:1.1rem;font-weight:600}
ol,ul{padding-left:1.4rem;margin:.2rem 0}li{margin:.2rem 0}a{color:var(--line-1)}
article{border-top:1px solid var(--grid);padding:.9rem 0;break-inside:avoid}article h3{margin:0 0 .4rem}
h3 span{font-weight:400}summary{cursor:pointer;margin-bottom:.6rem}
code{font:.875em ui-monospace,monospace;background:var(--wash);padding:.1em .3em;border-radius:4px}
.status{border-left:5px solid var(--line-3);padding:.1rem 0 .1rem .8rem}.status.bad{border-color:var(--limit)}
@media(max-width:600px){svg.chart text{font-size:17px}.cards{grid-template-columns:1fr 1fr}.card{padding:.6rem .7rem}
.card b{font-size:1.2rem}table{font-size:.85rem}th,td{padding-right:.7rem}td.number{white-space:normal}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{body{margin:0;max-width:none;padding:0;font-size:10.5pt}h2{break-after:avoid}tr,.card{break-inside:avoid}
.charts{grid-template-columns:1fr 1fr}}
"""
)


def page(title: str, *sections_html: str, style: str = "") -> str:
    """The whole document; empty sections are left out. `style` is added to the common one."""
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>"
    )
    body = "\n".join(section for section in sections_html if section)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def heading(text: str) -> str:
    """The one of the whole document."""
    return f"<h1>{escape(text)}</h1>"


def section(title: str, *content_html: str) -> str:
    """A heading and what follows; "" where nothing follows."""
    body = "".join(content_html)
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def article(title: str, aside: str, *content_html: str) -> str:
    """One of many alike within a section; what is said `aside` stands quietly beside its title."""
    beside = f' <span class="dim">· {escape(aside)}</span>' if aside else ""
    return f"<article><h3>{escape(title)}{beside}</h3>{''.join(content_html)}</article>"


def subsection(title: str, *content_html: str) -> str:
    """A lesser heading and what follows; "" where nothing follows."""
    body = "".join(content_html)
    return f"<h3>{escape(title)}</h3>{body}" if body else ""


def folded(summary: str, *content_html: str) -> str:
    """What is shown to those who ask for it; "" where there is nothing."""
    body = "".join(content_html)
    return f"<details><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def paragraph(text: str, kind: str = "") -> str:
    """Text of a class of `STYLE`: `dim`, `lead`, `status`."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def cards(rows: Iterable[tuple[str, str, str]]) -> str:
    """Figures that stand out: name, value, what is said below it."""
    made = "".join(
        f'<div class="card"><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(below)}</span></div>'
        for name, value, below in rows
    )
    return f'<div class="cards">{made}</div>' if made else ""


def facts(rows: Iterable[tuple[str, str | Sequence[str]]]) -> str:
    """Names and what is said of them: text, its addresses as links, or several commands; "" where there are none."""
    made = "".join(f"<dt>{escape(name)}</dt><dd>{_said(said)}</dd>" for name, said in rows)
    return f"<dl>{made}</dl>" if made else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str | Picture]], *, right: Collection[int] = ()) -> str:
    """Rows of cells; one of a single text is a heading within the table.

    Args:
        header: names of the columns.
        rows: as many cells each, or one.
        right: columns of numbers, by their index.
    """

    def cell(tag: str, number: int, held: str | Picture) -> str:
        return f"<{tag}{_class('number') if number in right else ''}>{_held(held)}</{tag}>"

    head = "".join(cell("th", number, name) for number, name in enumerate(header))
    body = []
    for row in rows:
        if len(row) == 1 and len(header) > 1:
            body.append(f'<tr class="group"><th colspan="{len(header)}" scope="colgroup">{_held(row[0])}</th></tr>')
        else:
            body.append(f"<tr>{''.join(cell('td', number, text) for number, text in enumerate(row))}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def charts(pictures: Iterable[tuple[Picture, str]]) -> str:
    """Pictures with what is said below each."""
    made = "".join(
        f"<figure>{as_svg(picture)}{f'<figcaption>{escape(caption)}</figcaption>' if caption else ''}</figure>"
        for picture, caption in pictures
    )
    return f'<div class="charts">{made}</div>' if made else ""


def listed(items: Iterable[str], *, numbered: bool = False) -> str:
    """A list; items that are addresses become links. "" where there are none."""
    made = "".join(f"<li>{_linked(item)}</li>" for item in items)
    tag = "ol" if numbered else "ul"
    return f"<{tag}>{made}</{tag}>" if made else ""


def _said(said: str | Sequence[str]) -> str:
    return _linked(said) if isinstance(said, str) else "<br>".join(f"<code>{escape(one)}</code>" for one in said)


def _held(held: str | Picture) -> str:
    return escape(held) if isinstance(held, str) else as_svg(held)


def _linked(text: str) -> str:
    words = []
    for word in text.split(" "):
        bare = word.rstrip(".,;)")
        is_address = bare.startswith(("https://", "http://"))
        link = f'<a href="{escape(bare, quote=True)}" rel="noreferrer">{escape(bare)}</a>'
        words.append(link + escape(word[len(bare) :]) if is_address else escape(word))
    return " ".join(words)


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
