"""Writes a model in another file format or another precision, piece by piece; knows no PyTorch.

At no time is more in memory than a piece (an expert, or a matrix), what it becomes, and a few temporaries: a model of
any size is converted on a small machine. What is interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.compute.quant import EncodedTensor
from zaphod.compute.quant.tiled import untiled_form
from zaphod.compute.weights.gguf_writer import GGUFWriter
from zaphod.compute.weights.packed import PackedWriter
from zaphod.compute.weights.plan import CheckpointWriter, PlannedTensor
from zaphod.compute.weights.safetensors_writer import SafetensorsWriter
from zaphod.core.errors import CapacityError, ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.units import format_bytes
from zaphod.model.files.conversion_plan import Output, Target, plan_outputs
from zaphod.model.files.gguf import config_to_gguf
from zaphod.model.files.huggingface_export import config_to_huggingface
from zaphod.model.files.recoding import ErrorSum, recode
from zaphod.model.files.transforms import join_rows, row_major, to_theirs
from zaphod.model.files.vocabulary import gguf_vocabulary, vocabulary_settings
from zaphod.model.files.weights import ModelWeights
from zaphod.model.shapes import part_of

_QUANTIZATION_VERSION = 2
_FILE_TYPES = {"float32": 0, "float16": 1, "q4_0": 2, "q8_0": 7, "bfloat16": 32}
"""llama.cpp's numbers (llama_ftype) for files that are mostly of one format."""


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One tensor that was written."""

    name: str
    sources: tuple[str, ...]
    """Our names of what went into it."""
    stored_format: str
    written_format: str
    """Formats of the numbers, tiled or not."""
    written_bytes: int


@dataclass(frozen=True, kw_only=True)
class ConversionReport:
    """What a conversion did."""

    files: tuple[Path, ...]
    ledger: tuple[LedgerEntry, ...]
    relative_errors: Mapping[str, float]
    """For each part of the model (see `shapes.PARTS`) that lost something: root mean square of the error over that of
    the values. Tensors that an earlier, interrupted run had written are not in it."""
    num_resumed: int
    """Tensors that an earlier run had written."""

    @property
    def written_bytes(self) -> int:
        return sum(entry.written_bytes for entry in self.ledger)

    @property
    def is_lossless(self) -> bool:
        """Whether this run lost nothing."""
        return not self.relative_errors


def convert(
    weights: ModelWeights,
    target: Target,
    out: Path,
    quantization: str | None = None,
    progress: Progress = SILENT,
) -> ConversionReport:
    """Write a model to a new place.

    Args:
        weights: the opened model.
        target: `packed` (a folder), `safetensors` (a Hugging Face folder) or `gguf` (a file).
        out: the folder or file to write.
        quantization: the number format of the large matrices, see `conversion_plan.QUANTIZATIONS`; None keeps what is
            stored where the target can hold it, and takes the nearest format otherwise.
        progress: who is told how far it is.

    Raises:
        ConfigError: the model, the target and the quantization do not go together, or `out` holds other weights.
        CapacityError: the disk is too small.
        WeightsError: the weights cannot be read, or hold values that the format cannot.
        TokenizerError: the vocabulary cannot be carried over.
    """
    outputs = plan_outputs(weights, target, quantization)
    writer = _writer(weights, target, out, outputs)
    left = [output for output in outputs if not writer.is_written(output.tensor.name)]
    _check_space(out, sum(output.tensor.num_bytes for output in left))
    errors: dict[str, ErrorSum] = defaultdict(ErrorSum)
    with progress.step("converting", sum(output.tensor.num_bytes for output in left)) as advance:
        for output in left:
            writer.write(output.tensor.name, _pieces(weights, output, errors))
            advance(output.tensor.num_bytes)
    return ConversionReport(
        files=tuple(writer.finish()),
        ledger=tuple(_entry(weights, output) for output in outputs),
        relative_errors={part: error.relative_rms for part, error in errors.items() if error.error},
        num_resumed=len(outputs) - len(left),
    )


def _pieces(weights: ModelWeights, output: Output, errors: Mapping[str, ErrorSum]) -> Iterator[EncodedTensor]:
    """The output's data: one expert after another, or whole."""
    indices = range(weights.num_pieces(output.sources[0])) if output.expert is None else (output.expert,)
    for index in indices:
        parts = [
            recode(row_major(weights.piece(name, index)), output.tensor.format, errors[part_of(name)])
            for name in output.sources
        ]
        theirs = [to_theirs(output.transform, part, weights.config) for part in parts]
        yield theirs[0] if len(theirs) == 1 else join_rows(theirs)


def _writer(weights: ModelWeights, target: Target, out: Path, outputs: list[Output]) -> CheckpointWriter:
    plan = [output.tensor for output in outputs]
    config, source = weights.config, _fingerprint(weights)
    if target == "gguf":
        return _gguf_writer(weights, out, plan, source)
    if out.resolve() == weights.checkpoint.path.resolve():
        raise ConfigError(f"{out} is the model itself.", "A conversion makes a new model.", "Choose another folder.")
    files, settings = weights.tokenizer_files, vocabulary_settings(weights)
    if target == "packed":
        return PackedWriter(out, plan, config.to_dict() | settings, files, source=source)
    return SafetensorsWriter(out, plan, config_to_huggingface(config) | settings, files, source=source)


def _gguf_writer(weights: ModelWeights, out: Path, plan: list[PlannedTensor], source: str) -> GGUFWriter:
    if out.suffix != ".gguf" or out.is_dir():
        raise ConfigError(f"{out} is no name for a GGUF file.", "It must end in .gguf.", f"Write to {out}.gguf.")
    if out.resolve() == weights.checkpoint.path.resolve():
        raise ConfigError(f"{out} is the model itself.", "A conversion makes a new model.", "Choose another file.")
    metadata: dict[str, Any] = config_to_gguf(weights.config, out.stem) | gguf_vocabulary(weights) | _file_type(plan)
    return GGUFWriter(out, plan, metadata, source=source)


def _file_type(plan: list[PlannedTensor]) -> dict[str, int]:
    """What loaders print as the file's precision: that of most of its bytes."""
    sizes: Counter[str] = Counter()
    for tensor in plan:
        sizes[tensor.format.name] += tensor.num_bytes
    [(name, _)] = sizes.most_common(1)
    metadata = {"general.quantization_version": _QUANTIZATION_VERSION}
    return metadata | ({"general.file_type": _FILE_TYPES[name]} if name in _FILE_TYPES else {})


def _fingerprint(weights: ModelWeights) -> str:
    """Tells this source from another, and from itself after a change: config, and names, sizes and dates of files."""
    path = weights.checkpoint.path.resolve()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    digest = hashlib.sha256(repr((str(path), weights.config, weights.changes)).encode())
    for file in files:
        status = file.stat()
        digest.update(repr((str(file), status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def _check_space(out: Path, needed_bytes: int) -> None:
    folder = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.is_dir())
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        raise CapacityError(
            f"The disk at {folder} has {format_bytes(free_bytes)} left.",
            f"{format_bytes(needed_bytes)} are still to be written.",
            "Free some space, choose another disk, or a smaller quantisation.",
        )


def _entry(weights: ModelWeights, output: Output) -> LedgerEntry:
    return LedgerEntry(
        name=output.tensor.name,
        sources=tuple(output.sources),
        stored_format=untiled_form(weights.format(output.sources[0])).name,
        written_format=untiled_form(output.tensor.format).name,
        written_bytes=output.tensor.num_bytes,
    )
