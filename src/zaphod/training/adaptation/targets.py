"""Which weights a list of targets means; knows canonical names and shapes, no tensor.

A target is a group (`attention`, `mlp`, `shared`, `experts`), the end of a name (`q_proj`, `experts.gate`), or a
pattern of whole names (`layers.0.*`).
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping, Sequence

from zaphod.core.errors import ConfigError
from zaphod.model.adapters import adaptable_shapes
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import part_of
from zaphod.training.adaptation.config import EVERYTHING

_PARTS = {"attention": "attention", "mlp": "dense blocks", "shared": "shared experts", "experts": "experts"}


def match_targets(config: ModelConfig, targets: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """For each target the canonical names that it means.

    Raises:
        ConfigError: a target means nothing in this model. Groups that a model has no weights of may stand in the full
            list, so that it serves every model.
    """
    names = list(adaptable_shapes(config))
    matched = {target: [name for name in names if _means(target, name)] for target in targets}
    lost = [target for target in targets if not matched[target]]
    if lost and (set(targets) != set(EVERYTHING) or len(lost) == len(targets)):
        ends = sorted({_end(name) for name in names})
        known = [*EVERYTHING, *ends]
        nearest = difflib.get_close_matches(lost[0], known, n=1)
        raise ConfigError(
            f"The target {lost[0]!r} matches no weight of this {config.family} model.",
            f"Groups are {', '.join(EVERYTHING)}; ends of names are {', '.join(ends)}.",
            f"Did you mean {nearest[0]!r}?" if nearest else "Name one of these, or a pattern such as layers.0.*",
        )
    return matched


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of the targets means this name."""
    return any(_means(pattern, name) for pattern in patterns)


def _means(target: str, name: str) -> bool:
    if target in _PARTS:
        return part_of(name) == _PARTS[target]
    stem = name.removesuffix(".weight")
    return stem.endswith(f".{target}") or fnmatch.fnmatchcase(name, target) or fnmatch.fnmatchcase(stem, target)


def _end(name: str) -> str:
    stem = name.removesuffix(".weight")
    return stem.partition(".moe.")[2] if ".experts." in name else stem.rpartition(".")[2]
