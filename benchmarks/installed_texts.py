"""English text that every machine with Zaphod has: the docstrings of Python's library, PyTorch and NumPy, by module."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import numpy as np
import torch

SOURCE = "docstrings of Python's standard library, PyTorch and NumPy as they are installed"
_MIN_LETTERS = 200


def docstring_texts() -> list[str]:
    """One text a module, in a fixed order; modules with hardly any docstrings are left out."""
    folders = [Path(sysconfig.get_path("stdlib")), Path(torch.__file__).parent, Path(np.__file__).parent]
    texts: dict[str, None] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            below = file.relative_to(folder).parts
            if "site-packages" in below or "test" in below or "tests" in below:
                continue
            text = _docstrings(file)
            if len(text) >= _MIN_LETTERS:
                texts.setdefault(text)
    return list(texts)


def _docstrings(file: Path) -> str:
    """All docstrings of a module; "" for a file that is none."""
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return ""  # fixtures of the library's own tests are broken on purpose
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)]
    return "\n\n".join(text for text in found if text)
