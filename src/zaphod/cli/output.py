"""How results are printed: a few rows, or JSON; knows nothing of what they say.

On a terminal headings are bold; elsewhere the same text comes plain and is never wrapped, so that it can be cut by
other programs.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wider than any row we print: rich would otherwise wrap at 80 columns where there is no terminal.
_PLAIN_WIDTH = 1000


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_line(text: str = "", style: str = "") -> None:
    """One line as it is; `style` shows on a terminal only."""
    _console().print(Text(text, style=style), soft_wrap=True)


def print_piece(text: str) -> None:
    """A piece of a model's answer at once, without a line end. A terminal obeys control characters, so it gets none."""
    if sys.stdout.isatty():
        text = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")
    print(text, end="", flush=True)


def visible(text: str) -> str:
    """The same, so that no letter of it moves the cursor of whoever reads it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Names on the left, values on the right."""
    print_table(pairs, styles=("dim", ""))


def print_table(
    rows: Iterable[Sequence[str]],
    header: Sequence[str] = (),
    right: Sequence[int] = (),
    styles: Sequence[str] = (),
) -> None:
    """Rows in columns; those whose index is in `right` are flush right."""
    cells = [[*map(str, row)] for row in rows]
    width = max((len(row) for row in [*cells, header]), default=0)
    table = Table(box=None, show_header=bool(header), pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in range(width):
        table.add_column(
            Text(header[column]) if header else "",
            justify="right" if column in right else "left",
            style=styles[column] if styles else "",
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console = _console()
    with console.capture() as capture:
        console.print(table)
    # rich fills the last column with spaces, which would stand in every file and every copied line.
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    return console
