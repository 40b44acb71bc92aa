"""The weights of a model under our names, whatever file they lie in; knows files and names, not PyTorch.

Nothing is read before it is asked for, and then one piece at a time: one expert of a stack, or one whole tensor.
"""

from __future__ import annotations

import copy
import dataclasses
import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from zaphod.compute.quant import EncodedTensor, QuantFormat
from zaphod.compute.quant.tensor import Shape
from zaphod.compute.weights import Checkpoint, open_checkpoint
from zaphod.compute.weights.safetensors import SafetensorsCheckpoint
from zaphod.core.errors import ConfigError, MissingTensorError
from zaphod.model.config import ModelConfig
from zaphod.model.files.huggingface import config_from_huggingface
from zaphod.model.files.names import (
    OFFICIAL_GROK_1,
    OURS,
    SAFETENSORS_LAYOUTS,
    Layout,
    NameRule,
    their_names,
)
from zaphod.model.files.transforms import join_slices, their_shape, to_ours
from zaphod.model.presets import PRESETS
from zaphod.model.shapes import parameter_shapes

VOCABULARY_KEY = "tokenizer"
"""Keys that begin so describe a vocabulary, beside the model's settings in a file's metadata."""

_MAX_LISTED = 5


@dataclass(frozen=True)
class _Source:
    """Where one of our tensors lies: by which rule, in which of their tensors."""

    rule: NameRule
    names: Sequence[str]


