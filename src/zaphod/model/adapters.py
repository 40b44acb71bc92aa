"""LoRA adapters in peft's layout, read and named as we name weights; knows files and names, applies nothing.

An adapter changes a product W x to W x + scale · B (A x) with A [r, in] and B [out, r] (arXiv 2106.09685), where scale
is alpha / r, or alpha / sqrt(r) for rsLoRA (arXiv 2312.03732). Legend: R rank, I inputs, O outputs, E experts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from zaphod.compute.quant.tensor import FloatArray, Shape
from zaphod.compute.weights.mapped import existing, read_json_object
from zaphod.compute.weights.safetensors_file import SafetensorsFile
from zaphod.core.errors import ConfigError, CorruptFileError, MissingTensorError, UnsafeFileError
from zaphod.model.config import ModelConfig
from zaphod.model.files.config_fields import ConfigFields
from zaphod.model.files.names import HUGGING_FACE_LAYOUTS, KEYFAN_GROK_1, OURS, Layout, NameRule, Transform, their_names
from zaphod.model.files.transforms import their_shape
from zaphod.model.shapes import Shapes, parameter_shapes

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"

_WEIGHT = ".weight"
_KEY = re.compile(r"(?:base_model\.model\.)?(.+?)((?:\.base_layer)*)\.lora_([AB])\.weight")
_MAX_LISTED = 3

# Settings that say where an adapter comes from, how it was trained, or what its tensors say themselves.
_IRRELEVANT = frozenset(
    (
        *("auto_mapping", "base_model_name_or_path", "ensure_weight_tying", "exclude_modules", "inference_mode"),
        *("init_lora_weights", "layers_pattern", "layers_to_transform", "lora_dropout", "megatron_core", "peft_type"),
        *("peft_version", "qalora_group_size", "r", "rank_pattern", "revision", "target_modules", "task_type"),
        *("eva_config", "bias", "lora_alpha", "alpha_pattern", "use_rslora", "target_parameters", "use_dora"),
        *("modules_to_save",),
    )
)
# Ways to begin that leave the model's own weights as they are.
_PLAIN_BEGINNINGS = (True, False, None, "gaussian", "eva", "orthogonal")


def _stacked(folder: str) -> tuple[NameRule, ...]:
    """transformers 5 holds experts in memory as two stacks, whatever their files look like."""
    names = (
        ("gate", "gate_up_proj", Transform.FIRST_HALF),
        ("up", "gate_up_proj", Transform.SECOND_HALF),
        ("down", "down_proj", Transform.COPY),
    )
    return tuple(
        NameRule(f"layers.{{n}}.moe.experts.{ours}", f"model.layers.{{n}}.{folder}.experts.{theirs}", transform)
        for ours, theirs, transform in names
    )


_IN_MEMORY: Mapping[str, Layout] = {
    **{family: Layout(name="transformers 5", rules=_stacked("mlp")) for family in ("mixtral", "olmoe", "qwen3-moe")},
    "granite-moe": Layout(name="transformers 5", rules=_stacked("block_sparse_moe")),
    "grok-1": KEYFAN_GROK_1,
}


@dataclass(frozen=True, kw_only=True)
class LowRank:
    """What is added to one product: b (a x)."""

    a: FloatArray
    """[R, I], or [E, R, I] for a stack of experts."""
    b: FloatArray
    """[O, R], or [E, O, R]; the scale is in it."""

    @property
    def rank(self) -> int:
        return int(self.a.shape[-2])

    @property
    def shape(self) -> Shape:
        """Of the weight it is added to."""
        return (*self.b.shape[:-1], self.a.shape[-1])


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """Low-rank parts by the canonical name of the weight that each is added to."""

    parts: Mapping[str, LowRank]

    @property
    def rank(self) -> int:
        """The largest of its parts."""
        return max(part.rank for part in self.parts.values())

    @property
    def num_bytes(self) -> int:
        return sum(part.a.nbytes + part.b.nbytes for part in self.parts.values())

    def require_fit(self, config: ModelConfig) -> None:
        """Raise `ConfigError` where it is not an adapter of this model."""
        shapes = adaptable_shapes(config)
        wrong = [name for name, part in self.parts.items() if shapes.get(name) != part.shape]
        if wrong or not self.parts:
            raise ConfigError(
                f"The adapter has parts that this model has no place for: {_listed(wrong)}."
                if wrong
                else "The adapter has no parts.",
                f"The model is a {config.family} of {config.num_layers} layers, {config.hidden_size} wide.",
                "Use an adapter that was made for this model.",
            )


def adaptable_shapes(config: ModelConfig) -> Shapes:
    """The weights that adapters may change: projections of attention, dense blocks, shared experts and experts."""
    return {
        name: shape
        for name, shape in parameter_shapes(config).items()
        if name.endswith("_proj.weight") or ".experts." in name
    }


def read_adapter(folder: Path, config: ModelConfig) -> Adapter:
    """Read an adapter for a model.

    Args:
        folder: holds `adapter_config.json` and `adapter_model.safetensors`.
        config: the model it is for.

    Raises:
        ConfigError: its settings ask for what is not supported, or its tensors belong to no weight of the model.
        WeightsError: its files are missing, unsound, or of another shape than the model's weights.
    """
    path = _weights_path(folder)
    settings = _read_settings(folder / CONFIG_NAME)
    reader = _Reader(path, settings, config)
    return reader.read()


@dataclass(frozen=True, kw_only=True)
class _Settings:
    alpha: float
    alpha_pattern: Mapping[str, float]
    is_rank_stabilised: bool
    target_parameters: tuple[str, ...]

    def scale(self, key: str, rank: int) -> float:
        """What B A is multiplied by, for the module or parameter that peft calls `key`."""
        matching = (alpha for pattern, alpha in self.alpha_pattern.items() if _matches(pattern, key))
        return next(matching, self.alpha) / (math.sqrt(rank) if self.is_rank_stabilised else rank)


class _Place(NamedTuple):
    """Where a tensor of theirs belongs."""

    ours: str
    expert: int | None
    transform: Transform


class _Reader:
    """Pairs of one file, sorted to the model's weights."""

    def __init__(self, path: Path, settings: _Settings, config: ModelConfig) -> None:
        self._path, self._settings, self._config = path, settings, config
        self._file = SafetensorsFile(path)
        self._shapes = adaptable_shapes(config)
        self._places, self._parameters = _places(config, self._shapes)
        self._found: dict[str, dict[int | None, LowRank]] = {}

    def read(self) -> Adapter:
        for theirs, key_a, key_b in self._pairs():
            a, b = self._array(key_a), self._array(key_b)
            for place in self._places[theirs]:
                self._add(place, self._part(place, theirs, a, b))
        adapter = Adapter(parts={name: self._joined(name, self._found[name]) for name in sorted(self._found)})
        adapter.require_fit(self._config)
        return adapter

    def _pairs(self) -> Iterator[tuple[str, str, str]]:
        """Parameters of theirs with the keys of A and B. Wrappers of one module follow from the innermost outwards."""
        modules: dict[str, dict[int, dict[str, str]]] = {}
        for key in self._file.places:
            match = _KEY.fullmatch(key)
            if match is None:
                self._refuse(f"a tensor of an unknown kind, '{key}'", "Only pairs of lora_A and lora_B are applied.")
            depth = match[2].count(".base_layer")
            modules.setdefault(match[1], {}).setdefault(depth, {})[match[3]] = key
        if not modules:
            self._refuse("no tensors", "There is nothing to apply.")
        for module, wrappers in modules.items():
            parameters = self._targets(module, len(wrappers))
            for theirs, depth in zip(parameters, sorted(wrappers, reverse=True), strict=True):
                if len(wrappers[depth]) != 2:
                    self._refuse(f"only one half of the pair of '{module}'", "Every lora_A needs its lora_B.")
                yield theirs, wrappers[depth]["A"], wrappers[depth]["B"]

    def _targets(self, module: str, count: int) -> Sequence[str]:
        """Which parameters of a module its `count` wrappers adapt, in the order in which the module has them."""
        parameters = self._parameters.get(module)
        if parameters is None:
            self._refuse(
                f"a part for '{module}'",
                f"Adapters of a {self._config.family} model of {self._config.num_layers} layers may change projections "
                "of attention, dense blocks, shared experts and experts, and nothing else.",
            )
        if count == len(parameters):
            return parameters
        targets = self._settings.target_parameters
        named = [name for name in parameters if any(f".{name}".endswith(f".{target}") for target in targets)]
        if count != len(named):
            self._refuse(
                f"{count} parts for '{module}'",
                f"{CONFIG_NAME} names {len(named)} of its parameters under target_parameters.",
            )
        return named

    def _part(self, place: _Place, theirs: str, a: FloatArray, b: FloatArray) -> LowRank:
        """The pair as it belongs to one of our weights."""
        shape = self._shapes[place.ours]
        stack = shape[0] if len(shape) == 3 and place.expert is None else 1
        outs, ins = their_shape(place.transform, shape)[-2:]
        rank = len(a) // stack
        if rank < 1 or a.shape != (rank * stack, ins) or b.shape != (outs, rank * stack):
            raise MissingTensorError(
                f"{self._path}: the pair of '{theirs}' is {list(a.shape)} and {list(b.shape)}.",
                f"For this model it must be [{stack} r, {ins}] and [{outs}, {stack} r]"
                + (f" ({stack} experts)." if stack > 1 else "."),
                "Use an adapter that was made for this model.",
            )
        key = theirs.removesuffix(_WEIGHT) if place.expert is not None or stack == 1 else theirs
        scale = np.float32(self._settings.scale(key, rank))
        b = _cut(place.transform, b)
        if len(shape) == 2 or place.expert is not None:
            return LowRank(a=a, b=b * scale)
        # peft lays A out expert after expert, but B rank after rank (ParamWrapper.get_delta_weight).
        b = b.reshape(len(b), rank, stack).transpose(2, 0, 1)
        return LowRank(a=a.reshape(stack, rank, ins), b=np.ascontiguousarray(b * scale))

    def _add(self, place: _Place, part: LowRank) -> None:
        known = self._found.setdefault(place.ours, {})
        if place.expert in known or (known and None in (place.expert, *known)):
            self._refuse(f"two parts for '{place.ours}'", "Each weight may have one.")
        known[place.expert] = part

    def _joined(self, name: str, found: Mapping[int | None, LowRank]) -> LowRank:
        """The experts' parts as one stack; zeros where an expert has none, or a lower rank than others."""
        if None in found:
            return found[None]
        num_experts, outs, ins = self._shapes[name]
        rank = max(part.rank for part in found.values())
        a, b = np.zeros((num_experts, rank, ins), np.float32), np.zeros((num_experts, outs, rank), np.float32)
        for expert, part in found.items():
            a[expert, : part.rank], b[expert, :, : part.rank] = part.a, part.b
        return LowRank(a=a, b=b)

    def _array(self, key: str) -> FloatArray:
        array = np.array(self._file.array(key), dtype=np.float32)
        if array.ndim != 2 or not np.isfinite(array).all():
            raise CorruptFileError(
                f"{self._path}: '{key}' is no matrix of finite numbers.",
                "Each half of a pair is one.",
                "Fetch it again.",
            )
        return array

    def _refuse(self, found: str, wanted: str) -> NoReturn:
        raise ConfigError(f"{self._path} holds {found}.", wanted, "Use an adapter that was made for this model.")


