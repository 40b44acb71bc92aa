"""Postal addresses as several countries write them; knows the table of forms, and no map.

A street with a house number is found where the kind of street is named; a town or a postcode alone is not.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from zaphod.safety.guard.pii.labelled import START
from zaphod.safety.guard.pii.recogniser import Recogniser, expanded, whole

_COUNTED: Final = (
    "chapter|section|page|pages|figure|fig|table|volume|vol|season|episode|track|lesson|unit|step|part|item|no|version"
)
_NO_STREET: Final = re.compile(r"[0-9A-Za-z-]+ (?:The|A|An|This|That|These|Your|My|Our|In|On|At|Of|And|Or|To|For|If) ")
_LINK: Final = "(?:[ ]?:|[ ](?:is|ist|est|es|è|é))?[ ]{1,3}"
_WITHOUT_SPACES: Final = ("[一", "[가", "〒")
"""Scripts whose words may touch what stands before them."""


def address_rows() -> list[Recogniser]:
    """The table as recognisers, in its order."""
    table = tomllib.loads(files(__package__).joinpath("addresses.toml").read_text(encoding="utf-8"))
    parts: dict[str, str] = {}
    for name, pattern in table["parts"].items():
        parts[name] = _filled(pattern, parts)
    return [_row(form, parts, table["labels"]) for form in table["form"]]


def _row(form: dict[str, Any], parts: dict[str, str], labels: str) -> Recogniser:
    is_labelled = form.get("labelled", False)
    pattern = _filled(form["pattern"], parts)
    return Recogniser(
        rule="pii.address",
        title="postal address",
        pattern=f"{START}(?i:{labels}){_LINK}(?P<value>{pattern})" if is_labelled else pattern,
        check=whole(_names_a_street),
        score=form["score"],
        refusal=_COUNTED,
        glue=".-/",
        stands_alone=not pattern.startswith(_WITHOUT_SPACES),
        lead=labels if is_labelled else "",
        needs=(expanded(_filled(form["needs"], parts)),),
    )


def _filled(pattern: str, parts: dict[str, str]) -> str:
    """A pattern with the parts in it that are named."""
    return re.sub(r"<([a-z_]+)>", lambda match: parts.get(match[1], match[0]), pattern)


def _names_a_street(text: str) -> bool:
    """Not `5 The Way`: an English street does not begin so."""
    return not _NO_STREET.match(text)
