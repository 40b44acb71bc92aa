"""From a format's name, as users and files write it, to the format."""

from __future__ import annotations

import difflib

from zaphod.compute.quant.ggml import GGML_FORMATS
from zaphod.compute.quant.int4 import Int4
from zaphod.compute.quant.int8 import parse_int8
from zaphod.compute.quant.nf4 import NF4
from zaphod.compute.quant.plain import BFLOAT16, FLOAT16, FLOAT32
from zaphod.compute.quant.tensor import QuantFormat
from zaphod.compute.quant.tiled import SUFFIX, Tiled
from zaphod.core.errors import ConfigError

_PLAIN = (FLOAT32, FLOAT16, BFLOAT16)
_NAMED: dict[str, QuantFormat] = {f.name: f for f in (*_PLAIN, Int4(), NF4(), *GGML_FORMATS.values())}


def format_named(name: str) -> QuantFormat:
    """The format that prints itself as `name`. Raises `ConfigError` naming the nearest known ones."""
    base = name.removesuffix(SUFFIX)
    if base != name and not base.endswith(SUFFIX):
        return Tiled(format_named(base))
    if name.startswith("int8"):
        return parse_int8(name)
    if name in _NAMED:
        return _NAMED[name]
    known = [*_NAMED, "int8", "int8-channel"]
    nearest = difflib.get_close_matches(name.lower(), known, n=2)
    raise ConfigError(
        f"There is no number format {name!r}.",
        f"Known are {', '.join(known)}.",
        f"Did you mean {' or '.join(nearest)}?" if nearest else "Choose one of these.",
    )
