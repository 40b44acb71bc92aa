"""Reads GNU Info files: nodes without their headers, menus and indices; knows nothing of Texinfo's source."""

from __future__ import annotations

import re
from typing import Final

_SEPARATOR: Final = "\x1f"
_HEADER: Final = re.compile(r"\AFile: [^\n]*\n")
_MENU: Final = re.compile(r"^\* Menu:\s*\n(?:(?:\*|[ \t]).*\n?|\n)*", re.MULTILINE)
_UNREAD: Final = re.compile(r"\A(?:Tag Table:|Indirect:|End Tag Table|Local Variables:)")
_NODE: Final = re.compile(r"Node: ([^,\n]*)")
_REFERENCE: Final = re.compile(r"\*[Nn]ote\s+([^:]+?)(?:::|:\s*[^.,;]+[.,;])")


def text_of_info(source: str) -> str:
    """The text of all nodes, in order; what stands before the first one is left out."""
    if _SEPARATOR not in source:
        return source
    return "\n\n".join(text for node in source.split(_SEPARATOR)[1:] if (text := _text_of_node(node.lstrip("\n"))))


def _text_of_node(node: str) -> str:
    header = _HEADER.match(node)
    if header is None or _UNREAD.match(node):
        return ""
    name = _NODE.search(header.group())
    if name and name[1].strip().lower().endswith("index"):
        return ""
    return _REFERENCE.sub(r"see \1", _MENU.sub("", node[header.end() :])).strip("\n")
