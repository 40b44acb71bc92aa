"""Which layers of a config.json have a window and which have experts; knows nothing else of a layer."""

from __future__ import annotations

from collections.abc import Iterator

from zaphod.capacity.shapes.fields import MAX_CONTEXT, SizeFields
from zaphod.capacity.shapes.kinds import Kind
from zaphod.core.errors import ConfigError

EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")

_WINDOWED = ("sliding_attention", "chunked_attention", "local")
_ATTENTION = ("full_attention", *_WINDOWED, "attention", "global")


class LayerKinds:
    """Iterates over (window, has experts) of each layer.

    Raises:
        ConfigError: a list has the wrong length, a size is impossible, or a layer is no attention.
    """

    def __init__(self, fields: SizeFields, kind: Kind, kind_name: str, num_layers: int) -> None:
        self._fields, self._kind, self._num_layers = fields, kind, num_layers
        # Qwen's configs name a window that only `use_sliding_window` turns on.
        on = fields.optional_flag("use_sliding_window", default=not kind_name.startswith("qwen"))
        window = fields.optional_size("sliding_window", "attention_chunk_size", most=MAX_CONTEXT)
        self._window = window if window and on and kind.windows != "none" else None

    def __iter__(self) -> Iterator[tuple[int | None, bool]]:
        return iter(zip(self._windows(), self._sparse(), strict=True))

    def _windows(self) -> list[int | None]:
        fields, kind, window = self._fields, self._kind, self._window
        layers = range(self._num_layers)
        if (types := fields.words("layer_types", self._num_layers)) is not None:
            self._refuse_foreign(types)
            return [window if each in _WINDOWED else None for each in types]
        if kind.windows == "even":
            return [None if index % 2 else window for index in layers]
        if kind.windows == "not every n-th":
            period = fields.size("sliding_window_pattern", "_sliding_window_pattern", default=kind.window_period)
            return [window if (index + 1) % period else None for index in layers]
        first = fields.optional_size("max_window_layers")
        return [window if index >= first else None for index in layers]

    def _sparse(self) -> list[bool]:
        fields = self._fields
        layers = range(self._num_layers)
        if fields.optional_size(*EXPERTS) < 2:
            return [False for _ in layers]
        if (types := fields.words("mlp_layer_types", self._num_layers)) is not None:
            return [each == "sparse" for each in types]
        if isinstance(fields.optional("moe_layer_freq"), list):
            return [bool(each) for each in fields.words("moe_layer_freq", self._num_layers) or []]
        if isinstance(listed := fields.optional("moe_layers"), list):
            return [index in listed for index in layers]
        listed = fields.optional("mlp_only_layers")
        dense = listed if isinstance(listed, list) else []
        first = fields.optional_size("first_k_dense_replace", "moe_layer_start_index")
        every = fields.size("moe_layer_freq", "moe_layer_interval", default=1)
        step = fields.size("decoder_sparse_step", "interleave_moe_layer_step", default=1)
        return [n >= first and n not in dense and n % every == 0 and (n + 1) % step == 0 for n in layers]

    def _refuse_foreign(self, types: list[object]) -> None:
        for each in types:
            if each not in _ATTENTION:
                raise ConfigError(
                    f"{self._fields.where} has layers of type {each!r}.",
                    f"Known are {', '.join(_ATTENTION)}.",
                    "Plan for a model whose every layer attends.",
                )
