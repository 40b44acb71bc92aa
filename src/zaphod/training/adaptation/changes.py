"""What an adaptation learnt, apart from the model: updates and whole weights, in memory and in a file of their own.

Everything is float32, as the optimiser holds it. Knows no network: `merging` puts changes into weights, `peft_files`
writes those that peft knows. Legend: R rank, I inputs, O outputs, E experts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from zaphod.compute.quant.tensor import FloatArray, PartSpec, Shape
from zaphod.compute.weights.partial_file import write_whole
from zaphod.compute.weights.safetensors_file import SafetensorsFile, plan_layout
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError
from zaphod.model.adapters import Adapter, LowRank
from zaphod.model.config import ModelConfig
from zaphod.model.shapes import parameter_shapes
from zaphod.training.adaptation.config import AdaptationConfig

FILE_NAME = "learnt.safetensors"
_SETTINGS = "adaptation"
_A, _B, _MAGNITUDE = ".lora_A", ".lora_B", ".lora_magnitude"
_MAX_LISTED = 3


@dataclass(frozen=True, kw_only=True)
class Update:
    """W becomes W + b a, and with lengths each row of that is brought to its length."""

    a: FloatArray
    """[R, I], or [E, R, I]."""
    b: FloatArray
    """[O, R], or [E, O, R]; the scale is in it."""
    lengths: FloatArray | None = None
    """[O], or [E, O]: DoRA's magnitudes."""

    @property
    def shape(self) -> Shape:
        """Of the weight that it fits."""
        return (*self.b.shape[:-1], self.a.shape[-1])

    @property
    def is_sound(self) -> bool:
        """Whether its parts fit each other."""
        lengths_fit = self.lengths is None or self.lengths.shape == self.b.shape[:-1]
        return (
            self.a.ndim == self.b.ndim and self.a.shape[:-1] == (*self.b.shape[:-2], self.b.shape[-1]) and lengths_fit
        )


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Updates of weights, and weights that were trained whole, by canonical name."""

    updates: Mapping[str, Update] = field(default_factory=dict)
    whole: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All weights that change."""
        return frozenset((*self.updates, *self.whole))

    @property
    def is_decomposed(self) -> bool:
        return any(update.lengths is not None for update in self.updates.values())

    def require_fit(self, config: ModelConfig) -> None:
        """Raise `MissingTensorError` where a change has no place in the model, or another shape than its weight."""
        shapes = parameter_shapes(config)
        given: dict[str, Shape] = {name: update.shape for name, update in self.updates.items()}
        given |= {name: tuple(values.shape) for name, values in self.whole.items()}
        wrong = [name for name, shape in given.items() if shapes.get(name) != shape]
        wrong += [name for name, update in self.updates.items() if not update.is_sound]
        if wrong or not given:
            shown = "; ".join(f"'{name}' {given[name]} for {shapes.get(name)}" for name in wrong[:_MAX_LISTED])
            raise MissingTensorError(
                f"{len(wrong)} of {len(given)} changes do not fit the model: {shown or 'there are none'}.",
                f"The model is a {config.family} of {config.num_layers} layers, {config.hidden_size} wide.",
                "Use what was learnt on this model.",
            )

    def undone(self) -> Changes:
        """The changes that take these back.

        Raises:
            ConfigError: they cannot be taken back by arithmetic.
        """
        if self.whole or self.is_decomposed:
            raise ConfigError(
                "Weights that were trained whole, or whose rows were rescaled, cannot be computed back.",
                "Only an added product can be subtracted again.",
                "Use the model as it was before merging.",
            )
        return Changes(updates={name: replace(update, b=-update.b) for name, update in self.updates.items()})

    def digest(self) -> str:
        """Tells these changes from others."""
        hashed = hashlib.sha256()
        for name, array in sorted(self._arrays().items()):
            hashed.update(name.encode())
            hashed.update(np.ascontiguousarray(array).tobytes())
        return hashed.hexdigest()

    def write(self, path: Path, settings: AdaptationConfig) -> Path:
        """Write one file; it appears whole or not at all."""
        return write_arrays(path, self._arrays(), {_SETTINGS: json.dumps(asdict(settings))})

    def adapter(self) -> Adapter:
        """As the engine applies them. Raises `ConfigError` where they must be merged."""
        if self.whole or self.is_decomposed or any(".router." in name for name in self.updates):
            raise ConfigError(
                "This adaptation rescales rows, or changes routers or whole weights.",
                "The engine applies low-rank updates of projections and experts to a request's tokens.",
                "Merge it: zaphod adapt merge.",
            )
        return Adapter(parts={name: LowRank(a=update.a, b=update.b) for name, update in self.updates.items()})

    def _arrays(self) -> dict[str, FloatArray]:
        arrays: dict[str, FloatArray] = dict(self.whole)
        for name, update in self.updates.items():
            arrays |= {name + _A: update.a, name + _B: update.b}
            if update.lengths is not None:
                arrays[name + _MAGNITUDE] = update.lengths
        return arrays


def changes_from(learnt: Mapping[str, Tensor], scale: float) -> Changes:
    """What was learnt, from parameters, or rather their masters, by canonical name (`AdaptedModel.learnt`)."""
    arrays = {name: np.array(tensor.detach().float().numpy()) for name, tensor in learnt.items()}
    return _paired({name: array * np.float32(scale) if name.endswith(_B) else array for name, array in arrays.items()})


def changes_from_adapter(adapter: Adapter) -> Changes:
    """An adapter in peft's files, as `model.adapters` reads them."""
    return Changes(updates={name: Update(a=part.a, b=part.b) for name, part in adapter.parts.items()})


def read_changes(path: Path) -> Changes:
    """What `Changes.write` wrote.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    if not path.is_file():
        raise MissingTensorError(
            f"There is no {path}.", "A finished run has one.", "Check the path, or finish the run."
        )
    file = SafetensorsFile(path)
    arrays = {name: np.array(file.array(name)) for name in file.places}
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise CorruptFileError(f"{path}: '{name}' holds no finite float32.", "All of it does.", "Restore the file.")
    return _paired(arrays)


def _paired(arrays: Mapping[str, FloatArray]) -> Changes:
    updated = {name.removesuffix(_A) for name in arrays if name.endswith(_A)}
    lost = [name for name in arrays if ".lora_" in name and name.partition(".lora_")[0] not in updated]
    lost += [name for name in updated if name + _B not in arrays]
    if lost:
        raise CorruptFileError(f"'{lost[0]}' stands alone.", "Every A has its B.", "Restore the file.")
    return Changes(
        updates={
            name: Update(a=arrays[name + _A], b=arrays[name + _B], lengths=arrays.get(name + _MAGNITUDE))
            for name in sorted(updated)
        },
        whole={name: array for name, array in arrays.items() if ".lora_" not in name},
    )


def write_arrays(path: Path, arrays: Mapping[str, FloatArray], metadata: Mapping[str, str]) -> Path:
    """A safetensors file of float32 arrays."""
    specs = {name: PartSpec(dtype=np.dtype(np.float32), shape=tuple(array.shape)) for name, array in arrays.items()}
    layout = plan_layout(specs, metadata)
    data = bytearray(layout.total_bytes)
    data[: len(layout.header)] = layout.header
    for name, (offset, spec) in layout.places.items():
        data[offset : offset + spec.num_bytes] = np.ascontiguousarray(arrays[name], np.float32).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, bytes(data))
