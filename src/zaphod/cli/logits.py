"""`zaphod logits`: a model's logits in a file that any program can compare with; knows no sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from zaphod.cli.models import choose_dtype, its_tokenizer, load_network, open_weights
from zaphod.cli.options import CompatFlag, ConfigFlag, DTypeFlag, JsonFlag, ModelFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError, RequestError
from zaphod.core.progress import ProgressLines
from zaphod.model.files.weights import ModelWeights

TokenIds = npt.NDArray[np.int64]


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
    dtype: DTypeFlag = None,
    threads: ThreadsFlag = None,
    compat: CompatFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute the logits of every position of whole sequences and write them as float32.

    The file holds `tokens` as given and `logits` with one more axis, the vocabulary.

    \b
    Examples:
      zaphod logits --model ./grok-1 --tokens 21560,1135 --out ours.npz
      zaphod logits -m model.gguf --prompt "hello world" --compat llama.cpp
      zaphod logits -m builtin --tokens-file prompts.npz --dtype bfloat16
    """
    settings: MergedSettings = context.obj.with_flags(model=model, dtype=dtype, threads=threads)
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
        kind = choose_dtype(settings.values, weights.config)
        logits = _compute(load_network(weights, settings.values, kind, ProgressLines()), ids)
    _write(out, ids, logits)
    report = {"out": str(out), "tokens": list(ids.shape), "logits": list(logits.shape), "dtype": kind}
    if as_json:
        print_json(report)
    else:
        shape = " × ".join(map(str, logits.shape))
        print_line(f"{out}: logits {shape} of {ids.size} tokens, computed in {kind}")


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


def _compute(network: Any, ids: TokenIds) -> npt.NDArray[np.float32]:
    """Logits: the shape of `ids`, then the vocabulary. Sequences go one by one, to hold one's activations only."""
    import torch

    rows = ids if ids.ndim == 2 else ids[None]
    with torch.inference_mode():
        logits = [network.forward_sequences(torch.from_numpy(row[None]))[0].numpy() for row in rows]
    return np.stack(logits) if ids.ndim == 2 else np.asarray(logits[0])


def _write(out: Path, ids: TokenIds, logits: npt.NDArray[np.float32]) -> None:
    """Write beside and rename, so that nothing half-written stays."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, tokens=ids, logits=logits)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