def _places(config: ModelConfig, shapes: Shapes) -> tuple[dict[str, list[_Place]], dict[str, list[str]]]:
    """Where each parameter of theirs belongs, and which of them a module of theirs holds, in its order."""
    places: dict[str, list[_Place]] = {}
    parameters: dict[str, list[str]] = {}
    for layout in layouts_of(config):
        for ours, shape in shapes.items():
            num_experts = shape[0] if len(shape) == 3 else 0
            for rule, layer in layout.rules_for(ours):
                for index, theirs in enumerate(their_names(rule, layer, num_experts)):
                    place = _Place(ours, index if rule.is_per_expert else None, rule.transform)
                    if place in places.setdefault(theirs, []):
                        continue
                    places[theirs].append(place)
                    siblings = parameters.setdefault(theirs.rpartition(".")[0], [])
                    if theirs not in siblings:
                        siblings.append(theirs)
    return places, parameters


def layouts_of(config: ModelConfig) -> list[Layout]:
    """The names under which programs that train adapters know the family's weights."""
    layouts = [HUGGING_FACE_LAYOUTS[config.family], OURS]
    if config.family in _IN_MEMORY:
        layouts.append(_IN_MEMORY[config.family])
    return layouts


def _cut(transform: Transform, b: FloatArray) -> FloatArray:
    half = len(b) // 2
    if transform is Transform.FIRST_HALF:
        return b[:half]
    return b[half:] if transform is Transform.SECOND_HALF else b