class ModelWeights:
    """A checkpoint seen through a model's config: our names, our shapes, [out, in].

    Args:
        checkpoint: the opened file.
        config: the model that it should hold.

    Raises:
        MissingTensorError: tensors are missing, left over, or of another shape; the message names them.
        ConfigError: tensors of the file are of a kind that is not read.
    """

    def __init__(self, checkpoint: Checkpoint, config: ModelConfig) -> None:
        self.checkpoint = checkpoint
        self.config = config
        self._shapes = parameter_shapes(config)
        self._layout = find_layout(checkpoint)
        self._sources = self._find_sources()
        self._check_surplus()
        self._check_shapes()

    @property
    def changes(self) -> str:
        """What tells these weights from those of the checkpoint: nothing, unless they are seen with changes."""
        return ""

    @property
    def tokenizer_files(self) -> Mapping[str, Path]:
        return self.checkpoint.tokenizer_files

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The file's own description of the model; GGUF files keep their vocabulary in it."""
        return self.checkpoint.metadata

    @property
    def layout(self) -> str:
        """Which layout of names the file has, in words."""
        return self._layout.name

    def with_config(self, config: ModelConfig) -> ModelWeights:
        """The same checkpoint as another model. Raises like the constructor where the tensors do not fit it."""
        return ModelWeights(self.checkpoint, config)

    def one_layer(self, layer: int) -> ModelWeights:
        """The embedding, one layer, the last norm and the head, seen as a model of one layer."""
        alone = copy.copy(self)
        dense_layers = () if self.config.is_sparse(layer) or self.config.moe is None else (0,)
        alone.config = dataclasses.replace(self.config, num_layers=1, dense_layers=dense_layers)
        alone._shapes = parameter_shapes(alone.config)
        alone._sources = {name: self._sources[name.replace("layers.0.", f"layers.{layer}.")] for name in alone._shapes}
        return alone

    def names(self) -> list[str]:
        """Our names, in file order of `parameter_shapes`."""
        return list(self._shapes)

    def shape(self, name: str) -> Shape:
        """Shape of our tensor."""
        return self._shapes[name]

    def format(self, name: str) -> QuantFormat:
        """How the tensor is stored, seen as [out, in]; of experts stored in several, the first's."""
        source = self._sources[name]
        stored = _slices(self.checkpoint, source.names[0], source.rule)[0]
        return to_ours(source.rule.transform, stored, self.config).format

    def num_bytes(self, name: str) -> int:
        """Stored bytes of the tensor, scales included."""
        return self.format(name).num_bytes(self._shapes[name])

    def stored_names(self, name: str) -> Sequence[str]:
        """The file's names of what our tensor is made of: one, or one for each expert."""
        return self._sources[name].names

    def num_pieces(self, name: str) -> int:
        """One for each expert of an [E, ...] stack, otherwise 1."""
        return self._shapes[name][0] if self._is_stack(name) else 1

    def piece(self, name: str, index: int) -> EncodedTensor:
        """One piece, still encoded and mapped from the file: an expert of a stack, or the whole of another tensor.

        Raises:
            CorruptFileError: the file changed since it was opened.
        """
        source = self._sources[name]
        if source.rule.is_per_expert:
            tensor = self._theirs(source, index)
        else:
            tensor = self._theirs(source, 0)
            tensor = tensor[index] if self._is_stack(name) else tensor
        return to_ours(source.rule.transform, tensor, self.config)

    def pieces(self, name: str) -> Iterator[EncodedTensor]:
        """All pieces of a tensor, one after another; see `piece`."""
        return (self.piece(name, index) for index in range(self.num_pieces(name)))

    def close(self) -> None:
        """Release the file; pieces handed out stay valid."""
        self.checkpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_stack(self, name: str) -> bool:
        return len(self._shapes[name]) == 3

    def _theirs(self, source: _Source, index: int) -> EncodedTensor:
        slices = _slices(self.checkpoint, source.names[index], source.rule)
        return join_slices(slices, source.rule.join_axis or 0)

    def _find_sources(self) -> dict[str, _Source]:
        present = set(self.checkpoint.names())
        sources: dict[str, _Source] = {}
        missing: list[str] = []
        for name, shape in self._shapes.items():
            num_experts = shape[0] if len(shape) == 3 else 0
            choices = [
                _Source(rule, their_names(rule, layer, num_experts)) for rule, layer in self._layout.rules_for(name)
            ]
            if not choices:
                missing.append(name)
                continue
            sources[name] = next((choice for choice in choices if choice.names[0] in present), choices[0])
            missing += [theirs for theirs in sources[name].names if theirs not in present]
        if missing:
            self._refuse_named(present)
            raise MissingTensorError(
                f"{self.checkpoint.path} lacks {_listed(missing)}.",
                f"A {self.config.family} model of {self.config.num_layers} layers in the layout of {self._layout.name} "
                "has them.",
                "Finish the download; if the files are complete, their config describes another model.",
            )
        return sources

    def _check_surplus(self) -> None:
        used = {theirs for source in self._sources.values() for theirs in source.names}
        ignored = list(self._layout.ignored)
        if self.config.tie_embeddings:
            # A tied head is sometimes stored all the same; the embedding is what counts.
            ignored += [rule.theirs for rule, _ in self._layout.rules_for("head.weight")]
        surplus = [name for name in self.checkpoint.names() if name not in used and not _matches(name, ignored)]
        if surplus:
            self._refuse_named(surplus)
            raise MissingTensorError(
                f"{self.checkpoint.path} holds tensors that have no place in the model: {_listed(surplus)}.",
                f"Its config describes a {self.config.family} model of {self.config.num_layers} layers.",
                "The config may describe another model, or the file may need settings that are not supported.",
            )

    def _refuse_named(self, names: Iterable[str]) -> None:
        for name in names:
            for pattern, reason in self._layout.refused:
                if fnmatch.fnmatchcase(name, pattern):
                    raise ConfigError(
                        f"{self.checkpoint.path} holds '{name}': {reason}.",
                        "Files of this kind are not read.",
                        "Use another conversion of the model.",
                    )

    def _check_shapes(self) -> None:
        wrong: list[str] = []
        for name, source in self._sources.items():
            shape = self._shapes[name]
            wanted = their_shape(source.rule.transform, shape[1:] if source.rule.is_per_expert else shape)
            for theirs in source.names:
                found = _shape(self.checkpoint, theirs, source.rule)
                if found != wanted:
                    wrong.append(f"'{theirs}' is {list(found)} instead of {list(wanted)}")
        if wrong:
            raise MissingTensorError(
                f"{self.checkpoint.path}: {_listed(wrong)}.",
                "The shapes follow from the model's config.",
                "Config and weights are not of one model; fetch both from one release.",
            )


