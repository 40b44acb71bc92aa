"""Which national identity numbers are recognised; knows the table, not the arithmetic of its checks."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from zaphod.safety.guard.pii.national_checks import CHECKS
from zaphod.safety.guard.pii.recogniser import MANY_DIGITS, Recogniser, compact, expanded, whole
from zaphod.safety.guard.pii.surroundings import NUMBER_REFUSAL

_IN_CONTEXT: Final = 0.95


def national_id_rows() -> list[Recogniser]:
    """The table as recognisers, in its order."""
    table = tomllib.loads(files(__package__).joinpath("national_ids.toml").read_text(encoding="utf-8"))
    return [_recogniser(row) for row in table["id"]]


def _recogniser(row: dict[str, str | float]) -> Recogniser:
    return Recogniser(
        rule=f"pii.national_id.{row['rule']}",
        title=str(row["title"]),
        pattern=str(row["pattern"]),
        check=whole(_of_compact(CHECKS[str(row["check"])])),
        context=str(row["context"]),
        score=float(row["alone"]),
        score_in_context=_IN_CONTEXT,
        refusal=NUMBER_REFUSAL,
        needs=(expanded(str(row["needs"])) if "needs" in row else MANY_DIGITS,),
        glue=".-/",
    )


def _of_compact(check: Callable[[str], bool]) -> Callable[[str], bool]:
    def is_right(text: str) -> bool:
        number = compact(text)
        return number.isascii() and check(number)

    return is_right
