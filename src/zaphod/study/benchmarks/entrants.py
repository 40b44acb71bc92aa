"""Who takes part in a comparison: finds the programs, converts the file for those that need another form of it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zaphod.capacity.parameters import kv_bytes_per_token
from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.core.limits import available_memory_bytes
from zaphod.core.progress import SILENT, Progress
from zaphod.model.files.conversion import convert
from zaphod.model.files.names import HUGGING_FACE_LAYOUTS
from zaphod.model.files.weights import ModelWeights, open_model
from zaphod.study.benchmarks.cases import Case
from zaphod.study.benchmarks.comparison import OURS, Contest
from zaphod.study.benchmarks.process import Launch

LLAMA, TRANSFORMERS, TORCH = "llama.cpp", "transformers", "torch"
PEERS = (LLAMA, TRANSFORMERS, TORCH)
"""`torch` is our own PyTorch runner."""

_KV_VALUE_BYTES = 2
_TRANSFORMERS_FAMILIES = ("qwen3-moe", "mixtral", "olmoe", "granite-moe")
# float32 logits need four bytes a weight in a process of its own, beside those that are compared.
_ORACLE_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a comparison is asked for, the same for all files."""

    opener: str
    """`module:function` that opens our runners; see `peers.zaphod_peer`."""
    runner: str
    dtype: str | None
    peers: Sequence[str]
    llama_python: str | None
    """Interpreter that has llama-cpp-python; this one unless given."""
    num_threads: int
    num_pairs: int
    busy_core: int


def require_peers(entry: Entry) -> dict[str, str]:
    """The peers' versions.

    Raises:
        ConfigError: a peer is unknown.
        ZaphodError: one is not installed.
    """
    for name in entry.peers:
        if name not in PEERS:
            raise ConfigError(f"There is no peer {name!r}.", f"There are {', '.join(PEERS)}.", "Choose among them.")
    libraries = {LLAMA: "llama_cpp", TRANSFORMERS: "transformers", TORCH: "torch"}
    return {name: _version(name, libraries[name], _python(entry, name)) for name in entry.peers}


def enter(entry: Entry, model: Path, cases: Sequence[Case], scratch: Path, progress: Progress = SILENT) -> Contest:
    """Everything that is needed to compare on one file.

    Args:
        entry: who takes part.
        model: a GGUF file.
        cases: those to be measured; they decide the size of our cache, and which forms of the file are made.
        scratch: where these are written.
        progress: who is told how far that is.

    Raises:
        ConfigError: llama.cpp takes part and the model is no GGUF file.
    """
    with open_model(model) as weights:
        if LLAMA in entry.peers and weights.checkpoint.file_format != "gguf":
            raise ConfigError(
                f"{model} is no GGUF file.", "llama.cpp opens nothing else.", "Convert it, or name other peers."
            )
        return _contest(entry, model, weights, cases, scratch, progress)


def _contest(
    entry: Entry, model: Path, weights: ModelWeights, cases: Sequence[Case], scratch: Path, progress: Progress
) -> Contest:
    config = weights.config
    file_bytes = sum(weights.num_bytes(name) for name in weights.names())
    launches, weight_bytes = [_ours(entry, model, cases)], {OURS: file_bytes}
    for name in entry.peers:
        launch = None
        if name == LLAMA:
            options = {"model": str(model), "threads": entry.num_threads, "kv_token_bytes": kv_bytes_per_token(config)}
            launch = Launch(name=name, peer="llama_peer", python=_python(entry, name), options=options)
        elif name == TORCH:
            launch = replace(_ours(entry, model, cases, "torch"), name=name)
        elif config.family in _TRANSFORMERS_FAMILIES and config.family in HUGGING_FACE_LAYOUTS:
            launch = _transformers(entry, weights, scratch / f"{model.stem}-huggingface", progress)
        if launch is not None:
            launches.append(launch)
            weight_bytes[name] = _bfloat16_bytes(weights) if name == TRANSFORMERS else file_bytes
    packed = None
    if any(case.from_packed for case in cases):
        folder = scratch / f"{model.stem}-packed"
        if not folder.exists():
            convert(weights, "packed", folder, None, progress)
        packed = _ours(entry, folder, cases)
    return Contest(
        file=model.stem,
        launches=launches,
        packed=packed,
        oracles={launch.name: _oracle(entry, model, cases, launch.name) for launch in launches},
        weight_bytes=weight_bytes,
        vocab_size=config.vocab_size,
        num_threads=entry.num_threads,
        busy_core=entry.busy_core,
        num_pairs=entry.num_pairs,
    )


