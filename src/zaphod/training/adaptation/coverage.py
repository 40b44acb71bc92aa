"""What an adaptation reaches and leaves: names, shares, bytes of each class of weights; refuses what was not asked for.

A four-bit run whose experts stayed in high precision, or an adapter that changes nothing, ends here and not in a log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zaphod.compute.quant import NF4
from zaphod.core.errors import ConfigError
from zaphod.core.units import format_bytes, format_count
from zaphod.model.adapters import adaptable_shapes
from zaphod.model.shapes import PARTS, is_kept_exact, parameter_shapes, part_of
from zaphod.training.adaptation.model import AdaptedModel, canonical_name
from zaphod.training.adaptation.targets import matches

_MAX_LISTED = 4


@dataclass(frozen=True, kw_only=True)
class ClassBytes:
    """How the weights of one class are stored while the model learns."""

    part: str
    num_parameters: int
    num_bytes: int
    formats: tuple[str, ...]
    num_updated: int
    """Parameters of weights that are updated or trained."""

    @property
    def bits_per_weight(self) -> float:
        return 8 * self.num_bytes / self.num_parameters


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The report of an adaptation, before its first step."""

    method: str
    router: str
    targets: Mapping[str, tuple[str, ...]]
    """For each target the weights that it met."""
    left_out: tuple[str, ...]
    """Weights that could be adapted and are not."""
    num_parameters: int
    num_trainable: int
    classes: tuple[ClassBytes, ...]

    @property
    def trainable_share(self) -> float:
        """Of the model's parameters."""
        return self.num_trainable / self.num_parameters

    @property
    def expert_share(self) -> float:
        """Of the experts' parameters, those that are updated or trained; 1 where there are no experts."""
        experts = [part for part in self.classes if part.part == "experts"]
        return sum(p.num_updated for p in experts) / sum(p.num_parameters for p in experts) if experts else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON."""
        shares = {"trainable_share": self.trainable_share, "expert_share": self.expert_share}
        classes = [asdict(part) | {"bits_per_weight": round(part.bits_per_weight, 4)} for part in self.classes]
        return asdict(self) | shares | {"classes": classes}

    def rows(self) -> list[tuple[str, ...]]:
        """A table for people: class, parameters, bits a weight, bytes, formats, share updated."""
        return [
            (
                part.part,
                format_count(part.num_parameters),
                f"{part.bits_per_weight:.3f}",
                format_bytes(part.num_bytes),
                ", ".join(part.formats),
                f"{part.num_updated / part.num_parameters:.0%}",
            )
            for part in self.classes
        ]


HEADER = ("class", "parameters", "bits/weight", "bytes", "format", "learns")


def coverage(model: AdaptedModel) -> Coverage:
    """Count what is stored and what is learnt.

    Raises:
        ConfigError: nothing is learnt, or a weight of a `qlora` run is in high precision without being asked for.
    """
    stored = _stored(model)
    if model.config.method == "qlora":
        _require_quantised(model, {name: number_format for name, (_, number_format) in stored.items()})
    learnt = model.learnt()
    if not learnt:
        raise ConfigError("Nothing is learnt.", "An adaptation changes some weight.", "Check targets and router.")
    updated = {name.partition(".lora_")[0] for name in learnt}
    shapes = parameter_shapes(model.network.config)
    sizes = {name: _size(shape) for name, shape in shapes.items()}
    classes = []
    for part in PARTS:
        names = [name for name in shapes if part_of(name) == part]
        if names:
            classes.append(
                ClassBytes(
                    part=part,
                    num_parameters=sum(sizes[name] for name in names),
                    num_bytes=sum(stored[name][0] for name in names),
                    formats=tuple(sorted({stored[name][1] for name in names})),
                    num_updated=sum(sizes[name] for name in names if name in updated),
                )
            )
    return Coverage(
        method=model.config.method,
        router=model.config.router,
        targets={target: tuple(names) for target, names in model.targets.items()},
        left_out=tuple(name for name in adaptable_shapes(model.network.config) if name not in updated),
        num_parameters=sum(sizes.values()),
        num_trainable=sum(parameter.numel() for parameter in learnt.values()),
        classes=tuple(classes),
    )


def _stored(model: AdaptedModel) -> dict[str, tuple[int, str]]:
    """Bytes and format of each weight of the model, by canonical name; updates are no weights of the model."""
    stored: dict[str, tuple[int, str]] = defaultdict()
    for name, parameter in model.network.named_parameters():
        if ".lora_" not in name:
            stored[canonical_name(name)] = parameter.nbytes, str(parameter.dtype).removeprefix("torch.")
    for name, weight in model.weights().items():
        stored[name] = weight.base.num_bytes, weight.base.format_name
    return stored


def _require_quantised(model: AdaptedModel, formats: Mapping[str, str]) -> None:
    shapes = parameter_shapes(model.network.config)
    exact = [
        name
        for name in adaptable_shapes(model.network.config)
        if formats[name] != NF4.name
        and not is_kept_exact(name, shapes[name])
        and not matches(name, model.config.keep_exact)
    ]
    if exact:
        raise ConfigError(
            f"{len(exact)} weights of a four-bit run are in high precision: {_listed(exact)}.",
            "Every projection and every expert is stored in NF4 unless it is left out by name.",
            "Name them with --keep, or use --method lora.",
        )


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
