"""Flags that several commands share, each with its one spelling and help text, and how a key is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zaphod.core.errors import ConfigError
from zaphod.model.compat import Compat

ModelFlag = Annotated[
    str | None, typer.Option("--model", "-m", metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")
]
ConfigFlag = Annotated[
    str | None, typer.Option("--config", metavar="PRESET|FILE", help="The model's shape, if its files lack it.")
]
ContextFlag = Annotated[
    int | None, typer.Option("--max-model-len", "-c", "--ctx-size", metavar="TOKENS", help="Longest sequence.")
]
CompatFlag = Annotated[
    Compat | None, typer.Option("--compat", help="Compute as another program does where it departs from the release.")
]
DTypeFlag = Annotated[str | None, typer.Option("--dtype", help="auto, float32 or bfloat16.")]
RunnerFlag = Annotated[
    str | None, typer.Option("--runner", help="native (our kernels), torch, or auto: native where it was compiled.")
]
ExpertCacheFlag = Annotated[
    str | None,
    typer.Option("--expert-cache", metavar="SIZE", help="Leave experts on disk, and so much of them in memory."),
]
ThreadsFlag = Annotated[int | None, typer.Option("--threads", "-t", help="CPU threads.")]
AdapterFlag = Annotated[
    Path | None, typer.Option("--adapter", metavar="FOLDER", help="Answer with this LoRA adapter (peft's files).")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def read_key(file: Path | None) -> str | None:
    """A server's key out of its file; None where none was named.

    Raises:
        ConfigError: the file cannot be read.
    """
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read.", "It holds the server's key.", "Check its name.") from error