def open_model(path: Path, config: ModelConfig | None = None) -> ModelWeights:
    """Open a model's weights in any supported format; values are not read.

    Args:
        path: a file or folder of weights, see `open_checkpoint`.
        config: the model, where the files do not say (or say it wrongly); otherwise it is read from them.

    Raises:
        WeightsError: there are no usable weights.
        ConfigError: the files describe no model that is supported.
        MissingTensorError: see `ModelWeights`.
    """
    checkpoint = open_checkpoint(path)
    try:
        return ModelWeights(checkpoint, config or read_config(checkpoint))
    except BaseException:
        checkpoint.close()
        raise


def read_config(checkpoint: Checkpoint) -> ModelConfig:
    """The model that a checkpoint's own metadata describes. Raises `ConfigError` where it describes none."""
    if checkpoint.file_format == "packed":
        return ModelConfig.from_dict(
            {key: value for key, value in checkpoint.metadata.items() if not key.startswith(VOCABULARY_KEY)}
        )
    if checkpoint.file_format == "gguf":
        from zaphod.model.files.gguf import config_from_gguf  # brings the tokenizers with it

        shapes = {name: checkpoint.info(name).shape for name in checkpoint.names()}
        return config_from_gguf(checkpoint.metadata, shapes, str(checkpoint.path))
    if checkpoint.metadata:
        return config_from_huggingface(checkpoint.metadata, f"{checkpoint.path}: config.json")
    if checkpoint.file_format == "grok-1" and _is_released_grok_1(checkpoint):
        return PRESETS["grok-1"].config
    raise ConfigError(
        f"{checkpoint.path} has no config.json beside its weights.",
        "Without it the model's shape is not known; only xAI's own Grok-1 release is recognised by its tensors.",
        "Put the model's config.json into the folder.",
    )


def find_layout(checkpoint: Checkpoint) -> Layout:
    """The layout of names that a checkpoint has. Raises `ConfigError` where it has none that is known."""
    if checkpoint.file_format == "grok-1":
        return OFFICIAL_GROK_1
    if checkpoint.file_format == "packed":
        return OURS
    if checkpoint.file_format == "gguf":
        from zaphod.model.files.gguf import gguf_layout

        return gguf_layout(checkpoint.metadata, str(checkpoint.path))
    present = set(checkpoint.names())
    layout = max(SAFETENSORS_LAYOUTS, key=lambda layout: _num_present(layout, present))
    if not _num_present(layout, present):
        raise ConfigError(
            f"{checkpoint.path} names its tensors in an unknown way: {_listed(sorted(present))}.",
            f"Known are the names of {', '.join(layout.name for layout in SAFETENSORS_LAYOUTS)}.",
            "Use another conversion of the model.",
        )
    return layout


def _num_present(layout: Layout, present: set[str]) -> int:
    """How many names of the first layers' rules (layers 0 and 1: one may be dense) a file has."""
    if not layout.rules:
        return sum(name in present for name in ("embedding.weight", "norm.weight", "layers.0.attention_norm.weight"))
    return sum(
        name in present for rule in layout.rules for layer in (0, 1) for name in their_names(rule, layer, num_experts=1)
    )


def _is_released_grok_1(checkpoint: Checkpoint) -> bool:
    config = PRESETS["grok-1"].config
    release = OFFICIAL_GROK_1.rules_for("embedding.weight")[0][0].theirs
    num_files = 2 + 12 * config.num_layers
    return len(checkpoint.names()) == num_files and checkpoint.info(release).shape == (
        config.vocab_size,
        config.hidden_size,
    )


def _slices(checkpoint: Checkpoint, name: str, rule: NameRule) -> list[EncodedTensor]:
    """The tensor, or its tensor-parallel slices where it may be cut into some."""
    if rule.join_axis is not None and isinstance(checkpoint, SafetensorsCheckpoint):
        return checkpoint.shards(name)
    return [checkpoint.tensor(name)]


def _shape(checkpoint: Checkpoint, name: str, rule: NameRule) -> Shape:
    if rule.join_axis is None:
        return checkpoint.info(name).shape
    slices = _slices(checkpoint, name, rule)
    shape = list(slices[0].shape)
    shape[rule.join_axis] *= len(slices)
    return tuple(shape)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _MAX_LISTED
    return "; ".join(items[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
