"""Functions that claims are held against, by the names that data files use; computes nothing itself.

Their inputs are what a data file can name. Their results are in plain units: numbers, bytes, operations, seconds,
joules, watts, grams, US dollars, shares.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from zaphod.capacity.claims.claim import Computed

_F = TypeVar("_F", bound=Callable[..., Computed])
_FUNCTIONS: dict[str, Callable[..., Computed]] = {}
_MODULES = ("arithmetic", "models", "machines")


def named(function: _F) -> _F:
    """Makes a function known under its name."""
    assert function.__name__ not in _FUNCTIONS, function.__name__
    _FUNCTIONS[function.__name__] = function
    return function


def functions() -> Mapping[str, Callable[..., Computed]]:
    """All of them."""
    for module in _MODULES:
        importlib.import_module(f"{__package__}.{module}")
    return _FUNCTIONS
