"""Whether the compiled CPU kernels can be used, on which instruction set, or why not; knows not what they compute.

No other file imports `_cpu`. The best instruction set that this CPU and its system offer is taken; the environment
variable ZAPHOD_ISA takes another one, so that tests can run them all on one machine (`ZAPHOD_ISA=scalar`).
"""

from __future__ import annotations

import functools
import importlib
import os
from pathlib import Path
from types import ModuleType

from zaphod.core.errors import ConfigError

ISA_VARIABLE = "ZAPHOD_ISA"

_EXTENSION = "zaphod.compute.kernels._cpu"
# Written by the installation where nothing could be compiled (`pyproject.toml`).
_NOTE = "native_kernels_missing.txt"


def native_is_available() -> bool:
    """Whether the compiled kernels are there and can be loaded.

    Raises:
        ConfigError: ZAPHOD_ISA names an instruction set that this CPU cannot run.
    """
    return isinstance(_found(), ModuleType)


def why_not() -> str | None:
    """One sentence on why there are no compiled kernels; None if there are."""
    found = _found()
    return None if isinstance(found, ModuleType) else found


def native() -> ModuleType:
    """The extension module itself.

    Raises:
        ConfigError: it is not there, or ZAPHOD_ISA names an instruction set that this CPU cannot run.
    """
    found = _found()
    if isinstance(found, ModuleType):
        return found
    raise ConfigError(
        f"The native CPU kernels are missing. {found}",
        "They are an optional, compiled part of Zaphod.",
        "Install a C++20 compiler and then Zaphod again, or use the PyTorch runner.",
    )


def instruction_set() -> str:
    """The one the kernels run on.

    Raises:
        ConfigError: as `native`.
    """
    return str(native().instruction_set())


def instruction_sets() -> tuple[str, ...]:
    """Those that this CPU and its operating system can run.

    Raises:
        ConfigError: as `native`.
    """
    return tuple(native().instruction_sets())


@functools.cache
def _found() -> ModuleType | str:
    """The extension, or the reason why there is none."""
    try:
        extension = importlib.import_module(_EXTENSION)
    except ModuleNotFoundError as error:
        return _why_not_built() if error.name == _EXTENSION else f"They cannot be loaded: {error}."
    except ImportError as error:
        return f"They cannot be loaded: {error}."
    _choose(extension, os.environ.get(ISA_VARIABLE))
    return extension


def _why_not_built() -> str:
    note = Path(__file__).with_name(_NOTE)
    if note.is_file():
        return note.read_text(encoding="utf-8").strip()
    return "They are not compiled yet; `make native` does that in a checkout."


def _choose(extension: ModuleType, name: str | None) -> None:
    if not name:
        return
    try:
        extension.choose(name)
    except ValueError as error:
        raise ConfigError(
            f"The environment variable {ISA_VARIABLE} is {name!r}.",
            f"This CPU can run {', '.join(extension.instruction_sets())}.",
            f"Name one of these, or remove it: unset {ISA_VARIABLE}",
        ) from error
