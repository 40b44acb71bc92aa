"""The examination of one file: which matrices and layers stand for the others, in which order, in how much memory.

One layer is in memory at a time, so a model may be larger than PyTorch could hold. Layers of the same shapes and the
same formats are examined once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zaphod.compute.kernels import dispatch
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.model.files.weights import ModelWeights
from zaphod.model.native import NativeWeights, load_native, matrix_sizes
from zaphod.study.agreement.networks import LogitCheck, Skipped, check_part, fits, torch_bytes
from zaphod.study.agreement.products import ProductCheck, check_product

WHOLE = "whole network"


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found."""

    instruction_set: str
    products: tuple[ProductCheck, ...]
    logits: tuple[LogitCheck, ...]
    skipped: tuple[Skipped, ...]

    @property
    def is_ok(self) -> bool:
        return all(check.is_ok for check in self.products) and all(check.is_ok for check in self.logits)


def examine(weights: ModelWeights, *, num_threads: int, progress: Progress = SILENT) -> Examination:
    """Run every kernel on a file against the reference.

    Args:
        weights: an opened checkpoint.
        num_threads: threads that compute, on both sides.
        progress: who is told how far it is.

    Raises:
        ConfigError: the native kernels are not there.
    """
    alike = _count_alike(weights)
    products: dict[_Alike, ProductCheck] = {}
    logits: list[LogitCheck] = []
    skipped: list[Skipped] = []
    for layer in _distinct_layers(weights):
        part = f"layer {layer}"
        alone = weights.one_layer(layer)
        with progress.step(f"reading {part}", len(alone.names()), "tensors") as advance:
            loaded = load_native(alone, num_threads=num_threads, track=lambda names: _told(names, advance))
        _examine_products(alone, layer, loaded, alike, products, num_threads, progress)
        _examine_logits(alone, loaded, part, num_threads, progress, logits, skipped)
        del loaded
    if weights.config.num_layers > 1:
        _examine_whole(weights, num_threads, progress, logits, skipped)
    return Examination(
        instruction_set=dispatch.instruction_set(),
        products=tuple(products.values()),
        logits=tuple(logits),
        skipped=tuple(skipped),
    )


@dataclass(frozen=True)
class _Alike:
    """Matrices that one of them stands for."""

    stored: str
    computed: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class _Place:
    """A matrix by the name that `NativeWeights` gives it, and where the file has it."""

    name: str
    tensor: str
    piece: int


def _places(weights: ModelWeights) -> dict[_Place, _Alike]:
    """Every matrix of the network."""
    sizes = matrix_sizes(weights)
    places = {}
    for tensor in weights.names():
        is_stack = len(weights.shape(tensor)) == 3
        for piece in range(weights.num_pieces(tensor)):
            name = f"{tensor}.{piece}" if is_stack else tensor
            if name in sizes:
                stored, shape = weights.format(tensor).name, weights.shape(tensor)[-2:]
                places[_Place(name, tensor, piece)] = _Alike(stored, sizes[name].format, shape)
    return places


def _count_alike(weights: ModelWeights) -> Mapping[_Alike, int]:
    return Counter(_places(weights).values())


def _distinct_layers(weights: ModelWeights) -> list[int]:
    """The first layer of each kind: which tensors it has, of which shapes, in which formats."""
    kinds: dict[tuple[object, ...], int] = {}
    for layer in range(weights.config.num_layers):
        prefix = f"layers.{layer}."
        names = [name for name in weights.names() if name.startswith(prefix)]
        kind = tuple((name.removeprefix(prefix), weights.shape(name), weights.format(name).name) for name in names)
        kinds.setdefault(kind, layer)
    return list(kinds.values())


def _examine_products(
    alone: ModelWeights,
    layer: int,
    loaded: NativeWeights,
    alike: Mapping[_Alike, int],
    found: dict[_Alike, ProductCheck],
    num_threads: int,
    progress: Progress,
) -> None:
    """One matrix of each kind that has not been examined yet."""
    new = {kind: place for place, kind in reversed(_places(alone).items()) if kind not in found}
    with progress.step("multiplying", len(new), "matrices") as advance:
        for kind, place in new.items():
            found[kind] = check_product(
                loaded.matrices[place.name],
                alone.piece(place.tensor, place.piece),
                name=place.name.replace("layers.0.", f"layers.{layer}."),
                num_alike=alike[kind],
                number_format=kind.computed,
                num_threads=num_threads,
            )
            advance(1)


def _examine_logits(
    weights: ModelWeights,
    served: NativeWeights,
    part: str,
    num_threads: int,
    progress: Progress,
    logits: list[LogitCheck],
    skipped: list[Skipped],
) -> None:
    needed_bytes = torch_bytes(weights)
    if not fits(needed_bytes, is_whole=part == WHOLE):
        skipped.append(Skipped(part=part, needed_bytes=needed_bytes))
        return
    with progress.step(f"computing {part}", 3, "networks") as advance:
        logits += check_part(weights, served, part=part, num_threads=num_threads, done=lambda: advance(1))


def _examine_whole(
    weights: ModelWeights, num_threads: int, progress: Progress, logits: list[LogitCheck], skipped: list[Skipped]
) -> None:
    needed_bytes = torch_bytes(weights)
    if not fits(needed_bytes, is_whole=True):
        skipped.append(Skipped(part=WHOLE, needed_bytes=needed_bytes))
        return
    with progress.step(f"reading the {WHOLE}", len(weights.names()), "tensors") as advance:
        served = load_native(weights, num_threads=num_threads, track=lambda names: _told(names, advance))
    _examine_logits(weights, served, WHOLE, num_threads, progress, logits, skipped)


def _told(names: list[str], advance: Advance) -> Iterator[str]:
    for name in names:
        yield name
        advance(1)