def _weights_path(folder: Path) -> Path:
    existing(folder)
    path = folder / WEIGHTS_NAME
    if path.is_file():
        return path
    if (folder / "adapter_model.bin").is_file():
        raise UnsafeFileError(
            f"{folder} holds a pickled adapter, adapter_model.bin.",
            "Pickles can run code, so they are not opened.",
            f"Save it again with peft, which writes {WEIGHTS_NAME}.",
        )
    raise MissingTensorError(
        f"{folder} has no {WEIGHTS_NAME}.",
        f"An adapter is a folder with {CONFIG_NAME} and {WEIGHTS_NAME}, as peft writes it.",
        "Check the path.",
    )


def _read_settings(path: Path) -> _Settings:
    fields = ConfigFields(read_json_object(existing(path)), str(path))
    if fields.optional("peft_type") != "LORA":
        _refuse_setting(path, "peft_type", fields.optional("peft_type"), "Only LoRA adapters are applied.")
    if fields.flag("use_dora", default=False):
        _refuse_setting(path, "use_dora", True, "DoRA also scales the weights' rows: merge it (`zaphod adapt merge`).")
    if fields.optional("bias") not in (None, "none"):
        _refuse_setting(path, "bias", fields.optional("bias"), "Only products are adapted; biases stay the model's.")
    if fields.optional("modules_to_save"):
        _refuse_setting(path, "modules_to_save", fields.values["modules_to_save"], "Whole weights are not replaced.")
    beginning = fields.optional("init_lora_weights")
    if beginning not in _PLAIN_BEGINNINGS and not str(beginning).startswith("eva"):
        _refuse_setting(path, "init_lora_weights", beginning, "It changes the model's own weights before training.")
    for key, value in fields.values.items():
        if key not in _IRRELEVANT and value and key != "megatron_config":
            _refuse_setting(path, key, value, "It changes what the adapter computes, and is not supported.")
    return _Settings(
        alpha=fields.number("lora_alpha"),
        alpha_pattern=_alpha_pattern(fields),
        is_rank_stabilised=fields.flag("use_rslora", default=False),
        target_parameters=_target_parameters(fields),
    )


