"""`zaphod logits`: a model's logits in a file that any program can compare with; knows no sampling."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
import typer

from zaphod.cli.options import CompatFlag, ConfigFlag, DTypeFlag, JsonFlag, ModelFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line
from zaphod.core.configuration import MergedSettings, Settings
from zaphod.core.errors import ConfigError, RequestError
from zaphod.core.progress import Advance, ProgressLines
from zaphod.launch.models import its_tokenizer
from zaphod.launch.runners import choose_dtype, load_network, load_runner, open_weights, uses_native
from zaphod.model.files.weights import ModelWeights

if TYPE_CHECKING:
    from zaphod.engine import Runner

TokenIds = npt.NDArray[np.int64]
Logits = npt.NDArray[np.float32]

# Tokens of a pass; the native runner gives the same bits however a sequence is cut.
_PASS_TOKENS = 512


def command(
    context: typer.Context,
    model: ModelFlag = None,
    tokens: Annotated[str | None, typer.Option("--tokens", metavar="1,2,3", help="Token ids.")] = None,
    tokens_file: Annotated[
        Path | None, typer.Option("--tokens-file", metavar="FILE.npz", help="Its array `tokens`, [T] or [N, T].")
    ] = None,
    prompt: Annotated[str | None, typer.Option("--prompt", help="A text, encoded as the model's files say.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.npz", help="Where `tokens` and `logits` go.")] = Path(
        "logits.npz"
    ),
    runner: Annotated[
        str | None,
        typer.Option("--runner", help="torch (the definition, unless asked otherwise), native, or auto."),
    ] = None,
    dtype: DTypeFlag = None,
    threads: ThreadsFlag = None,
    compat: CompatFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute the logits of every position of whole sequences and write them as float32.

    The file holds `tokens` as given and `logits` with one more axis, the vocabulary. PyTorch computes them, because
    it is the definition of the maths, unless --runner or the setting `runner` asks for the native kernels; the
    last line says which did. --dtype float32 makes both exact but for rounding.

    \b
    Examples:
      zaphod logits --model ./grok-1 --tokens 21560,1135 --out ours.npz
      zaphod logits -m ./grok-1 --tokens 21560,1135 --runner native --dtype float32
      zaphod logits -m model.gguf --prompt "hello world" --compat llama.cpp
      zaphod logits -m builtin --tokens-file prompts.npz --dtype bfloat16
    """
    settings: MergedSettings = context.obj.with_flags(model=model, runner=runner, dtype=dtype, threads=threads)
    is_native = settings.origins["runner"] != "default" and uses_native(settings.values)
    given = [name for name, value in _sources(tokens, tokens_file, prompt).items() if value is not None]
    if len(given) != 1:
        raise ConfigError(
            f"The tokens come from {' and '.join(given) or 'nowhere'}.",
            "There must be exactly one source.",
            "Give one of --tokens, --tokens-file and --prompt.",
        )
    with open_weights(settings.values, config, compat) as weights:
        if prompt is not None:
            ids = _encode(prompt, weights)
        else:
            ids = _parse(tokens) if tokens is not None else _read(tokens_file)
        _check(ids, weights.config.vocab_size)
        kind = settings.values.dtype if is_native else choose_dtype(settings.values, weights.config)
        compute = _compute_natively if is_native else _compute
        logits, description = compute(weights, settings.values, ids)
    _write(out, ids, logits)
    report = {"out": str(out), "tokens": list(ids.shape), "logits": list(logits.shape), "dtype": kind}
    if as_json:
        print_json({**report, "runner": "native" if is_native else "torch"})
    else:
        shape = " × ".join(map(str, logits.shape))
        print_line(f"{out}: logits {shape} of {ids.size} tokens, computed by {description}")


def _sources(tokens: str | None, tokens_file: Path | None, prompt: str | None) -> dict[str, object]:
    return {"--tokens": tokens, "--tokens-file": tokens_file, "--prompt": prompt}


