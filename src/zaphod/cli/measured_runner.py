"""A runner with what a measurement must know of it; imports no command line, since measured processes begin with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zaphod.core.configuration import Settings
from zaphod.core.progress import SILENT, Progress
from zaphod.launch.runners import choose_dtype, load_network, num_threads, open_weights

if TYPE_CHECKING:
    from zaphod.capacity.measurement import Kind
    from zaphod.model.compat import Compat
    from zaphod.model.files.weights import ModelWeights
    from zaphod.study.benchmarks.opened import OpenedRunner

# What the kernels multiply in, by the format they compute with: four-bit weights are multiplied as eight.
_PEAKS: dict[str, Kind] = {"float32": "f32", "bfloat16": "bf16", "int8": "int8", "int4": "int8"}


def open_runner(
    settings: Settings,
    runner: str,
    *,
    num_tokens: int,
    max_len: int,
    compat: Compat | None = None,
    progress: Progress = SILENT,
) -> OpenedRunner:
    """A runner of `settings.model` whose cache holds `num_tokens` tokens, in sequences of up to `max_len`."""
    with open_weights(settings, compat=compat) as weights:
        opener = _open_torch if runner == "torch" else _open_native
        return opener(weights, settings, num_tokens, max_len, progress)


def _open_native(
    weights: ModelWeights, settings: Settings, num_tokens: int, max_len: int, progress: Progress
) -> OpenedRunner:
    from zaphod.engine.native_runner import BLOCK_SIZE, NativeRunner
    from zaphod.model.native import load_native
    from zaphod.study.benchmarks.opened import OpenedRunner
    from zaphod.study.benchmarks.traffic import as_in_file

    threads, config = num_threads(settings), weights.config
    loaded = load_native(weights, precision=settings.dtype, num_threads=threads)
    most = max(loaded.formats, key=lambda name: loaded.formats[name])
    runner = NativeRunner(loaded, num_threads=threads, max_len=max_len, num_blocks=-(-num_tokens // BLOCK_SIZE))
    return OpenedRunner(runner=runner, config=config, storage=as_in_file(weights), peak_kind=_PEAKS[most])


def _open_torch(
    weights: ModelWeights, settings: Settings, num_tokens: int, max_len: int, progress: Progress
) -> OpenedRunner:
    config, dtype = weights.config, choose_dtype(settings, weights.config)
    network = load_network(weights, settings, dtype, progress)
    from zaphod.engine.torch_runner import DEFAULT_BLOCK_SIZE, TorchRunner
    from zaphod.study.benchmarks.opened import OpenedRunner
    from zaphod.study.benchmarks.traffic import as_dense

    runner = TorchRunner(network, max_len=max_len, num_blocks=-(-num_tokens // DEFAULT_BLOCK_SIZE))
    storage = as_dense(config, 4 if dtype == "float32" else 2)
    return OpenedRunner(runner=runner, config=config, storage=storage, peak_kind=_PEAKS[dtype])
