"""Several transforms on one text, one after another; knows which orders leave something that can be read back.

Letters, gaps and stories may be laid over a text in any order that keeps it: what changes letters for good must not
stand on top of a code, since nobody could decode it again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from zaphod.study.redteam.transforms.transform import Transform

_CODES = ("encoding",)
_WRAPPERS = ("hiding", "framing")
# These leave every character of what they are given, or only add some that decoders skip.
_KEEPERS = frozenset(
    ("zero_width", "invisible_operators", "soft_hyphens", "noise_around", "translation_frame", "role_play_frame")
    + ("research_frame", "tool_result", "chat_markers", "few_shot", "many_shot", "long_cover", "split_variables")
    + ("html_comment", "invisible_element", "markdown_comment", "json_field", "code_comment", "table_cell")
    + ("log_line", "email_footer")
)
_MAX_TRIES = 60


def may_follow(transform: Transform, before: Sequence[Transform]) -> bool:
    """Whether this transform may be laid over those."""
    if any(transform.name == other.name for other in before):
        return False
    is_coded = any(other.kind in _CODES or (other.is_exact and other.kind != "framing") for other in before)
    return not is_coded or transform.is_exact or transform.name in _KEEPERS


def compose(
    text: str, transforms: Sequence[Transform], depth: int, rng: random.Random
) -> tuple[str, tuple[str, ...]] | None:
    """The text under `depth` transforms that each changed it, and their names; None if none were found.

    Args:
        text: what to write in another way.
        transforms: to choose from.
        depth: how many.
        rng: chooses, and gives each transform its parameters.
    """
    chosen: list[Transform] = []
    for _ in range(_MAX_TRIES):
        if len(chosen) == depth:
            break
        transform = rng.choice(transforms)
        if not may_follow(transform, chosen):
            continue
        changed = transform.apply(text, rng)
        if changes_enough(text, changed):
            text, chosen = changed, [*chosen, transform]
    return (text, tuple(transform.name for transform in chosen)) if len(chosen) == depth else None


def changes_enough(before: str, after: str) -> bool:
    """Whether a transform did something to a text: in other scripts than its own, many do nothing."""
    kept = sum(old == new for old, new in zip(before, after, strict=False))
    return len(after) != len(before) or kept < 0.9 * len(before)