def type_of(model: Path) -> str:
    """The number format of most of a file's bytes: `q8_0`, `bfloat16`, …"""
    with open_model(model) as weights:
        sizes: dict[str, int] = {}
        for name in weights.names():
            number_format = weights.format(name).name
            sizes[number_format] = sizes.get(number_format, 0) + weights.num_bytes(name)
    return max(sizes, key=lambda name: sizes[name])


def has_room_for_oracle(model: Path) -> bool:
    """Whether float32 weights of the model fit into half of the memory that is free."""
    with open_model(model) as weights:
        return 2 * _bfloat16_bytes(weights) < _ORACLE_SHARE * available_memory_bytes()


def _bfloat16_bytes(weights: ModelWeights) -> int:
    total = 0
    for name in weights.names():
        size = 1
        for length in weights.shape(name):
            size *= length
        total += 2 * size
    return total


def _ours(entry: Entry, model: Path, cases: Sequence[Case], runner: str | None = None) -> Launch:
    lengths = [case.work.length for case in cases] or [1]
    room = max([case.work.batch * (case.work.length + 64) for case in cases], default=1)
    options = {
        "opener": entry.opener,
        "model": str(model),
        "runner": runner or entry.runner,
        "threads": entry.num_threads,
        "dtype": entry.dtype,
        "num_tokens": room,
        "max_len": max(*lengths, 128),
    }
    return Launch(name=OURS, peer="zaphod_peer", options=options)


def _oracle(entry: Entry, model: Path, cases: Sequence[Case], name: str) -> Launch:
    """The PyTorch runner in float32, for llama.cpp with llama.cpp's variant of the mathematics."""
    launch = _ours(entry, model, cases, "torch")
    options = launch.options | {"dtype": "float32", "num_tokens": 128, "max_len": 128}
    return replace(launch, name="oracle", options=options | ({"compat": LLAMA} if name == LLAMA else {}))


def _transformers(entry: Entry, weights: ModelWeights, folder: Path, progress: Progress) -> Launch:
    if not folder.exists():
        convert(weights, "safetensors", folder, "bfloat16", progress)
    options = {"model": str(folder), "threads": entry.num_threads, "kv_token_bytes": kv_bytes_per_token(weights.config)}
    return Launch(name=TRANSFORMERS, peer="transformers_peer", options=options)


def _python(entry: Entry, name: str) -> str:
    return entry.llama_python or sys.executable if name == LLAMA else sys.executable


def _version(name: str, library: str, python: str) -> str:
    if python == sys.executable and importlib.util.find_spec(library) is None:
        raise _absent(name, library, "")
    script = f"import {library}; print({library}.__version__)"
    try:
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    except OSError as error:
        raise _absent(name, library, str(error)) from error
    if done.returncode:
        raise _absent(name, library, (done.stderr.strip().splitlines() or [""])[-1])
    return done.stdout.strip().splitlines()[-1]


def _absent(name: str, library: str, reason: str) -> ZaphodError:
    remedies = {
        LLAMA: "Run `CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python llama-cpp-python`, or name "
        "an interpreter that has it with --llama-python, or leave llama.cpp out of --peers.",
        TRANSFORMERS: "Run `pip install transformers`, or leave transformers out of --peers.",
        TORCH: "Run `pip install torch`, or leave torch out of --peers.",
    }
    return ZaphodError(
        f"{library} cannot be imported. {reason}".strip(), f"The comparison with {name} needs it.", remedies[name]
    )