def _parse(text: str | None) -> TokenIds:
    assert text is not None
    try:
        return np.array([int(part) for part in text.split(",")], dtype=np.int64)
    except ValueError as error:
        raise ConfigError(
            f"--tokens is {text!r}.", "It must be token ids with commas between.", "Like --tokens 21560,1135"
        ) from error


def _read(file: Path | None) -> TokenIds:
    assert file is not None
    try:
        with np.load(file, allow_pickle=False) as arrays:
            tokens = arrays["tokens"]
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise ConfigError(
            f"{file} gives no tokens: {error}",
            "It must be an .npz file with an array `tokens`.",
            "Write it with numpy.savez.",
        ) from error
    if tokens.ndim not in (1, 2) or not np.issubdtype(tokens.dtype, np.integer):
        raise ConfigError(
            f"`tokens` in {file} is {tokens.dtype} of shape {tokens.shape}.", "It must be whole numbers, [T] or [N, T]."
        )
    return np.asarray(tokens, dtype=np.int64)


def _encode(prompt: str, weights: ModelWeights) -> TokenIds:
    tokenizer = its_tokenizer(weights)
    return np.array(tokenizer.encode(prompt, add_bos=tokenizer.wants_bos), dtype=np.int64)


def _check(ids: TokenIds, vocab_size: int) -> None:
    if ids.size == 0:
        raise RequestError("There are no tokens.", "At least one is needed.")
    outside = ids[(ids < 0) | (ids >= vocab_size)]
    if outside.size:
        raise RequestError(
            f"Token id {outside[0]} is outside the vocabulary.",
            f"Ids lie in [0, {vocab_size}).",
            "Check the tokenizer.",
        )


def _compute(weights: ModelWeights, settings: Settings, ids: TokenIds) -> tuple[Logits, str]:
    """Logits by PyTorch: the shape of `ids`, then the vocabulary; and what computed them.

    Sequences go one by one, to hold one's activations only.
    """
    kind = choose_dtype(settings, weights.config)
    network = load_network(weights, settings, kind, ProgressLines())
    import torch

    rows = ids if ids.ndim == 2 else ids[None]
    with torch.inference_mode():
        logits = [network.forward_sequences(torch.from_numpy(row[None]))[0].numpy() for row in rows]
    return np.stack(logits).reshape(*ids.shape, -1), f"PyTorch in {kind}"


def _compute_natively(weights: ModelWeights, settings: Settings, ids: TokenIds) -> tuple[Logits, str]:
    """The same by the native kernels."""
    fitting = dataclasses.replace(settings, runner="native", context=ids.shape[-1])
    loaded = load_runner(weights, fitting, progress=ProgressLines())
    rows = ids if ids.ndim == 2 else ids[None]
    logits = np.empty((*rows.shape, weights.config.vocab_size), np.float32)
    with ProgressLines().step("computing", ids.size, "tokens") as advance:
        for row, out in zip(rows, logits, strict=True):
            _fill(loaded.runner, row, out, advance)
    return logits.reshape(*ids.shape, -1), loaded.description


def _fill(runner: Runner, ids_T: TokenIds, out_TV: Logits, advance: Advance) -> None:
    """Logits of one sequence, a piece at a time."""
    from zaphod.engine.batch import Scheduled, assemble

    blocks = range(-(-len(ids_T) // runner.block_size))
    for start in range(0, len(ids_T), _PASS_TOKENS):
        piece = ids_T[start : start + _PASS_TOKENS].tolist()
        batch = assemble([Scheduled(piece, start, blocks, num_logits=len(piece))], runner.block_size)
        out_TV[start : start + len(piece)] = runner.forward(batch)
        advance(len(piece))


def _write(out: Path, ids: TokenIds, logits: Logits) -> None:
    """Write beside and rename, so that nothing half-written stays."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, tokens=ids, logits=logits)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