def _alpha_pattern(fields: ConfigFields) -> Mapping[str, float]:
    patterns = fields.optional("alpha_pattern") or {}
    if not isinstance(patterns, Mapping):
        raise ConfigError(
            f"{fields.where} says alpha_pattern = {patterns!r}.", "It must be an object.", "Mend the file."
        )
    numbers = ConfigFields(patterns, f"{fields.where}, alpha_pattern")
    return {pattern: numbers.number(pattern) for pattern in patterns}


def _target_parameters(fields: ConfigFields) -> tuple[str, ...]:
    names = fields.optional("target_parameters") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{fields.where} says target_parameters = {names!r}.", "It must be a list of names.", "Mend the file."
        )
    return tuple(names)


def _matches(pattern: str, key: str) -> bool:
    """As peft matches keys of its patterns (`peft.utils.other.get_pattern_key`)."""
    try:
        return re.match(rf"(.*\.)?({pattern})$", key) is not None
    except re.error as error:
        raise ConfigError(
            f"alpha_pattern has the key {pattern!r}.", f"It must be a regular expression: {error}.", "Mend the file."
        ) from error


def _refuse_setting(path: Path, key: str, value: object, why: str) -> NoReturn:
    raise ConfigError(f"{path} says {key} = {value!r}.", why, "Use an adapter that was trained without it.")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
