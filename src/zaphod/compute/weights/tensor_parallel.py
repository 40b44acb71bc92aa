"""Grok-2's file names: `…-TP-common.safetensors` and one `…-TP-{rank:03d}.safetensors` a rank; knows no tensor axis.

Every rank's file holds the same names with that rank's slice of each tensor. Along which axis the slices join is the
model's knowledge, not the files'.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zaphod.compute.weights.safetensors_file import SafetensorsFile, refuse_repetition
from zaphod.core.errors import CorruptFileError, MissingTensorError

_NAME = re.compile(r"(?P<group>.+)-TP-(?P<rank>common|\d{3})\.safetensors")

Holders = Mapping[str, Sequence[SafetensorsFile]]
"""For each tensor the files that hold it: one, or one a rank in rank order."""


def is_tensor_parallel(path: Path) -> bool:
    """Whether a file's name is that of a common file or a rank's file."""
    return _NAME.fullmatch(path.name) is not None


def gather_ranks(paths: Sequence[Path]) -> Holders:
    """Which files hold which tensor.

    Raises:
        MissingTensorError: a rank's file is missing, or a tensor is in some ranks only, or in common and rank files.
        CorruptFileError: the ranks' slices differ in shape or dtype.
    """
    holders: dict[str, list[SafetensorsFile]] = {}
    for ranks in _groups(paths):
        files = [SafetensorsFile(path) for path in ranks]
        for name in dict.fromkeys(name for file in files for name in file.places):
            if name in holders:
                refuse_repetition(name, holders[name][0].path, files[0].path)
            _check_slices(name, files)
            holders[name] = files
    return holders


def _groups(paths: Sequence[Path]) -> list[list[Path]]:
    """The files of each group in rank order; a common file is a group of its own."""
    ranked: dict[str, dict[int, Path]] = defaultdict(dict)
    groups: list[list[Path]] = []
    for path in sorted(paths):
        match = _NAME.fullmatch(path.name)
        if match is None or match["rank"] == "common":
            groups.append([path])
        else:
            ranked[match["group"]][int(match["rank"])] = path
    num_ranks = _num_ranks(ranked.values())
    for group, ranks in ranked.items():
        if missing := [f"{group}-TP-{rank:03d}.safetensors" for rank in range(num_ranks) if rank not in ranks]:
            raise MissingTensorError(
                f"{paths[0].parent} lacks {', '.join(missing[:8])}.",
                f"Each tensor-parallel group has {num_ranks} files.",
                "Finish the download.",
            )
        groups.append([ranks[rank] for rank in range(num_ranks)])
    return sorted(groups)


def _num_ranks(groups: Iterable[Mapping[int, Path]]) -> int:
    """The ranks of a complete set: the highest seen, rounded up to a power of two.

    Without the rounding, a download that lacks the last rank of every group would look complete. Tensor-parallel
    releases are cut into powers of two, because attention heads and expert widths are such multiples.
    """
    highest = max((rank for ranks in groups for rank in ranks), default=-1)
    return 1 << highest.bit_length() if highest >= 0 else 0


def _check_slices(name: str, files: Sequence[SafetensorsFile]) -> None:
    for file in files:
        if name not in file.places:
            raise MissingTensorError(
                f"{file.path} lacks the tensor '{name}', which other ranks of its group hold.",
                "Every rank holds a slice of the same tensors.",
                "Fetch the file again.",
            )
        if file.places[name].spec != files[0].places[name].spec:
            raise CorruptFileError(
                f"The slices of '{name}' differ: {_describe(files[0], name)}, {_describe(file, name)}.",
                "Every rank holds a slice of the same shape and dtype.",
                "The files are not of one release; fetch them again.",
            )


def _describe(file: SafetensorsFile, name: str) -> str:
    spec = file.places[name].spec
    return f"{spec.dtype} {list(spec.shape)} in {file.path.name}"
